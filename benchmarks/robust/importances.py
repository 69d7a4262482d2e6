"""Importances of ours beside permutation importance, on data whose features are known to matter or not.

Prints a table of rank correlations, and draws docs/pictures/importances.png.
Run with ``python -m benchmarks.robust.importances``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from sklearn.datasets import load_wine, make_friedman1
from sklearn.inspection import permutation_importance

from backpath.estimators.robust.importance import PIECES
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor
from benchmarks.robust.picture import BLUE, GRAY, ORANGE
from benchmarks.robust.tables import table

PICTURE = Path(__file__).parents[2] / "docs/pictures/importances.png"
REPEATS = 5
Rows = tuple[np.ndarray, np.ndarray]


def friedman() -> Rows:
    """10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4 and noise; x5 to x9 say nothing."""
    return make_friedman1(1200, n_features=10, noise=1.0, random_state=0)


def products() -> Rows:
    """Classes by 2 x0 + 1.5 x1 x2 + sin(2 x3) + x4 / 2 and noise; x5 to x7 say nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 8))
    score = 2 * X[:, 0] + 1.5 * X[:, 1] * X[:, 2] + np.sin(2 * X[:, 3]) + 0.5 * X[:, 4]
    return X, (score + rng.logistic(size=len(X)) > 0).astype(int)


def beside_noise(load: Callable[..., Any]) -> Rows:
    """The features, and each once more with its rows in another order."""
    X, y = load(return_X_y=True)
    rng = np.random.default_rng(0)
    return np.hstack([X, rng.permuted(X, axis=0)]), y


DATA: dict[str, Callable[[], Rows]] = {
    "friedman1": friedman,
    "products": products,
    "wine": lambda: beside_noise(load_wine),
}
KNOWN = {"friedman1": range(5), "products": range(5), "wine": range(13)}
"""Features that are more than noise."""


def shares(name: str) -> dict[str, np.ndarray]:
    """Of each feature in each kind of importance."""
    X, y = DATA[name]()
    order = np.random.default_rng(1).permutation(len(X))
    train, test = order[: len(X) // 2], order[len(X) // 2 :]
    regression = y.dtype.kind == "f"
    model: Any = (RobustMLPRegressor if regression else RobustMLPClassifier)(random_state=0).fit(X[train], y[train])
    masses = _masses(model)
    scoring = None if regression else "neg_log_loss"
    permuted: Any = permutation_importance(model, X[test], y[test], n_repeats=REPEATS, random_state=0, scoring=scoring)
    return {
        "importances": model.feature_importances_,
        "mass, neuron by neuron": masses / masses.sum(),
        "permutation": permuted.importances_mean / permuted.importances_mean.sum(),
    }


def _masses(model: Any) -> np.ndarray:
    """The mean over the rows of which importances are, of the mass neuron by neuron."""
    rows = model._background.rows
    (outputs,) = model._importance_outputs(np.asarray(model.network_.scores(model.parameters_, rows)))
    return model._carried(rows, outputs, PIECES).mass.mean(axis=0)


def main() -> None:
    found = {name: shares(name) for name in DATA}
    rows = []
    for name, kinds in found.items():
        own, mass, permuted = kinds.values()
        noise = np.setdiff1d(np.arange(len(own)), KNOWN[name])
        agree = [f"{spearmanr(kind, permuted)[0]:.2f}" for kind in (own, mass)]
        rows.append([name, *agree, *(f"{100 * kind[noise].sum():.1f} %" for kind in kinds.values())])
    print(table(["data", "rank correlation", "of mass", "noise's share", "of mass", "of permutation"], rows))
    draw(found)


def draw(found: dict[str, dict[str, np.ndarray]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, name in zip(panels, ("friedman1", "products"), strict=True):
        features = np.arange(len(next(iter(found[name].values()))))
        for k, ((kind, share), color) in enumerate(zip(found[name].items(), (BLUE, GRAY, ORANGE), strict=True)):
            axes.bar(features + 0.27 * (k - 1), share, width=0.25, color=color, label=kind)
        axes.set_xticks(features, [f"x{j}" for j in features])
        axes.axvline(4.5, color="black", lw=0.8, ls=":")
        axes.text(4.6, axes.get_ylim()[1] * 0.93, "noise", fontsize=9)
        axes.set(title=name, ylabel="share")
    panels[-1].legend(frameon=False, fontsize=9, loc="upper right", bbox_to_anchor=(1, 0.9))
    figure.savefig(PICTURE, dpi=100)


if __name__ == "__main__":
    main()
