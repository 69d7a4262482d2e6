"""Sequential models: shapes, words, draws, descriptions; and models of one's own functions."""

import json

import numpy as np
import pytest

import backpath as bp
from backpath.nets import layers
from backpath.nets.layers.named import LAYERS, layer_from_json
from backpath.nets.spelled import Manner, checked_word, layers_of

EVERY = [
    layers.RandomShift(1),
    layers.RandomFlip(),
    layers.Conv(4, (3, 1), stride=(1, 2), padding=((0, 1), 2), dilation=2, groups=2),
    layers.BatchNorm(1e-3),
    layers.Activation("tanh"),
    layers.Residual([layers.Conv(4, 3, bias=False), layers.LayerNorm(), layers.Dropout(0.5)]),
    layers.MaxPool(2, stride=1),
    layers.MeanPool((1, 2)),
    layers.Affine(),
    layers.GlobalMeanPool(),
    layers.Flatten(),
    layers.Dense(3, bias=False),
]
TOKENS = [
    layers.Embedding(9, 4),
    layers.PositionalEncoding(100),
    layers.SelfAttention(2, causal=True),
    layers.TransformerBlock(2, 8, "relu", dropout=0.1),
    layers.GlobalMeanPool(),
    layers.Dense(2),
]


def test_every_layer_is_written_down_and_read_again():
    images, words = bp.nets.Sequential(EVERY, (9, 9, 2)), bp.nets.Sequential(TOKENS, 5, "hinge")
    used = (*EVERY, *EVERY[5].layers, *TOKENS)
    assert {type(layer).__name__ for layer in used} == set(LAYERS)
    for model in (images, words):
        read = bp.nets.model_from_json(json.loads(json.dumps(model.to_json())))
        assert repr(read) == repr(model)
        assert str(read) == str(model)
        assert read.layers == model.layers
        assert eval(repr(model), {**vars(layers), "Sequential": bp.nets.Sequential}).layers == model.layers
        assert all(hash(layer) is not None for layer in model.layers)


