"""Bessel functions of real order, by their argument: each slope is made of the neighbouring orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath.ops.special.hypergeometric import hyp1f1
from backpath.ops.special.ufuncs import Unknown, special
from backpath.ops.tracing.recording import apply


def _order(name: str) -> Any:
    return Unknown(name, "the order")


JV = special("jv", _order("jv"), lambda v, x, y: 0.5 * (apply(JV, v - 1.0, x) - apply(JV, v + 1.0, x)))
YV = special("yv", _order("yv"), lambda v, x, y: 0.5 * (apply(YV, v - 1.0, x) - apply(YV, v + 1.0, x)))
YN = special("yn", _order("yn"), lambda n, x, y: 0.5 * (apply(YN, n - 1, x) - apply(YN, n + 1, x)))
IV = special("iv", _order("iv"), lambda v, x, y: 0.5 * (apply(IV, v - 1.0, x) + apply(IV, v + 1.0, x)))
KV = special("kv", _order("kv"), lambda v, x, y: -0.5 * (apply(KV, v - 1.0, x) + apply(KV, v + 1.0, x)))
KN = special("kn", _order("kn"), lambda n, x, y: -0.5 * (apply(KV, n - 1.0, x) + apply(KV, n + 1.0, x)))
J1 = special("j1", lambda x, y: 0.5 * (apply(J0, x) - apply(JV, 2.0, x)))
J0 = special("j0", lambda x, y: -apply(J1, x))
Y1 = special("y1", lambda x, y: 0.5 * (apply(Y0, x) - apply(YV, 2.0, x)))
Y0 = special("y0", lambda x, y: -apply(Y1, x))
I1 = special("i1", lambda x, y: 0.5 * (apply(I0, x) + apply(IV, 2.0, x)))
I0 = special("i0", lambda x, y: apply(I1, x))
K1 = special("k1", lambda x, y: -0.5 * (apply(K0, x) + apply(KV, 2.0, x)))
K0 = special("k0", lambda x, y: -apply(K1, x))

# Scaled by exp(-|x|), or exp(x).
IVE = special(
    "ive",
    _order("ive"),
    lambda v, x, y: 0.5 * (apply(IVE, v - 1.0, x) + apply(IVE, v + 1.0, x)) - np.sign(x) * y,
    kink="at 0 the mean of its two slopes",
)
KVE = special("kve", _order("kve"), lambda v, x, y: y - 0.5 * (apply(KVE, v - 1.0, x) + apply(KVE, v + 1.0, x)))
K1E = special("k1e", lambda x, y: y - 0.5 * (apply(K0E, x) + apply(KVE, 2.0, x)))
K0E = special("k0e", lambda x, y: y - apply(K1E, x))
special(
    "i0e",
    lambda x, y: -np.sign(x) * hyp1f1(1.5, 2.0, -2.0 * np.abs(x)),
    kink="at 0 the mean of its two slopes",
)
special(
    "i1e",
    lambda x, y: 0.5 * (hyp1f1(1.5, 3.0, -2.0 * np.abs(x)) - np.abs(x) * hyp1f1(2.5, 4.0, -2.0 * np.abs(x))),
)
