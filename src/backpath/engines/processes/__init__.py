"""Several processes that make the same steps together: found, joined, and of one mind."""
