"""Nothing is lost: trainings that are stopped anywhere end with the bits of those that were not."""

import hashlib
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time
from itertools import pairwise

import numpy as np
import pytest
from stopping import Stopping

import backpath as bp
from backpath.training.checkpoints.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from backpath.training.checkpoints.saver import Interrupted, Saver

RNG = np.random.default_rng(0)
X, CLASSES = RNG.standard_normal((50, 4)), RNG.integers(3, size=50)
NET = bp.Network([4, 6, 3], "tanh")
TRAININGS = {
    "momentum": {},
    "adam, averaged": {"optimizer": bp.optimizers.adam(1e-2), "average": bp.PolyakAverage(0.9)},
    "schedule": {"optimizer": bp.optimizers.lion(bp.schedules.warmup_cosine_decay(0.01, 3, 30))},
    "plateau": {"optimizer": bp.optimizers.sgd(2.0), "plateau": bp.ReduceOnPlateau(0.5, 1)},
    "float64": {"optimizer": bp.optimizers.adadelta(), "dtype": np.float64},
}


def same(a, b):
    assert all(np.array_equal(a.parameters[name], b.parameters[name]) for name in a.parameters)
    assert [(e.number, e.loss, e.factor) for e in a.history] == [(e.number, e.loss, e.factor) for e in b.history]


@pytest.mark.parametrize("name", TRAININGS)
@pytest.mark.parametrize("at", [1, 4, 5, 9, 23])
def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path, name, at):
    settings = {"epochs": 6, "batch": 13, "seed": 2, **TRAININGS[name]}
    path = tmp_path / "training.checkpoint"
    whole = bp.fit(NET, X, CLASSES, **settings)
    with pytest.raises(Interrupted, match=r"training\.checkpoint holds all of it"):
        bp.fit(NET, X, CLASSES, checkpoint=Stopping(path, at), **settings)
    told = []
    same(bp.fit(NET, X, CLASSES, checkpoint=path, on_epoch=told.append, **settings), whole)
    assert told[-1].number == 6
    same(bp.fit(NET, X, CLASSES, checkpoint=path, **settings), whole)


def test_a_rolled_back_epoch_is_resumed_too(tmp_path):
    inputs = np.random.default_rng(0).standard_normal((3000, 5))
    net = bp.Network([5, 1], loss="squared_error")
    settings = {"epochs": 2, "batch": 1, "optimizer": bp.optimizers.sgd(0.8)}
    whole = bp.fit(net, inputs, inputs[:, 0], **settings)
    assert whole.history[0].factor < 1
    for at in (100, 2500, 4000, 7000):
        path = tmp_path / f"{at}.checkpoint"
        with pytest.raises(Interrupted):
            bp.fit(net, inputs, inputs[:, 0], checkpoint=Stopping(path, at), **settings)
        same(bp.fit(net, inputs, inputs[:, 0], checkpoint=path, **settings), whole)


@pytest.mark.parametrize("plateau", [None, bp.ReduceOnPlateau(0.9, 4)], ids=["constant", "plateau"])
def test_a_training_that_goes_back_many_epochs_is_resumed_too(tmp_path, plateau):
    inputs = np.random.default_rng(0).standard_normal((64, 5))
    data = bp.Network([5, 1], loss="squared_error"), inputs, inputs[:, 0] + 0.3 * inputs[:, 1] ** 2
    numbers, settings = [], {"epochs": 30, "batch": 32, "optimizer": bp.optimizers.sgd(6.0), "plateau": plateau}
    whole = bp.fit(*data, on_epoch=lambda epoch: numbers.append(epoch.number), **settings)
    assert min(after - before for before, after in pairwise(numbers)) < -5
    # The loss has left its lowest again: training would go back far at its end, too.
    assert whole.history[-1].loss > 1e6
    for at in range(1, 3 * len(numbers), 8):
        path = tmp_path / f"{at}.checkpoint"
        with pytest.raises(Interrupted):
            bp.fit(*data, checkpoint=Stopping(path, at), **settings)
        same(bp.fit(*data, checkpoint=path, **settings), whole)


def test_more_epochs_go_on_from_a_finished_training(tmp_path):
    path = tmp_path / "c"
    bp.fit(NET, X, CLASSES, epochs=2, checkpoint=Saver(path, 0.0))
    same(bp.fit(NET, X, CLASSES, epochs=5, checkpoint=path), bp.fit(NET, X, CLASSES, epochs=5))


SCRIPT = """
    import sys
    import numpy as np
    import backpath as bp
    from backpath.training.checkpoints.saver import Saver

    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((600, 8, 8, 1)), rng.integers(3, size=600)
    net = bp.nets.Sequential(
        [
            bp.nets.RandomShift(1),
            bp.nets.Conv(4, 3),
            bp.nets.BatchNorm(),
            bp.nets.Activation("relu"),
            bp.nets.MaxPool(2),
            bp.nets.Flatten(),
            bp.nets.Dropout(0.1),
            bp.nets.Dense(3),
        ],
        inputs=(8, 8, 1),
    )
    path, out, epochs = sys.argv[1:]
    saver = None if path == "none" else Saver(path, every=0.03)
    adam = bp.optimizers.adam(1e-3)
    fitted = bp.fit(net, X, y, epochs=int(epochs), batch=20, optimizer=adam, threads=1, checkpoint=saver)
    np.savez(out, **fitted.parameters)
"""


