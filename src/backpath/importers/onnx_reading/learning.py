"""Operations of the domain ai.onnx.ml, in which scikit-learn's models are written: linear ones, and scalers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backpath import ops
from backpath.importers import operations as op
from backpath.importers.onnx_reading.rules import Call, RefusedError, as_type, dtype_of, rule
from backpath.importers.onnx_reading.texts import Texts, is_texts
from backpath.ops import Variable

TRANSFORMS = {
    "NONE": lambda y: y,
    "LOGISTIC": ops.sigmoid,
    "SOFTMAX": lambda y: ops.softmax(y, -1),
}


def _transformed(c: Call, y: Any) -> Any:
    name = c.get("post_transform", "NONE")
    if name not in TRANSFORMS:
        raise RefusedError(f"its post_transform {name}")
    return TRANSFORMS[name](y)


def _real(c: Call, x: Any) -> Any:
    """Inputs as real numbers: these operations take whole ones too, and answer in single precision."""
    return as_type(x, dtype_of(x) if dtype_of(x).kind == "f" else c.typed(np.dtype(np.float32)))


def _numbers(x: Any, values: Any) -> np.ndarray:
    return np.asarray(values, dtype_of(x))


@rule("ai.onnx.ml.Scaler")
def scaler(c: Call) -> Any:
    """(x - offset) * scale."""
    x = _real(c, c[0])
    return (x - _numbers(x, c.get("offset", 0.0))) * _numbers(x, c.get("scale", 1.0))


@rule("ai.onnx.ml.Normalizer")
def normalizer(c: Call) -> Any:
    """Each example over its norm."""
    x = _real(c, c[0])
    match c.get("norm", "MAX"):
        case "L1":
            norm = np.sum(np.abs(x), axis=-1, keepdims=True)
        case "L2":
            norm = np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))
        case _:
            norm = np.max(np.abs(x), axis=-1, keepdims=True)
    return x / np.where(norm == 0, np.ones((), dtype_of(x)), norm)


@rule("ai.onnx.ml.Binarizer")
def binarizer(c: Call) -> Any:
    """1 above a threshold, else 0."""
    return (c[0] > c.get("threshold", 0.0)).astype(dtype_of(c[0]))


@rule("ai.onnx.ml.Imputer")
def imputer(c: Call) -> Any:
    """Other numbers in place of missing ones."""
    x = c[0]
    key, values = "imputed_value_floats", c.get("imputed_value_floats")
    if values is None:
        key, values = "imputed_value_int64s", c.get("imputed_value_int64s")
    missing = c.get("replaced_value_float" if "floats" in key else "replaced_value_int64", 0)
    absent = np.isnan(x) if missing != missing else x == missing
    return np.where(absent, _numbers(x, values), x)


@rule("ai.onnx.ml.FeatureVectorizer")
def feature_vectorizer(c: Call) -> Any:
    """Columns beside each other."""
    real = c.typed(np.dtype(np.float32))
    return np.concatenate([as_type(np.reshape(x, (np.shape(x)[0], -1)), real) for x in c.inputs], axis=1)


@rule("ai.onnx.ml.ArrayFeatureExtractor")
def array_feature_extractor(c: Call) -> Any:
    """Some entries of the last axis."""
    positions = np.ravel(c[1]) if not isinstance(c[1], Variable) else np.reshape(c[1], (-1,))
    if isinstance(c[0], np.ndarray) and c[0].shape[:-1] in ((), (1,)):
        return np.reshape(op.gather(np.ravel(c[0]), positions), (1, -1))
    return c[0][..., positions]


@rule("ai.onnx.ml.LinearRegressor")
def linear_regressor(c: Call) -> Any:
    """x W + b with the weights of the node, which are parameters."""
    x = _real(c, c[0])
    W, b = c[1], c[2]
    y = x @ np.transpose(np.reshape(W, (c.get("targets", 1), -1)))
    return _transformed(c, y if b is None else y + b)


@rule("ai.onnx.ml.LinearClassifier")
def linear_classifier(c: Call) -> Any:
    """Labels, and scores of the classes: of two by one row of weights, or a row for each."""
    x = _real(c, c[0])
    W, b = c[1], c[2]
    labels = c.get("classlabels_ints") or c.get("classlabels_strings")
    classes = len(labels)
    rows = np.size(W) // np.shape(x)[-1] if not isinstance(W, Variable) else W.size // np.shape(x)[-1]
    y = x @ np.transpose(np.reshape(W, (rows, -1)))
    y = y if b is None else y + b
    if rows == 1 and classes == 2:
        logistic = c.get("post_transform", "NONE") == "LOGISTIC"
        scores = np.concatenate([ops.sigmoid(-y), ops.sigmoid(y)] if logistic else [-y, y], axis=1)
        chosen = (y[:, 0] > 0).astype(np.int64)
    else:
        scores, chosen = _transformed(c, y), np.argmax(y, axis=1)
    return _labels(c, np.array(labels), chosen), scores


def _labels(c: Call, labels: np.ndarray, chosen: Any) -> Any:
    """The chosen of some labels."""
    if is_texts(labels):
        return Texts(op.gather(c.texts.coded(labels), chosen))
    return op.gather(labels, chosen)


@rule("ai.onnx.ml.LabelEncoder")
def label_encoder(c: Call) -> Any:
    """Values in place of keys."""
    keys, values, default = _mapping(c)
    x, texts = c[0], is_texts(values)
    if texts:
        values, default = c.texts.coded(values), int(c.texts.coded(default))
    if is_texts(keys) != isinstance(x, Texts):
        raise RefusedError("its keys are texts, or its input is, and not both")
    if isinstance(x, Texts):
        table = np.full(len(c.texts.texts) + 1, default, values.dtype)
        table[c.texts.coded(keys)[::-1]] = values[::-1]
        y = op.gather(table, x.codes)
    else:
        y = np.full(np.shape(x), default, values.dtype)
        for key, value in zip(keys[::-1], values[::-1], strict=True):
            y = np.where(np.isnan(x) if key != key else x == key, value, y)
    return Texts(y) if texts else y


def _mapping(c: Call) -> tuple[np.ndarray, np.ndarray, Any]:
    kinds = {"strings": ("", "_Unused"), "floats": ("", -0.0), "int64s": ("", -1)}
    keys = next((c.get(f"keys_{kind}") for kind in kinds if c.get(f"keys_{kind}") is not None), c.get("keys_tensor"))
    kind = next((kind for kind in kinds if c.get(f"values_{kind}") is not None), "tensor")
    values = c.get(f"values_{kind}")
    if keys is None or values is None:
        raise RefusedError("its keys or values are of a kind that is not read")
    if kind == "tensor":
        default = c.get("default_tensor")
        return np.asarray(keys), np.asarray(values), np.ravel(default)[0] if default is not None else 0
    default = c.get({"strings": "default_string", "floats": "default_float", "int64s": "default_int64"}[kind])
    return np.asarray(keys), np.asarray(values), kinds[kind][1] if default is None else default


@rule("ai.onnx.ml.ZipMap")
def zip_map(c: Call) -> Any:
    """The scores themselves: dictionaries of them are no arrays."""
    return c[0]


@rule("ai.onnx.ml.OneHotEncoder")
def one_hot_encoder(c: Call) -> Any:
    """1 at the place of each category that is known."""
    categories, x = c.get("cats_int64s"), c[0]
    if isinstance(x, Texts):
        categories, x = c.texts.coded(c.get("cats_strings") or []), x.codes
    elif not categories:
        raise RefusedError("its categories are texts, and its input is numbers")
    return (np.expand_dims(x, -1) == np.asarray(categories)).astype(c.typed(np.dtype(np.float32)))
