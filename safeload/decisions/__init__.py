"""Who said yes or no, about exactly what."""