def test_a_table_of_shapes():
    told = str(bp.nets.Sequential(EVERY, (9, 9, 2))).splitlines()
    assert told[0].split() == ["layer", "outputs", "parameters", "operations"]
    assert told[1].split() == ["inputs", "9", "x", "9", "x", "2"]
    assert "6 x 7 x 4" in told[4]
    assert told[4].split()[-2:] == [str(3 * 2 // 2 * 4 + 4), f"{2 * 6 * 7 * 4 * 3 * 2 // 2:,}"]
    assert told[-1].startswith("cross_entropy: ")
    assert told[-1].endswith("operations an example")


@pytest.mark.parametrize(
    ("parts", "inputs", "message"),
    [
        ([layers.Conv(4, 3)], (8, 8), r"layer 1, Conv\(4, 3\), after 8 x 8: it takes examples of shape \(height"),
        (
            [layers.Conv(4, 3), layers.MaxPool(9)],
            (8, 8, 1),
            r"layer 2, MaxPool\(9\), after 8 x 8 x 4: windows of 9 by 9",
        ),
        ([layers.Conv(4, 3, groups=2)], (8, 8, 3), "3 channels do not divide into 2 groups"),
        (
            [layers.Conv(4, 5, padding="valid")],
            (4, 8, 1),
            "windows of 5 by 5 with stride 1 do not fit an image of 4 by 8",
        ),
        ([layers.Residual([layers.Dense(3)])], (4,), r"layer 1, .*: its branch makes 3 of 4; both must be equal"),
        ([layers.Residual([layers.Dense(3), layers.Conv(1, 1)])], 4, r"layer 1, .*: layer 2, Conv\(1, 1\), after 3"),
        ([layers.Dense(4), layers.Embedding(3, 4)], 4, r"layer 2, Embedding\(3, 4\): it reads whole numbers"),
        ([layers.Embedding(3, 4), layers.SelfAttention(3)], 4, "4 features do not divide into 3 heads"),
        ([layers.Dense(2), layers.GlobalMeanPool()], 4, "it takes images or sequences, not 1 axis"),
        ([layers.RandomShift(4), layers.Flatten(), layers.Dense(2)], (4, 9, 1), "out of sight"),
        ([layers.PositionalEncoding()], (3,), r"it takes examples of shape \(length, features\), not 3"),
    ],
)
def test_shapes_that_do_not_fit_name_the_layer(parts, inputs, message):
    with pytest.raises(bp.ShapeError, match=message):
        bp.nets.Sequential(parts, inputs)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(0), "Dense(0): give the number of neurons"),
        (lambda: layers.Dense(2.5), "number of neurons"),
        (lambda: layers.Conv(4, 0), "size: give a whole number"),
        (lambda: layers.Conv(4, 3, groups=3), "4 channels do not divide into 3"),
        (lambda: layers.Conv(4, 3, padding="full"), "padding: give 'same', 'valid'"),
        (lambda: layers.Conv(4, 3, stride=(1, 2, 3)), "stride: give a whole number"),
        (lambda: layers.MaxPool(2, 0), "stride: give"),
        (lambda: layers.Activation("rely"), "there are identity, relu"),
        (lambda: layers.Dropout(1.0), "probability less than 1"),
        (lambda: layers.BatchNorm(0.0), "above 0"),
        (lambda: layers.Embedding(0, 3), "two whole numbers"),
        (lambda: layers.TransformerBlock(1, 2, "rely"), "activation: there are"),
        (lambda: layers.SelfAttention(0), "heads: give 1 or more"),
        (lambda: layers.RandomShift(0), "number of pixels"),
        (lambda: layers.PositionalEncoding(0), "whole number"),
        (lambda: layers.Residual([]), "give a list of layers"),
        (lambda: bp.nets.Sequential(layers.Dense(3), 4), "give a list of layers"),
        (lambda: bp.nets.Sequential([layers.Dense(3), "relu"], 4), "layer 2 is 'relu'"),
        (lambda: bp.nets.Sequential([layers.Dense(3)], (4, 0)), "give the shape of an example"),
        (lambda: bp.nets.Sequential([layers.Flatten()], (4, 2)), "no layer has parameters"),
        (lambda: layer_from_json({"kind": "Conv", "chanels": 3}), "not the description of a layer"),
        (lambda: layer_from_json({"kind": "Layer"}), "not the description of a layer"),
        (lambda: bp.nets.Sequential([layers.Dense(3)], 4).init(0, weights="heavy"), "no initializer is called"),
        (lambda: bp.Model(3, {"W": np.ones(2)}), "is no function"),
        (lambda: bp.Model(np.dot, {}), "no parameters to train"),
        (lambda: bp.Model(np.dot, {"W": "x"}), "no parameters to train"),
        (lambda: bp.Model(np.dot, {"W": np.array([True])}), "the parameter W holds bool"),
        (lambda: bp.Model(np.dot, {"a.b": 1.0, "a": {"b": 2.0}}), "is there twice"),
        (lambda: bp.Model(np.dot, {"W": 1.0}, vocabulary=-1), "vocabulary"),
    ],
)
def test_settings_that_are_none_are_refused(make, message):
    with pytest.raises(bp.SettingError) as caught:
        make()
    assert message in str(caught.value)


@pytest.mark.parametrize("how", ["auto", "he_normal", "glorot_uniform", "lecun_normal", "orthogonal", "critical"])
def test_draws_follow_the_fans(how):
    parts = [layers.Conv(64, 3, groups=2), layers.BatchNorm(), layers.Activation("relu"), layers.Flatten()]
    model = bp.nets.Sequential([*parts, layers.Dense(50), layers.Dense(30)], (4, 4, 32))
    p = model.init(0, float, how)
    fans = {"conv_1.W": (9 * 16, 9 * 32, 2.0), "dense_5.W": (1024, 50, 1.0), "dense_6.W": (50, 30, 1.0)}
    for name, (fan_in, fan_out, gain) in fans.items():
        variance = {"he_normal": 2 / fan_in, "glorot_uniform": 2 / (fan_in + fan_out), "lecun_normal": 1 / fan_in}
        assert np.var(p[name]) == pytest.approx(variance.get(how, gain / fan_in), rel=0.1)
    assert not p["conv_1.b"].any()
    assert (p["batch_norm_2.gain"] == 1).all()
    assert np.array_equal(p["conv_1.W"], model.init(0, float, how)["conv_1.W"])


def test_scores_that_are_asked_for_other_shapes():
    model = bp.nets.Sequential([layers.Flatten(), layers.Dense(2)], (4, 2))
    with pytest.raises(bp.ShapeError, match=r"X has shape \[3, 8\]; .* needs \(batch, 4, 2\)"):
        model.scores(model.init(0), np.ones((3, 8)))
    words = bp.nets.Sequential(TOKENS, 2)
    with pytest.raises(bp.ShapeError, match="whole numbers below 9; X has 0 to 9"):
        words.scores(words.init(0), np.array([[0, 9]]))
    with pytest.raises(bp.GraphError, match="cross_entropy needs two or more outputs"):
        bp.nets.Sequential([layers.Dense(1)], 4)


