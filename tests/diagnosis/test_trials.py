"""Trials are what fit gives; one that does not stay finite leaves the others as they are."""

import numpy as np

import backpath as bp
from backpath.diagnosis.subject import subject_of
from backpath.diagnosis.trials import Trials
from backpath.graph import NonFiniteError
from backpath.training.fit_many import fits_or_errors
from backpath.training.optimizers import sgd

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
Y = X @ [1.0, 2, 3]
MODEL = bp.Network([3, 5, 1], loss="squared_error")


def test_a_divergence_stands_in_its_own_place():
    optimizers = [sgd(0.01), sgd(1e12), sgd(0.02)]
    found = fits_or_errors(
        MODEL, X, Y, seeds=[0, 1, 2], optimizer=optimizers, init="auto", epochs=4, batch=16, engine="compiled"
    )
    assert isinstance(found[1], NonFiniteError)
    for k in (0, 2):
        fit = bp.fit(MODEL, X, Y, optimizer=optimizers[k], seed=k, epochs=4, batch=16, engine="compiled")
        assert all(np.array_equal(fit.parameters[n], found[k].parameters[n]) for n in fit.parameters)


def test_outcomes_are_kept_and_steps_counted():
    trials = Trials(None)
    s = subject_of(MODEL, X, Y, optimizer=sgd(0.01), epochs=3, batch=13)
    first = trials.run([s], (0, 1))
    assert trials.trainings == 2
    assert trials.spent == 2 * 3 * 3
    assert trials.run([s], (1, 0))[0] == first[0][::-1]
    assert trials.trainings == 2
    other = s.changed(optimizer=sgd(1e12))
    failed = trials.run([other], (0,))[0][0]
    assert failed.skill == 0
    assert "diverged" in failed.error


def test_the_same_model_is_one_program_whatever_its_data():
    trials = Trials(None)
    s = subject_of(MODEL, X, Y, epochs=2)
    same = s.changed(X=s.X * 2, model=bp.Network([3, 5, 1], loss="squared_error"))
    trials.run([s, same], (0,))
    assert len(trials.programs) == 1
