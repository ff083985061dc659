"""Formats read by a well-kept third-party parser."""
