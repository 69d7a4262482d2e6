"""What is seen of layers, columns and labels, where it is known."""

import numpy as np
import pytest

import backpath as bp
from backpath.diagnosis.evidence.columns import alone, columns_of, leaks_of
from backpath.diagnosis.evidence.depth import depth_of
from backpath.diagnosis.evidence.labels import labels_of_rows
from backpath.diagnosis.evidence.layout import layout_of
from backpath.diagnosis.evidence.units import unbroken, units_of
from backpath.diagnosis.subject import subject_of
from backpath.nets import Activation, BatchNorm, Dense, Sequential

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((120, 5)), RNG.integers(0, 3, 120)


def subject(model, X=X, y=Y, **options):
    return subject_of(model, X, y, **options)


MODELS = [
    (bp.Network([5, 6, 4, 3], ["tanh", "gelu"]), [("tanh",), ("gelu",), ()], False),
    (bp.Network([5, 6, 3], "relu", variables="post"), None, False),
    (bp.Network([5, 6, 3], "elu", norm="batch"), [("elu",), ()], True),
    (
        Sequential([Dense(6), Dense(4), Activation("relu"), Dense(3), Activation("sigmoid")], 5),
        [(), ("relu",), ("sigmoid",)],
        False,
    ),
    (Sequential([Dense(6), BatchNorm(), Activation("silu"), Dense(3)], 5), [("silu",), ()], True),
]  # fmt: skip


@pytest.mark.parametrize(("model", "activations", "normalized"), MODELS)
def test_layers_are_read_off_any_graph(model, activations, normalized):
    found = layout_of(subject(model), model.init(0, np.float64))
    assert found.normalized == normalized
    if activations is not None:
        assert [layer.activations[-1:] for layer in found.layers] == activations
        assert {layer.weight for layer in found.layers} <= set(model.parameter_shapes)


def test_values_of_layers_are_the_forward_phases():
    model = bp.Network([5, 6, 3], "tanh")
    p = model.init(1, np.float64)
    s = subject(model)
    first = layout_of(s, p).layers[0]
    a = s.X[:128] @ p["W1"] + p["b1"]
    assert first.pre == pytest.approx(a)
    assert first.post == pytest.approx(np.tanh(a))


def test_depth_is_that_of_the_textbooks_deltas():
    model = bp.Network([5, 7, 6, 4, 3], "tanh")
    p = model.init(2, np.float64)
    s = subject(model)
    found = depth_of(s, p)
    deltas = model.recursion(p, s.X[:32], s.y[:32], variables="pre").deltas
    norms = np.array([np.linalg.norm(deltas[f"delta_{r}"]) for r in range(1, 5)])
    assert found.sizes == pytest.approx(norms / norms[-1], rel=1e-6)
    assert found.ratio == pytest.approx(norms[0] / norms[-1], rel=1e-6)
    assert found.dead == 0
    assert found.paths > 0


def test_dead_flat_and_equal_units_are_seen():
    model = bp.Network([5, 4, 3], "relu")
    p = model.init(0, np.float64)
    p["b1"][:3] = -1e3
    found = units_of(layout_of(subject(model), p))
    assert (found.dead, found.dead_layer) == (0.75, "W1")
    flat = bp.Network([5, 4, 3], "tanh")
    q = {name: value * 1e4 for name, value in flat.init(0, np.float64).items()}
    assert units_of(layout_of(subject(flat), q)).saturated > 0.99
    same = {name: np.ones(shape) for name, shape in model.parameter_shapes.items()}
    assert unbroken(layout_of(subject(model), same), same) == "W1"
    assert unbroken(layout_of(subject(model), p), p) == ""


def test_columns_by_scale_copies_constants_and_outliers():
    Z = np.column_stack([X, X[:, 0] * -3 + 1, np.full(120, 7.0), X[:, 1] * 1000])
    Z[5:7, 2] = 1e4
    found = columns_of(subject(bp.Network([8, 3]), Z, validation=(Z, Y)))
    assert found.constant == (6,)
    assert set(found.copies) >= {(0, 5), (1, 7)}
    assert list(found.outlying) == [2]
    assert found.spread > 100


def test_one_column_that_tells_the_target_is_found_and_only_it():
    y = np.repeat([0, 1, 2], 60)
    noisy = np.random.default_rng(1).standard_normal((180, 6))
    noisy[:, 4] = y + np.random.default_rng(2).normal(0, 0.05, 180)
    found = leaks_of(subject(bp.Network([6, 3]), noisy, y))
    assert found.column == 4
    assert found.skill > 0.95 > 0.5 > found.others
    assert alone(np.arange(180.0), subject(bp.Network([6, 3]), noisy, y, validation=(noisy, y))) > 0.95


def test_rows_on_both_sides_are_counted_unless_chance_repeats_them():
    twice = np.concatenate([X, X])
    assert leaks_of(subject(bp.Network([5, 3]), twice, np.concatenate([Y, Y]))).shared > 0.4
    assert leaks_of(subject(bp.Network([5, 3]))).shared == 0
    corners = np.random.default_rng(3).integers(0, 2, (200, 3)).astype(float)
    assert leaks_of(subject(bp.Network([3, 2]), corners, corners[:, 0].astype(int))).shared == 0


def test_neighbours_tell_wrong_labels_from_right_ones():
    rng = np.random.default_rng(4)
    y = np.repeat([0, 1, 2], 80)
    Z = rng.standard_normal((240, 4)) * 0.4 + np.eye(3, 4)[y] * 3
    clean = labels_of_rows(subject(bp.Network([4, 3]), Z, y))
    wrong = y.copy()
    rows = rng.permutation(240)[:60]
    wrong[rows] = (y[rows] + 1) % 3
    s = subject(bp.Network([4, 3]), Z, wrong)
    noisy = labels_of_rows(s)
    assert clean is not None
    assert noisy is not None
    assert clean.noise < 0.02 < 0.1 < noisy.noise
    known = {tuple(row) for row in Z[rows]}
    assert np.mean([tuple(s.X[k]) in known for k in noisy.suspects]) > 0.9
