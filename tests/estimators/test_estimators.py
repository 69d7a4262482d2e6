"""The estimators against scikit-learn's of the same names, and what they do beyond them."""

import inspect
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.neural_network as theirs
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backpath as bp
from backpath.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS, DIGIT = (array[:400] for array in load_digits(return_X_y=True))
IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESSION = (array[:400] for array in load_diabetes(return_X_y=True))
LABELLED, LABELS = make_multilabel_classification(200, 10, n_classes=4, random_state=0)
PLAIN = {"scale_features": False}
CLASSES_OF = {
    make: {"classes": np.arange(3)} if "Classifier" in make.__name__ else {} for make in (MLPClassifier, MLPRegressor)
}
PAIRS = [(theirs.MLPClassifier, MLPClassifier), (theirs.MLPRegressor, MLPRegressor)]


@pytest.mark.parametrize(("their", "our"), PAIRS)
def test_takes_all_arguments_with_the_same_defaults(their, our):
    ours = inspect.signature(our).parameters
    for name, parameter in inspect.signature(their).parameters.items():
        assert ours[name].default == parameter.default, name
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            assert ours[name].kind is parameter.kind


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
@pytest.mark.parametrize(("their", "our", "y"), [(*PAIRS[0], SPECIES), (*PAIRS[1], IRIS[:, 0])])
def test_has_all_attributes(their, our, y, solver, early):
    arguments = {"solver": solver, "max_iter": 20, "random_state": 0, "early_stopping": early}
    a, b = their(**arguments).fit(IRIS, y), our(**arguments).fit(IRIS, y)
    for name, value in vars(a).items():
        if name.endswith("_") and not name.startswith("_"):
            kind = "list" if isinstance(value, list) else np.shape(value)
            assert kind == ("list" if isinstance(ours := getattr(b, name), list) else np.shape(ours)), name
    assert a.out_activation_ == b.out_activation_


SGD = {"solver": "sgd", "learning_rate_init": 0.01, "max_iter": 12, "batch_size": 50, "random_state": 3}
SAME = [
    SGD,
    {**SGD, "nesterovs_momentum": False, "activation": "tanh", "hidden_layer_sizes": (12, 7)},
    {**SGD, "learning_rate": "invscaling", "learning_rate_init": 0.5, "activation": "logistic"},
    {**SGD, "momentum": 0.0, "shuffle": False, "alpha": 0.1},
    {**SGD, "hidden_layer_sizes": (), "tol": 0.1, "n_iter_no_change": 2},
    {"solver": "lbfgs", "max_iter": 15, "random_state": 1, "hidden_layer_sizes": (9,)},
]


