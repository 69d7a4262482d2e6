import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.target import Target
from backpath.graph import RunError
from backpath.nets import Network
from backpath.training.loop.epochs import Epoch
from backpath.training.runs.run_folder import check_free, next_run_folder, read_config, read_run, write_run
from backpath.training.runs.saved_model import SavedModel

TABLE = Frame.of("test", {"x": ["1", "2", "4", "", "5", "7"], "c": list("ababab"), "y": list("uvwuvw")})


def model() -> SavedModel:
    features = Features.fit(TABLE.without(["y"]))
    network = Network([features.width, 5, 3], activation="tanh")
    return SavedModel(network, network.init(0), features, Target.fit(TABLE, "y"))


@pytest.fixture
def run(tmp_path) -> Path:
    folder = tmp_path / "deep" / "run"
    write_run(folder, model(), [Epoch(1, 0.5, 0.1)], {"source": "test"})
    return folder


def change(run: Path, **fields: object) -> None:
    path = run / "model.json"
    description = json.loads(path.read_bytes()) | fields
    path.write_text(json.dumps({name: value for name, value in description.items() if value is not None}))


def replace_parameters(run: Path, parameters: dict[str, np.ndarray]) -> None:
    data = save(parameters)
    (run / "model.safetensors").write_bytes(data)
    change(run, sha256=hashlib.sha256(data).hexdigest())


def test_a_run_is_read_as_it_was_written(run):
    ours, read = model(), read_run(run)
    assert read.network.to_json() == ours.network.to_json()
    assert (read.features, read.target) == (ours.features, ours.target)
    assert all((read.parameters[name] == array).all() for name, array in ours.parameters.items())
    assert read.predict(TABLE).tolist() == ours.predict(TABLE).tolist()
    assert sorted(os.listdir(run)) == ["config.json", "history.json", "model.json", "model.safetensors"]
    assert json.loads((run / "history.json").read_text()) == [{"number": 1, "loss": 0.5, "seconds": 0.1, "factor": 1.0}]
    assert os.listdir(run.parent) == ["run"]


def test_an_empty_folder_is_taken_and_a_full_one_refused(tmp_path, run):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "empty", model(), [], {})
    assert read_run(tmp_path / "empty")
    before = (run / "model.json").read_bytes()
    with pytest.raises(RunError, match="is not empty"):
        write_run(run, model(), [], {})
    assert (run / "model.json").read_bytes() == before


def test_an_error_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        write_run(tmp_path / "run", model(), [], {"rate": float("nan")})
    assert os.listdir(tmp_path) == []


def test_check_free_names_what_is_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="is no folder: give another place"):
        check_free(tmp_path / "file")
    with pytest.raises(RunError, match="file is no folder"):
        check_free(tmp_path / "file" / "run")
    check_free(tmp_path / "new" / "run")
    assert not (tmp_path / "new").exists()


def test_check_free_needs_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere, so modes would prove nothing
    with pytest.raises(RunError, match="no permission"):
        check_free(tmp_path / "run")


def test_next_run_folder_is_the_first_free_one(tmp_path):
    assert next_run_folder(tmp_path, "digits") == tmp_path / "digits-1"
    (tmp_path / "digits-1").mkdir()
    (tmp_path / "digits-3").mkdir()
    assert next_run_folder(tmp_path, "digits") == tmp_path / "digits-2"


def test_refuses_what_is_no_run(tmp_path):
    (tmp_path / "file").write_text("")
    for name, message in [("none", "does not exist"), ("file", "it is a file"), ("", "has no model.json")]:
        with pytest.raises(RunError, match=message):
            read_run(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_refuses_what_is_not_json(run, content):
    (run / "model.json").write_bytes(content)
    with pytest.raises(RunError, match="is damaged: it is not JSON"):
        read_run(run)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": None}, "no format number"),
        ({"format": "1"}, "no format number"),
        ({"format": 3}, "has format 3, and this backpath reads up to 2: install a newer one"),
        ({"network": None}, "it has no 'network'"),
        ({"network": 3}, "is damaged"),
        ({"network": {"sizes": [4, -5, 3], "activations": ["tanh"], "loss": "cross_entropy"}}, "is damaged"),
        ({"network": {"sizes": [4, 5, 3], "activations": ["bump"], "loss": "cross_entropy"}}, "is damaged.*bump"),
        ({"network": {"sizes": [9, 5, 3], "activations": ["tanh"], "loss": "cross_entropy"}}, "4 inputs and 3 outputs"),
        ({"network": {"sizes": [4, 5, 9], "activations": ["tanh"], "loss": "cross_entropy"}}, "4 inputs and 3 outputs"),
        ({"features": {}}, "not the description of features"),
        ({"features": []}, "not the description of features"),
        ({"target": {}}, "not the description of a target"),
        ({"target": "y"}, "not the description of a target"),
        ({"sha256": "0" * 64}, "checksum"),
        ({"sha256": 7}, "checksum"),
    ],
)
def test_refuses_a_changed_description(run, fields, message):
    change(run, **fields)
    with pytest.raises(RunError, match=message):
        read_run(run)


def test_refuses_json_that_is_no_object(run):
    (run / "model.json").write_text("[1]")
    with pytest.raises(RunError, match="no format number"):
        read_run(run)


def test_refuses_missing_and_damaged_parameters(run):
    path = run / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(RunError, match="its checksum is not the one"):
        read_run(run)
    path.unlink()
    with pytest.raises(RunError, match="is missing"):
        read_run(run)


def test_refuses_other_parameters(run):
    good = dict(model().parameters)
    wrong = [
        ({"W1": good["W1"]}, "holds W1; the network needs W1, b1, W2, b2"),
        ({**good, "b2": np.zeros(4, np.float32)}, r"b2 is float32 of shape \[4\]; .* floats of shape \[3\]"),
        ({**good, "b2": np.zeros(3, np.int64)}, "b2 is int64"),
    ]
    for parameters, message in wrong:
        replace_parameters(run, parameters)
        with pytest.raises(RunError, match=message):
            read_run(run)


def test_never_unpickles(run):
    import pickle

    data = pickle.dumps({"W1": 1})
    (run / "model.safetensors").write_bytes(data)
    change(run, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(RunError, match="is damaged"):
        read_run(run)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"\xff", b"[1]", b"{}", b'{"source": "t.csv"}'])
def test_refuses_a_damaged_configuration(run, content):
    (run / "config.json").write_bytes(content)
    with pytest.raises(RunError, match=r"config\.json (is damaged|cannot be read)"):
        read_config(run)
