"""Probes about how good a model is."""
