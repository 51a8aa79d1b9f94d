"""What our metrics agree with: one module a metric family, each with a list `AGREEMENTS`."""
