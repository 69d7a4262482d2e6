"""One table from primitives to functions of JAX, in files by subject, and what makes a function of a whole graph."""
