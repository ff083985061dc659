"""Derives lists of plain state holders from a library's source, which is read and never imported."""
