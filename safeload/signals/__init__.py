"""What else is known about a model."""
