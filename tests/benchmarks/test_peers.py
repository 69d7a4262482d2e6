"""The comparison is fair: all train the same networks to the same losses; its numbers are what was measured."""

from __future__ import annotations

import statistics
from importlib import import_module

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers import many, whole_jobs
from benchmarks.peers.__main__ import PARTS
from benchmarks.peers.cases import CASES, Case
from benchmarks.peers.equality import difference
from benchmarks.peers.growth import AXES, draw, table_of
from benchmarks.peers.peak import products, table_of_shares
from benchmarks.peers.runners import PLACES, maker
from benchmarks.peers.steps import require_same, started, summary
from benchmarks.peers.tables import compared, fastest, rounded, table
from benchmarks.peers.timing import Times, in_turn
from benchmarks.peers.torch_runners import model

SMALL = (
    Case((5, 7, 6, 3), "relu", 8, examples=64),
    Case((4, 6, 3), "tanh", 16, examples=64),
    Case((2, 8, 1), "tanh", 4, "squared_error", examples=64),
)
QUICK = [name for name in PLACES if name != "PyTorch compiled"]
"""torch.compile takes up to a minute for a network; what it compiles is what runs eagerly."""


def times(**medians):
    return {name.replace("_", " "): Times((m,)) for name, m in medians.items()}


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_all_reach_the_same_losses(case):
    runners, failures = started(case, QUICK)
    assert set(runners) == set(QUICK)
    assert not failures
    for _ in range(3):
        losses = [runner() for runner in runners.values()]
        np.testing.assert_allclose(losses, losses[0], rtol=2e-5)


def test_losses_fall():
    runner = maker("JAX scan")(SMALL[0])
    losses = [runner() for _ in range(30)]
    assert losses[-1] < 0.9 * losses[0]


def test_another_loss_ends_the_run():
    require_same(SMALL[0].name, {"one": 1.0, "other": 1.0005})
    for other in (1.01, float("nan")):
        with pytest.raises(SystemExit, match="not the same training"):
            require_same(SMALL[0].name, {"one": 1.0, "other": other})


def test_a_runner_that_fails_is_a_result(monkeypatch):
    monkeypatch.setitem(PLACES, "absent", "no_such_file:function")
    runners, failures = started(SMALL[0], ["JAX scan", "absent"])
    assert list(runners) == ["JAX scan"]
    assert failures["absent"].startswith("ModuleNotFoundError")


@pytest.mark.parametrize("case", [*SMALL, *CASES[:3]], ids=lambda case: case.name)
def test_flops_are_those_that_pytorch_counts(case):
    network, counter = model(case), FlopCounterMode(display=False)
    X = torch.from_numpy(case.data()[0][: case.batch])
    with counter:
        network(X).sum().backward()
    assert case.flops == counter.get_total_flops()


@pytest.mark.parametrize("case", [*CASES, *(axis(n) for axis in AXES.values() for n in (1, 64))])
def test_epochs_are_whole_batches(case):
    assert case.steps * case.batch == case.examples


def test_libraries_make_the_same_product():
    first, *others = (np.asarray(product()) for product in products(6, 5, 4).values())
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-5)


def test_tasks_are_timed_in_turn():
    calls = []
    found = in_turn({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=5, least=1e-12)
    assert {name: len(t.seconds) for name, t in found.items()} == {"a": 5, "b": 5}
    rounds = [calls[-k - 2 : len(calls) - k] for k in range(0, 10, 2)]
    assert all(sorted(pair) == ["a", "b"] for pair in rounds)
    assert len(set(map(tuple, rounds))) == 2


def test_medians_and_quartiles_are_those_of_statistics():
    seconds = (0.5, 0.1, 0.4, 0.2, 0.9, 0.3)
    low, middle, high = statistics.quantiles(seconds, method="inclusive")
    t = Times(seconds)
    assert (*t.quartiles, t.median) == pytest.approx((low, high, middle))
    assert t.per(4).median == pytest.approx(middle / 4)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (0.00123456, "0.00123"),
        (0.5, "0.500"),
        (9.996, "10.0"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (44108, "44,108"),
    ],
)
def test_numbers_have_three_digits(number, shown):
    assert rounded(number) == shown


