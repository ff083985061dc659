"""What safeload knows of each library that loads models."""
