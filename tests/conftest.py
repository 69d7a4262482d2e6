"""JAX, one of the oracles, computes in float64 here."""

import jax

jax.config.update("jax_enable_x64", True)