def test_a_table_is_markdown():
    assert (
        table(["network", "us"], [["a", "1"], ["b", "2"]]) == "| network | us |\n| --- | ---: |\n| a | 1 |\n| b | 2 |"
    )


def test_ratios_are_to_the_reference():
    found = {"slow": Times((3e-6, 4e-6, 5e-6)), "quick": Times((2e-6, 2e-6, 2e-6))}
    assert compared(found, "quick", "µs", 1e6).splitlines()[2:] == [
        "| quick | 2.00 | 2.00 – 2.00 | 1.00 |",
        "| slow | 4.00 | 3.50 – 4.50 | 2.00 |",
    ]


def test_the_summary_compares_with_the_fastest_peer():
    found = times(backpath_numpy=3e-6, backpath_compiled=0.5e-6, JAX_scan=2e-6, PyTorch_eager=9e-6)
    assert fastest(found, ["PyTorch eager", "JAX scan", "absent"]) == "JAX scan"
    *_, row = summary({CASES[0]: found}).splitlines()
    assert row == "| 2-8-1 tanh, batch 4 | JAX scan, 2.00 µs | 0.67 | 4.00 |"
    *_, row = summary({CASES[0]: times(backpath_numpy=1e-6, JAX_scan=2e-6)}).splitlines()
    assert row.endswith("| 2.00 | – |")


def test_shares_are_of_the_peak():
    # 3 * 2 * 512 * (784 * 1024 + 2 * 1024 * 1024 + 1024 * 10) - 2 * 512 * 784 * 1024 operations.
    *_, row = table_of_shares(times(JAX_scan=0.0082), 1000.0).splitlines()
    flops = 3 * 2 * 512 * (784 * 1024 + 2 * 1024 * 1024 + 1024 * 10) - 2 * 512 * 784 * 1024
    assert row == f"| JAX scan | 8.2 | {flops / 0.0082 / 1e9:.0f} | {flops / 0.0082 / 1e12:.0%} |".replace("%", " %")


def test_growth_is_tabled_and_drawn(tmp_path):
    by_factor = {n: times(backpath_numpy=n * 1e-6, JAX_scan=n * 2e-6) for n in (1, 8)}
    rows = table_of("depth", by_factor).splitlines()
    assert (rows[0], rows[3]) == ("| depth | backpath numpy | JAX scan |", "| 8 | 8.00 | 16.0 |")
    path = tmp_path / "growth.png"
    draw(dict.fromkeys(AXES, by_factor), path)
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_engines_differ_by_the_worst_array():
    case = Case((1, 1, 2), "relu", 4)
    one = np.array([4.0, 2.0, 1.0, 1.0, 5.0, 5.0])
    other = one + np.array([0.04, 0.0, 0.0, 0.0, 0.1, 0.0])
    assert difference(case, other, one) == pytest.approx(0.1 / 5)


def test_many_networks_are_trained_alike(monkeypatch):
    monkeypatch.setattr(many, "NETWORKS", 32)
    losses = {"loop": many.one_by_one(), "vmap": many.vmapped()(), "at once": many.at_once()}
    many.require_near(losses)
    with pytest.raises(SystemExit, match="not the same training"):
        many.require_near({"one": 1.0, "other": 1.05})


def test_a_whole_job_learns(tmp_path):
    path = tmp_path / "digits.npz"
    whole_jobs.write_digits(path)
    reached, seconds = whole_jobs.done("backpath", path)
    assert reached["accuracy"] > 0.97
    assert seconds > 0


def test_a_job_that_learnt_less_ends_the_run(tmp_path, monkeypatch):
    for reached in ({"loss": 0.001, "accuracy": 0.9}, {"loss": 0.1, "accuracy": 0.99}):
        monkeypatch.setattr(whole_jobs, "told", lambda *_, reached=reached: (reached, 1.0))
        with pytest.raises(SystemExit, match="not the same training"):
            whole_jobs.done("backpath", tmp_path)


def test_jobs_and_parts_are_there():
    assert {path.name for path in whole_jobs.SCRIPTS.glob("*.py")} == set(whole_jobs.JOBS.values())
    assert all(callable(import_module(f"benchmarks.peers.{file}").report) for _, file in PARTS.values())