@pytest.mark.parametrize("arguments", SAME, ids=range(len(SAME)))
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_seed_makes_the_same_steps_as_scikit_learn(arguments, weighted):
    weights = None
    if weighted:
        weights = np.tile([1.0, 2.0], 200)
        arguments = {**arguments, "shuffle": False, "alpha": 0.0 if arguments["solver"] == "sgd" else 0.1}
    a = theirs.MLPClassifier(**arguments).fit(DIGITS, DIGIT, weights)
    b = MLPClassifier(**arguments, **PLAIN).fit(DIGITS, DIGIT, weights)
    for ours, their in zip(b.coefs_ + b.intercepts_, a.coefs_ + a.intercepts_, strict=True):
        np.testing.assert_allclose(ours, their, rtol=1e-7, atol=1e-9)
    assert b.n_iter_ == a.n_iter_
    assert b.t_ == a.t_
    assert b.loss_ == pytest.approx(a.loss_, rel=1e-3)
    np.testing.assert_allclose(b.predict_proba(DIGITS), a.predict_proba(DIGITS), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("y", [PROGRESSION, np.stack([PROGRESSION, DIABETES[:, 0] + 1], axis=1)], ids=["one", "two"])
def test_a_regressor_makes_the_same_steps(loss, y):
    arguments = {**SGD, "loss": loss, "learning_rate_init": 1e-4}
    a = theirs.MLPRegressor(**arguments).fit(DIABETES, y)
    b = MLPRegressor(**arguments, **PLAIN, scale_target=False).fit(DIABETES, y)
    for ours, their in zip(b.coefs_ + b.intercepts_, a.coefs_ + a.intercepts_, strict=True):
        np.testing.assert_allclose(ours, their, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(b.predict(DIABETES), a.predict(DIABETES), rtol=1e-6)
    if y.ndim == 1:
        assert b.loss_ == pytest.approx(a.loss_, rel=1e-5)


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
def test_both_engines_make_the_same_steps(make):
    arguments = {"max_iter": 5, "random_state": 0, "dtype": "float64"}
    a, b, c = (make(**arguments, engine=engine).fit(IRIS, SPECIES) for engine in ("numpy", "compiled", "auto"))
    assert [e.engine_.engine for e in (a, b)] == ["numpy", "compiled"]
    assert [e.engine_.why for e in (a, b)] == ["as asked for"] * 2
    assert c.engine_.engine == "numpy"
    assert "steps are too few for a start" in c.engine_.why
    for name, value in a.parameters_.items():
        # Adam divides by a gradient's own size: where one nearly cancels, sums in another order show in more digits.
        np.testing.assert_allclose(b.parameters_[name], value, rtol=1e-9, atol=1e-10)
        np.testing.assert_array_equal(c.parameters_[name], value)
    assert (
        make(engine="compiled", max_iter=5).partial_fit(IRIS, SPECIES, **CLASSES_OF[make]).engine_.engine == "compiled"
    )


def test_many_steps_are_compiled():
    b = MLPClassifier(hidden_layer_sizes=(300,), max_iter=10**6, tol=1e9, n_iter_no_change=1, random_state=0)
    assert b.fit(IRIS, SPECIES).engine_.engine == "compiled"
    assert b.n_iter_ < 10


def test_partial_fit_makes_the_same_steps():
    a, b = theirs.MLPClassifier(**SGD), MLPClassifier(**SGD, **PLAIN)
    for part in (slice(0, 200), slice(200, 400), slice(0, 200)):
        a.partial_fit(DIGITS[part], DIGIT[part], classes=np.arange(10))
        b.partial_fit(DIGITS[part], DIGIT[part], classes=np.arange(10))
        np.testing.assert_allclose(b.coefs_[0], a.coefs_[0], rtol=1e-8, atol=1e-10)
    assert b.t_ == a.t_ == 600


@pytest.mark.parametrize("scaling", [True, "minmax", False])
def test_coefficients_act_on_features_as_given(scaling):
    scales = np.geomspace(1e-3, 1e3, 4)
    b = MLPRegressor(max_iter=30, random_state=0, scale_features=scaling, activation="tanh").fit(
        IRIS * scales + 5, IRIS[:, 0]
    )
    h = np.tanh((IRIS * scales + 5) @ b.coefs_[0] + b.intercepts_[0])
    np.testing.assert_allclose((h @ b.coefs_[1] + b.intercepts_[1])[:, 0], b.predict(IRIS * scales + 5), rtol=1e-6)


@pytest.mark.parametrize("scaling", [True, "minmax", "robust", "whiten", False])
def test_features_of_any_scale(scaling):
    rng = np.random.default_rng(0)
    b = MLPClassifier(random_state=0, max_iter=300, scale_features=scaling)
    scaled = cross_val_score(b, IRIS * 10 ** rng.uniform(0, 6, 4), SPECIES).mean()
    assert bool(scaled > 0.93) is bool(scaling)


def test_sparse_is_dense():
    X = sparse.csr_matrix(DIGITS)
    a, b = (MLPClassifier(random_state=0, max_iter=10).fit(x, DIGIT) for x in (DIGITS, X))
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(a.predict_proba(DIGITS), b.predict_proba(X), rtol=1e-6, atol=1e-9)
    for scaling in ("robust", "whiten"):
        with pytest.raises(ValueError, match="would fill a sparse array"):
            MLPClassifier(scale_features=scaling).fit(X, DIGIT)


def test_several_labels():
    a = theirs.MLPClassifier(**{**SGD, "max_iter": 60}).fit(LABELLED, LABELS)
    b = MLPClassifier(**{**SGD, "max_iter": 60}, **PLAIN).fit(LABELLED, LABELS)
    np.testing.assert_allclose(b.predict_proba(LABELLED), a.predict_proba(LABELLED), rtol=1e-6, atol=1e-9)
    assert np.array_equal(b.predict(LABELLED), a.predict(LABELLED))
    assert np.array_equal(b.classes_, a.classes_)
    assert sparse.issparse(clone(b).fit(LABELLED, sparse.csr_matrix(LABELS)).predict(LABELLED))


def test_class_weights_are_sample_weights():
    weights = {0: 1.0, 1: 3.0, 2: 0.5}
    options = {"random_state": 0, "max_iter": 20}
    a = MLPClassifier(**options, class_weight=weights).fit(IRIS, SPECIES)
    b = MLPClassifier(**options).fit(IRIS, SPECIES, [weights[y] for y in SPECIES])
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0])
    rare = np.r_[0:50, 50:60]
    balanced = MLPClassifier(**options, class_weight="balanced").fit(IRIS[rare], SPECIES[rare])
    weighted = MLPClassifier(**options).fit(IRIS[rare], SPECIES[rare], np.repeat([0.6, 3.0], [50, 10]))
    np.testing.assert_allclose(balanced.coefs_[0], weighted.coefs_[0])
    with pytest.raises(ValueError, match="all examples at once"):
        balanced.partial_fit(IRIS, SPECIES)


