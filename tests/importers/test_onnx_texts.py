"""Files of ONNX's whose inputs, categories and labels are texts: scikit-learn's tables, and our own exports."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import skl2onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

import backpath as bp

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

RNG = np.random.default_rng(2)
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(size=90).astype(np.float32),
        "rooms": RNG.normal(size=90).astype(np.float32),
        "town": RNG.choice(["ulm", "bonn", "köln"], 90).astype(object),
        "garden": RNG.choice(["yes", "no"], 90).astype(object),
    }
)
WORDS = np.array(["cheap", "fair", "dear"])[(TABLE["size"] > 0).astype(int) + (TABLE["town"] == "ulm")]
PRICE = TABLE["size"] + (TABLE["garden"] == "yes")
NUMBERS, NAMES = ["size", "rooms"], ["town", "garden"]


def columns(of_names: Any) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer([("numbers", numbers, NUMBERS), ("names", of_names, NAMES)])


PIPELINES: dict[str, tuple[Any, Any]] = {
    "one-hot, perceptron": (
        make_pipeline(columns(OneHotEncoder(handle_unknown="ignore")), MLPClassifier((6,), max_iter=9, random_state=0)),
        WORDS,
    ),
    "ordinal, logistic": (make_pipeline(columns(OrdinalEncoder()), LogisticRegression()), WORDS),
    "target means, ridge": (make_pipeline(columns(TargetEncoder()), Ridge()), PRICE),
}


@pytest.fixture(scope="module", params=PIPELINES)
def pipeline(request: pytest.FixtureRequest) -> tuple[Any, bp.ImportedModel]:
    made, y = PIPELINES[request.param]
    made.fit(TABLE, y)
    return made, bp.from_onnx(skl2onnx.to_onnx(made, TABLE[:1]))


def given(table: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: table[[name]].to_numpy() for name in table}


def test_tables_with_categories_are_predicted_as_by_scikit_learn(pipeline: tuple[Any, bp.ImportedModel]) -> None:
    made, model = pipeline
    assert model.agreement is not None
    assert model.agreement.agrees, str(model.agreement)
    assert len(model.agreement.values) > 8
    scores = model.scores(model.init(), given(TABLE))
    expected = made.predict_proba(TABLE) if model.labels else made.predict(TABLE)[:, None]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert model.labels == (tuple(made.classes_) if model.labels else ())


def test_what_a_category_does_is_explained(pipeline: tuple[Any, bp.ImportedModel]) -> None:
    made, model = pipeline
    X = model.coded(given(TABLE[:3]))
    assert all(x.dtype.kind in "if" for x in X.values())
    found = bp.explain(model, (model.init(), X), (0, 0), "X.size").gradient["X.size"]
    wide = TABLE[:1].astype({"size": float, "rooms": float})
    step = 1e-4
    ends = [wide.assign(size=wide["size"] + s) for s in (step, -step)]
    up, down = (np.ravel(made.predict_proba(e) if model.labels else made.predict(e))[0] for e in ends)
    assert np.ravel(found)[0] == pytest.approx((up - down) / (2 * step), rel=1e-3, abs=1e-4)
    assert not np.any(found[1:])


def test_a_label_is_told_by_its_position_among_the_texts(pipeline: tuple[Any, bp.ImportedModel]) -> None:
    made, model = pipeline
    if not model.labels:
        return
    codes = model.call(model.init(), given(TABLE))[0]
    assert [model.texts[k] for k in codes] == list(made.predict(TABLE))


def test_an_unknown_category_is_none_of_them() -> None:
    made, y = PIPELINES["one-hot, perceptron"]
    made.fit(TABLE, y)
    model = bp.from_onnx(skl2onnx.to_onnx(made, TABLE[:1]), compare=False)
    other = TABLE[:2].assign(town=["rom", "ulm"])
    np.testing.assert_allclose(model.scores(model.init(), given(other)), made.predict_proba(other), atol=1e-5)
    assert model.coded(np.array([["rom"]], object)).tolist() == [[len(model.texts)]]


def test_texts_where_numbers_belong_are_refused(pipeline: tuple[Any, bp.ImportedModel]) -> None:
    _, model = pipeline
    X = given(TABLE[:2]) | {"size": np.array([["a"], ["b"]], object)}
    with pytest.raises(bp.ShapeError, match="its input size holds numbers, and texts were given"):
        model.scores(model.init(), X)


def file(nodes: list[Any], **known: Any) -> Any:
    text, number = TensorProto.STRING, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info(name, text, ["n", 1]) for name in ("a", "b")]
    outputs = [helper.make_tensor_value_info("y", number, None)]
    arrays = [numpy_helper.from_array(np.asarray(x), name) for name, x in known.items()]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(helper.make_graph(nodes, "texts", inputs, outputs, arrays), opset_imports=opsets)


def test_texts_are_compared_moved_and_looked_up() -> None:
    """Where no rule knows of texts, they would be numbers in silence."""
    yes = np.array([["yes"]], object)
    nodes = [
        helper.make_node("Where", ["is", "a", "yes"], ["w"]),
        helper.make_node("Equal", ["b", "yes"], ["is"]),
        helper.make_node("Concat", ["w", "b"], ["both"], axis=1),
        helper.make_node("Reshape", ["both", "flat"], ["list"]),
        helper.make_node(
            "LabelEncoder", ["list"], ["y"], domain="ai.onnx.ml",
            keys_strings=["yes", "no", "perhaps"], values_floats=[1.0, -1.0, 0.5], default_float=7.0,
        ),
    ]  # fmt: skip
    model = bp.from_onnx(file(nodes, yes=yes, flat=np.array([-1])), compare=False)
    X = {"a": np.array([["no"], ["perhaps"]], object), "b": np.array([["yes"], ["so"]], object)}
    assert model.call({}, X)[0].tolist() == [-1.0, 1.0, 1.0, 7.0]


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (helper.make_node("Add", ["a", "b"], ["y"]), r"Add \(texts go into it\)"),
        (helper.make_node("Equal", ["a", "b"], ["y"]), r"Equal \(texts are compared of which none is known\)"),
        (helper.make_node("Cast", ["a"], ["y"], to=TensorProto.FLOAT), r"Cast \(it reads numbers in texts\)"),
        (helper.make_node("Concat", ["a", "one"], ["y"], axis=1), r"Concat \(texts go into it\)"),
        (helper.make_node("StringNormalizer", ["a"], ["y"]), "StringNormalizer: once"),
    ],
)
def test_what_else_is_done_with_texts_is_refused(node: Any, why: str) -> None:
    with pytest.raises(bp.UnsupportedError, match=why):
        bp.from_onnx(file([node], one=np.ones((2, 1), np.float32)))
