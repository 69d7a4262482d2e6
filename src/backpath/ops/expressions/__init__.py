"""Text as graphs, and graphs in exact numbers."""