def test_warm_start_goes_on():
    b = MLPClassifier(random_state=0, max_iter=5, warm_start=True).fit(IRIS, SPECIES)
    first = b.loss_
    assert b.fit(IRIS, SPECIES).loss_ < first
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same classes"):
        b.fit(IRIS, SPECIES + 1)


def test_early_stopping_returns_to_the_best_epoch():
    b = MLPClassifier(random_state=0, early_stopping=True, n_iter_no_change=5, max_iter=500).fit(DIGITS, DIGIT)
    assert b.n_iter_ < 500
    assert len(b.validation_loss_curve_) == len(b.validation_scores_) == len(b.loss_curve_) == b.n_iter_
    assert b.best_validation_score_ == max(b.validation_scores_)
    held = DIGITS[300:], DIGIT[300:]
    given = MLPClassifier(random_state=0, max_iter=40).fit(DIGITS[:300], DIGIT[:300], validation=held)
    assert given.score(*held) == given.best_validation_score_


def test_early_stopping_in_partial_fit_ends_at_the_best():
    b = MLPRegressor(random_state=0, early_stopping=True, n_iter_no_change=3, learning_rate_init=0.01)
    held = (DIABETES[300:], PROGRESSION[300:])
    for _ in range(200):
        b.partial_fit(DIABETES[:300], PROGRESSION[:300], validation=held)
    assert len(b.validation_scores_) < 200
    assert b.score(*held) == pytest.approx(max(b.validation_scores_))
    before = b.coefs_[0]
    b.partial_fit(DIABETES[:300], PROGRESSION[:300], validation=held)
    assert np.array_equal(b.coefs_[0], before)


def squares(scores, targets):
    return np.sum(np.square(scores - targets), axis=-1)


@pytest.mark.parametrize(
    "options",
    [
        {"norm": "batch", "dropout": 0.2},
        {"norm": "layer"},
        {"activation": ["mish", "tanh"], "hidden_layer_sizes": [20, 10]},
        {"learning_rate": "one_cycle", "learning_rate_init": 0.01},
        {"solver": "lion", "learning_rate_init": 1e-3},
        {"solver": "newton-cg", "max_iter": 20},
        {"init": "orthogonal", "clip": 1.0, "dtype": "float32"},
        {"loss": "hinge"},
        {"loss": squares},
    ],
    ids=lambda options: ", ".join(options),
)
def test_more_than_scikit_learn_has(options):
    b = MLPClassifier(**{"random_state": 0, "max_iter": 200, **options}).fit(DIGITS, DIGIT)
    assert b.score(DIGITS, DIGIT) > 0.97
    assert b.network_.predict(b.parameters_, np.zeros((1, 64))).shape == (1,)
    assert hasattr(b, "predict_proba") is ("loss" not in options)


