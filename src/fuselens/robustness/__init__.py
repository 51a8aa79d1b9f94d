"""What a faulty sensor does to a fusion: perturbations of one source, and how far everything moves."""
