"""DAGs of floats in arrays, and the sweep over them by compiled loops."""
