"""Arguments of every kind: trees with None, dataclasses and named tuples as JAX has them, what is static, keywords."""

import dataclasses
import enum
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import backpath as bp

rng = np.random.default_rng(0)


@jax.tree_util.register_dataclass
@dataclass
class Model:
    """Registered with JAX, which is the oracle; we need no registration."""

    W: Any
    b: Any
    rest: Any = None
    activation: str = field(default="tanh", metadata={"static": True})


@dataclass(frozen=True)
class Settings:
    """No array at all: static as a whole."""

    sizes: tuple[int, ...] = (3, 2)
    name: str = "sine"


class Pair(NamedTuple):
    first: Any
    second: Any


class Mode(enum.Enum):
    LINEAR = 1
    SQUARE = 2


def loss(xp, model, x):
    a = x @ model.W
    a = a if model.b is None else a + model.b
    h = getattr(xp, model.activation)(a)
    return xp.sum(h**2) + (0.0 if model.rest is None else xp.sum(model.rest["scale"] * x))


MODELS = [
    Model(rng.normal(size=(3, 2)), rng.normal(size=2)),
    Model(rng.normal(size=(3, 2)), None, {"scale": rng.normal(size=3), "none": None}, "sin"),
    Model(rng.normal(size=(3, 2)), None, None, "cos"),
]
X = rng.normal(size=(4, 3))


def assert_same(ours, theirs, rtol=1e-12):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_trees_of_dataclasses_and_none_are_those_of_jax(model):
    ours, theirs = partial(loss, np), partial(loss, jnp)
    assert_same(bp.grad(ours)(model, X), jax.grad(theirs)(model, X))
    assert_same(bp.grad(ours, (0, 1))(model, X), jax.grad(theirs, (0, 1))(model, X))
    assert_same(bp.jvp(ours, (model, X), (model, X)), jax.jvp(theirs, (model, X), (model, X)))
    value, pull = bp.vjp(ours, model, X)
    assert_same((value, pull(1.0)), (jax.vjp(theirs, model, X)[0], jax.vjp(theirs, model, X)[1](1.0)))
    assert_same(bp.hvp(ours, (model, X), (model, X)), jax.jvp(jax.grad(theirs, (0, 1)), (model, X), (model, X))[1])
    assert_same(bp.compile(bp.grad(ours))(model, X), jax.grad(theirs)(model, X))
    assert bp.check_grads(ours, (model, X)).ok
    assert bp.check(ours, model, X).ok


def test_a_model_is_returned_and_nested():
    def step(xp, pair, x):
        model = pair.first
        return Pair(dataclasses.replace(model, W=xp.tanh(model.W) * pair.second), {"none": None, "x": [x, (x * 2,)]})

    pair = Pair(MODELS[0], 2.0)
    assert_same(bp.jacobian(partial(step, np))(pair, X), jax.jacobian(partial(step, jnp))(pair, X))
    assert_same(bp.compile(partial(step, np))(pair, X), step(np, pair, X))
    out = bp.compile(partial(step, np))(pair, X)
    assert type(out) is Pair
    assert out.first.activation == "tanh"


def test_names_say_the_field():
    graph = bp.trace(partial(loss, np), MODELS[1], X)
    assert [graph.nodes[i].name for i in graph.inputs] == ["model.W", "model.rest.scale", "x"]


def test_a_dataclass_is_made_anew_by_its_constructor():
    @dataclass
    class Scaled:
        w: Any
        size: int = 2
        norm: Any = field(init=False)

        def __post_init__(self):
            self.norm = np.sum(self.w * self.w)

    gradient = bp.grad(lambda s: s.norm * s.size)(Scaled(np.array([1.0, 2.0]), 3))
    np.testing.assert_array_equal(gradient.w, [6.0, 12.0])
    assert gradient.size == 3

    @dataclass
    class Strict:
        w: float

        def __post_init__(self):
            self.w = float(self.w)

    with pytest.raises(bp.TraceError, match=r"Strict cannot be made of traced values|asked for its number"):
        bp.grad(lambda s: s.w)(Strict(1.0))


# What is static.


def by_kind(x, how):
    if how is None:
        return x * x
    if isinstance(how, bool):
        return x**3 if how else -x
    if isinstance(how, str):
        return getattr(np, how)(x)
    if isinstance(how, Mode):
        return x * 5 if how is Mode.LINEAR else x**2 * 5
    if isinstance(how, Settings):
        return x * how.sizes[0]
    if isinstance(how, (list, set)):
        return x * len(how)
    return how(x)


