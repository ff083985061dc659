"""Formats of models, each by its own structure."""
