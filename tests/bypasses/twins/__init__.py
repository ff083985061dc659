"""Attacks on runtimes, made and run by the runtimes themselves: `make` writes the files, `load` opens one of them."""
