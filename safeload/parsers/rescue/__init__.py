"""Finding the tensors of a pickle without calling what it names."""
