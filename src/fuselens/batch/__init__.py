"""Batches: work on thousands of pairs, on one machine or many, losing nothing."""
