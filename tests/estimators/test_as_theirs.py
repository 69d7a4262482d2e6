"""Our estimators beside scikit-learn's: the same attributes, warnings and errors after any calls."""

import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.graph import BackpathError
from backpath.sklearn import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
TARGETS = {
    "two": (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int),
    "words": np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)],
    "three": np.digitize(X[:, 0], [-0.5, 0.5]),
    "other three": np.digitize(X[:, 0], [-0.5, 0.5]) + 1,
    "one": np.ones(30, int),
    "one rare": np.arange(30) == 7,
    "column": (X[:, 0] > 0).astype(int)[:, None],
    "labels": (X[:, :2] > 0).astype(int),
    "quantity": X[:, 0] ** 2,
    "quantities": X[:, :2] ** 2,
}
OF_CLASSES = [name for name in TARGETS if not name.startswith("quant")]
OF_QUANTITIES = ["quantity", "quantities", "two", "column"]
ATTRIBUTES = (
    "n_iter_ t_ loss_ loss_curve_ best_loss_ validation_scores_ best_validation_score_ n_layers_ n_outputs_ "
    "out_activation_ classes_ n_features_in_ coefs_ intercepts_"
).split()

arguments = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(["sgd", "adam", "lbfgs"]),
        "hidden_layer_sizes": st.sampled_from([(), 3, (4,), (4, 2)]),
        "activation": st.sampled_from(["relu", "tanh", "logistic", "identity"]),
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "learning_rate_init": st.sampled_from([0.01, 0.1]),
        "momentum": st.sampled_from([0.0, 0.9]),
        "nesterovs_momentum": st.booleans(),
        "batch_size": st.sampled_from(["auto", 7, 64]),
        "shuffle": st.booleans(),
        "max_iter": st.integers(1, 7),
        "max_fun": st.sampled_from([3, 15000]),
        "n_iter_no_change": st.sampled_from([1, 2, np.inf]),
        "tol": st.sampled_from([0.0, 1e-3, 0.1, 1e9]),
        "alpha": st.sampled_from([0.0, 0.01]),
        "early_stopping": st.booleans(),
        "validation_fraction": st.sampled_from([0.03, 0.2, 0.5]),
        "warm_start": st.booleans(),
        "random_state": st.integers(0, 3),
        # We add it after the correction of the bias; a small one does not tell.
        "epsilon": st.just(1e-14),
    }
)
call = st.tuples(st.sampled_from(["fit", "fit", "partial_fit"]), st.integers(0, 9), st.booleans())
calls = st.lists(call, max_size=3)


