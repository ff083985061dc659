"""Pickles, and the files that hold them: CPython's own unpickler, run on inert stand-ins."""