STATIC = {
    "none": (None, 9.0, 6.0),
    "true": (True, 27.0, 27.0),
    "false": (False, -3.0, -1.0),
    "text": ("cos", np.cos(3.0), -np.sin(3.0)),
    "enumeration": (Mode.LINEAR, 15.0, 5.0),
    "its other member": (Mode.SQUARE, 45.0, 30.0),
    "callable": (np.exp, np.exp(3.0), np.exp(3.0)),
    "settings": (Settings((7, 2)), 21.0, 7.0),
    "a set": ({1, 2}, 6.0, 2.0),
}


@pytest.mark.parametrize("name", STATIC)
def test_what_is_no_number_is_static_everywhere(name):
    how, value, slope = STATIC[name]
    near = partial(pytest.approx, rel=1e-13)
    for call in ((3.0, how), (3.0,)):
        args, kwargs = (call, {}) if len(call) == 2 else (call, {"how": how})
        assert bp.value_and_grad(by_kind)(*args, **kwargs) == (near(value), near(slope))
        assert bp.jacobian(by_kind)(*args, **kwargs) == near(slope)
        assert bp.hessian(by_kind)(*args, **kwargs) == near(bp.grad(bp.grad(by_kind))(*args, **kwargs), abs=1e-14)
        assert bp.compile(by_kind)(*args, **kwargs) == near(value)
        assert bp.compile(bp.grad(by_kind), engine="compiled")(*args, **kwargs) == near(slope)
        assert bp.linearize(by_kind, *args, **kwargs).gradient("x") == near(slope)
        assert len(bp.trace(by_kind, *args, **kwargs).inputs) == 1
        assert bp.check(by_kind, *args, **kwargs).ok
        assert bp.check_grads(by_kind, args, kwargs=kwargs).ok
        assert bp.explain(by_kind, args, kwargs=kwargs).gradient["x"] == near(slope)
        assert bp.debug_gradient(by_kind, lambda x, how: slope, args, kwargs=kwargs).ok
        tangents = (1.0, None)[: len(args)]
        assert bp.jvp(by_kind, args, tangents, **kwargs)[1] == near(slope)
        assert bp.hvp(by_kind, args, tangents, **kwargs)[0] == near(bp.grad(bp.grad(by_kind))(3.0, how), abs=1e-14)
        assert bp.vjp(by_kind, *args, **kwargs)[1](1.0)[0] == near(slope)
    assert bp.grad(by_kind)(x=3.0, how=how) == near(slope)


def test_a_compiled_function_has_a_program_for_each_static_value():
    traced = []

    def f(x, how, flag=False):
        traced.append((how, flag))
        return by_kind(x, how) + (1.0 if flag else 0.0)

    fast = bp.compile(f)
    for _ in range(2):
        assert [float(fast(3.0, how)) for how in (None, True, "cos", Mode.LINEAR)] == [9, 27, np.cos(3.0), 15]
        assert fast(3.0, None, flag=True) == 10
        assert fast(3.0, None, True) == 10
    assert len(traced) == 6
    assert fast(np.ones(2), None).tolist() == [1, 1]


def test_static_values_are_told_apart_as_they_are():
    fast = bp.compile(lambda x, s: x * (1.0 if s.value is True else 2.0))

    @dataclass(frozen=True)
    class Held:
        value: Any = field(metadata={"static": True})
        w: Any = 1.0

    assert [float(fast(3.0, Held(v))) for v in (True, 1, "1")] == [3.0, 6.0, 6.0]
    signs = bp.compile(lambda x, h: x * np.copysign(1.0, h.value))
    assert [float(signs(3.0, Held(v))) for v in (0.0, -0.0)] == [3.0, -3.0]


