"""Members of a batched model against networks of their own: in PyTorch, and trained apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backpath.calculus import value_and_grad
from backpath.estimators.robust.defaults import Defaults
from backpath.estimators.robust.lesson import Learned, Lesson
from backpath.estimators.robust.members import Form, Members, scores_of_each, stacked
from backpath.estimators.robust.schedule import Schedule
from backpath.estimators.robust.squad import Squad
from backpath.training.loop.rows import rows_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5))
EDGES = np.sort(RNG.normal(size=(3, 5)), axis=1)
PLAIN = Form(5, 3, 2, "cross_entropy", (7, 6), ("selu", "mish"))
FORMS = {
    "plain": PLAIN,
    "periodic": replace(PLAIN, frequencies=4, embedded=2),
    "pieces": replace(PLAIN, edges=EDGES),
    "parametric": replace(PLAIN, parametric=True),
    "sigmoids": replace(PLAIN, loss="sigmoid_cross_entropy"),
    "quantities": replace(PLAIN, loss="squared_error"),
    "everything": replace(PLAIN, frequencies=4, embedded=2, edges=EDGES, parametric=True, drops=True),
}
MEMBERS = 3


def parameters(form):
    drawn = stacked(form, 1, range(MEMBERS), 0.5, 0.7)
    return {name: 0.3 if name == "drop" else v + 0.1 * RNG.normal(size=v.shape) for name, v in drawn.items()} | (
        {"drop": np.full((MEMBERS, 1, 1), 0.3)} if form.drops else {}
    )


def alone(form, p, x, noise):
    """One network, written out in PyTorch."""
    h = x
    if form.edges is not None:
        low, high = (torch.tensor(e) for e in (form.edges[:, :-1], form.edges[:, 1:]))
        h = torch.cat([x, ((x[:, :3, None] - low) / (high - low)).clip(0, 1).flatten(1)], 1)
    a = h @ (p["scale"] * p["W1"]) + p["b1"]
    if form.periodic:
        waves = torch.cos(2 * torch.pi * x[:, :3, None] * p["frequency"][..., 0] + p["phase"][..., 0])
        mixed = torch.einsum("bdm,dom->bdo", waves, p["mix"]) + p["shift"][..., 0]
        a = a + mixed.flatten(1) @ (p["gain"] * p["V1"])
    for layer, activation in enumerate((torch.nn.functional.selu, torch.nn.functional.mish), 1):
        h = activation(a)
        h = a + p[f"slope{layer}"] * (h - a) if form.parametric else h
        h = h * (noise[f"layer{layer}"] >= p["drop"]) / (1 - p["drop"]) if noise else h
        a = h @ p[f"W{layer + 1}"] + p[f"b{layer + 1}"]
    return a


def loss_alone(form, scores, y):
    if form.loss == "cross_entropy":
        return -(torch.log_softmax(scores, 1) * y).sum(1)
    if form.loss == "sigmoid_cross_entropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(scores, y, reduction="none").sum(1)
    return ((scores - y) ** 2).sum(1) / 2


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_loss_and_gradient_are_those_of_networks_of_their_own(form):
    p = parameters(form)
    model = Members(form, p)
    y, weights = RNG.dirichlet([1, 1], len(X)), RNG.integers(0, 3, (len(X), MEMBERS)).astype(float)
    noise = {name: RNG.random(shape) for name, shape in model.noise_shapes(len(X)).items()}
    given = np.concatenate([y, weights], axis=1)
    loss, gradient = value_and_grad(lambda p: model.loss_value(p, X, given, noise=noise))(p)
    total = 0.0
    for k in range(MEMBERS):
        own = {name: torch.tensor(v[k], requires_grad=True) for name, v in p.items()}
        drawn = {name: torch.tensor(v[k]) for name, v in noise.items()}
        scores = alone(form, own, torch.tensor(X), drawn)
        (loss_alone(form, scores, torch.tensor(y)) @ torch.tensor(weights[:, k]) / len(X)).backward()
        total += float(loss_alone(form, scores, torch.tensor(y)).detach() @ torch.tensor(weights[:, k]))
        for name, value in own.items():
            expected = np.zeros(value.shape) if value.grad is None else value.grad.numpy()
            np.testing.assert_allclose(gradient[name][k], expected, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(loss, total / len(X))


def test_each_member_reads_rows_of_its_own_or_the_same():
    form = FORMS["everything"]
    p = parameters(form)
    same = scores_of_each(form, p, X)
    own = scores_of_each(form, p, np.stack([X, X[::-1], X]))
    np.testing.assert_allclose(own, np.stack([same[0], same[1, ::-1], same[2]]), rtol=1e-12)


def lesson(**changes):
    y = np.eye(2)[(X[:, 0] > 0).astype(int)]
    held = np.arange(len(X)) % MEMBERS == np.arange(MEMBERS)[:, None]
    chosen = Defaults(members=MEMBERS, epochs=8, batch=4, dropout=0.0)
    given = {"form": FORMS["periodic"], "chosen": chosen, "X": X, "y": y, "weights": None, "held": held, "seed": 3}
    options = {"engine": "numpy", "device": None, "threads": 1, "patience": np.inf}
    return Lesson(**{**given, **options, **changes})


def trained(given, members, left=None):
    """After eight epochs of these members; from the fourth on of those in ``left`` alone, if given."""
    first = stacked(given.form, given.seed, range(MEMBERS), 0.0, 0.3)
    found, schedule = Learned.none_yet(given, first), Schedule(8 * given.steps)
    squad = Squad(given, rows_of(given.X), found, schedule, np.array(members), 5, 1, {})
    for epoch in range(1, 9):
        squad.train()
        squad.judge(epoch)
        if epoch == 3 and left is not None:
            squad.keep(np.array(left))
    return found, squad


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_trained_together_is_trained_apart(engine):
    given = lesson(engine=engine)
    together, _ = trained(given, range(MEMBERS))
    for k in range(MEMBERS):
        apart, squad = trained(given, [k])
        assert squad.loop.stepping.engine == engine
        np.testing.assert_allclose(together.losses[k], apart.losses[k], rtol=1e-9)
        assert together.epochs[k] == apart.epochs[k]
        for name, value in together.parameters.items():
            np.testing.assert_allclose(value[k], apart.parameters[name][k], rtol=1e-7, atol=1e-9)


def test_those_that_go_on_alone_make_the_same_steps():
    given = lesson()
    whole, _ = trained(given, range(MEMBERS))
    found, _ = trained(given, range(MEMBERS), left=[0, 2])
    for name, value in found.parameters.items():
        np.testing.assert_allclose(value[[0, 2]], whole.parameters[name][[0, 2]], rtol=1e-7, atol=1e-9)


def test_a_row_that_judges_a_member_does_not_train_it():
    given = lesson()
    other = given.X.copy()
    other[0] += 3.0
    one, two = trained(given, [0])[1], trained(replace(given, X=other), [0])[1]
    np.testing.assert_array_equal(one.loop.stepping.parameters, two.loop.stepping.parameters)
    three = trained(replace(given, X=other), [1])[1]
    assert not np.array_equal(three.loop.stepping.parameters, trained(given, [1])[1].loop.stepping.parameters)
