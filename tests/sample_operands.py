"""Operands and static parameters to try each primitive with: those of one or two operands of one shape need none."""

import numpy as np

from backpath.ops import PRIMITIVES, Windows, max_in_windows, unroll

rng = np.random.default_rng(0)
A, B = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(0.1, 0.9, (3, 4))
I = rng.integers(0, 12, (3, 4))  # noqa: E741
IMAGE = rng.uniform(0.1, 0.9, (2, 6, 5, 3))
PADDED = {"rows": Windows.over(6, 3, 1, padding=(1, 1)), "columns": Windows.over(5, 2, 2)}
POOLED = {"rows": Windows.over(6, 2, 2), "columns": Windows.over(5, 3, 1)}
LARGEST = max_in_windows(IMAGE, **POOLED)
WHOLE = "gcd lcm left_shift right_shift bitwise_and bitwise_or bitwise_xor".split()

SPECIAL = {
    "arccosh": ((A + 1.5,), {}),
    "logical_and": ((A > 0.5, B > 0.5), {}),
    "logical_or": ((A > 0.5, B > 0.5), {}),
    "logical_not": ((A > 0.5,), {}),
    "where": ((A > 0.5, A, B), {}),
    "integer_power": ((A,), {"n": 3}),
    "matmul": ((A, B.T.copy()), {}),
    "sum": ((A,), {"axes": (0,), "keepdims": True}),
    "max": ((A,), {"axes": (1,), "keepdims": False}),
    "argmax": ((A,), {"axis": 1}),
    "astype": ((A,), {"dtype": np.dtype(np.float32)}),
    "discretize": ((10 * A,), {"dtype": np.dtype(int)}),
    "reshape": ((A.T,), {"shape": (2, 6)}),
    "transpose": ((A,), {"axes": (1, 0)}),
    "broadcast_to": ((A,), {"shape": (2, 3, 4)}),
    "index": ((A,), {"index": (np.array([2, 0, 2]),)}),
    "scatter": ((A,), {"index": (np.array([2, 0, 2]),), "shape": (4, 4)}),
    "concatenate": ((A, B), {"axis": 1}),
    "take": ((A, np.array([2, 0, 2])), {}),
    "add_rows": ((A, np.array([2, 0, 2])), {"shape": (4, 4)}),
    "cumsum": ((A,), {"axis": 1, "reverse": True}),
    "pick": ((A, I), {}),
    "place": ((A, I), {"shape": (3, 5)}),
    "counted": ((I - 5,), {"size": 12}),
    "argmin": ((A,), {"axis": None}),
    "argsort": ((A,), {"axis": 0}),
    "argpartition": ((A,), {"kth": 2, "axis": 1}),
    "searchsorted": ((A[0], B), {"side": "left"}),
    "round": ((A,), {"decimals": 1}),
    "sinc": ((A,), {"n": 2}),
    "ldexp": ((A, I), {}),
    **{name: ((I, I + 1), {}) for name in WHOLE},
    "invert": ((I,), {}),
    "bitwise_count": ((I,), {}),
    "unroll": ((IMAGE,), PADDED),
    "fold": ((unroll(IMAGE, **PADDED),), {**PADDED, "shape": IMAGE.shape}),
    "max_pool": ((IMAGE,), POOLED),
    "max_unpool": ((LARGEST + 1, IMAGE, LARGEST), POOLED),
    "pad": ((A,), {"width": ((1, 0), (0, 2)), "value": 2.0}),
}


def operands_of(name):
    if name in SPECIAL:
        return SPECIAL[name]
    count = len(PRIMITIVES[name].local)
    return (A, B)[:count], {}
