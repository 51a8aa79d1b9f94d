"""Scoring: many fused images, many methods, one table."""
