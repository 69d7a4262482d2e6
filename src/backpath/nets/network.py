"""Dense networks of any depth: layers made into traceable functions and graphs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import Graph, GraphError, SettingError, ShapeError
from backpath.nets.activations import ACTIVATIONS
from backpath.nets.initialization import INITIALIZERS
from backpath.nets.layers import linear, post_activation, pre_activation
from backpath.nets.losses import LOSSES, Loss
from backpath.nets.recursions import LOSS_SLOPES, RECURSIONS, Recursion, unit_seeds
from backpath.ops import Variable, spec_of, trace
from backpath.paths import Linearization, linearize

Parameters = Mapping[str, Any]


class Network:
    """A dense network: h_r = Phi_r(h_{r-1} W_r + b_r), a linear last layer, and a loss.

    In the graph's reading each bias is the weight of a neuron fixed at +1 (Aggarwal, sec. 1.2.1), so that weights and
    biases have one rule. A network holds no parameters: they are given to each call, by name, as ``W1`` of shape
    (inputs, outputs), ``b1`` of shape (outputs,), ``W2``, and so on.

    Args:
        sizes: neurons of each layer, from the inputs to the outputs; at least two numbers.
        activation: the hidden layers' activation, or one for each hidden layer.
        loss: a name in ``LOSSES``; it decides what targets and predictions are.
        variables: the nodes of the graph: ``"post"``-activations h alone, ``"pre"``-activations a alone, or ``"both"``,
            linear and activation nodes apart. The values and gradients are the same.

    Raises:
        GraphError: for sizes, activations or a loss that make no network.

    >>> net = Network([2, 8, 1], activation="tanh", loss="squared_error")
    >>> net.parameter_count
    33
    """

    __slots__ = ("activations", "loss", "sizes", "variables")

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "relu",
        loss: str = "cross_entropy",
        variables: str = "both",
    ):
        self.sizes = tuple(sizes)
        hidden = max(len(self.sizes) - 2, 0)
        self.activations = (activation,) * hidden if isinstance(activation, str) else tuple(activation)
        self.loss, self.variables = loss, variables
        self._check(hidden)

    def _check(self, hidden: int) -> None:
        if len(self.sizes) < 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in self.sizes):
            raise GraphError(f"sizes {list(self.sizes)} make no network: give two or more positive whole numbers")
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise GraphError(f"no activation is called {name!r}; there are {', '.join(ACTIVATIONS)}")
        if len(self.activations) != hidden:
            raise GraphError(
                f"{len(self.activations)} activations were given for {hidden} hidden layers: give one name for all of "
                f"them, or one for each"
            )
        if self.loss not in LOSSES:
            raise GraphError(f"no loss is called {self.loss!r}; there are {', '.join(LOSSES)}")
        if self.variables not in _READINGS:
            raise GraphError(f"variables={self.variables!r}: they are 'post', 'pre' or 'both'")
        if self.loss == "cross_entropy" and self.sizes[-1] < 2:
            raise GraphError("cross_entropy needs two or more outputs; for one, use sigmoid_cross_entropy")

    def __repr__(self) -> str:
        same = len(set(self.activations)) <= 1
        activation = (self.activations or ("relu",))[0] if same else list(self.activations)
        return f"Network({list(self.sizes)}, activation={activation!r}, loss={self.loss!r})"

    # Parameters.

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, in the order in which they lie in a flat array."""
        shapes: dict[str, tuple[int, ...]] = {}
        for r, (fan_in, fan_out) in enumerate(itertools.pairwise(self.sizes), 1):
            shapes[f"W{r}"] = (int(fan_in), int(fan_out))
            shapes[f"b{r}"] = (int(fan_out),)
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters are."""
        return sum(int(np.prod(shape)) for shape in self.parameter_shapes.values())

    def views(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """The parameters as views of one flat array of ``parameter_count`` numbers.

        Raises:
            ShapeError: if ``flat`` has another size.
        """
        if flat.shape != (self.parameter_count,):
            raise ShapeError(f"{self!r} has {self.parameter_count} parameters; the array has shape {flat.shape}")
        views, start = {}, 0
        for name, shape in self.parameter_shapes.items():
            size = int(np.prod(shape))
            views[name] = flat[start : start + size].reshape(shape)
            start += size
        return views

    def init(
        self, seed: int, dtype: Any = np.float32, weights: str = "auto", zero_last: bool = False
    ) -> dict[str, np.ndarray]:
        """Initial parameters, views of one flat array; biases are zero.

        Args:
            seed: of the draws.
            dtype: of the parameters.
            weights: one of ``INITIALIZERS``; ``"auto"`` is normal, scaled by fan-in and activation.
            zero_last: whether the last layer's weights are zero too, so that all scores are at first.

        Raises:
            SettingError: for another name.
        """
        if weights not in INITIALIZERS:
            raise SettingError(f"no initializer is called {weights!r}; there are {', '.join(INITIALIZERS)}")
        rng = np.random.default_rng(seed)
        parameters = self.views(np.zeros(self.parameter_count, dtype))
        for r, activation in enumerate((*self.activations, "identity"), 1):
            fan_in, fan_out = parameters[f"W{r}"].shape
            parameters[f"W{r}"][...] = INITIALIZERS[weights].weights(rng, fan_in, fan_out, activation)
        if zero_last:
            parameters[f"W{len(self.sizes) - 1}"][...] = 0
        return parameters

    # Evaluation, on arrays and on traced values.

    def scores(self, parameters: Parameters, X: Any) -> Any:
        """The last linear layer's values, of shape (batch, outputs).

        Raises:
            ShapeError: if X is not (batch, inputs).
        """
        if np.ndim(X) != 2 or np.shape(X)[1] != self.sizes[0]:
            raise ShapeError(f"X has shape {list(np.shape(X))}; {self!r} needs (batch, {self.sizes[0]})")
        one = np.ones(np.shape(X)[0], spec_of(parameters["b1"]).dtype)
        return _READINGS[self.variables](self, parameters, X, one)

    def loss_value(self, parameters: Parameters, X: Any, y: Any) -> Any:
        """The mean loss over the batch.

        Args:
            parameters: by name.
            X: shape (batch, inputs).
            y: what :meth:`targets` accepts, or what it returns.
        """
        return self._loss.function(self.scores(parameters, X), self.targets(y))

    def predict(self, parameters: Parameters, X: Any) -> np.ndarray:
        """Class indices of shape (batch,); or values of shape (batch, outputs), or (batch,) for one output."""
        scores = self.scores(parameters, X)
        if not self._loss.classifies:
            values = self._loss.link(scores)
            return values[:, 0] if self.sizes[-1] == 1 else values
        return np.argmax(scores, axis=1) if self.sizes[-1] > 1 else (scores[:, 0] > 0).astype(int)

    def probabilities(self, parameters: Parameters, X: Any) -> np.ndarray:
        """The probability of each class, of shape (batch, classes).

        Raises:
            GraphError: if the loss has none.
        """
        if self.loss not in ("cross_entropy", "sigmoid_cross_entropy"):
            raise GraphError(f"the {self.loss} loss gives no probabilities; use predict")
        p = self._loss.link(self.scores(parameters, X))
        return np.concatenate([1.0 - p, p], axis=1) if self.sizes[-1] == 1 else p

    def targets(self, y: Any) -> Any:
        """``y`` as the loss reads it: (batch, outputs); class indices become rows of 0 and 1.

        Raises:
            ShapeError: if ``y`` has another number of outputs, or a class that the network has not.
        """
        if self.reads_classes(y):
            classes = y if isinstance(y, Variable) else self.checked_classes(y)
            return (np.reshape(classes, (-1, 1)) == np.arange(self.sizes[-1])).astype(np.float32)
        if np.ndim(y) == 1 and self.sizes[-1] == 1:
            y = np.reshape(y, (-1, 1))
        if np.ndim(y) != 2 or np.shape(y)[1] != self.sizes[-1]:
            kind = "class indices (batch,)" if self._loss.classifies else f"values (batch, {self.sizes[-1]})"
            raise ShapeError(f"y has shape {list(np.shape(y))}; {self!r} needs {kind}")
        return y

    def reads_classes(self, y: Any) -> bool:
        """Whether ``y`` says the class of each example by one index, for several outputs."""
        return np.ndim(y) == 1 and self._loss.classifies and self.sizes[-1] > 1

    def checked_classes(self, y: Any) -> np.ndarray:
        """``y`` as an array of class indices.

        Raises:
            ShapeError: if it holds something that is no class of this network.
        """
        y = np.asarray(y)
        if y.dtype.kind not in "iu" or (y.size and not 0 <= y.min() <= y.max() < self.sizes[-1]):
            held = f"{y.dtype} from {y.min()} to {y.max()}" if y.size and y.dtype.kind in "iuf" else f"{y.dtype}"
            raise ShapeError(
                f"y must hold class indices, whole numbers from 0 to {self.sizes[-1] - 1}; it holds {held}"
            )
        return y

    # Derivatives by any route.

    def linearize(self, parameters: Parameters, X: Any, y: Any, variables: str | None = None) -> Linearization:
        """The graph of the mean loss over ``variables`` (the network's own by default) with its values and z(i, j)."""
        net = self if variables is None else Network(self.sizes, self.activations, self.loss, variables)
        return linearize(lambda parameters: net.loss_value(parameters, X, y), parameters)

    def backprop(
        self,
        parameters: Parameters,
        X: Any,
        y: Any,
        *,
        variables: str | None = None,
        method: str = "reverse",
        **options: Any,
    ) -> dict[str, np.ndarray]:
        """The gradient of the mean loss by every weight and bias, by the route of your choice.

        Args:
            parameters: by name.
            X: shape (batch, inputs).
            y: what :meth:`targets` accepts.
            variables: ``"post"``, ``"pre"`` or ``"both"``; the network's own by default.
            method: ``"recursion"`` for the textbook's own recursion over these variables, or any method of
                ``PathSums.gradient``: ``"reverse"``, ``"forward"``, ``"paths"``, ``"elimination"``.
            **options: the method's own.

        Raises:
            GraphError: for unknown variables or methods.
            TooManyPathsError: from ``"paths"``.
        """
        if method == "recursion":
            return dict(self.recursion(parameters, X, y, variables=variables).gradient)
        lin = self.linearize(parameters, X, y, variables)
        gradient = lin.gradient(method=method, **options)
        return {name: gradient[f"parameters.{name}"] for name in self.parameter_shapes}

    def recursion(self, parameters: Parameters, X: Any, y: Any = None, *, variables: str | None = None) -> Recursion:
        """The textbook's recursion: every Delta (``"post"``), delta (``"pre"``) or both, and the gradient.

        With ``y``, of the mean loss; without, of each output by itself, summed over the batch (many outputs).

        Raises:
            GraphError: for unknown variables.
        """
        variables = self.variables if variables is None else variables
        if variables not in RECURSIONS:
            raise GraphError(f"variables={variables!r}: they are 'post', 'pre' or 'both'")
        if y is None:
            seed = unit_seeds(len(X), self.sizes[-1])
        else:
            seed = LOSS_SLOPES[self.loss](self.scores(parameters, X), self.targets(y)) / len(X)
        return RECURSIONS[variables](self.activations, parameters, X, seed)

    # Other forms.

    def graph(self, batch: int = 1, dtype: Any = np.float64) -> Graph:
        """The computational graph of the mean loss, with inputs for every parameter, X and the targets."""
        parameters = {name: np.empty(shape, dtype) for name, shape in self.parameter_shapes.items()}
        X, y = np.empty((batch, self.sizes[0]), dtype), np.empty((batch, self.sizes[-1]), dtype)
        return trace(self.loss_value, parameters, X, y)

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same network."""
        return {
            "sizes": [int(n) for n in self.sizes],
            "activations": list(self.activations),
            "loss": self.loss,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Network:
        """The network described by :meth:`to_json`.

        Raises:
            GraphError: if the data describe none.
        """
        try:
            return cls(data["sizes"], data["activations"], data["loss"])
        except (KeyError, TypeError) as error:
            raise GraphError(f"not the description of a network: {error}") from None

    @property
    def _loss(self) -> Loss:
        return LOSSES[self.loss]


def _over_post_activations(net: Network, p: Parameters, X: Any, one: Any) -> Any:
    h = X
    for r, activation in enumerate((*net.activations, "identity"), 1):
        h = post_activation(h, p[f"W{r}"], one, p[f"b{r}"], activation)
    return h


def _over_pre_activations(net: Network, p: Parameters, X: Any, one: Any) -> Any:
    a = X
    for r, activation in enumerate(("identity", *net.activations), 1):
        a = pre_activation(a, p[f"W{r}"], one, p[f"b{r}"], activation)
    return a


def _over_both(net: Network, p: Parameters, X: Any, one: Any) -> Any:
    h = X
    for r, activation in enumerate(net.activations, 1):
        h = ACTIVATIONS[activation](linear(h, p[f"W{r}"], one, p[f"b{r}"]))
    last = len(net.sizes) - 1
    return linear(h, p[f"W{last}"], one, p[f"b{last}"])


_READINGS: Mapping[str, Callable[[Network, Parameters, Any, Any], Any]] = {
    "post": _over_post_activations,
    "pre": _over_pre_activations,
    "both": _over_both,
}
