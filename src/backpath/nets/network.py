"""Dense networks of any depth: layers made into traceable functions and graphs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backpath.graph import GraphError, SettingError, ShapeError
from backpath.nets.activations import ACTIVATIONS
from backpath.nets.forward import NORMS, READINGS, folded, with_options
from backpath.nets.initialization import INITIALIZERS
from backpath.nets.losses import Loss, checked_loss, loss_name
from backpath.nets.model import Model
from backpath.nets.recursions import LOSS_SLOPES, RECURSIONS, Recursion, unit_seeds
from backpath.ops import spec_of
from backpath.paths import Linearization, linearize

Parameters = Mapping[str, Any]


class Network(Model):
    """A dense network: h_r = Phi_r(h_{r-1} W_r + b_r), a linear last layer, and a loss.

    In the graph's reading each bias is the weight of a neuron fixed at +1 (Aggarwal, sec. 1.2.1), so that weights and
    biases have one rule. A network holds no parameters: they are given to each call, by name, as ``W1`` of shape
    (inputs, outputs), ``b1`` of shape (outputs,), ``W2``, and so on.

    Args:
        sizes: neurons of each layer, from the inputs to the outputs; at least two numbers.
        activation: the hidden layers' activation, or one for each hidden layer.
        loss: a name in ``LOSSES``, or a :class:`Loss` of your own; it decides what targets and predictions are.
        variables: the nodes of the graph: ``"post"``-activations h alone, ``"pre"``-activations a alone, or ``"both"``,
            linear and activation nodes apart. The values and gradients are the same.
        norm: ``"batch"`` or ``"layer"``, for hidden pre-activations with mean 0 and variance 1 over the batch (Ioffe
            and Szegedy, 2015) or over the layer (Ba and others, 2016), times ``gain1`` plus ``shift1`` of shape
            (outputs,); the shift takes the place of the bias.
        dropout: the probability with which training sets a hidden neuron to 0 (Srivastava and others, 2014), or one for
            each hidden layer.
        ntk: whether weights are divided by the root of fan-in where they are used, so that one step size suits all
            widths (Jacot and others, 2018: the parametrization of the neural tangent kernel).
        input_scale: whether each input is first multiplied by a number that is learned, ``scale`` of shape (inputs,).

    Raises:
        GraphError: for sizes, activations or a loss that make no network.

    >>> net = Network([2, 8, 1], activation="tanh", loss="squared_error")
    >>> net.parameter_count
    33
    """

    __slots__ = ("activations", "dropout", "input_scale", "norm", "ntk", "sizes", "variables")

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "relu",
        loss: str | Loss = "cross_entropy",
        variables: str = "both",
        *,
        norm: str | None = None,
        dropout: float | Sequence[float] = 0.0,
        ntk: bool = False,
        input_scale: bool = False,
    ):
        self.sizes = tuple(sizes)
        hidden = max(len(self.sizes) - 2, 0)
        self.activations = (activation,) * hidden if isinstance(activation, str) else tuple(activation)
        self.loss, self.variables = loss, variables
        self.norm, self.ntk, self.input_scale = norm, ntk, input_scale
        self.dropout = (float(dropout),) * hidden if isinstance(dropout, (int, float)) else tuple(dropout)
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
        checked_loss(self.loss)
        if self.variables not in READINGS:
            raise GraphError(f"variables={self.variables!r}: they are 'post', 'pre' or 'both'")
        if self.norm is not None and self.norm not in NORMS:
            raise GraphError(f"norm={self.norm!r}: it is {' or '.join(map(repr, NORMS))}, or None")
        if len(self.dropout) != hidden or not all(0 <= rate < 1 for rate in self.dropout):
            raise GraphError(f"dropout={list(self.dropout)}: give each of {hidden} hidden layers a number from 0 to 1")
        if self.options and self.variables != "both":
            raise GraphError(
                f"variables={self.variables!r} is a reading of plain layers, without {', '.join(self.options)}"
            )
        if self.loss == "cross_entropy" and self.sizes[-1] < 2:
            raise GraphError("cross_entropy needs two or more outputs; for one, use sigmoid_cross_entropy")

    def __repr__(self) -> str:
        same = len(set(self.activations)) <= 1
        activation = (self.activations or ("relu",))[0] if same else list(self.activations)
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"Network({list(self.sizes)}, activation={activation!r}, loss={self.loss!r}{options})"

    @property
    def options(self) -> dict[str, Any]:
        """What the network has beside plain layers: ``norm``, ``dropout``, ``ntk``, ``input_scale``."""
        options = {"norm": self.norm, "ntk": self.ntk, "input_scale": self.input_scale}
        dropout = {"dropout": list(self.dropout)} if any(self.dropout) else {}
        return {name: value for name, value in options.items() if value} | dropout

    @property
    def inputs(self) -> tuple[int, ...]:
        """``(sizes[0],)``."""
        return (int(self.sizes[0]),)

    @property
    def outputs(self) -> tuple[int, ...]:
        """``(sizes[-1],)``."""
        return (int(self.sizes[-1]),)

    @property
    def vocabulary(self) -> int:
        """0: it reads real numbers."""
        return 0

    @property
    def draws_weights(self) -> bool:
        """True."""
        return True

    @property
    def breadth(self) -> int:
        """The largest layer's neurons."""
        return int(max(self.sizes))

    @property
    def trains_apart(self) -> bool:
        """Whether it has ``options``."""
        return bool(self.options)

    # Parameters.

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, in the order in which they lie in a flat array."""
        shapes: dict[str, tuple[int, ...]] = {"scale": (int(self.sizes[0]),)} if self.input_scale else {}
        for r, (fan_in, fan_out) in enumerate(itertools.pairwise(self.sizes), 1):
            shapes[f"W{r}"] = (int(fan_in), int(fan_out))
            normalized = self.norm and r < len(self.sizes) - 1
            for name in ("gain", "shift") if normalized else ("b",):
                shapes[f"{name}{r}"] = (int(fan_out),)
        return shapes

    def tree(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters by name."""
        return dict(named)

    def init(
        self, seed: int, dtype: Any = np.float32, weights: str = "auto", zero_last: bool = False
    ) -> dict[str, np.ndarray]:
        """Initial parameters, views of one flat array; biases and shifts are zero, scales and gains one.

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
            drawn = INITIALIZERS[weights].weights(rng, fan_in, fan_out, activation)
            parameters[f"W{r}"][...] = drawn * math.sqrt(fan_in) if self.ntk else drawn
        for name, parameter in parameters.items():
            if name.startswith(("gain", "scale")):
                parameter[...] = 1
        if zero_last:
            parameters[f"W{len(self.sizes) - 1}"][...] = 0
        return parameters

    # Evaluation, on arrays and on traced values.

    def scores(self, parameters: Parameters, X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The last linear layer's values, of shape (batch, outputs); batch normalization is over X.

        Args:
            parameters: by name.
            X: shape (batch, inputs).
            noise: where neurons drop out, arrays of ``noise_shapes`` of numbers uniform in [0, 1).

        Raises:
            ShapeError: if X is not (batch, inputs).
        """
        if np.ndim(X) != 2 or np.shape(X)[1] != self.sizes[0]:
            raise ShapeError(f"X has shape {list(np.shape(X))}; {self!r} needs (batch, {self.sizes[0]})")
        one = np.ones(np.shape(X)[0], spec_of(parameters["W1"]).dtype)
        if self.options:
            return with_options(self, parameters, X, one, noise)
        return READINGS[self.variables](self, parameters, X, one)

    def noise_shapes(self, batch: int) -> dict[str, tuple[int, int]]:
        """The shape of the noise that each layer needs to drop out neurons, by its name: ``h1``, ``h2``, ..."""
        rates = enumerate(self.dropout, 1)
        return {f"h{r}": (batch, int(self.sizes[r])) for r, rate in rates if rate > 0}

    def folded(self, parameters: Parameters, X: np.ndarray) -> tuple[Network, dict[str, np.ndarray]]:
        """The network to predict with, and its parameters: a plain one, or one with layer normalization alone.

        It has the same scores for X, which stands for all examples: the mean and variance by which batch normalization
        divides are constants in it (Wu and Johnson, 2021, for their advantage over running means). Scales are part of
        its weights.

        Args:
            parameters: by name, as arrays.
            X: examples of shape (examples, inputs), of the parameters' dtype.
        """
        norm = "layer" if self.norm == "layer" else None
        return Network(self.sizes, self.activations, self.loss, norm=norm), folded(self, parameters, X)

    # Derivatives by any route.

    def linearize(self, parameters: Parameters, X: Any, y: Any, variables: str | None = None) -> Linearization:
        """The graph of the mean loss over ``variables`` (the network's own by default) with its values and z(i, j)."""
        net = self if variables is None else Network(self.sizes, self.activations, self.loss, variables, **self.options)
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
            GraphError: for unknown variables, or a network that has more than plain layers and a named loss.
        """
        variables = self.variables if variables is None else variables
        if self.options or not isinstance(self.loss, str):
            raise GraphError(f"the textbook's recursions are of plain layers and named losses, not of {self!r}")
        if variables not in RECURSIONS:
            raise GraphError(f"variables={variables!r}: they are 'post', 'pre' or 'both'")
        if y is None:
            seed = unit_seeds(len(X), self.sizes[-1])
        else:
            seed = LOSS_SLOPES[self.loss](self.scores(parameters, X), self.targets(y)) / len(X)
        return RECURSIONS[variables](self.activations, parameters, X, seed)

    # Other forms.

    def to_json(self) -> dict[str, Any]:
        """Plain data from which :meth:`from_json` makes the same network.

        Raises:
            GraphError: if its loss has no name.
        """
        return {
            "sizes": [int(n) for n in self.sizes],
            "activations": list(self.activations),
            "loss": loss_name(self.loss),
            **self.options,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Network:
        """The network described by :meth:`to_json`.

        Raises:
            GraphError: if the data describe none.
        """
        try:
            options = {name: value for name, value in data.items() if name not in ("sizes", "activations", "loss")}
            return cls(data["sizes"], data["activations"], data["loss"], **options)
        except (KeyError, TypeError, AttributeError) as error:
            raise GraphError(f"not the description of a network: {error}") from None
