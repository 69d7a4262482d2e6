"""A function run on stand-ins for its arguments: what it does is recorded as a graph."""
