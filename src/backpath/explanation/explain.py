"""``explain``: from a function or a model, and a point, to the explanation of its gradient there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from backpath.calculus.call import listed
from backpath.engines.xla.placement import one_device
from backpath.engines.xla.refusals import require_lowered
from backpath.engines.xla.setting import XlaSetting
from backpath.explanation.explanation import Explanation
from backpath.explanation.sweeps import BY_NUMPY, Sweeps, XlaSweeps
from backpath.graph import NO_PARAMS, GraphError, SettingError
from backpath.nets import Model
from backpath.ops import Variable
from backpath.paths import Linearization, linearize


def explain(
    f: Callable[..., Any] | Model,
    args: Sequence[Any],
    output: Any = None,
    wrt: Sequence[str] | str | None = None,
    kwargs: Mapping[str, Any] = NO_PARAMS,
    engine: str = "numpy",
    device: str | None = None,
) -> Explanation:
    """Take the gradient of one number apart, path by path; or of several together.

    Args:
        f: a traceable function; or a model, whose scores are explained, with ``args`` its parameters and X.
        args: where: a tuple or list.
        output: the index, in what ``f`` returns, of what to explain: for a model ``(example, class)``. With
            ``(slice(None), 3)`` or ``...`` the chosen numbers are taken together; :meth:`Explanation.each` parts them.
            A function that returns one number needs none.
        wrt: the inputs to explain it by: an argument's name, or a name inside one, such as ``"parameters.W1"``; or
            any node's, whose derivative is that along all paths from there; by default all inputs that hold real
            floating-point numbers; :attr:`Explanation.left_out` are the others. Of a model X is called ``"X"``, and
            whole numbers in it are taken as real ones.
        kwargs: arguments by keyword.
        engine: who runs the sweeps: ``"numpy"``, or ``"xla"`` for those of numbers: derivatives, masses, flows, lengths
            and norms. Counts, entropies and single paths are NumPy's in either case.
        device: of the XLA engine; see ``fit``.

    Raises:
        SettingError: for another engine; or if the XLA engine cannot run the function, JAX is not installed, or there
            is no such device.
        GraphError: if ``output`` is needed and missing, or is no index there, or ``wrt`` names no input.
        TraceError: if ``f`` cannot be traced, or ``args`` is no tuple or list.

    >>> e = explain(lambda w: w * 3.0 - w * 2.0, (1.0,))
    >>> float(e.gradient["w"]), e.total_mass, e.count()
    (1.0, 5.0, 2)
    """
    args = listed("args", args, "explain(f, (x,))")
    function = f.scores if isinstance(f, Model) else f
    if isinstance(f, Model) and f.input_dtype(float).kind == "f":
        args = tuple(_as_real(x) if k == 1 else x for k, x in enumerate(args))

    @wraps(function)
    def chosen(*traced: Any, **by_name: Any) -> Any:
        value = function(*traced, **by_name)
        if output is None:
            return value
        try:
            return value[output]
        except (IndexError, KeyError, TypeError) as error:
            raise GraphError(f"output={output!r} chooses nothing from what the function returns: {error}") from None

    lin = linearize(chosen, *args, **kwargs)
    if len(lin.outputs) != 1 or (output is None and lin.shape(lin.outputs[0]) != ()):
        shapes = " and ".join(str(list(lin.shape(o))) for o in lin.outputs)
        raise GraphError(
            f"output={output!r} leaves values of shape {shapes}: choose one number by its index, or output=... for the "
            f"sum of one array's"
        )
    return Explanation(lin, _sources(lin, wrt), sweeps=_sweeps(engine, XlaSetting(device), lin))


def _sweeps(engine: str, setting: XlaSetting, lin: Linearization) -> Sweeps:
    if (engine := setting.engine(engine)) == "numpy":
        return BY_NUMPY
    if engine != "xla":
        raise SettingError(f"engine={engine!r}: explanations are swept by 'numpy' or 'xla'")
    require_lowered([lin.graph])
    one_device(setting)
    return XlaSweeps(setting)


def _as_real(X: Any) -> Any:
    return np.asarray(X, float) if not isinstance(X, Variable) and np.asarray(X).dtype.kind in "biu" else X


def _sources(lin: Linearization, wrt: Sequence[str] | str | None) -> tuple[int, ...]:
    """Positions of the inputs of real numbers that ``wrt`` names, whole or by the argument that they are part of."""
    real = {lin.names[i]: i for i in lin.inputs if lin.dtype(i).kind == "f"}
    wanted = list(real) if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
    found: list[int] = []
    for name in wanted:
        parts = [i for known, i in real.items() if known == name or known.startswith((f"{name}.", f"{name}["))]
        parts = parts or [k for k, known in enumerate(lin.names) if known == name and lin.dtype(k).kind == "f"]
        if not parts:
            others = [lin.dtype(i) for i in lin.inputs if lin.names[i] == name]
            cure = f" (it is {others[0]}: pass it as .astype(float))" if others else ""
            raise GraphError(
                f"no input of real numbers is called {name!r}{cure}; there are {', '.join(real) or 'none'}"
            )
        found += [i for i in parts if i not in found]
    if not found:
        raise GraphError("there is no input of real numbers to explain by: pass 3.0 in place of 3")
    return tuple(found)
