"""Hostile bytes to plain facts; standard library only."""