def test_twenty_kills_at_random_moments_lose_nothing(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT))
    path, out = tmp_path / "training.checkpoint", tmp_path / "out.npz"
    random.seed(0)
    for _ in range(20):
        process = subprocess.Popen([sys.executable, script, path, out, "1000000"])
        before = path.stat().st_mtime_ns if path.exists() else 0
        while process.poll() is None and (not path.exists() or path.stat().st_mtime_ns == before):
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        read_checkpoint(path)
    epochs = str(len(read_checkpoint(path).facts["history"]) + 5)
    whole = tmp_path / "whole.npz"
    subprocess.run([sys.executable, script, path, out, epochs], check=True)
    subprocess.run([sys.executable, script, "none", whole, epochs], check=True)
    ours, theirs = np.load(out), np.load(whole)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs.files)


# What is no checkpoint of this training.


def sealed(payload):
    return b"backpath checkpoint 1 " + hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload


def written(tmp_path):
    path = tmp_path / "c"
    bp.fit(NET, X, CLASSES, epochs=1, checkpoint=Saver(path, 0.0))
    return path


def changed(data, arrays):
    """The same checkpoint with other arrays, and a right checksum."""
    from safetensors.numpy import load, save

    _, facts, rest = data.split(b"\n", 2)
    return sealed(facts + b"\n" + save({**load(rest), **arrays}))


DAMAGES = {
    "cut short": (lambda data: data[: len(data) // 2], "damaged: its checksum is wrong"),
    "cut in the first line": (lambda data: data[:30], "damaged: its checksum is wrong"),
    "one bit": (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "damaged: its checksum is wrong"),
    "a fact": (lambda data: data.replace(b'"steps": 2', b'"steps": 3'), "damaged: its checksum is wrong"),
    "a pickle": (lambda data: pickle.dumps({"weights": [1.0]}), "is no checkpoint of backpath"),
    "newer": (lambda data: data.replace(b"checkpoint 1", b"checkpoint 9", 1), "has format 9.*install a newer one"),
    "a huge header": (lambda data: sealed(b"{}\n" + (2**62).to_bytes(8, "little") + b"{}"), "is damaged"),
    "no arrays": (lambda data: sealed(b"{}\n"), "is damaged"),
    "no facts": (lambda data: sealed(b"[1]\n" + data.split(b"\n", 2)[2]), "is damaged"),
    "deep facts": (lambda data: sealed(b"[" * 100_000 + b"\n"), "is damaged"),
    "another size": (lambda data: changed(data, {"parameters": np.zeros(3, np.float32)}), "'parameters' does not fit"),
    "another type": (lambda data: changed(data, {"losses": np.zeros(2, np.int8)}), "'losses' does not fit"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_and_hostile_checkpoints_are_refused(tmp_path, damage):
    change, message = DAMAGES[damage]
    path = written(tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(bp.RunError, match=message):
        bp.fit(NET, X, CLASSES, epochs=2, checkpoint=path)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 1}, "seed and initial parameters"),
        ({"batch": 16}, "batch"),
        ({"optimizer": bp.optimizers.sgd(0.1)}, "optimizer"),
        ({"dtype": np.float64}, "initial parameters"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, other, named):
    path = written(tmp_path)
    with pytest.raises(bp.RunError, match=f"of another training: {named}"):
        bp.fit(NET, X, CLASSES, epochs=2, checkpoint=path, **other)
    with pytest.raises(bp.RunError, match="data differ"):
        bp.fit(NET, 2 * X, CLASSES, epochs=2, checkpoint=path)


def test_facts_that_do_not_fit_are_refused(tmp_path):
    path = written(tmp_path)
    found = read_checkpoint(path)
    epoch, start = found.facts["history"][0], found.facts["start"]
    damages = [{"step": 99}, {"history": 3}, {"start": {"random": "x"}}, {"factor": "x"}, {"random": 3}]
    damages += [{name: float("inf")} for name in ("step", "steps", "rollbacks", "spent", "factor")]
    damages += [{"history": [{**epoch, name: value}]} for name, value in {"loss": np.inf, "seconds": "1"}.items()]
    damages += [{"start": {**start, name: value}} for name, value in {"epochs": 2, "steps": np.inf}.items()]
    for facts in damages:
        write_checkpoint(path, Checkpoint(found.arrays, {**found.facts, **facts}))
        with pytest.raises(bp.RunError, match="damaged"):
            bp.fit(NET, X, CLASSES, epochs=2, checkpoint=path)


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    path = written(tmp_path)
    good = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match="no checkpoint could be written.*No space left on device.*training goes on"):
        fitted = bp.fit(NET, X, CLASSES, epochs=4, checkpoint=Saver(path, 0.0))
    monkeypatch.undo()
    assert len(fitted.history) == 4
    assert path.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_an_empty_file_holds_a_place(tmp_path):
    path = tmp_path / "c"
    path.touch()
    bp.fit(NET, X, CLASSES, epochs=1, checkpoint=Saver(path, 0.0))
    assert json.loads(path.read_bytes().split(b"\n", 2)[1])["history"][0]["number"] == 1
    path.write_bytes(b"")
    with pytest.raises(bp.RunError, match="stopped before its first checkpoint"):
        read_checkpoint(path)
