"""Cutting a request into the passages that people decide on, and what they have decided."""
