"""backpath and its peers in turn: the same data, initial weights and threads; ``python -m benchmarks.peers``."""
