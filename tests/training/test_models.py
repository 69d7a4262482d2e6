"""Every kind of model in everything that trains, saves, explains and checks."""

import numpy as np
import pytest
from stopping import Stopping

import backpath as bp
from backpath.nets import layers
from backpath.nets.layers.chain import Chain
from backpath.training.checkpoints.saver import Interrupted
from backpath.training.loop.starts import start

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((48, 6, 6, 2)).astype(np.float32)
TOKENS = RNG.integers(0, 7, (48, 5))
ROWS = RNG.standard_normal((48, 4))
CLASSES = RNG.integers(0, 3, 48)


def hidden(p, X):
    return np.tanh(X @ p["in"]["W"] + p["in"]["b"]) @ p["out"][0] + p["out"][1]


def modal(p, X, mode):
    h = np.maximum(mode.normalize(X @ p["in"]["W"]) * p["gain"] + p["in"]["b"], 0)
    return mode.drop(h, 0.2) @ p["out"][0] + p["out"][1]


def trembling(p, X, mode):
    drawn = mode.uniform(*np.shape(X))
    return modal(p, X if drawn is None else X + 0.1 * (drawn - 0.5).astype(X.dtype), mode)


def normalizing(p, X, mode):
    return np.tanh(mode.normalize(X @ p["in"]["W"]) * p["gain"] + p["in"]["b"]) @ p["out"][0] + p["out"][1]


TREE = {
    "in": {"W": RNG.standard_normal((4, 5)), "b": np.zeros(5)},
    "out": (RNG.standard_normal((5, 3)), np.zeros(3)),
}
MODAL = {**TREE, "gain": np.ones(5)}
CONVOLUTIONAL = bp.nets.Sequential(
    [
        layers.RandomShift(1),
        layers.Conv(4, 3),
        layers.BatchNorm(),
        layers.Activation("relu"),
        layers.MaxPool(2),
        layers.Residual([layers.Conv(4, (1, 3)), layers.Activation("gelu"), layers.Dropout(0.2)]),
        layers.Flatten(),
        layers.Dense(3),
    ],
    inputs=(6, 6, 2),
)
QUIET = bp.nets.Sequential(
    [layers.Conv(4, 3, stride=2), layers.Activation("tanh"), layers.MeanPool(2), layers.Flatten(), layers.Dense(3)],
    inputs=(6, 6, 2),
)
BLOCK = layers.TransformerBlock(2, 6)
TRANSFORMER = bp.nets.Sequential(
    [layers.Embedding(7, 4), layers.PositionalEncoding(), BLOCK, layers.GlobalMeanPool(), layers.Dense(3)], inputs=5
)
MODELS = {
    "network": (bp.Network([4, 6, 3], norm="batch", dropout=0.1), ROWS),
    "convolutional": (CONVOLUTIONAL, IMAGES),
    "transformer": (TRANSFORMER, TOKENS),
    "function": (bp.Model(hidden, TREE), ROWS),
    "mode": (bp.Model(trembling, MODAL), ROWS),
}
WITHOUT_NOISE = {
    **MODELS,
    "network": (bp.Network([4, 6, 3], norm="batch"), ROWS),
    "convolutional": (QUIET, IMAGES),
    "mode": (bp.Model(normalizing, MODAL), ROWS),
}
SETTINGS = {"epochs": 3, "batch": 10, "optimizer": bp.optimizers.adam(0.01), "seed": 3}

every = pytest.mark.parametrize(("model", "X"), MODELS.values(), ids=MODELS)
every_without_noise = pytest.mark.parametrize(("model", "X"), WITHOUT_NOISE.values(), ids=WITHOUT_NOISE)


def leaves(fit):
    return fit.network.named(fit.parameters)


def same(a, b):
    assert leaves(a).keys() == leaves(b).keys()
    assert all(np.array_equal(value, leaves(b)[name]) for name, value in leaves(a).items())
    assert [e.loss for e in a.history] == [e.loss for e in b.history]


@every
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_fit_stops_and_goes_on_to_the_same_bits(model, X, engine, tmp_path):
    options = {**SETTINGS, "average": bp.PolyakAverage(), "plateau": bp.ReduceOnPlateau(), "engine": engine}
    options["weights"] = np.linspace(0, 1, 48)
    whole = bp.fit(model, X, CLASSES, **options)
    assert whole.engine.engine == engine
    for stop in (2, 11):
        with pytest.raises(Interrupted):
            bp.fit(model, X, CLASSES, checkpoint=Stopping(tmp_path / "c", stop), **options)
        if stop == 2:
            with pytest.raises(bp.RunError, match="of another training"):
                bp.fit(model, X, CLASSES, checkpoint=tmp_path / "c", **{**options, "seed": 4})
    same(bp.fit(model, X, CLASSES, checkpoint=tmp_path / "c", **options), whole)


