"""A review as something to read."""
