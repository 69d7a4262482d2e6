"""Functions compiled: traced once for each kind of arguments, then run as a program."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import Any

import numpy as np

from backpath.engines.choice import ENGINES, choose_on_cpu, chosen_rows, obstacle
from backpath.engines.numpy.engine import Executable
from backpath.engines.program.program import Program, compile_graph
from backpath.engines.xla.setting import ANYWHERE, XlaSetting
from backpath.graph import Graph, SettingError, ShapeError
from backpath.ops import Variable, flatten, record, spec_of, unflatten
from backpath.ops.tracing.frozen import changeable

CALLS = 10_000
"""How often a compiled function is thought to be called, where nobody says which engine is to run it."""


class Compiled:
    """A function that runs as a program; see :func:`compile`."""

    def __init__(self, function: Callable[..., Any], engine: str, threads: int, setting: XlaSetting = ANYWHERE):
        update_wrapper(self, function)
        self.function, self.engine, self.threads, self.setting = function, engine, threads, setting
        self._made: dict[Any, _Made] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns, in arrays of its own."""
        leaves, structure = flatten((args, kwargs), "args")
        if any(isinstance(leaf, Variable) for _, leaf in leaves):
            return self.function(*args, **kwargs)
        return self._for(leaves, structure, args, kwargs)([leaf for _, leaf in leaves])

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program for arguments of these shapes and types, which prints one line an instruction."""
        return self._for(*flatten((args, kwargs), "args"), args, kwargs).program

    def _for(self, leaves: Any, structure: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Made:
        key = structure, tuple([spec_of(leaf) for _, leaf in leaves])
        if key not in self._made:
            self._made[key] = _Made(self.function, args, kwargs, self.engine, self.threads, self.setting)
        return self._made[key]


class _Made:
    """The program for one kind of arguments, bound to arrays."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        engine: str,
        threads: int,
        setting: XlaSetting,
    ):
        traced = record(function, *args, kwargs=kwargs)
        self.structure = traced.structure
        self.program = compile_graph(traced.graph)
        graph = self.program.graph
        self.known: dict[int, Any] = {}
        self.inputs = [np.empty(graph.nodes[i].shape, graph.nodes[i].dtype) for i in graph.inputs]
        self.outputs = [np.empty(graph.nodes[o].shape, graph.nodes[o].dtype) for o in graph.outputs]
        self.setting = setting
        self.engine = self._chosen(threads) if engine == "auto" else engine
        self.chosen: list[tuple[np.ndarray, tuple[int, ...]]] = []
        self.run: Callable[[], Any] = self._bound(threads)

    @property
    def _dtype(self) -> np.dtype:
        return self.outputs[0].dtype if self.outputs else np.dtype(float)

    def _chosen(self, threads: int) -> str:
        hindered = obstacle(self.program, self._dtype)
        return choose_on_cpu([self.program], self._dtype, CALLS, threads, hindered)[0].engine

    def _bound(self, threads: int) -> Callable[[], Any]:
        if self.engine == "numpy":
            return Executable(self.program, self.inputs, self.outputs)
        if self.engine == "xla":
            from backpath.engines.xla.call import XlaCall

            return XlaCall(self.program.graph, self.inputs, self.outputs, self.setting)
        if reason := obstacle(self.program, self._dtype):
            raise SettingError(f"engine='compiled': {reason}; take engine='numpy'")
        from backpath.engines.compiled.engine import Machine

        self.program = compile_graph(self.program.graph, conditions=self._dtype)
        self._find_chosen(self.program.graph)
        return Machine([(self.program, self.inputs, self.outputs)], self._dtype, threads=threads)

    def __call__(self, leaves: list[Any]) -> Any:
        for k, (array, leaf) in enumerate(zip(self.inputs, leaves, strict=True)):
            # What nobody can change need not be copied again, such as the parameters of an imported model.
            fixed = isinstance(leaf, np.ndarray) and not changeable(leaf)
            known = self.known.get(k)
            if not fixed or known is None or known() is not leaf:
                np.copyto(array, leaf)
            self.known[k] = weakref.ref(leaf) if fixed else None
        for rows, shape in self.chosen:
            _require_rows(rows, shape)
        self.run()
        return unflatten(self.structure, [array.copy() for array in self.outputs])

    def _find_chosen(self, graph: Graph) -> None:
        """The arguments that say which rows are taken; constants that do so are looked at now."""
        inputs = dict(zip(graph.inputs, self.inputs, strict=True))
        for position, shape in chosen_rows(graph):
            if position in inputs:
                self.chosen.append((inputs[position], shape))
            else:
                _require_rows(graph.nodes[position].params["value"], shape)


def _require_rows(rows: np.ndarray, shape: tuple[int, ...]) -> None:
    """The machine takes what is not there for NaN: rows are looked at before it runs."""
    wrong = rows[(rows < -shape[0]) | (rows >= shape[0])]
    if wrong.size:
        told = f"index {wrong[0]} is out of bounds for axis 0 with size {shape[0]}"
        raise ShapeError(f"take: {told} (the array has shape {list(shape)})")


def compile(
    function: Callable[..., Any],
    engine: str = "numpy",
    threads: int = 1,
    device: str | None = None,
    precision: str = "full",
) -> Compiled:
    """A function that computes what ``function`` does as a program: fused, planned, and without allocation inside.

    The first call with arguments of new shapes or types traces the function and makes its program, which
    ``program(*args)`` returns and which prints one line an instruction. So does each new value of what is static: None,
    flags, texts, callables and other objects that are no numbers. Arrays that the function uses without being given
    them are copied when it is traced: later changes of theirs do not count; pass as an argument what changes.

    Args:
        function: traceable, of arrays or tuples, lists, dicts and dataclasses of them; gradients made by ``grad`` too.
        engine: ``"numpy"``; ``"compiled"`` for machine code (float32 or float64 throughout); ``"xla"``, through JAX; or
            ``"auto"``, whichever of the first two is likely to be done first with ten thousand calls, which is
            ``"numpy"`` for what the other cannot run.
        threads: that the compiled engine may use.
        device: of the XLA engine; see ``fit``.
        precision: likewise.

    Raises:
        SettingError: if there is no such engine; and from a call, if it cannot run the program, or JAX is not installed
            or has no such device.
        TraceError: from a call, if the function cannot be traced.
        ShapeError: from a call, if an argument takes a row that is not there.

    >>> import numpy as np
    >>> from backpath.calculus import grad
    >>> slope = compile(grad(lambda w: np.sum(np.tanh(w) ** 2)))
    >>> slope(np.array([0.0, 1.0])).round(4)
    array([0.    , 0.6397])
    >>> print(compile(lambda W, x: np.tanh(x @ W + 1)).program(np.ones((3, 2)), np.ones(3)))
    buffer 0  matmul_2  float64[2]  12 op  88 B  matmul(x, W)
    output 0  tanh_5    float64[2]  4 op   40 B  tanh(add(matmul_2, 1))
    2 instructions, 16 operations, 128 bytes moved, 64 bytes of buffers
    """
    if engine not in ("auto", *ENGINES):
        raise SettingError(f"engine={engine!r}: it is one of auto, {', '.join(ENGINES)}")
    if threads < 1:
        raise SettingError(f"threads={threads}: there is at least one")
    setting = XlaSetting(device, precision)
    return Compiled(function, setting.engine(engine), threads, setting)
