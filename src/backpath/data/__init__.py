"""Floor 5: the user's tables, from files and frames to rows of numbers. Knows nothing of networks and engines."""
