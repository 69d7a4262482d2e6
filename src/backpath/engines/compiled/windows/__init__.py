"""Windows over images in the compiled engine: convolutions that lay no windows out, and pooling."""