def test_static_values_stand_in_the_gradient_where_they_stood():
    p = {"w": np.ones(2), "activation": "tanh", "bias": None, "f": np.sin, "flag": True}
    gradient = bp.grad(lambda p: np.sum(p["f"](p["w"])) if p["bias"] is None else 0.0)(p)
    np.testing.assert_allclose(gradient.pop("w"), np.cos(1.0))
    assert gradient == {key: value for key, value in p.items() if key != "w"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, x: bp.explain(f, x), r"args is an array of shape \[2\].*explain\(f, \(x,\)\)"),
        (lambda f, x: bp.jvp(f, x, (x,)), r"primals is an array.*jvp\(f, \(x,\), \(v,\)\)"),
        (lambda f, x: bp.jvp(f, (x,), x), r"tangents is an array"),
        (lambda f, x: bp.hvp(f, x, (x,)), r"primals is an array.*hvp\(f, \(x,\), \(v,\)\)"),
        (lambda f, x: bp.check_grads(f, x), r"args is an array.*check_grads\(f, \(x,\)\)"),
        (lambda f, x: bp.check_grads(f, 3.0), r"args is a float"),
        (lambda f, x: bp.debug_gradient(f, f, x), r"args is an array.*debug_gradient\(f, g, \(x,\)\)"),
        (
            lambda f, x: bp.linearize(f, (x,)),
            r"if that was meant as its arguments, give them one by one, as f\(\*args\)",
        ),
        (lambda f, x: bp.vjp(f, (x,)), "give them one by one"),
        (lambda f, x: bp.check(f, (x,)), "give them one by one"),
        (lambda f, x: bp.linearize(lambda a, b: a, (x, x)), "missing a required argument: 'b'.*one by one"),
        (lambda f, x: bp.compile(f)(x, x), "too many positional arguments"),
        (lambda f, x: bp.grad(f)(x, y=x), "an unexpected keyword argument 'y'"),
        (lambda f, x: bp.grad(f)(flag=True), r"argnums=0 asks for argument 0, but 0 were given"),
        (lambda f, x: bp.grad(f)("text"), "argument x is text"),
        (lambda f, x: bp.trace(lambda x: {x[0], 1}, x), "the function returned a set"),
        (lambda f, x: bp.trace(lambda x: lambda: x, x), "the function returned a function"),
        (lambda f, x: bp.jvp(f, (x,), (1j * x,)), "complex"),
        (lambda f, x: bp.linearize(f, 1j * x), "x is complex"),
        (lambda f, x: bp.grad(lambda x: np.sum(np.abs(x * 1j)))(x), "complex"),
        (lambda f, x: bp.jacobian(lambda x: np.maximum(x, np.array([1j, 2.0])))(x), "complex"),
        (lambda f, x: bp.explain(lambda x: np.sum(x.astype(complex)), (x,)), "complex"),
        (lambda f, x: bp.check(lambda x: np.sum(bp.relu(x + 1j)), x), "complex"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_cure(call, message):
    with pytest.raises(bp.TraceError, match=message):
        call(lambda x: np.sum(x**2), np.array([1.0, 2.0]))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_arrays_of_other_libraries_are_arguments():
    import pandas as pd
    import torch

    f = lambda x, c: np.sum(x**2 * c)  # noqa: E731
    for x in (pd.Series([1.0, 2.0]), torch.tensor([1.0, 2.0], dtype=torch.float64), jnp.array([1.0, 2.0])):
        gradient = bp.grad(lambda v, x=x: f(v, np.asarray(x)))(x)
        np.testing.assert_array_equal(gradient, [2.0, 8.0])
        np.testing.assert_array_equal(bp.compile(f)(x, x), 9.0)
    with pytest.raises(bp.TraceError, match=r"write \.to_numpy\(\) of it"):
        bp.grad(lambda v: np.sum(v * pd.Series([1.0, 3.0])))(np.ones(2))
    for odd in (np.matrix([[1.0, 2.0]]), np.ma.array([1.0, 2.0], mask=[True, False])):
        with pytest.raises(bp.TraceError, match=r"arithmetic of its own|asked for its number|met a traced value"):
            bp.grad(lambda v, odd=odd: np.sum(v * odd))(np.ones(2))


def test_whole_numbers_left_out_of_an_explanation_are_said():
    X = np.array([[1, 2], [3, 4]], np.uint8)
    found = bp.explain(lambda w, X: np.sum(np.tanh(X @ w)), (np.array([0.1, 0.2]), X))
    assert found.left_out == {"X": "uint8"}
    assert "X is left out: uint8 has no derivatives; pass X.astype(float) if it holds quantities" in found.summary()
    with pytest.raises(bp.GraphError, match=r"called 'X' \(it is uint8: pass it as \.astype\(float\)\)"):
        bp.explain(lambda w, X: np.sum(X @ w), (np.array([0.1, 0.2]), X), wrt="X")
    net = bp.Network([2, 3, 2])
    explained = bp.explain(net, (net.init(0, np.float64), X), (0, 1))
    assert "X" in explained.gradient
    assert not explained.left_out


def test_a_point_outside_the_domain_is_said():
    with np.errstate(all="ignore"):
        text = bp.explain(lambda x: np.log(x) * 2.0, (-1.0,)).summary()
    assert "log_1 is nan: the point is outside its domain" in text


def test_an_expression_at_a_complex_point_is_refused():
    with pytest.raises(bp.GraphError, match="input 'w' is a real number, and 1j is complex"):
        bp.parse("w**2").at(w=1j)


def test_a_truth_value_that_is_found_is_a_number_and_one_that_was_given_is_static():
    fast = bp.compile(lambda x, flag: {"given": flag, "found": x.ndim == 1, "x": x})
    out = fast(np.ones(2), True)
    assert out["given"] is True
    assert fast(np.ones((2, 2)), True)["found"] == np.array(False)
    lin = bp.linearize(lambda x: (x.ndim == 1, x), np.ones(2))
    assert [lin.dtype(o) for o in lin.outputs] == [np.bool_, np.float64]
