"""Changes of a training that may repair it."""
