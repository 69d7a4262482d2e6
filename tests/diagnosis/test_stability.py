"""The map of stability: its regions, its edge, its picture."""

import numpy as np
import pytest

import backpath as bp
from backpath.diagnosis.stability import REGIONS
from backpath.training.optimizers import sgd

RNG = np.random.default_rng(0)
X = RNG.standard_normal((96, 3)) * [1, 2, 3]
Y = X @ [1.0, -1, 0.5]
LINEAR = bp.Network([3, 1], loss="squared_error")


def test_descent_on_a_quadratic_diverges_at_the_edge():
    with_one = np.column_stack([X, np.ones(96)])
    edge = 2 / np.linalg.eigvalsh(with_one.T @ with_one / 96)[-1]
    rates = edge * np.array([1e-4, 0.5, 0.9, 1.1, 2.0])
    found = bp.stability_map(LINEAR, X, Y, rate=rates, scale=[0.5, 1.0], batch=96, epochs=120)
    assert found.edge == pytest.approx(edge, rel=1e-5)
    assert [found.region(0, k) for k in range(5)] == ["crawls", "converges", "converges", "diverges", "diverges"]
    assert "120" not in str(found)
    assert str(found).count("|") == 3
    assert np.isinf(found.losses[:, -1]).all() or (found.losses[:, -1] > found.start).all()


def test_hundreds_of_networks_by_depth():
    labels = (Y > 0).astype(int)
    found = bp.stability_map(bp.Network([3, 8, 2], "tanh"), X, labels, rate=np.geomspace(1e-3, 100, 20),
                             depth=[1, 2, 4, 8, 16], epochs=4)  # fmt: skip
    assert found.regions.shape == (5, 20)
    assert found.axis == "depth"
    assert {found.region(0, 0), found.region(0, 10)} == {"crawls", "converges"}
    told = found.to_json()
    assert len(told["regions"][0]) == 20
    assert {name for row in told["regions"] for name in row} <= set(REGIONS)


def test_it_is_drawn():
    found = bp.stability_map(LINEAR, X, Y, rate=[1e-3, 0.1, 10], scale=[0.5, 1, 2], epochs=3, optimizer=sgd(1.0, 0.5))
    figure = found.plot()
    assert figure.axes[0].get_xlabel() == "step size"
    assert any("edge" in str(line.get_label()) for line in figure.axes[0].get_lines())


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"scale": [1.0], "depth": [1]}, "not both"),
        ({"rate": [1.0, 0.5]}, "grow"),
        ({"rate": []}, "sequences"),
        ({"depth": [2]}, "repeats"),
    ],
)
def test_what_makes_no_grid_is_refused(options, what):
    with pytest.raises(bp.SettingError, match=what):
        bp.stability_map(LINEAR, X, Y, **options)
