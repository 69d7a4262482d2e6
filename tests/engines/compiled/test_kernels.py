"""Every kernel computes what its primitive's value rule says."""

import numpy as np
import pytest
from sample_operands import SPECIAL, A, operands_of

from backpath.engines.numpy.kernels import KERNELS, bind
from backpath.ops import PRIMITIVES, Spec

LOOPS = {"cond", "scan"}
"""Which hold graphs, and are tested by themselves."""


@pytest.mark.parametrize("name", sorted(n for n in {*KERNELS, *SPECIAL} - LOOPS if not PRIMITIVES[n].composite))
def test_kernel_computes_the_value_rule(name):
    operands, params = operands_of(name)
    primitive = PRIMITIVES[name]
    expected = primitive.value(*operands, **params)
    spec = primitive.shape(*[Spec(x.shape, x.dtype) for x in operands], **params)
    out = np.zeros(spec.shape, spec.dtype)
    bind(name, list(operands), out, params)()
    np.testing.assert_allclose(out, expected, rtol=1e-15)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
@pytest.mark.parametrize("x", [A, A.T, A[:, ::2], A > 0.5])
def test_sums_over_any_layout(x, axes):
    expected = np.sum(x, axis=axes)
    out = np.zeros(np.shape(expected), expected.dtype)
    bind("sum", [x], out, {"axes": axes, "keepdims": False})()
    np.testing.assert_allclose(out, expected, rtol=1e-14)


def test_kernels_are_of_known_primitives():
    assert set(KERNELS) <= set(PRIMITIVES)
