"""Archives and compression: members as whoever opens such a file reads them."""