def test_frames_pipelines_searches_and_pickles():
    for frame in (pd.DataFrame(IRIS, columns=list("abcd")), pl.DataFrame(IRIS, schema=list("abcd"))):
        b = MLPClassifier(random_state=0, max_iter=200).fit(frame, SPECIES)
        assert list(b.feature_names_in_) == list("abcd")
        assert b.score(frame, SPECIES) > 0.9
    names = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
    pipeline = make_pipeline(
        StandardScaler().set_output(transform="pandas"), MLPClassifier(max_iter=200, random_state=0)
    )
    search = GridSearchCV(pipeline, {"mlpclassifier__hidden_layer_sizes": [(10,), (20, 10)]}, cv=2).fit(IRIS, names)
    assert search.best_score_ > 0.8
    b = MLPClassifier(random_state=0, max_iter=20).fit(IRIS, names)
    again = pickle.loads(pickle.dumps(b))
    assert np.array_equal(again.predict_proba(IRIS), b.predict_proba(IRIS))
    assert np.array_equal(again.partial_fit(IRIS, names).coefs_[0], b.partial_fit(IRIS, names).coefs_[0])


def test_explains_what_it_learned():
    b = MLPClassifier(random_state=0, max_iter=20).fit(IRIS, SPECIES)
    explanation = bp.explain(b.network_.loss_value, (b.parameters_, IRIS[:4], SPECIES[:4]))
    gradient = b.network_.backprop(b.parameters_, IRIS[:4], SPECIES[:4])
    np.testing.assert_allclose(explanation.gradient["parameters.W1"], gradient["W1"])


def test_a_loss_that_is_not_finite_halves_the_steps_and_says_so():
    X = np.tile(IRIS, (20, 1))
    linear = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0, "batch_size": 1, "random_state": 0}
    with pytest.warns(
        ConvergenceWarning, match="in iteration 1: training went on from iteration 1 with step sizes times 0.5"
    ):
        b = MLPRegressor(**linear, learning_rate_init=0.53).fit(X, X[:, 0])
    assert b.score(X, X[:, 0]) > 0.999
    with pytest.raises(ValueError, match=r"is the first node that is not finite, with step sizes already halved 3"):
        MLPRegressor(**linear, learning_rate_init=10).fit(X, X[:, 0])


def test_iterations_that_are_undone_leave_the_curve():
    X = np.random.default_rng(0).standard_normal((64, 5))
    b = MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0,
        learning_rate_init=6.0,
        batch_size=64,
        tol=0,
        alpha=0,
        random_state=0,
        max_iter=400,
        n_iter_no_change=np.inf,
        scale_features=False,
        scale_target=False,
        dtype="float32",
    )
    with pytest.warns(ConvergenceWarning, match="training went on from iteration 2 with step sizes times"):
        b.fit(X, X[:, 0])
    assert len(b.loss_curve_) == b.n_iter_ == 400
    assert b.t_ == 400 * 64
    assert b.loss_curve_[-1] < 1e-10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"solver": "adamax"}, "solver='adamax': it is one of sgd"),
        ({"activation": "relo"}, "activation='relo'"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"alpha": -1}, "alpha=-1: it must be a number from 0 on"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"learning_rate": "cosin"}, "learning_rate='cosin'"),
        ({"learning_rate_init": 0.0}, "a number above 0"),
        ({"engine": "abacus"}, "engine='abacus': it is one of auto, numpy, compiled, xla"),
        ({"norm": "group"}, "norm='group'"),
        ({"dropout": 1.5}, "dropout=1.5: it must be numbers from 0"),
        ({"dropout": "some"}, "dropout='some'"),
        ({"activation": None}, "activation=None: it is one of"),
        ({"clip": "1"}, "clip='1'"),
        ({"clip": -1.0}, "clip=-1.0: it must be None, or a number above 0"),
        ({"dtype": "int32"}, "dtype='int32': it must be None, float32 or float64"),
        ({"dtype": "floaty"}, "dtype='floaty'"),
        ({"init": "randn"}, "no initializer"),
        ({"scale_features": "log"}, "no feature scaling"),
        ({"loss": "deviance"}, "loss='deviance'"),
    ],
)
def test_refuses_arguments_that_it_does_not_know(arguments, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**arguments).fit(IRIS, SPECIES)


@pytest.mark.parametrize("validation", [IRIS, (IRIS,), "iris"], ids=["array", "one", "text"])
def test_a_validation_part_is_a_pair(validation):
    with pytest.raises(ValueError, match=r"validation must be a pair: \(X, y\)"):
        MLPClassifier().fit(IRIS, SPECIES, validation=validation)
