"""Models of layers beside the same ones in PyTorch and JAX: images and sequences."""