@every
def test_engines_agree_and_many_are_as_one_by_one(model, X):
    several = bp.fit_many(model, X, CLASSES, seeds=[3, 4], **{k: v for k, v in SETTINGS.items() if k != "seed"})
    alone = bp.fit(model, X, CLASSES, engine=several[0].engine.engine, **SETTINGS)
    same(several[0], alone)
    other = bp.fit(model, X, CLASSES, engine="compiled", dtype=float, **SETTINGS)
    ours = bp.fit(model, X, CLASSES, engine="numpy", dtype=float, **SETTINGS)
    for name, value in leaves(ours).items():
        np.testing.assert_allclose(leaves(other)[name], value, rtol=1e-7, atol=1e-9)


@every
def test_every_model_learns_what_can_be_learned(model, X):
    y = (np.sum(X == 3, axis=1) > 0).astype(int) if X is TOKENS else (X.reshape(48, -1)[:, :3].sum(axis=1) > 0) * 1
    fit = bp.fit(model, X, y, epochs=150, optimizer=bp.optimizers.adam(0.02))
    assert np.mean(fit.predict(X) == y) > 0.9
    assert fit.probabilities(X).shape == (48, 3)
    assert not fit.network.trains_apart


@every_without_noise
@pytest.mark.parametrize("method", ["lbfgs", "newton-cg"])
def test_minimize(model, X, method):
    suited = model.suited(X.shape[1:])
    fit = bp.minimize(model, X, CLASSES, method, iterations=8)
    assert fit.history[-1].loss < 0.9 * suited.loss_value(model.init(0, float), X, CLASSES)
    assert fit.predict(X).shape == (48,)


@every
def test_a_rate_is_found(model, X):
    found = bp.find_rate(model, X, CLASSES % 2, bp.optimizers.adam, steps=30)
    assert found.decrease < 1


def test_minimize_refuses_what_draws():
    with pytest.raises(bp.SettingError, match="needs the same loss at each evaluation"):
        bp.minimize(CONVOLUTIONAL, IMAGES, CLASSES)


@pytest.mark.parametrize("name", ["convolutional", "transformer", "function", "network"])
def test_lsuv_gives_every_product_unit_variance(name):
    model, X = WITHOUT_NOISE[name]
    p = start(model, X, "lsuv", 0, float)
    lin = bp.linearize(lambda p: model.suited(X.shape[1:]).scores(p, X), p)
    nodes, found = lin.graph.nodes, []

    def source(node):
        while node.primitive in ("reshape", "index"):
            node = nodes[node.parents[0]]
        return node.name

    for value, node in zip(lin.values, nodes, strict=True):
        if node.primitive in ("matmul", "einsum", "linear") and source(nodes[node.parents[1]]).startswith("p."):
            found.append(np.var(value))
    assert len(found) >= 2
    assert found == pytest.approx([1] * len(found), abs=0.02)


@pytest.mark.parametrize("name", WITHOUT_NOISE)
def test_explained_checked_and_compiled(name):
    model, X = WITHOUT_NOISE[name]
    p = model.init(0, float)
    few = X[:3] if X is TOKENS else X[:3].astype(float)
    wrt = "parameters.embedding_1.table" if X is TOKENS else "X"
    found = bp.explain(model, (p, few), (0, 1), wrt)
    expected = bp.grad(lambda p, X: model.scores(p, X)[0, 1], 0 if X is TOKENS else 1)(p, few)
    expected = expected["embedding_1.table"] if X is TOKENS else expected
    np.testing.assert_allclose(found.gradient[wrt], expected, rtol=1e-10, atol=1e-12)
    assert all(found.verify().values())
    assert bp.check_grads(lambda p: model.loss_value(p, few, CLASSES[:3]), (p,), sample=60).ok
    assert bp.check(model, p, few[:2], CLASSES[:2]).ok
    program = bp.compile(model.scores)
    np.testing.assert_allclose(program(p, few), model.scores(p, few), rtol=1e-12, atol=1e-12)


