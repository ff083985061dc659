"""Notebooks: the magic, the panel, the gate."""