def told(made, method, y, weights, classes):
    """What a call ends in: the kind of its error, or the kinds of its warnings."""
    extra = {"classes": classes} if classes is not None and method == "partial_fit" else {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            getattr(made, method)(X, y, sample_weight=weights, **extra)
        except (ValueError, AttributeError) as error:
            return error, None
    return None, sorted({w.category.__name__ for w in caught if issubclass(w.category, UserWarning)})


def attributes(made):
    found = {name: getattr(made, name, "no such") for name in ATTRIBUTES}
    return found | ({"predictions": made.predict(X)} if found["coefs_"] != "no such" else {})


def same(name, ours, their):
    if isinstance(their, list):
        assert len(ours) == len(their), name
        for our, one in zip(ours, their, strict=True):
            same(name, our, one)
    elif their is None or isinstance(their, str) or np.asarray(their).dtype.kind not in "fc":
        np.testing.assert_array_equal(ours, their, name)
    else:
        # Losses: the penalty of an epoch is that of its last weights, scikit-learn's a mean over its steps.
        tolerance = {"rtol": 2e-2, "atol": 1e-3} if "loss" in name else {"rtol": 1e-4, "atol": 1e-6}
        np.testing.assert_allclose(ours, their, **tolerance, err_msg=name)


@settings(max_examples=80, deadline=None)
@given(
    classifies=st.booleans(),
    arguments=arguments,
    first=st.sampled_from(range(8)),
    calls=calls,
    weighted=st.booleans(),
)
def test_any_calls_end_as_theirs(classifies, arguments, first, calls, weighted):
    compare(classifies, arguments, [("fit", first, True), *calls], weighted)


def compare(classifies, arguments, calls, weighted=False):
    """Make these calls of both, and compare after each, until one is refused by both."""
    names = OF_CLASSES if classifies else OF_QUANTITIES
    our, their = (MLPClassifier, theirs.MLPClassifier) if classifies else (MLPRegressor, theirs.MLPRegressor)
    if weighted or arguments["batch_size"] == 7:
        arguments = {**arguments, "alpha": 0.0}  # Theirs divides the penalty by what each batch weighs, ours by a mean.
    ours = our(**arguments, scale_features=False, **({} if classifies else {"scale_target": False}))
    theirs_ = their(**arguments)
    weights = np.tile([1.0, 2.0, 0.5], 10) if weighted else None
    for made, (method, which, again) in enumerate(calls):
        if method == "partial_fit" and arguments["early_stopping"]:
            method = "fit"  # Theirs refuses what ours can do.
        if method == "partial_fit" and arguments["solver"] == "lbfgs" and not classifies:
            return  # Theirs takes steps by Adam.
        if arguments["warm_start"] and arguments["early_stopping"] and made > 0:
            return  # Theirs goes on in the arrays that are its best, and so loses them.
        y = TARGETS[names[0 if again else which % len(names)]]
        if arguments["solver"] == "lbfgs" and not classifies and y.ndim == 2 and y.shape[1] > 1:
            return  # Theirs takes the gradient of a sum over outputs for that of their mean.
        classes = np.unique(y) if classifies and which % 2 else None
        (our_error, our_warnings), (their_error, their_warnings) = (
            told(one, method, y, weights, classes) for one in (ours, theirs_)
        )
        if our_error is None and their_error is not None:
            # A batch of partial_fit need not have every class, whatever fit is to do.
            assert method == "partial_fit", their_error
            assert arguments["warm_start"]
            return
        if our_error is not None:
            # Theirs lets another number of outputs through to NumPy's broadcasting.
            assert their_error is not None or "the estimator was fitted to" in str(our_error), our_error
            assert isinstance(our_error, BackpathError | AttributeError)
            assert isinstance(our_error, type(their_error or our_error))
            return
        assert our_warnings == their_warnings, (our_warnings, their_warnings)
        a, b = attributes(ours), attributes(theirs_)
        for name in b:
            same(name, a[name], b[name])


ODD = {
    "activation": ["relo", None, 3],
    "solver": ["sdg", None],
    "alpha": [-1.0, "0", None],
    "batch_size": [0, -3, 2.5, "all", None],
    "learning_rate": ["constantly", None],
    "learning_rate_init": [0.0, -1.0, "0.1"],
    "power_t": [-1.0, None],
    "max_iter": [0, 1.5, None],
    "shuffle": [2, "no", None],
    "random_state": [-1, "0", 1.5],
    "tol": [-1.0, None],
    "verbose": ["loud", None],
    "warm_start": [2, "yes", None],
    "momentum": [-0.1, 1.1, None],
    "nesterovs_momentum": [2, "yes", None],
    "early_stopping": [2, "yes", None],
    "validation_fraction": [-0.1, 1.0, None],
    "beta_1": [-0.1, 1.0, None],
    "beta_2": [-0.1, 1.0, None],
    "epsilon": [0.0, -1.0, None],
    "n_iter_no_change": [0, 1.5, None],
    "max_fun": [0, 1.5, None],
    "hidden_layer_sizes": [0, (3, -1), "many"],
}


def test_odd_values_are_of_all_arguments():
    assert ODD.keys() == theirs.MLPClassifier().get_params().keys()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ODD.items() for value in values])
def test_what_theirs_refuses_ours_refuses_by_name(name, value):
    with pytest.raises((ValueError, TypeError)):
        theirs.MLPClassifier(**{name: value}).fit(X, TARGETS["two"])
    with pytest.raises(BackpathError, match=name) as refused:
        MLPClassifier(**{name: value}).fit(X, TARGETS["two"])
    assert isinstance(refused.value, ValueError)
