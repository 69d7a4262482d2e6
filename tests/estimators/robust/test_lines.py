"""What features carry along lines: against integrals known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backpath.estimators.robust.lines import CHUNK, NODES, carried

NO_OUTPUTS = np.zeros(1, int)


def along(score: Any, row: list[float], start: list[float], source: tuple[int, ...] = (), pieces: int = 1) -> Any:
    columns = source or tuple(range(len(row)))
    found = carried(
        lambda X, _: score(X), np.array([row]), NO_OUTPUTS, np.array(start), columns, max(columns) + 1, pieces
    )
    return found.net[0], found.variation[0], found.mass[0]


def test_a_line_s_slope_times_its_way() -> None:
    net, variation, mass = along(lambda X: 3 * X[:, 0] - 2 * X[:, 1] + 7, [2.0, 5.0], [1.0, 1.0])
    assert net == pytest.approx([3, -8])
    assert variation == pytest.approx([3, 8])
    assert mass == pytest.approx([3, 8])


def test_a_product_is_shared_by_its_factors() -> None:
    net, _, _ = along(lambda X: X[:, 0] * X[:, 1], [2.0, 6.0], [0.0, 0.0])
    assert net == pytest.approx([6, 6])


def test_what_goes_up_and_down_again_varies_and_has_no_net() -> None:
    net, variation, _ = along(lambda X: np.sin(2 * np.pi * X[:, 0]), [1.0], [0.0], pieces=64)
    assert net == pytest.approx([0], abs=1e-12)
    assert variation == pytest.approx([4], rel=1e-3)


def test_paths_that_cancel_have_a_mass_and_carry_nothing() -> None:
    net, variation, mass = along(lambda X: 5 * X[:, 0] - np.tanh(0 * X[:, 0]) - 5 * X[:, 0], [2.0], [0.0])
    assert net == pytest.approx([0], abs=1e-12)
    assert variation == pytest.approx([0], abs=1e-12)
    assert mass == pytest.approx([20])


def test_mass_is_that_of_absolute_weights() -> None:
    rng = np.random.default_rng(0)
    W, V = rng.normal(size=(3, 50)), rng.normal(size=50)
    row = [1.0, -2.0, 0.5]
    net, _, mass = along(lambda X: (X @ W) @ V, row, [0.0] * 3)
    assert net == pytest.approx(W @ V * row)
    assert mass == pytest.approx(np.abs(W) @ np.abs(V) * np.abs(row))


def test_columns_of_one_feature_are_one_before_sizes_are_taken() -> None:
    net, variation, mass = along(lambda X: X[:, 0] - X[:, 1] + X[:, 2], [1.0, 1.0, 4.0], [0.0] * 3, (0, 0, 1))
    assert net == pytest.approx([0, 4])
    assert variation == pytest.approx([0, 4])
    assert mass == pytest.approx([2, 4])


def test_nothing_is_carried_to_where_lines_begin() -> None:
    for found in along(lambda X: np.exp(X[:, 0]) * X[:, 1], [2.0, 3.0], [2.0, 3.0]):
        assert found == pytest.approx([0, 0])


@pytest.mark.parametrize("rows", [1, 3, 2 * CHUNK // NODES + 5])
def test_rows_do_not_see_one_another_and_each_has_its_output(rows: int) -> None:
    rng = np.random.default_rng(1)
    X, outputs, W = rng.normal(size=(rows, 4)), rng.integers(0, 2, rows), rng.normal(size=(4, 2))
    weights = np.eye(2)

    def score(points: Any, meant: np.ndarray) -> Any:
        return np.sum(np.tanh(points @ W) * weights[meant], axis=1)

    together = carried(score, X, outputs, np.zeros(4), range(4), 4, 2)
    alone = [carried(score, X[k : k + 1], outputs[k : k + 1], np.zeros(4), range(4), 4, 2) for k in range(0, rows, 50)]
    for k, one in zip(range(0, rows, 50), alone, strict=True):
        np.testing.assert_allclose(together.net[k], one.net[0], rtol=1e-12)
        np.testing.assert_allclose(together.mass[k], one.mass[0], rtol=1e-12)
    change = np.tanh(X @ W)[np.arange(rows), outputs]
    np.testing.assert_allclose(together.net.sum(axis=1), change, atol=1e-6)
