"""What is wanted of a model that is not clean: its tensors, in a format that runs nothing."""
