"""Model: what can be trained, predicted with, saved and explained, whatever it is made of."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from backpath.graph import Graph, GraphError, SettingError, ShapeError
from backpath.nets.extents import EXAMPLES, known, numbers_of, outputs_of
from backpath.nets.losses import LOSSES, Loss, checked_loss, loss_name
from backpath.nets.mode import Mode, Statistics, statistics_to_json, takes_mode
from backpath.nets.targets import (
    classes_in,
    given_as_indices,
    one_hot_rows,
    outputs_in_words,
    refuse_nan,
    require_inside,
    rows_in_words,
)
from backpath.nets.trees import leaves_by_name, named_leaves, tree_to_json
from backpath.ops import Variable, trace, unflatten
from backpath.paths import Linearization, linearize

Parameters = Any
"""A tree of arrays: a dictionary by name, or nested tuples, lists and dictionaries."""

Shape = tuple[int, ...]

MOST_NUMBERS = 1 << 24
"""That a model makes of the examples that it reads together where it predicts, by its ``breadth``."""


class Model:
    """A traceable function that gives scores, the parameters it reads, and a loss.

    Everything that trains, saves or explains takes a model and asks no more of it than stands here. ``Network`` and
    ``nets.Sequential`` are models; this class itself is one of a function of your own. A model holds no parameters
    that change: they are given to each call.

    Args:
        scores: from parameters and X, whose first axis is the batch, to scores of shape (batch, outputs); or
            (batch, ..., outputs), for a loss that is the mean over several places of each example. A function of three
            arguments is given a :class:`Mode`, by which it drops out and normalizes over batches.
        parameters: where training begins, a tree of arrays of real numbers: tuples, lists and dictionaries.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``; it decides what targets and predictions are.
        vocabulary: how many different whole numbers X may hold, from 0, where the function takes rows by them, as in
            ``parameters["table"][X]``; 0 where X holds real numbers.

    Raises:
        GraphError: for a loss that does not exist.
        SettingError: for parameters that are no tree of real numbers, or ``scores`` that cannot be called.

    >>> model = Model(lambda p, X: np.tanh(X @ p["W"]) @ p["V"], {"W": np.ones((2, 3)), "V": np.ones((3, 1))},
    ...               loss="squared_error")
    >>> model.parameter_shapes
    {'W': (2, 3), 'V': (3, 1)}
    """

    __slots__ = (
        *("_breadth", "_first", "_function", "_inputs", "_modal", "_noise_shapes", "_outputs", "_statistics"),
        *("_structure", "_vocabulary", "loss"),
    )

    loss: str | Loss

    def __init__(self, scores: Any, parameters: Parameters, *, loss: str | Loss = "cross_entropy", vocabulary: int = 0):
        if not callable(scores):
            raise SettingError(f"Model: scores={scores!r} is no function of parameters and X")
        if not isinstance(vocabulary, int) or vocabulary < 0:
            raise SettingError(f"Model: vocabulary={vocabulary!r}: give how many different whole numbers X may hold")
        self._function, self._vocabulary, self._inputs, self._outputs = scores, vocabulary, None, None
        self._first, self._structure = named_leaves(parameters)
        self._modal, self._statistics = takes_mode(scores), None
        self._noise_shapes: dict[int, dict[str, Shape]] = {}
        self.loss = checked_loss(loss)

    # What a kind of model says of itself.

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The shape of each parameter by name, in the order in which they lie in a flat array."""
        return {name: value.shape for name, value in self._first.items()}

    @property
    def inputs(self) -> Shape | None:
        """The shape of an example; None where it is not known yet: see :meth:`suited`."""
        return self._inputs

    @property
    def outputs(self) -> Shape | None:
        """The shape of an example's scores; None where it is not known yet."""
        return self._outputs

    @property
    def vocabulary(self) -> int:
        """How many different whole numbers the inputs may be, from 0; 0 where they are real numbers."""
        return self._vocabulary

    @property
    def trains_apart(self) -> bool:
        """Whether training needs more than predicting does, so that :meth:`folded` makes another model."""
        return self._modal and self._statistics is None

    @property
    def draws_weights(self) -> bool:
        """Whether :meth:`init` draws weights by any of ``nets.INITIALIZERS``."""
        return False

    @property
    def breadth(self) -> int:
        """About how many numbers the model makes of an example at a time, at most."""
        if self.inputs is None:
            return 1
        if not hasattr(self, "_breadth"):
            self._breadth = max(numbers_of(self._traced(self.inputs, EXAMPLES)), *self.inputs)
        return self._breadth

    def init(self, seed: int, dtype: Any = np.float32, weights: str = "auto") -> Parameters:
        """Where training begins: new arrays, views of one flat array.

        Args:
            seed: of the draws.
            dtype: of the parameters.
            weights: how they are drawn, a name in ``nets.INITIALIZERS``.

        Raises:
            SettingError: for another name; and for any but ``"auto"`` in a model of a function of your own.
        """
        if weights != "auto":
            raise SettingError(
                f"init={weights!r}: {self!r} begins at the parameters that it was made with; give others as init, or "
                f"leave it out"
            )
        flat = np.concatenate([np.ravel(value) for value in self._first.values()])
        return self.views(flat.astype(dtype))

    def scores(self, parameters: Parameters, X: Any, noise: Mapping[str, Any] | None = None) -> Any:
        """The scores of examples, on arrays and on traced values.

        Args:
            parameters: a tree of arrays.
            X: shape (batch, ...).
            noise: where training draws, arrays of ``noise_shapes`` of numbers uniform in [0, 1).

        Raises:
            ShapeError: if X does not fit.
        """
        return self._in_mode(parameters, X, Mode(noise, self._statistics))

    def _in_mode(self, parameters: Parameters, X: Any, mode: Mode) -> Any:
        return self._function(parameters, X, mode) if self._modal else self._function(parameters, X)

    def noise_shapes(self, batch: int) -> dict[str, Shape]:
        """The shapes of the uniform numbers that training draws for each step, by name.

        Raises:
            ShapeError: if they depend on the shape of X, which is not known yet.
        """
        if not self.trains_apart:
            return {}
        inputs = known(self.inputs, f"what {self!r} draws")
        if batch not in self._noise_shapes:
            draws: dict[str, Shape] = {}
            self._traced(inputs, batch, Mode(draws=draws))
            self._noise_shapes[batch] = draws
        return dict(self._noise_shapes[batch])

    def folded(self, parameters: Parameters, X: np.ndarray) -> tuple[Model, Parameters]:
        """The model to predict with, and its parameters: without what only training needs.

        Args:
            parameters: as arrays.
            X: examples that stand for all, of the type that the model reads.
        """
        if not self.trains_apart:
            return self, parameters
        found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._in_mode(parameters, X, Mode(found=found))
        return self.predicting(found), parameters

    def predicting(self, statistics: Statistics) -> Model:
        """The model of a function of three arguments as it is after training: with these statistics, drawing nothing.

        Raises:
            SettingError: if the function takes no mode.
        """
        if not self._modal:
            raise SettingError(f"{self!r} was saved of a function of parameters, X and mode; this one takes no mode")
        after = copy.copy(self)
        after._statistics = dict(statistics)
        return after

    def suited(self, shape: Shape) -> Model:
        """The same model, which knows the shapes of its inputs and outputs.

        Args:
            shape: of an example.

        Raises:
            ShapeError: if examples of that shape do not fit.
        """
        if self.inputs is not None:
            if tuple(shape) != self.inputs:
                raise ShapeError(f"X has shape {rows_in_words(shape)}; {self!r} needs {rows_in_words(self.inputs)}")
            return self
        suited = copy.copy(self)
        graph = self._traced(tuple(shape), EXAMPLES)
        suited._inputs, suited._outputs, suited._noise_shapes = tuple(shape), outputs_of(graph), {}
        return suited

    def _traced(self, shape: Shape, batch: int, mode: Mode | None = None) -> Graph:
        """What the scores of so many examples of that shape are made of."""
        shapes = self.tree({n: np.broadcast_to(np.float32(0), s) for n, s in self.parameter_shapes.items()})
        X = np.broadcast_to(np.zeros((), self.input_dtype(np.float32)), (batch, *shape))
        return trace(self.scores if mode is None else lambda p, X: self._in_mode(p, X, mode), shapes, X)

    def to_json(self) -> dict[str, Any]:
        """Plain data that tell what it is; a function is never written down, only what its parameters are called."""
        return {
            "kind": "function",
            "name": getattr(self._function, "__qualname__", "function"),
            "parameters": tree_to_json(unflatten(self._structure, self._first.values())),
            "inputs": None if self._inputs is None else list(self._inputs),
            "loss": loss_name(self.loss),
            "vocabulary": self.vocabulary,
            **({} if self._statistics is None else {"statistics": statistics_to_json(self._statistics)}),
        }

    def __repr__(self) -> str:
        name = getattr(self._function, "__qualname__", "a function")
        return f"Model({name}, {len(self._first)} parameters, loss={self.loss!r})"

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters are."""
        return sum(int(np.prod(shape)) for shape in self.parameter_shapes.values())

    def views(self, flat: np.ndarray) -> Parameters:
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
        return self.tree(views)

    def tree(self, named: Mapping[str, Any]) -> Parameters:
        """The tree of parameters that have these names."""
        return unflatten(self._structure, named.values())

    def named(self, parameters: Parameters) -> dict[str, Any]:
        """The arrays of a tree of parameters, each by its name.

        Raises:
            ShapeError: if one is missing, or has another shape.
        """
        found = dict(leaves_by_name(parameters))
        for name, shape in self.parameter_shapes.items():
            if name not in found or np.shape(found[name]) != shape:
                given = f"has shape {list(np.shape(found[name]))}" if name in found else "is missing"
                raise ShapeError(f"the parameter {name} of {self!r} needs shape {list(shape)}, and {given}")
        return {name: found[name] for name in self.parameter_shapes}

    def shaped(self, rows: np.ndarray) -> np.ndarray:
        """Examples, each given as a row of numbers, in the shape of ``inputs``."""
        return rows.reshape(len(rows), *(self.inputs or rows.shape[1:]))

    def input_dtype(self, dtype: Any) -> np.dtype:
        """The type of X where the parameters are of ``dtype``."""
        return np.dtype(np.int64 if self.vocabulary else dtype)

    def loss_value(
        self, parameters: Parameters, X: Any, y: Any, weights: Any = None, noise: Mapping[str, Any] | None = None
    ) -> Any:
        """The mean loss over the batch.

        Args:
            parameters: a tree of arrays.
            X: shape (batch, ...).
            y: what :meth:`targets` accepts, or what it returns.
            weights: of the examples in the mean, of shape (batch,); by default all the same.
            noise: as of :meth:`scores`.
        """
        scores = self.scores(parameters, X, noise)
        losses = self.loss_function.function(scores, self._targets(y, np.shape(scores)[1:]))
        if weights is None:
            return np.mean(losses)
        if np.ndim(losses) > 1:
            losses = np.mean(losses, axis=tuple(range(1, np.ndim(losses))))
        return np.sum(weights * losses) / np.sum(weights)

    def predict(self, parameters: Parameters, X: Any) -> np.ndarray:
        """Class indices of shape (batch,); or values of shape (batch, outputs), or (batch,) for one output.

        Raises:
            NonFiniteError: if a class is asked of scores that are nan.
        """
        scores = self._all_scores(parameters, X)
        if not self.loss_function.classifies:
            values = self.loss_function.link(scores)
            return values[..., 0] if np.shape(scores)[-1] == 1 else values
        if not isinstance(scores, Variable):
            refuse_nan(scores)
        return np.argmax(scores, axis=-1) if np.shape(scores)[-1] > 1 else (scores[..., 0] > 0).astype(int)

    def _all_scores(self, parameters: Parameters, X: Any) -> Any:
        """The scores of many examples, so many at a time that what comes in between fits into memory."""
        X = np.asarray(X) if isinstance(X, list) else X
        if self.inputs is not None and np.shape(X)[1:] != self.inputs:
            raise ShapeError(f"X has shape {list(np.shape(X))}; {self!r} needs {rows_in_words(self.inputs)}")
        breadth = self.breadth if self.inputs else math.prod(np.shape(X)[1:])
        count = max(MOST_NUMBERS // max(breadth, 1), 64)
        if len(X) <= count or self.trains_apart:
            return self.scores(parameters, X)
        parts = [self.scores(parameters, X[first : first + count]) for first in range(0, len(X), count)]
        return np.concatenate(parts)

    def probabilities(self, parameters: Parameters, X: Any) -> np.ndarray:
        """The probability of each class, of shape (batch, classes).

        Raises:
            GraphError: if the loss has none.
        """
        if self.loss not in ("cross_entropy", "sigmoid_cross_entropy"):
            raise GraphError(f"the {self.loss} loss gives no probabilities; use predict")
        scores, link = self._all_scores(parameters, X), self.loss_function.link
        return np.concatenate([link(-scores), link(scores)], axis=-1) if np.shape(scores)[-1] == 1 else link(scores)

    def targets(self, y: Any) -> Any:
        """``y`` as the loss reads it: (batch, outputs); class indices become rows of 0 and 1.

        Raises:
            ShapeError: if ``y`` has another number of outputs, or a class that the model has not.
        """
        return self._targets(y, self._known_outputs)

    def checked_targets(self, y: Any) -> np.ndarray:
        """What :meth:`targets` makes of an array, or class indices as they are; each where the loss is defined.

        Raises:
            ShapeError: as :meth:`targets`.
            DataError: if there is one outside the loss's domain.
        """
        if self.reads_classes(y):
            return self.checked_classes(y)
        y = self.targets(y)
        require_inside(y, self.loss_function.domain, self.loss if isinstance(self.loss, str) else "of your own")
        return y

    def _targets(self, y: Any, outputs: Shape) -> Any:
        if given_as_indices(self.loss_function, y, outputs):
            return one_hot_rows(y, outputs[-1])
        if np.ndim(y) == len(outputs) and outputs[-1] == 1:
            y = np.reshape(y, (*np.shape(y), 1))
        if np.shape(y)[1:] != outputs:
            wanted = outputs_in_words(outputs, self.loss_function.classifies)
            raise ShapeError(f"y has shape {list(np.shape(y))}; {self!r} needs {wanted}")
        return y

    def reads_classes(self, y: Any) -> bool:
        """Whether ``y`` says the class of each example by one index, for several outputs."""
        return given_as_indices(self.loss_function, y, self._known_outputs)

    def checked_classes(self, y: Any) -> np.ndarray:
        """``y`` as an array of class indices.

        Raises:
            ShapeError: if it holds something that is no class of this model.
        """
        return classes_in(y, self._known_outputs[-1])

    @property
    def _known_outputs(self) -> Shape:
        return known(self.outputs, f"the shape of the outputs of {self!r}")

    @property
    def loss_function(self) -> Loss:
        """Its loss, with what it says about targets."""
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def linearize(self, parameters: Parameters, X: Any, y: Any) -> Linearization:
        """The graph of the mean loss with its values and z(i, j)."""
        return linearize(lambda parameters: self.loss_value(parameters, X, y), parameters)

    def graph(self, batch: int = 1, dtype: Any = np.float64) -> Graph:
        """The computational graph of the mean loss, with inputs for every parameter, X and the targets."""
        parameters = self.views(np.empty(self.parameter_count, dtype))
        X = np.empty((batch, *(self.inputs or ())), self.input_dtype(dtype))
        return trace(self.loss_value, parameters, X, np.empty((batch, *self._known_outputs), dtype))
