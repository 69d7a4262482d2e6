"""Kernels of windows over images: convolutions that lay no windows out, and pooling."""
