"""Recurrent layers, step by step: plain, gated (GRU) and with a memory cell (LSTM), as ONNX words them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Function = Callable[[Any], Any]


def recurrent(
    x: Any,
    step: Callable[[Any, tuple[Any, ...]], tuple[Any, ...]],
    state: tuple[Any, ...],
    reverse: bool = False,
    lengths: np.ndarray | None = None,
) -> tuple[Any, tuple[Any, ...]]:
    """The first part of the state after each step, and the last state.

    Args:
        x: shape (steps, batch, ...), what each step takes in.
        step: from that and a state to the next state.
        state: to begin with, parts of shape (batch, hidden).
        reverse: whether it goes from the last step to the first.
        lengths: how many steps each example has; after them its state stays, and its outputs are 0.
    """
    steps = np.shape(x)[0]
    outputs: list[Any] = [None] * steps
    for t in reversed(range(steps)) if reverse else range(steps):
        new = step(x[t], state)
        if lengths is None or (lengths > t).all():
            state, outputs[t] = new, new[0]
        else:
            goes_on = (lengths > t)[:, None]
            state = tuple(np.where(goes_on, after, before) for after, before in zip(new, state, strict=True))
            outputs[t] = np.where(goes_on, new[0], np.zeros((), new[0].dtype))
    return np.stack(outputs), state


def plain_step(R: Any, b: Any, f: Function) -> Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]:
    """h = f(x + h R^T + b), with x already times its weights."""

    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        return (f(_plus(x + state[0] @ R.T, b)),)

    return step


def gated_step(
    R: Any, b: Any, f: Function, g: Function, reset_after: bool
) -> Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]:
    """The gates z, r and h of a GRU (Cho and others, 2014); ``reset_after`` the product with R, or before it."""

    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        (h,) = state
        n = np.shape(h)[1]
        gates = f(_plus(x[:, : 2 * n] + h @ R[: 2 * n].T, None if b is None else b[: 2 * n]))
        z, r = gates[:, :n], gates[:, n:]
        last, own = R[2 * n :], None if b is None else b[2 * n :]
        fresh = r * _plus(h @ last.T, own) if reset_after else _plus((r * h) @ last.T, own)
        candidate = g(x[:, 2 * n :] + fresh)
        return ((1.0 - z) * candidate + z * h,)

    return step


def memory_step(
    R: Any, b: Any, functions: Sequence[Function], peepholes: Any = None, coupled: bool = False
) -> Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]:
    """The gates i, o, f and c of an LSTM (Hochreiter and Schmidhuber, 1997).

    Args:
        R: shape (4 hidden, hidden).
        b: shape (4 hidden,).
        functions: of gates, of the candidate, and of the cell before it leaves.
        peepholes: weights from the cell to i, o and f, shape (3 hidden,).
        coupled: whether the forget gate is 1 - i.
    """
    f, g, out = functions

    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        h, c = state
        n = np.shape(h)[1]
        a = _plus(x + h @ R.T, b)
        ai, ao, af, ac = (a[:, k * n : (k + 1) * n] for k in range(4))
        if peepholes is not None:
            ai, af = ai + peepholes[:n] * c, af + peepholes[2 * n :] * c
        i = f(ai)
        forget = 1.0 - i if coupled else f(af)
        c = forget * c + i * g(ac)
        o = f(ao if peepholes is None else ao + peepholes[n : 2 * n] * c)
        return o * out(c), c

    return step


def _plus(a: Any, b: Any) -> Any:
    return a if b is None else a + b
