"""An estimator's fit as a training to diagnose."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from backpath.diagnosis import Diagnosis, diagnose
from backpath.estimators.arguments import check_arguments
from backpath.estimators.steps import optimizer_of
from backpath.graph import SettingError
from backpath.training.loop.rows import rows_of
from backpath.training.minimize import METHODS

MOST_EPOCHS = 200


def diagnosis_of_fit(
    estimator: Any, X: Any, y: Any, sample_weight: Any, budget: float | None, steps: int | None
) -> Diagnosis:
    """The diagnosis of what ``fit`` would do: the same network, features, first parameters and steps.

    It lasts as many epochs as the estimator's last fit did, or ``max_iter``, at most 200.

    Raises:
        SettingError: if the solver takes all rows at once.
    """
    if estimator.solver in METHODS:
        raise SettingError(f"diagnose follows steps on batches: solver={estimator.solver!r} takes all rows at once")
    epochs = min(getattr(estimator, "n_iter_", None) or estimator.max_iter, MOST_EPOCHS)
    e: Any = clone(estimator)
    check_arguments(e)
    X, y = e._checked(X, y, True)
    e._learn_targets(y, None)
    part = e._weighted(X, e._read(y), sample_weight)
    e._random = np.random.RandomState(0) if e.random_state is None else np.random.RandomState(_seed(e.random_state))
    e._shape(part, part.X.shape[1])
    e._draw()
    e._learn_scales(part)
    rows = rows_of(part.X, e._scaling)
    if rows.shape[1] != e._network.sizes[0]:
        e._shape(part, rows.shape[1])
        e._draw()
    seen = rows.take(np.arange(len(rows)), np.float64)
    batch = e._batch(len(rows))
    weight = batch * (1.0 if part.weights is None else float(np.mean(part.weights)))
    optimizer = optimizer_of(e, e._network, weight, epochs * -(-len(rows) // batch))
    first = {name: value.copy() for name, value in e._network.views(e._flat).items()}
    targets = np.asarray(e._to_network(part.y))
    names = tuple(map(str, getattr(e, "feature_names_in_", ())))
    options: dict[str, Any] = {"init": first, "weights": part.weights, "names": names}
    return diagnose(
        e._network,
        seen,
        targets,
        optimizer=optimizer,
        epochs=epochs,
        batch=batch,
        budget=budget,
        steps=steps,
        **options,
    )


def _seed(given: Any) -> int:
    return int(given) if isinstance(given, (int, np.integer)) else 0
