"""A small model hub on 127.0.0.1 that real clients use unmodified."""
