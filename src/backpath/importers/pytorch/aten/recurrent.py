"""Recurrent layers of ATen, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backpath.importers.pytorch.aten.table import ATEN, aten
from backpath.ops import relu, sigmoid

State = tuple[Any, ...]


def _linear(x: Any, W: Any, b: Any) -> Any:
    y = x @ np.transpose(W)
    return y if b is None else y + b


def _memory(x: Any, state: State, W: Any, R: Any, b: Any, c: Any) -> State:
    """Gates i, f, g and o of an LSTM (Hochreiter and Schmidhuber, 1997)."""
    h, cell = state
    i, f, g, o = np.split(_linear(x, W, b) + _linear(h, R, c), 4, axis=-1)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def _gated(x: Any, state: State, W: Any, R: Any, b: Any, c: Any) -> State:
    """Gates r, z and n of a GRU (Cho and others, 2014), the reset after the product."""
    (h,) = state
    (r, z, n), (hr, hz, hn) = (np.split(y, 3, axis=-1) for y in (_linear(x, W, b), _linear(h, R, c)))
    gate = sigmoid(z + hz)
    return ((1.0 - gate) * np.tanh(n + sigmoid(r + hr) * hn) + gate * h,)


def _plain(activation: Callable[[Any], Any]) -> Callable[..., State]:
    return lambda x, state, W, R, b, c: (activation(_linear(x, W, b) + _linear(state[0], R, c)),)


def _layers(step: Callable[..., State], parts: int) -> Callable[..., tuple[Any, ...]]:
    """A stack of layers, in one direction or both, over whole sequences."""

    def run(
        x: Any, state: Any, params: Sequence[Any], has_biases: bool, num_layers: int, dropout: float, train: bool,
        bidirectional: bool, batch_first: bool,
    ) -> tuple[Any, ...]:  # fmt: skip
        x = np.swapaxes(x, 0, 1) if batch_first else x
        states = list(state) if parts > 1 else [state]
        directions, each = 1 + bidirectional, 4 if has_biases else 2
        last: list[list[Any]] = [[] for _ in range(parts)]
        for layer in range(num_layers):
            outputs = []
            for way in range(directions):
                at = layer * directions + way
                weights = [*params[at * each : (at + 1) * each], None, None][:4]
                h, order = tuple(part[at] for part in states), range(np.shape(x)[0])
                made: list[Any] = [None] * len(order)
                for t in reversed(order) if way else order:
                    h = step(x[t], h, *weights)
                    made[t] = h[0]
                outputs.append(np.stack(made))
                for k, part in enumerate(h):
                    last[k].append(part)
            x = outputs[0] if directions == 1 else np.concatenate(outputs, axis=-1)
        return (np.swapaxes(x, 0, 1) if batch_first else x, *[np.stack(part) for part in last])

    return run


ATEN["lstm.input"] = _layers(_memory, 2)
ATEN["gru.input"] = _layers(_gated, 1)
ATEN["rnn_tanh.input"] = _layers(_plain(np.tanh), 1)
ATEN["rnn_relu.input"] = _layers(_plain(relu), 1)


@aten("lstm_cell.default")
def lstm_cell(x: Any, state: Sequence[Any], W: Any, R: Any, b: Any = None, c: Any = None) -> State:
    """``aten.lstm_cell.default``."""
    return _memory(x, tuple(state), W, R, b, c)


@aten("gru_cell.default")
def gru_cell(x: Any, h: Any, W: Any, R: Any, b: Any = None, c: Any = None) -> Any:
    """``aten.gru_cell.default``."""
    return _gated(x, (h,), W, R, b, c)[0]


@aten("rnn_tanh_cell.default")
def tanh_cell(x: Any, h: Any, W: Any, R: Any, b: Any = None, c: Any = None) -> Any:
    """``aten.rnn_tanh_cell.default``."""
    return _plain(np.tanh)(x, (h,), W, R, b, c)[0]


@aten("rnn_relu_cell.default")
def relu_cell(x: Any, h: Any, W: Any, R: Any, b: Any = None, c: Any = None) -> Any:
    """``aten.rnn_relu_cell.default``."""
    return _plain(relu)(x, (h,), W, R, b, c)[0]
