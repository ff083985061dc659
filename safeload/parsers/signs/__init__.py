"""By what bytes are told to be of a format: nothing here reads further, so every worker can tell every format."""
