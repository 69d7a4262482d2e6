"""docs/numpy.md: what each public function of NumPy, and of SciPy where there is a rule, does to a traced value.

Everything is read off the tables of backpath.ops.dispatch::

    python benchmarks/numpy_page.py          # writes the page
    python benchmarks/numpy_page.py --check  # exit code 1 if it would change
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

import backpath.scipy
from backpath.ops import PRIMITIVES, Variable, trace
from backpath.ops.dispatch import ACCUMULATIONS, CONSTANT, FUNCTIONS, REDUCTIONS, REFUSED, UFUNCS

PAGE = Path(__file__).parents[1] / "docs" / "numpy.md"
WIDTH = 118

DIFFERENTIABLE, STEPS, REFUSAL, APART = "differentiable", "constant", "refused", "apart"

PASSED_ON = {"row_stack": "np.vstack"}
"""Deprecated functions that call another one."""

FACTS = set("dtype imag itemsize nbytes ndim shape size".split())
"""Attributes of an array that are known while the graph is made, or always 0."""


@dataclass(frozen=True)
class Row:
    """One function.

    Attributes:
        name: as it is called: ``np.sort``, ``x.sum``, ``np.linalg.inv``.
        kind: ``"differentiable"``, ``"constant"``, ``"refused"``, or ``"apart"`` where no traced value can come.
        why: of a refusal.
        same_as: the name in the same namespace that this is another one for.
    """

    name: str
    kind: str
    why: str = ""
    same_as: str = ""


def rows_of(module: ModuleType, prefix: str, key: str = "") -> list[Row]:
    """The public functions of a namespace, aliases after what they are aliases of."""
    found: list[Row] = []
    seen: dict[int, str] = {}
    functions = [(name, f) for name, f in sorted(vars(module).items()) if name[0] != "_" and _is_function(f)]
    for name, function in sorted(functions, key=lambda pair: (pair[0] != pair[1].__name__, pair[0])):
        kind, why = _told(name, function, key)
        found.append(Row(prefix + name, kind, why, seen.get(id(function), PASSED_ON.get(name, ""))))
        seen.setdefault(id(function), prefix + name)
    return sorted(found, key=lambda row: row.name)


def _is_function(f: Any) -> bool:
    return callable(f) and not inspect.isclass(f) and hasattr(f, "__name__")


def _told(name: str, function: Any, key: str) -> tuple[str, str]:
    if isinstance(function, np.ufunc):
        if function.__name__ in UFUNCS:
            return (DIFFERENTIABLE if has_derivative(function) else STEPS), ""
        return REFUSAL, REFUSED.get(name, "no rule")
    if name in PASSED_ON:
        return DIFFERENTIABLE, ""
    own = REFUSED.get(f"{key}.{name}" if key else name)
    if function in FUNCTIONS and not own:
        return (STEPS if function in CONSTANT else DIFFERENTIABLE), ""
    if own or hasattr(function, "_implementation"):
        return REFUSAL, own or REFUSED.get(key, "no rule")
    return APART, ""


def has_derivative(ufunc: np.ufunc) -> bool:
    """Whether some operand of a ufunc has a derivative that is not 0 everywhere, where it alone is traced."""
    return any(_traced_alone(ufunc, slot) for slot in range(ufunc.nin))


def _traced_alone(ufunc: np.ufunc, slot: int) -> bool:
    """Whether a derivative goes through that operand, at numbers, or at whole numbers if it takes no others."""
    for numbers in itertools.product((0.5, 2), repeat=ufunc.nin):
        operands = _as_arrays(ufunc, numbers)
        before, after = operands[:slot], operands[slot + 1 :]
        with contextlib.suppress(TypeError, ValueError):
            return reaches(trace(lambda x, a=before, b=after: ufunc(*a, x, *b), operands[slot]))
    return False


def _as_arrays(ufunc: np.ufunc, numbers: Sequence[float]) -> list[np.ndarray]:
    """Operands of enough axes for a ufunc that works on vectors and matrices."""
    if ufunc.signature is None:
        return [np.asarray(x) for x in numbers]
    parts = ufunc.signature.split("->")[0].strip("()").split("),(")
    return [np.full((2,) * len([c for c in part.split(",") if c]), x) for part, x in zip(parts, numbers, strict=True)]


def reaches(graph: Any) -> bool:
    """Whether an edge with a derivative leads on from an input to an output, through others."""
    reached = set(graph.inputs)
    for position, node in enumerate(graph.nodes):
        if node.parents and any(
            parent in reached and PRIMITIVES[node.primitive].differentiable(slot)
            for slot, parent in enumerate(node.parents)
        ):
            reached.add(position)
    return not reached.isdisjoint(graph.outputs)


def methods() -> list[Row]:
    """The public methods and attributes of an array."""
    found = []
    for name in sorted(n for n in dir(np.ndarray) if n[0] != "_"):
        why = REFUSED.get(f"ndarray.{name}", "")
        function = getattr(np, name, None)
        if why:
            found.append(Row(f"x.{name}", REFUSAL, why))
        elif not hasattr(Variable, name):
            found.append(Row(f"x.{name}", REFUSAL, "no rule"))
        else:
            flat = name in FACTS or (callable(function) and function in CONSTANT)
            found.append(Row(f"x.{name}", STEPS if flat else DIFFERENTIABLE))
    return found


def ufunc_methods() -> list[Row]:
    """The methods of ufuncs, each with the ufuncs that have it."""
    found = [Row(f"np.{name}.reduce", _kind_of_reduction(name)) for name in sorted(REDUCTIONS)]
    found += [Row(f"np.{name}.accumulate", _kind_of_reduction(name)) for name in sorted(ACCUMULATIONS)]
    found.append(Row("ufunc.outer", DIFFERENTIABLE))
    return found + [Row(f"ufunc.{name}", REFUSAL, REFUSED[name]) for name in ("at", "reduceat")]


def _kind_of_reduction(name: str) -> str:
    return STEPS if name.startswith("logical") else DIFFERENTIABLE


def namespaces() -> Iterator[tuple[str, list[Row]]]:
    """Each part of the page with its rows."""
    yield "NumPy", rows_of(np, "np.")
    yield "Methods and attributes of arrays", methods()
    yield "Methods of ufuncs", ufunc_methods()
    yield "numpy.linalg", rows_of(np.linalg, "np.linalg.", "linalg")
    yield "numpy.fft", rows_of(np.fft, "np.fft.", "fft")
    for title, module in (("scipy.special", scipy.special), ("scipy.linalg", scipy.linalg)):
        yield title, [row for row in rows_of(module, f"{title}.") if row.kind in (DIFFERENTIABLE, STEPS)]
    for title, room in (
        ("backpath.scipy.special", backpath.scipy.special),
        ("backpath.scipy.linalg", backpath.scipy.linalg),
    ):
        yield title, [Row(f"{title}.{name}", DIFFERENTIABLE) for name in room.__all__]


def counted(rows: Sequence[Row], *kinds: str) -> int:
    """How many rows are of these kinds, second names left out."""
    return sum(row.kind in kinds and not row.same_as for row in rows)


def page() -> str:
    """The text of docs/numpy.md."""
    parts = list(namespaces())
    every = [row for _, rows in parts for row in rows]
    lines = [
        "# NumPy on traced values",
        "",
        "What each public function does inside a function that is traced, differentiated or compiled. The page is made",
        f"by `benchmarks/numpy_page.py` from the tables that the functions are looked up in, with NumPy {_numpy()}.",
        "",
        f"**{counted(every, DIFFERENTIABLE, STEPS)}** functions and methods of NumPy and SciPy are differentiable",
        f"({counted(every, DIFFERENTIABLE)}) or constant ({counted(every, STEPS)}: steps, whole numbers, truth values,",
        "or facts about shapes and types); second names of a function are not counted. What is refused says so when",
        "the graph is made, with what to write instead.",
        "",
        "Arrays are indexed by slices, by known masks, and by integers, known or traced: `x[np.argsort(y)]` has",
        "derivatives of every order by `x`. Keywords are NumPy's, but for `out=`: a graph's values never change.",
        "",
        "| part | differentiable | constant | refused |",
        "|---|---|---|---|",
    ]
    for title, rows in parts:
        numbers = " | ".join(str(counted(rows, kind)) for kind in (DIFFERENTIABLE, STEPS, REFUSAL))
        lines.append(f"| {title} | {numbers} |")
    for title, rows in parts:
        lines += ["", f"## {title}", *_section(rows)]
    return "\n".join(lines) + "\n"


def _numpy() -> str:
    return ".".join(np.__version__.split(".")[:2])


def _section(rows: Sequence[Row]) -> Iterator[str]:
    for kind, heading in (
        (DIFFERENTIABLE, "Differentiable"),
        (STEPS, "Constant"),
        (APART, "Take no traced value (they make arrays, read files, or ask about types and settings)"),
    ):
        names = [_named(row) for row in rows if row.kind == kind]
        if names:
            yield from ("", f"{heading}:", *_wrapped(", ".join(names)))
    refused = [row for row in rows if row.kind == REFUSAL]
    if refused:
        yield from ("", "| refused | why, and what to write |", "|---|---|")
    for why in dict.fromkeys(row.why for row in refused):
        names = ", ".join(_named(row) for row in refused if row.why == why)
        yield f"| {names} | {why} |"


def _named(row: Row) -> str:
    return f"`{row.name}`" + (f" (= `{row.same_as}`)" if row.same_as else "")


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split(", "):
        if line and len(line) + len(word) + 2 > WIDTH:
            yield line + ","
            line = word
        else:
            line = f"{line}, {word}" if line else word
    yield line + "."


def main(arguments: Sequence[str], write: Callable[[str], Any] = print) -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the page is not what the tables say")
    text = page()
    if parser.parse_args(arguments).check:
        there = PAGE.read_text(encoding="utf-8")
        if f"with NumPy {_numpy()}." not in there:
            write(f"docs/numpy.md is of another NumPy than {_numpy()}, which has other functions")
            return 0
        same = there == text
        write("docs/numpy.md is up to date" if same else "docs/numpy.md is old: run python benchmarks/numpy_page.py")
        return int(not same)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