@every
def test_saved_and_loaded(model, X, tmp_path):
    fit = bp.fit(model, X, CLASSES, **SETTINGS)
    bp.save(fit, tmp_path / "run")
    with pytest.raises(bp.RunError, match="not empty"):
        bp.save(fit, tmp_path / "run")
    if type(model) is bp.Model:
        with pytest.raises(bp.RunError, match=r"parameters of a function, '(hidden|trembling)', .* bp.load\(.*scores="):
            bp.load(tmp_path / "run")
    function = {"hidden": hidden, "trembling": trembling}.get(model.to_json().get("name"))
    loaded = bp.load(tmp_path / "run", scores=function)
    same(loaded, fit)
    assert np.array_equal(loaded.predict(X), fit.predict(X))
    assert loaded.network.to_json() == fit.network.to_json()
    assert (loaded.steps, loaded.engine) == (fit.steps, fit.engine)
    path = tmp_path / "run" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(bp.RunError, match="damaged: its checksum"):
        bp.load(tmp_path / "run", scores=function or hidden)


def test_an_explosion_is_told_by_its_node():
    model = bp.nets.Sequential(
        [layers.Conv(4, 3), layers.Activation("relu"), layers.Flatten(), layers.Dense(3)], inputs=(6, 6, 2)
    )
    with pytest.raises(bp.NonFiniteError, match=r"is the first node that is not finite|reaches"):
        bp.fit(model, IMAGES, CLASSES, optimizer=bp.optimizers.sgd(1e30), epochs=20)


def test_scores_at_several_places():
    several = [
        layers.Embedding(7, 8),
        layers.PositionalEncoding(),
        layers.TransformerBlock(2, 16, causal=True),
        layers.Dense(7),
    ]
    model = bp.nets.Sequential(several, inputs=(5,))
    assert model.outputs == (5, 7)
    chain = np.cumsum(np.ones((64, 6), int), axis=1) + RNG.integers(0, 7, (64, 1))
    X, y = chain[:, :-1] % 7, chain[:, 1:] % 7
    fit = bp.fit(model, X, y, epochs=60, optimizer=bp.optimizers.adam(0.01), weights=np.ones(64))
    assert np.mean(fit.predict(X) == y) > 0.95
    assert fit.probabilities(X[:2]).shape == (2, 5, 7)
    with pytest.raises(bp.ShapeError, match=r"y has shape \[64\]; .* needs class indices \(batch, 5\)"):
        bp.fit(model, X, y[:, 0])


def test_batch_norm_is_folded_with_the_statistics_of_all():
    p = CONVOLUTIONAL.init(0, float)
    for name in p:
        p[name][...] += 0.3 * RNG.standard_normal(p[name].shape)
    folded, q = CONVOLUTIONAL.folded(p, IMAGES.astype(float))
    assert not folded.trains_apart
    assert [layer.word for layer in folded.layers] == "conv affine activation max_pool residual flatten dense".split()
    np.testing.assert_allclose(folded.scores(q, IMAGES), CONVOLUTIONAL.scores(p, IMAGES), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (IMAGES[..., 0], r"X has shape \[48, 6, 6\]; .* needs \(examples, 6, 6, 2\)"),
        (IMAGES[:7], "7 examples and y has 48"),
        (IMAGES * np.nan, "not finite"),
    ],
)
def test_examples_that_do_not_fit(X, message):
    with pytest.raises(bp.BackpathError, match=message):
        bp.fit(QUIET, X, CLASSES)


@pytest.mark.parametrize(
    ("X", "message"), [(TOKENS + 0.5, "reads whole numbers: convert"), (TOKENS + 3, "whole numbers below 7")]
)
def test_whole_numbers_that_do_not_fit(X, message):
    with pytest.raises(bp.DataError, match=message):
        bp.fit(TRANSFORMER, X, CLASSES)
    with pytest.raises(bp.ShapeError, match="takes whole numbers"):
        TRANSFORMER.predict(TRANSFORMER.init(0), X)


@every
def test_rows_in_lists_are_predicted_as_arrays_are(model, X):
    fit = bp.fit(model, X, CLASSES, epochs=1)
    assert np.array_equal(fit.predict(X[:5].tolist()), fit.predict(X[:5]))
    np.testing.assert_allclose(fit.probabilities(X[:5].tolist()), fit.probabilities(X[:5]), rtol=1e-5, atol=1e-7)
    with pytest.raises(bp.ShapeError, match=r"X has shape .* needs \(batch, "):
        fit.predict(X[0])


def test_what_is_no_model_is_refused():
    with pytest.raises(bp.SettingError, match="is no model"):
        bp.fit(hidden, ROWS, CLASSES)
    with pytest.raises(bp.SettingError, match="begins at the parameters that it was made with"):
        bp.fit(bp.Model(hidden, TREE), ROWS, CLASSES, init="orthogonal")
    with pytest.raises(bp.SettingError, match="plain dense layers"):
        bp.fit(QUIET, IMAGES, CLASSES, init="pretrained")
    assert Chain.of([layers.Dense(2)], "x").names == ["dense_1"]
