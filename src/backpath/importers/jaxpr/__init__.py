"""JAX: jaxprs as equations of ours."""

from backpath.importers.jaxpr.from_jax import JaxModel, from_jax
from backpath.importers.jaxpr.to_jax import to_jax

__all__ = ["JaxModel", "from_jax", "to_jax"]
