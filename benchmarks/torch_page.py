"""docs/torch.md's list: each layer of ``torch.nn``, read by ``from_torch`` and compared with PyTorch, or why not.

Run it as ``python -m benchmarks.torch_page``; ``--check`` only says whether the page is up to date.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import backpath as bp
from backpath.importers.agreement import direction
from benchmarks.torch_layers import LAYERS, OTHERS, every_name, made

PAGE = Path(__file__).parents[1] / "docs" / "torch.md"
BEGIN, END = "<!-- layers -->", "<!-- end of layers -->"
TOLERANCE = 1e-10

PYTORCHS_OWN = {"Hardsigmoid": "PyTorch's backward pass holds 1/6 in single precision"}
"""Layers whose difference is a fault of PyTorch's."""


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, how far ours and PyTorch's values and gradients are apart, or why it is refused."""

    name: str
    apart: float
    refused: str = ""


def tried(name: str) -> Row:
    """Read the layer and compare it, by its parameters and by its inputs, in float64."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layer, inputs = made(name)
            model = bp.from_torch(layer, inputs)
        except bp.UnsupportedError as error:
            return Row(name, np.inf, f"no {', '.join(error.found)}")
        except (bp.SettingError, RuntimeError) as error:
            return Row(name, np.inf, _reason(error))
        assert model.agreement is not None
        return Row(
            name, max(model.agreement.largest, model.agreement.largest_gradient, _by_inputs(layer, model, inputs))
        )


def _reason(error: Exception) -> str:
    """What PyTorch says, in a few words."""
    if "data-dependent" in str(error):
        return "`torch.export` refuses it: what it does depends on values"
    if "_ctc_loss" in str(error):
        return "`torch.export` has no `_ctc_loss` for it"
    return "PyTorch itself cannot run it so: a function of its own in Python"


def _by_inputs(layer: Any, model: Any, inputs: Sequence[torch.Tensor]) -> float:
    """The largest difference of gradients by real inputs, over the largest entry."""
    # The last operand of a loss is its target, by which PyTorch may not differentiate.
    count = 1 if isinstance(layer, torch.nn.modules.loss._Loss) else len(inputs)
    leaves = [x.clone().requires_grad_(k < count and x.is_floating_point()) for k, x in enumerate(inputs)]
    found = layer(*leaves)
    while not isinstance(found, torch.Tensor):
        found = found[0]
    wanted = [x for x in leaves if x.requires_grad]
    if not wanted or not found.requires_grad:
        return 0.0
    seed = direction(tuple(found.shape), "float64")
    theirs = torch.autograd.grad(found, wanted, torch.from_numpy(seed), allow_unused=True)
    arrays = tuple(x.detach().numpy() for x in inputs)
    real = [k for k, x in enumerate(leaves) if x.requires_grad]

    def scores(*reals: Any) -> Any:
        given = list(arrays)
        for k, x in zip(real, reals, strict=True):
            given[k] = x
        return model.scores(model.first, given[0] if len(given) == 1 else tuple(given))

    ours = bp.vjp(scores, *[arrays[k] for k in real])[1](seed)
    pairs = [(a, b.numpy()) for a, b in zip(ours, theirs, strict=True) if b is not None]
    largest = max((float(np.abs(b).max()) for _, b in pairs), default=0.0)
    apart = max((float(np.abs(a - b).max()) for a, b in pairs), default=0.0)
    return apart / largest if largest else apart


def rows() -> Iterator[Row]:
    """Every class of ``torch.nn`` that is tried."""
    for name in every_name():
        if name in LAYERS:
            yield tried(name)


def listed(found: Sequence[Row]) -> str:
    """The list as the page holds it."""
    passed = [row.name for row in found if row.apart <= TOLERANCE]
    refused = [row for row in found if row.refused]
    wrong = [row for row in found if not row.refused and row.apart > TOLERANCE and row.name not in PYTORCHS_OWN]
    others = [row for row in found if row.name in PYTORCHS_OWN]
    parts = [
        f"**{len(passed)}** of the {len(found)} layers of `torch.nn` (PyTorch {_version()}) give PyTorch's values, and "
        f"its\ngradients by every parameter and real input, within {TOLERANCE:.0e} of the largest entry in float64:",
        _wrapped([f"`{name}`{',' if name != passed[-1] else '.'}" for name in passed]),
    ]
    if refused:
        parts += [
            "Refused:",
            "| layer | why |\n|---|---|\n" + "\n".join(f"| `{r.name}` | {r.refused} |" for r in refused),
        ]
    if others:
        parts += ["\n".join(f"`{row.name}` is {row.apart:.0e} off: {PYTORCHS_OWN[row.name]}." for row in others)]
    if wrong:
        parts += ["Wrong:", "\n".join(f"- `{row.name}`: {row.apart:.0e}" for row in wrong)]
    rest = "; ".join(f"`{name}` {why}" for name, why in OTHERS.items())
    return "\n\n".join([*parts, _wrapped(f"Not layers by themselves: {rest}.".split(" "))])


def _wrapped(words: Sequence[str], width: int = 120) -> str:
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def _version() -> str:
    return torch.__version__.split("+")[0]


def main(arguments: Sequence[str], say: Callable[[str], Any] = print) -> int:
    """Write the list into the page; or with ``--check`` compare them."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    new = f"{before}{BEGIN}\n\n{listed(list(rows()))}\n\n{END}{rest.split(END)[1]}"
    if "--check" in arguments:
        if new != page:
            say("docs/torch.md is out of date: run python -m benchmarks.torch_page")
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    say(f"{PAGE.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
