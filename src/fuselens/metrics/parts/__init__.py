"""Parts that two or more metrics share."""
