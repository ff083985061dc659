"""Text that runs, or that names what runs."""
