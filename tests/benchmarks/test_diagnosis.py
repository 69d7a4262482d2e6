"""The benchmark of diagnoses: its halves are apart, its faults have names, its figures add up."""

import json

import numpy as np
import pytest

from backpath.diagnosis import KINDS
from benchmarks.diagnosis import figures, named, run
from benchmarks.diagnosis_data import ARCHITECTURES, DATA, data
from benchmarks.diagnosis_programs import MUTATIONS, PAIRS, bases, faulty, half_of, healthy, mutants
from benchmarks.diagnosis_published import QUESTIONS, published


def test_programs_of_the_two_halves_have_nothing_in_common():
    halves = [{b.name for b in bases() if half_of(b.name) == half} for half in ("develop", "report")]
    assert not halves[0] & halves[1]
    made = [{p.base for p in [*mutants(half), *published(half)]} for half in ("develop", "report")]
    assert not made[0] & made[1]
    assert sum(len(published(half)) for half in ("develop", "report")) == len(QUESTIONS) >= 15


def test_there_are_as_many_as_were_asked_for():
    assert len(DATA) >= 8
    assert len(ARCHITECTURES) >= 10
    reported = [b for b in bases() if half_of(b.name) == "report"]
    assert sum(len(healthy(b)) for b in reported) >= 150


def test_every_fault_has_the_name_of_a_kind():
    assert {kind for kinds, _ in MUTATIONS.values() for kind in kinds} <= set(KINDS)
    assert {name for pair in PAIRS for name in pair} <= set(MUTATIONS)
    for half in ("develop", "report"):
        assert all(kinds <= set(KINDS) for p in published(half) for kinds in p.faults)


@pytest.mark.parametrize("name", DATA)
def test_data_are_standardized(name):
    d = data(name)
    assert np.allclose(d.X.mean(axis=0), 0, atol=1e-9)
    assert set(np.round(d.X.std(axis=0), 6)) <= {0.0, 1.0}


def test_mutants_are_the_same_each_time_and_healthy_ones_differ():
    base = bases()[0]
    first, second = (faulty(base, "features of all scales") for _ in range(2))
    assert first is not None
    assert second is not None
    assert np.array_equal(first.X, second.X)
    assert len({(p.batch, p.epochs, repr(p.optimizer)) for p in healthy(base)}) == len(healthy(base))


def line(faults, kinds, confirmed=True, gain=0.5):
    effect = {"before": 0.2, "after": 0.2 + gain, "random": 0.3, "gain": gain, "low": 0.1}
    findings = [{"kind": k, "confirmed": confirmed, "effect": effect} for k in kinds]
    return {"faults": faults, "counts": True, "findings": findings, "trainings": 10}


def test_figures_count_faults_one_by_one():
    both = line([["a", "b"], ["b"]], ["b", "a"])
    assert named(both) == [True, True]
    assert named(line([["a"], ["a", "b"]], ["a"])) == [True, False]
    told = figures([both, line([["a"]], ["c"], False), line([["a"]], []), line([], []), line([], ["a"])])
    assert told["detected"] == pytest.approx(2 / 3)
    assert told["faults named"] == pytest.approx(2 / 4)
    assert told["false alarms"] == 0.5
    assert told["detected with a confirmed fix"] == 0.5
    assert told["gain of random fixes"] == pytest.approx(0.1)


def test_a_run_goes_on_where_it_ended(tmp_path):
    out = tmp_path / "lines.jsonl"
    run("develop", out, 0.0, "iris")
    assert out.read_text() == ""
    some = mutants("develop")[0].name
    run("develop", out, 1e9, some)
    told = [json.loads(text) for text in out.read_text().splitlines()]
    assert [x["name"] for x in told] == [some]
    run("develop", out, 1e9, some)
    assert len(out.read_text().splitlines()) == 1
