"""Probes about who stands behind a model."""
