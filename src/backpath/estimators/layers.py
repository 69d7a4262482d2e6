"""An estimator's weights and biases as of features and targets as they were given; they can be read, and set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from backpath.data.scaling import Scaling
from backpath.graph import SettingError, ShapeError
from backpath.nets import Network


class Arrays(list[np.ndarray]):
    """Arrays, one a layer. One that is set is set in the estimator; none can be written into."""

    def __init__(self, arrays: Iterable[np.ndarray], write: Callable[[list[Any]], None]):
        super().__init__(arrays)
        self._write = write
        for array in self:
            array.flags.writeable = False

    def __setitem__(self, where: Any, array: Any) -> None:
        super().__setitem__(where, array)
        self._write(self)

    def __reduce__(self) -> Any:
        return list, (list(self),)


class Layers:
    """``coefs_`` and ``intercepts_``, with linear scalings of features and targets in them.

    Those that are set before the first fit are what ``partial_fit``, and ``fit`` with ``warm_start``, begin with.
    """

    _network: Network
    _flat: np.ndarray
    _dtype: np.dtype
    _scaling: Scaling | None
    parameters_: dict[str, np.ndarray]

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of each layer, of shape (inputs, outputs); with the feature scaling in them where it is linear.

        As the network that they are, they act on features as they were given. A layer's can be set, or all of them;
        those of a feature that never varied in training count by what it then was.
        """
        return self._told("coefs_", 0)

    @coefs_.setter
    def coefs_(self, arrays: list[np.ndarray]) -> None:
        self._set_all("coefs_", arrays)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of each layer, of shape (outputs,); see ``coefs_``."""
        return self._told("intercepts_", 1)

    @intercepts_.setter
    def intercepts_(self, arrays: list[np.ndarray]) -> None:
        self._set_all("intercepts_", arrays)

    def _told(self, name: str, which: int) -> list[np.ndarray]:
        if hasattr(self, "parameters_"):
            return Arrays((pair[which] for pair in self._layers()), lambda arrays: self._set_all(name, arrays))
        before = self.__dict__.get("_first_layers", {})
        if name not in before:
            raise AttributeError(f"this {type(self).__name__} has no weights yet: call fit first")
        return before[name]

    def _set_all(self, name: str, arrays: list[Any]) -> None:
        if not hasattr(self, "parameters_"):
            self.__dict__.setdefault("_first_layers", {})[name] = arrays
            return
        coefs, intercepts = zip(*self._layers(), strict=True)
        both = {"coefs_": coefs, "intercepts_": intercepts, name: arrays}
        self._write(both["coefs_"], both["intercepts_"])

    def _take_layers(self, goes_on: bool) -> None:
        """Begin with what was set before, if this fit goes on from it."""
        first = self.__dict__.pop("_first_layers", {})
        if not goes_on or not first:
            return
        if len(first) < 2:
            raise SettingError(
                f"{next(iter(first))} were set alone: set both coefs_ and intercepts_, or call fit first"
            )
        self._write(first["coefs_"], first["intercepts_"])

    def _write(self, coefs: Any, intercepts: Any) -> None:
        """Into the network's parameters.

        Raises:
            SettingError: if these hold more than weights and biases.
            ShapeError: if they do not fit.
        """
        net = self._network
        if net.options:
            raise SettingError(
                f"coefs_ and intercepts_ cannot be set in {net!r}: with {', '.join(net.options)} they are not all that "
                f"it learned"
            )
        views, count = net.views(self._flat), len(net.sizes) - 1
        if len(coefs) != count or len(intercepts) != count:
            raise ShapeError(f"{len(coefs)} coefs_ and {len(intercepts)} intercepts_ are no {count} layers")
        layers = [(np.asarray(W, float), np.asarray(b, float)) for W, b in zip(coefs, intercepts, strict=True)]
        sizes = [net.sizes[0] if self._scaling is None else len(self._scaling.mean), *net.sizes[1:]]
        for r, (W, b) in enumerate(layers):
            for name, array, needed in (("coefs_", W, sizes[r : r + 2]), ("intercepts_", b, sizes[r + 1 : r + 2])):
                if list(array.shape) != needed:
                    raise ShapeError(f"{name}[{r}] has shape {list(array.shape)}; {net!r} needs {needed}")
        layers[-1] = self._from_target_units(*layers[-1])
        if self._scaling is not None and self._scaling.linear:
            factor, matrix = self._scaling.factor[:, None], self._scaling.matrix
            W, b = layers[0]
            b = b + self._scaling.mean @ W
            W = np.divide(W, factor, out=np.zeros_like(W), where=factor != 0)
            layers[0] = W if matrix is None else np.linalg.pinv(matrix) @ W, b
        for r, (W, b) in enumerate(layers, 1):
            views[f"W{r}"][...], views[f"b{r}"][...] = W, b

    def _layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        p, count = self.parameters_, len(self._network.sizes) - 1
        layers = [(p[f"W{r}"], p.get(f"b{r}", p.get(f"shift{r}"))) for r in range(1, count + 1)]
        layers = [(W.astype(float), np.asarray(b, float)) for W, b in layers]
        if self._scaling is not None and self._scaling.linear:
            W, b = layers[0]
            W = self._scaling.factor[:, None] * (W if self._scaling.matrix is None else self._scaling.matrix @ W)
            layers[0] = W, b - self._scaling.mean @ W
        layers[-1] = self._in_target_units(*layers[-1])
        return [(W.astype(self._dtype), b.astype(self._dtype)) for W, b in layers]

    def _in_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The last layer's, as of targets as they were given."""
        return W, b

    def _from_target_units(self, W: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The last layer's, as of what the network predicts."""
        return W, b
