"""The processes in which hostile bytes are parsed, and the parent's side of them."""
