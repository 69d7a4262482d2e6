"""Training on Parquet files that stay on disk: every row once an epoch, the same steps, the same bits after a stop."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from stopping import Stopping

import backpath as bp
from backpath.data import parts as data_module
from backpath.data.parts import PARTS, DiskData
from backpath.data.reading import parquet as parquet_module
from backpath.data.reading.parquet import ParquetSource
from backpath.graph import DataError, RunError
from backpath.training.checkpoints.saver import Interrupted, Saver
from backpath.training.loop import streaming
from backpath.training.loop.streaming import Streamed
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.settings import Settings

ROWS = 1000


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "t.parquet")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A MiB is 1,000 bytes, so that the buffer is refilled often; few rows are decoded together."""
    monkeypatch.setattr(streaming, "MEBIBYTE", 1000)
    monkeypatch.setattr(parquet_module, "DECODED", 37)


def columns(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2))
    kind = rng.choice(["a", "b"], rows)
    way = np.where(x[:, 0] + (kind == "a") > 0, "up", "down")
    return {"id": np.arange(rows), "x": x[:, 0], "z": x[:, 1], "kind": kind, "way": way, "value": x @ [2.0, -1] + 7}


def write(path, rows=ROWS, group=150, **changed):
    parquet.write_table(pa.table(columns(rows) | changed), path, row_group_size=group)
    return path


def prepared(path, target="way", **settings):
    s = Settings(**{"epochs": 3, "layers": (6,), "batch": 16, "stream": 1, "drop": ("id",), **settings})
    return Experiment.prepare(ParquetSource(path), target, s)


def test_parts_share_no_row_and_miss_none(path):
    data = DiskData(ParquetSource(path), 0.2, 0.1, 0)
    ids = {part: np.concatenate([t["id"][rows] for t, rows in data.frames(part)]) for part in PARTS}
    assert {part: len(found) for part, found in ids.items()} == data.sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(list(ids.values()))), np.arange(ROWS))
    assert 0.15 < data.sizes["test"] / ROWS < 0.25
    assert 0.06 < data.sizes["validation"] / ROWS < 0.14


class Recording:
    """What stands in for what makes steps, and notes their rows."""

    def __init__(self):
        self.seen = []

    def __call__(self, X, y, batch, weights):
        return lambda steps: self.seen.extend((X.take(rows, float), y[rows]) for rows in steps)


def epochs(path, batch, count=2, **settings):
    e = prepared(path, drop=(), batch=batch, **settings)
    record = Recording()
    streamed = Streamed(e.data, e.features, e.target, e.settings.stream)
    feed = streamed.feed(e.network, record, batch, True)
    rng = np.random.default_rng(0)
    for _ in range(count):
        record.seen.clear()
        feed.shuffle(rng)
        for make, rows in feed.stretches(0, feed.steps):
            make(rows)
        yield feed, [x.copy() for x, _ in record.seen], e


@pytest.mark.parametrize(("batch", "stream"), [(16, 1), (7, 3), (64, 1), (5000, 1), (10, 1000)])
def test_each_epoch_takes_every_training_row_once_in_a_new_order(path, batch, stream):
    orders = []
    for feed, seen, e in epochs(path, batch, stream=stream):
        X = np.concatenate(seen)
        expected = np.concatenate([e.features.transform(t, rows) for t, rows in e.data.frames("train")])
        assert [len(x) for x in seen][:-1] == [batch] * (feed.steps - 1)
        np.testing.assert_allclose(X[np.argsort(X[:, 0])], expected[np.argsort(expected[:, 0])], rtol=1e-6)
        assert feed.X.nbytes <= max(1000 * stream, feed.X.shape[1] * 4 * batch)
        assert feed.weights.sum() == pytest.approx(1)
        orders.append(X[:, 0].tolist())
    assert orders[0] != orders[1]


