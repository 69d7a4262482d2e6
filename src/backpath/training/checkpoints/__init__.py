"""Where a training stands, on disk: when it is written, what is in it, and whose it is."""
