"""Fitted robust estimators on disk: data that predict the same to the last bit, or are refused."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import backpath as bp
from backpath.estimators.robust.plain import from_plain, to_plain
from backpath.graph import DataError, RunError, SettingError
from backpath.sklearn import RobustMLPClassifier, RobustMLPRegressor

QUICK = {"hidden_layer_sizes": (8,), "n_members": 2, "max_iter": 3, "random_state": 0}


def shops(n=120, seed=0):
    rng = np.random.default_rng(seed)
    size = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    city = rng.choice(["Oslo", "Rome", "Lima"], n)
    opened = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D")
    return pd.DataFrame({"size": size, "city": city, "opened": opened, "rooms": rng.integers(1, 5, n)})


FRAME = shops()
NEW = shops(30, 1)
TRUE = np.nan_to_num(FRAME["size"]) + FRAME["rooms"]

FITS = {
    "classes": lambda: RobustMLPClassifier(**QUICK).fit(FRAME, np.where(TRUE > 2.5, "large", "small")),
    "classes that are numbers": lambda: RobustMLPClassifier(**QUICK).fit(FRAME, FRAME["rooms"]),
    "weights of classes": lambda: RobustMLPClassifier(**QUICK, class_weight={0: 1.0, 1: 2.0}).fit(FRAME, TRUE > 2.5),
    "labels": lambda: RobustMLPClassifier(**QUICK).fit(FRAME, np.column_stack([TRUE > 2, TRUE > 3]).astype(int)),
    "a quantity": lambda: RobustMLPRegressor(**QUICK).fit(FRAME, TRUE),
    "skewed quantities": lambda: RobustMLPRegressor(**QUICK).fit(FRAME, np.column_stack([TRUE, np.exp(3 * TRUE)])),
    "an array, in float64": lambda: RobustMLPRegressor(**QUICK, dtype=np.float64).fit(FRAME[["size"]].to_numpy(), TRUE),
}


@pytest.mark.parametrize("make", FITS.values(), ids=FITS)
def test_what_is_loaded_predicts_the_same_bits(tmp_path, make):
    fitted = make()
    new = NEW[["size"]].to_numpy() if fitted.n_features_in_ == 1 else NEW
    bp.save(fitted, tmp_path / "run")
    loaded = bp.load(tmp_path / "run")
    assert type(loaded) is type(fitted)
    assert repr(loaded.get_params()) == repr(fitted.get_params())
    np.testing.assert_array_equal(loaded.predict(new), fitted.predict(new))
    if hasattr(fitted, "classes_"):
        np.testing.assert_array_equal(loaded.predict_proba(new), fitted.predict_proba(new))
        np.testing.assert_array_equal(loaded.classes_, fitted.classes_)
        assert loaded.classes_.dtype == fitted.classes_.dtype
    assert set(vars(loaded)) == set(vars(fitted))
    assert loaded.loss_curve_ == fitted.loss_curve_
    assert loaded.engine_ == fitted.engine_


def test_what_is_loaded_can_be_fitted_again_and_saved_again(tmp_path):
    fitted = FITS["classes"]()
    bp.save(fitted, tmp_path / "run")
    loaded = bp.load(tmp_path / "run")
    bp.save(loaded, tmp_path / "again")
    for name in ("model.json", "model.safetensors", "config.json", "history.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
    again = clone(loaded).fit(FRAME, np.where(TRUE > 2.5, "large", "small"))
    np.testing.assert_array_equal(again.predict_proba(NEW), fitted.predict_proba(NEW))


def test_a_folder_holds_no_pickle(tmp_path):
    bp.save(FITS["a quantity"](), tmp_path / "run")
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "model.json",
        "model.safetensors",
        "config.json",
        "history.json",
    }
    told = json.loads((tmp_path / "run" / "model.json").read_text())
    assert told["estimator"]["class"] == "RobustMLPRegressor"


def test_what_cannot_be_saved_is_told(tmp_path):
    with pytest.raises(NotFittedError):
        bp.save(RobustMLPClassifier(), tmp_path / "run")
    fitted = RobustMLPRegressor(**{**QUICK, "random_state": np.random.RandomState(0)}).fit(FRAME, TRUE)
    with pytest.raises(SettingError, match=r"random_state=.* cannot be written down: set_params"):
        bp.save(fitted, tmp_path / "run")
    bp.save(fitted.set_params(random_state=0), tmp_path / "run")
    with pytest.raises(SettingError, match="nor a robust estimator"):
        bp.save("nothing", tmp_path / "other")  # pyright: ignore


BROKEN = {
    "another class": lambda e: e.update({"class": "Pipeline"}),
    "no form": lambda e: e.pop("form"),
    "a form of other networks": lambda e: e["form"][1].update(hidden=["tuple", 9]),
    "a form of no kind": lambda e: e.update(form=["choice", {"engine": "numpy", "why": ""}]),
    "no temperature": lambda e: e.update(temperature=0.0),
    "no attributes": lambda e: e.update(attributes=[]),
    "an attribute that is something else": lambda e: e["attributes"].update(_table=["system", "true"]),
    "another table": lambda e: e["attributes"]["_table"][1]["table"].pop(),
    "no table": lambda e: e["attributes"].pop("_table"),
}


@pytest.mark.parametrize("breaking", BROKEN.values(), ids=BROKEN)
def test_damaged_folders_are_refused(tmp_path, breaking):
    bp.save(FITS["a quantity"](), tmp_path / "run")
    path = tmp_path / "run" / "model.json"
    told = json.loads(path.read_text())
    breaking(told["estimator"])
    path.write_text(json.dumps(told))
    with pytest.raises(RunError, match="damaged"):
        bp.load(tmp_path / "run")


VALUES = [
    None,
    True,
    3,
    2.5,
    float("inf"),
    float("-inf"),
    "text",
    (1, [2.0, ("a",)]),
    {1: "one", "two": [2]},
    np.float32(0.1),
    np.int64(2**62),
    np.str_("label"),
    np.float32,
    np.dtype("float64"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_as_they_were(value):
    again = from_plain(json.loads(json.dumps(to_plain(value), allow_nan=False)))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([0.1, np.nan, -np.inf], np.float32),
        np.array(["a", "longer"]),
        np.array(["a", 1, None, 2.5], object),
        np.zeros((0, 2), bool),
        np.array(7, np.uint8),
    ],
    ids=str,
)
def test_arrays_come_back_as_they_were(array):
    again = from_plain(json.loads(json.dumps(to_plain(array), allow_nan=False)))
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(again, array)


@pytest.mark.parametrize(
    "data",
    [
        {"a": 1},
        [],
        ["eval", "1"],
        ["array", "V8", [1], [0]],
        ["array", "<U99999999", [1], ["a"]],
        ["array", "<f8", [2], [1.0]],
        ["array", "<f8", [1], ["word"]],
        ["form", {"width": 3}],
        ["form", 3],
        ["type", "no type"],
    ],
    ids=str,
)
def test_other_data_are_refused(data):
    with pytest.raises(DataError, match="not what an estimator learned"):
        from_plain(data)


@pytest.mark.parametrize("value", [len, object(), 1j, slice(3)], ids=["function", "object", "complex", "slice"])
def test_what_is_not_plain_is_refused(value):
    with pytest.raises(TypeError, match="no plain data"):
        to_plain(value)