def test_rows_of_different_groups_meet_in_a_batch(path):
    _, seen, e = next(epochs(path, 16, stream=12))
    mean, scale = e.features.columns[0].mean, e.features.columns[0].scale
    groups = [{int(np.round(i * scale + mean)) // 150 for i in x[:, 0]} for x in seen]
    assert np.mean([len(g) > 1 for g in groups]) > 0.8


def test_its_steps_are_those_of_the_rows_it_took(path):
    e = prepared(path, "value", drop=("id", "way"))
    record = Recording()
    feed = Streamed(e.data, e.features, e.target, 1).feed(e.network, record, 16, True)
    rng = np.random.default_rng([0, 1])
    p = {name: value.astype(float) for name, value in e.network.init(0).items()}
    rate = 0.05
    for _ in range(2):
        feed.shuffle(rng)
        for make, rows in feed.stretches(0, feed.steps):
            make(rows)
    for X, y in record.seen:
        g = bp.grad(e.network.loss_value)(p, X, y.astype(float))
        p = {name: p[name] - rate * g[name] for name in p}
    trained = prepared(path, "value", drop=("id", "way"), epochs=2, momentum=0, rate=rate).train()
    for name, value in trained.parameters.items():
        np.testing.assert_allclose(value, p[name], rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("at", [1, 3, 4, 30, 49, 50, 51, 120])
def test_a_stopped_training_goes_on_to_the_same_bits(path, tmp_path, at):
    whole = prepared(path).train()
    place = tmp_path / "c"
    with pytest.raises(Interrupted):
        prepared(path).train(saver=Stopping(place, at))
    again = prepared(path).train(saver=Saver(place))
    for name, value in whole.parameters.items():
        np.testing.assert_array_equal(again.parameters[name], value)


def test_a_file_that_changed_is_another_training(path, tmp_path):
    with pytest.raises(Interrupted):
        prepared(path).train(saver=Stopping(tmp_path / "c", 20))
    write(path, z=np.random.default_rng(5).normal(size=ROWS))
    with pytest.raises(RunError, match="data differ"):
        prepared(path).train(saver=Saver(tmp_path / "c"))


def test_it_learns_classes_and_quantities_from_several_files(tmp_path):
    for k in range(3):
        parquet.write_table(pa.table(columns(seed=k)), tmp_path / f"{k}.parquet", row_group_size=400)
    e = prepared(tmp_path, epochs=15, drop=("id", "value"))
    assert e.tallies(e.model(e.train()))["test"].scores()["accuracy"] > 0.95
    e = prepared(tmp_path, "value", epochs=15, drop=("id", "way"))
    assert e.tallies(e.model(e.train()))["test"].scores()["r2"] > 0.95


def test_classes_that_no_sampled_row_has_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(data_module, "SAMPLE", 100)
    way = columns()["way"].astype(object)
    way[777] = "sideways"
    e = prepared(write(tmp_path / "t.parquet", way=way))
    assert e.target.classes == ("down", "sideways", "up")
    assert e.network.sizes[-1] == 3
    assert len(e.data.learning[0]) < 200


def test_cells_that_cannot_be_a_target_are_named_before_training(tmp_path):
    way, value, counts = columns()["way"].astype(object), columns()["value"], np.arange(ROWS) % 90
    way[777], value[778], counts[779] = None, np.nan, -2
    with pytest.raises(DataError, match="'way' has no value at row 778"):
        prepared(write(tmp_path / "t.parquet", way=way))
    with pytest.raises(DataError, match="'value' has no value at row 779"):
        prepared(write(tmp_path / "t.parquet", value=value), "value")
    with pytest.raises(DataError, match=r"row 780.* is -2; the poisson loss"):
        prepared(write(tmp_path / "t.parquet", count=counts), "count", loss="poisson")


def test_what_cannot_be_streamed_is_refused(tmp_path, path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    for source, message in [
        (tmp_path / "t.csv", "cannot be streamed"),
        (tmp_path / "none.parquet", "no file"),
        (write(tmp_path / "empty.parquet", 0), "has no rows"),
    ]:
        with pytest.raises(DataError, match=message):
            ParquetSource(source)
    with pytest.raises(DataError, match="no column 'wya': did you mean 'way'"):
        prepared(path, "wya")
    with pytest.raises(DataError, match="their sum must be < 1"):
        prepared(path, test=0.7, validation=0.3)
    parquet.write_table(pa.table({"other": [1]}), tmp_path / "z.parquet")
    with pytest.raises(DataError, match="do not have the same columns"):
        ParquetSource(tmp_path)
