"""docs/numpy.md says what the tables say, and each of its rows is tried by a call."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy_cases import CONSTANT_CALLS, DIFFERENTIABLE_CALLS, METHOD_CALLS

import backpath as bp
from backpath.ops.dispatch import REFUSED
from benchmarks import numpy_page

ROOT = Path(__file__).parents[2]
PARTS = dict(numpy_page.namespaces())
OF_NUMPY = [*PARTS["NumPy"], *PARTS["numpy.fft"]]
CALLS = [*DIFFERENTIABLE_CALLS.values(), *CONSTANT_CALLS.values()]
TEXTS = " ".join(call.text for row in CALLS for call in row)


def names(rows, kind):
    return {row.name for row in rows if row.kind == kind and not row.same_as}


def test_the_page_is_up_to_date():
    said = []
    assert numpy_page.main(["--check"], said.append) == 0, said


def test_at_least_330_functions_and_methods():
    every = [row for rows in PARTS.values() for row in rows]
    assert numpy_page.counted(every, "differentiable", "constant") >= 330


def test_every_function_has_calls_of_its_kind():
    aliases = {"np.amax": "np.max", "np.amin": "np.min", "np.radians": "np.deg2rad", "np.degrees": "np.rad2deg"}
    found = {aliases.get(name, name) for name in names(OF_NUMPY, "differentiable")}
    assert found == {f"np.{name}" for name in DIFFERENTIABLE_CALLS}
    steps = names(OF_NUMPY, "constant") - {"np.around"}
    assert steps == {f"np.{name}" for name in CONSTANT_CALLS}
    for name in (*aliases, "np.around"):
        assert f"{name}(" in TEXTS


def test_every_method_has_calls():
    rows = PARTS["Methods and attributes of arrays"]
    assert names(rows, "differentiable") | names(rows, "constant") == {f"x.{name}" for name in METHOD_CALLS}


def test_every_method_of_a_ufunc_has_calls():
    for row in PARTS["Methods of ufuncs"]:
        if row.kind != "refused":
            assert row.name.replace("ufunc", "") + "(" in TEXTS


@pytest.mark.parametrize("title", ["numpy.linalg", "scipy.special", "scipy.linalg"])
def test_functions_of_other_namespaces_are_named_in_tests(title):
    text = " ".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for name in names(PARTS[title], "differentiable"):
        assert re.search(rf"\b{name.split('.')[-1]}\b", text), name


def test_no_function_of_numpy_is_refused_without_a_reason():
    refused = [row for row in OF_NUMPY if row.kind == "refused"]
    assert [row.name for row in refused if row.why == "no rule"] == []
    assert len(refused) > 50


TWO = set(
    "intersect1d setdiff1d setxor1d union1d may_share_memory shares_memory nextafter ravel_multi_index busday_count "
    "unravel_index busday_offset copyto fill_diagonal".split()
)
OPERANDS = {**dict.fromkeys(TWO, 2), "place": 3, "put": 3, "put_along_axis": 4, "putmask": 3}
TO_A_FILE = "save savez savez_compressed savetxt".split()


@pytest.mark.parametrize("name", [row.name[3:] for row in PARTS["NumPy"] if row.kind == "refused"])
def test_what_is_refused_says_why(name):
    first = ["nowhere"] if name in TO_A_FILE else []
    with pytest.raises(bp.TraceError) as refusal:
        bp.trace(lambda x: getattr(np, name)(*first, *[x] * OPERANDS.get(name, 1)), np.ones(3))
    # What asks an array for itself cannot tell which function it is asked by.
    assert REFUSED[name] in str(refusal.value) or "In place of np.array([a, b]) write np.stack" in str(refusal.value)


@pytest.mark.parametrize("row", PARTS["numpy.fft"], ids=lambda row: row.name)
def test_transforms_to_complex_numbers_are_refused(row):
    if row.kind == "refused":
        with pytest.raises(bp.TraceError, match="complex numbers are not traced"):
            bp.trace(getattr(np.fft, row.name.removeprefix("np.fft.")), np.ones((4, 4)))
