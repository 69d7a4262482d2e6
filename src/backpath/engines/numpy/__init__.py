"""The NumPy engine: programs as calls of NumPy on buffers that are made once."""
