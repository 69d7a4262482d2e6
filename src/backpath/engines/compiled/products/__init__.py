"""Matrix products of the compiled engine: small ones by hand, large ones by the BLAS."""
