"""Programs: graphs as straight-line code, and the passes that make and plan them."""
