import numpy as np
import pytest

from backpath.data.frame import Frame
from backpath.data.reading.named import load_named
from backpath.graph import BackpathError, DataError
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

QUICK = {"epochs": 5, "layers": (8,)}


def table(seed: int = 0, rows: int = 60) -> Frame:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(rows)
    kinds = rng.choice(["a", "b"], rows)
    counts = rng.poisson(np.exp(0.3 * x))
    value = 3 * x + (kinds == "a") + 10
    columns = [x, kinds, counts, value, np.where(x > 0, "up", "down")]
    names = ("x", "kind", "count", "value", "way")
    return Frame.of("test", {name: [str(cell) for cell in c] for name, c in zip(names, columns, strict=True)})


def scores_of(experiment: Experiment) -> dict:
    tallies = experiment.tallies(experiment.model(experiment.train()))
    return {part: tally.scores() for part, tally in tallies.items()}


def run(target: str, **settings) -> tuple[Experiment, dict]:
    experiment = Experiment.prepare(table(), target, Settings(**(QUICK | settings)))
    return experiment, scores_of(experiment)


@pytest.mark.parametrize("loss", ["cross_entropy", "sigmoid_cross_entropy", "hinge"])
def test_two_classes_with_each_loss(loss):
    experiment, scores = run("way", loss=loss, epochs=30)
    assert experiment.network.sizes[-1] == (2 if loss == "cross_entropy" else 1)
    assert scores["test"]["accuracy"] > 0.8
    model = experiment.model(experiment.train())
    p = model.probabilities(experiment.data.frame)
    assert (None if p is None else p.shape) == (None if loss == "hinge" else (60, 2))


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_quantities_are_scored_in_their_own_units(loss):
    experiment, scores = run("value", loss=loss, epochs=60, drop=("count", "way"))
    assert scores["test"]["r2"] > 0.9
    predicted = experiment.model(experiment.train()).predict(experiment.data.frame)
    assert abs(predicted.mean() - 10) < 2


def test_counts_keep_their_scale_and_refuse_negative_ones():
    experiment, scores = run("count", loss="poisson", rate=0.01)
    assert (experiment.target.mean, experiment.target.deviation) == (0.0, 1.0)
    assert np.isfinite(scores["test"]["rmse"])
    with pytest.raises(DataError, match=r"'x' is -.*counts, which are not negative"):
        run("x", loss="poisson")


def test_the_loss_tells_the_task_and_must_not_contradict_it():
    assert run("count", loss="huber")[0].target.task == "regression"
    with pytest.raises(DataError, match="hinge is for classification, and the task is regression"):
        run("count", loss="hinge", task="regression")
    with pytest.raises(DataError, match="no loss is called 'cosine'"):
        run("count", loss="cosine")


def test_settings_that_make_no_network():
    with pytest.raises(BackpathError, match="3 activations were given for 1 hidden layers"):
        run("way", activation=("relu", "tanh", "relu"))
    with pytest.raises(DataError, match="is the target"):
        run("way", drop=("way",))
    with pytest.raises(DataError, match="no column 'wy'"):
        run("wy")


def test_nothing_but_training_rows_is_learned_from():
    data = table()
    before = Experiment.prepare(data, "value", Settings(**QUICK))
    columns = {name: np.array(data[name].to_list(), object) for name in data.names}
    columns["x"][before.data.parts.test] = "1000"
    columns["value"][before.data.parts.validation] = "-1000"
    after = Experiment.prepare(Frame.of("test", columns), "value", Settings(**QUICK))
    assert after.data.parts.train.tolist() == before.data.parts.train.tolist()
    assert (after.features, after.target) == (before.features, before.target)
    assert all(
        (a == b).all()
        for a, b in zip(after.train().parameters.values(), before.train().parameters.values(), strict=True)
    )


def test_the_gradient_of_a_named_data_set_passes_its_check():
    experiment = Experiment.prepare(*load_named("iris"), Settings(**QUICK))
    assert experiment.check_gradient().ok
