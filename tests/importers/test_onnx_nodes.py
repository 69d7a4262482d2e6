"""ONNX's own tests of single nodes, and gradients of one case of each operation beside differences."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import backpath as bp
from benchmarks import onnx_page

WITHOUT_DERIVATIVE = set(
    "ArgMax ArgMin Cast CastLike Ceil Constant ConstantOfShape Equal Floor Greater GreaterOrEqual Hardmax IsInf IsNaN "
    "Less LessOrEqual OneHot Round Shape Sign Size".split()
)
"""Operations whose results are whole, or do not change with small changes."""


def smallest() -> dict[str, Any]:
    """Of each operation of networks the case with the fewest numbers."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for case in onnx_page.cases().values():
        inputs, outputs = case.data_sets[0]
        doubles = all(x.dtype != np.float16 for x in (*inputs, *outputs))
        if doubles and any(x.dtype.kind == "f" and x.size for x in inputs) and outputs[0].dtype.kind == "f":
            found[onnx_page.operation_of(case)].append(case)
    wanted = onnx_page.NETWORKS - WITHOUT_DERIVATIVE
    return {
        name: min(found[name], key=lambda case: sum(x.size for x in case.data_sets[0][0]))
        for name in sorted(wanted & found.keys())
    }


def test_of_networks_operations_at_least_95_of_100_cases_pass() -> None:
    own = [o for o in onnx_page.outcomes() if o.operation in onnx_page.NETWORKS]
    failed = [f"{o.name}: {o.why}" for o in own if o.why]
    assert len(own) > 600
    assert len(failed) <= 0.05 * len(own), "\n".join(failed)


def test_every_failure_is_a_refusal() -> None:
    wrong = [f"{o.name}: {o.why}" for o in onnx_page.outcomes() if o.why and not o.why.startswith(REFUSALS)]
    assert not wrong, "\n".join(wrong)


REFUSALS = "UnsupportedError", "DataError"


def test_the_published_table_is_up_to_date() -> None:
    said: list[str] = []
    assert onnx_page.main(["--check"], said.append) == 0, said


def test_gradients_of_each_operation_beside_differences() -> None:
    """A weighted sum of all real outputs, in double precision, along a random direction of all real inputs."""
    checked = {name for name, case in smallest().items() if slope_agrees(case)}
    assert len(checked) >= 85, sorted(smallest().keys() - checked)


def slope_agrees(case: Any) -> bool:
    """Whether a slope was there to be compared; it is then as differences say."""
    rng = np.random.default_rng(1)
    names = [i.name for i in case.model.graph.input]
    given = dict(zip(names, case.data_sets[0][0], strict=False))
    model, X = onnx_page.traceable(case.model, given)
    reals = [name for name, x in X.items() if x.dtype.kind == "f"]
    at = [X[name] + 1e-3 * rng.uniform(size=X[name].shape) for name in reals]
    ways = [rng.normal(size=x.shape) for x in at]
    outputs = model.call({}, dict(zip(X, [*X.values()], strict=True)) | dict(zip(reals, at, strict=True)))
    weights = [rng.normal(size=y.shape) if y.dtype.kind == "f" else None for y in outputs]

    def total(*values: Any) -> Any:
        found = model.call({}, X | dict(zip(reals, values, strict=True)))
        return sum(np.sum(y * w) for y, w in zip(found, weights, strict=True) if w is not None)

    step = 1e-6
    up, down = (total(*[x + s * way for x, way in zip(at, ways, strict=True)]) for s in (step, -step))
    slope = (up - down) / (2 * step)
    if not np.isfinite(slope) or abs(slope) < 1e-8:
        return False
    gradients = bp.grad(total, tuple(range(len(at))))(*at)
    found = sum(np.sum(g * way) for g, way in zip(gradients, ways, strict=True))
    assert found == pytest.approx(slope, rel=1e-5, abs=1e-5), case.name
    return True