def test_a_function_of_ones_own_is_suited_to_its_data():
    model = bp.Model(lambda p, X: X @ p, np.ones((3, 2)), loss="squared_error")
    assert (model.inputs, model.outputs, model.parameter_shapes) == (None, None, {"parameters": (3, 2)})
    with pytest.raises(bp.ShapeError, match="not known before"):
        model.targets(np.ones((4, 2)))
    suited = model.suited((3,))
    assert (suited.inputs, suited.outputs) == ((3,), (2,))
    assert model.inputs is None
    with pytest.raises(bp.ShapeError, match=r"inner sizes|must equal"):
        model.suited((4,))
    with pytest.raises(bp.ShapeError, match=r"scores of 2 examples have shape \[\]"):
        bp.Model(lambda p, X: np.sum(X @ p), np.ones((3, 2))).suited((3,))
    words = bp.Model(lambda p, X: np.sum(p["table"][X], axis=1), {"table": np.ones((5, 3))}, vocabulary=5)
    fit = bp.fit(words, np.arange(20).reshape(10, 2) % 5, np.arange(10) % 3, epochs=2)
    assert fit.parameters["table"].shape == (5, 3)
    read = bp.nets.model_from_json(json.loads(json.dumps(fit.network.to_json())), scores=words._function)
    assert read.to_json() == fit.network.to_json()


def test_words_become_layers():
    manner = Manner(("tanh",), "batch", 0.5, ("flip", "shift"))
    made = layers_of([checked_word(w) for w in ("Conv:8x3/2", " pool:2", "16")], (16, 16, 3), 5, manner)
    assert made == [
        layers.RandomFlip(),
        layers.RandomShift(2),
        layers.Conv(8, 3, stride=2, bias=False),
        layers.BatchNorm(),
        layers.Activation("tanh"),
        layers.Dropout(0.5),
        layers.MaxPool(2),
        layers.Flatten(),
        layers.Dense(16, bias=False),
        layers.BatchNorm(),
        layers.Activation("tanh"),
        layers.Dropout(0.5),
        layers.Dense(5),
    ]
    words = layers_of(["embed:8", "transformer:2x16"], (7,), 2, Manner(dropout=0.1), 30)
    assert words == [
        layers.Embedding(30, 8),
        layers.PositionalEncoding(),
        layers.TransformerBlock(2, 16, dropout=0.1),
        layers.GlobalMeanPool(),
        layers.Dense(2),
    ]
    assert layers_of(["mean:2/1", "global"], (4, 4, 1), 2, Manner())[:2] == [
        layers.MeanPool(2, 1),
        layers.GlobalMeanPool(),
    ]
    assert layers_of(["flatten", 3], (4, 4, 1), 2, Manner(("tanh",)))[1:3] == [
        layers.Dense(3),
        layers.Activation("tanh"),
    ]


def test_rows_are_taken_by_traced_whole_numbers():
    table, rows = np.arange(12.0).reshape(4, 3), np.array([[1, 3], [3, -1]])

    def f(table, rows):
        return np.sum(np.tanh(table[rows]) ** 2)

    dense = bp.grad(lambda t: np.sum(np.tanh(t[rows]) ** 2))(table / 10)
    np.testing.assert_allclose(bp.grad(f)(table / 10, rows), dense, rtol=1e-12)
    along = np.ones_like(table)
    known = bp.hvp(lambda t: f(t, rows), (table / 10,), (along,))[0]
    np.testing.assert_allclose(known, bp.hvp(lambda t: np.sum(np.tanh(t[rows]) ** 2), (table / 10,), (along,))[0])
    second = bp.compile(bp.grad(lambda t, r: np.sum(bp.grad(f)(t, r) * along)))
    np.testing.assert_allclose(second(table / 10, rows), known, rtol=1e-12)
    columns = bp.grad(lambda t, r: np.sum(np.take(t, r, axis=1) ** 2))(table, rows[:, 0] - 1)
    np.testing.assert_array_equal(columns, 2 * table * np.array([1, 0, 1]))
    assert bp.explain(lambda t, r: f(t, r), (table / 10, rows), wrt="t").count() == 12
    with pytest.raises(bp.TraceError, match="not integers"):
        bp.trace(lambda t, r: np.take(t, r, axis=0), table, table)
    with pytest.raises(bp.ShapeError, match="index 4 is out of bounds for axis 0 with size 4"):
        bp.compile(f)(table, rows + 1)
