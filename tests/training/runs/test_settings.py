"""Settings from a run's configuration, which may be damaged or hostile."""

import json
from dataclasses import asdict

import pytest

from backpath.graph import RunError
from backpath.training.runs.settings import Settings

WRONG = {
    "seed": -1,
    "epochs": None,
    "layers": ["4"],
    "activation": "relu",
    "loss": 3,
    "rate": "fast",
    "find_rate": 1,
    "l2": "0",
    "batch": 0,
    "test": True,
    "task": ["classification"],
    "drop": [None],
    "stream": 1.5,
    "threads": -2,
    "engine": None,
}


def test_settings_are_read_as_they_were_written():
    for settings in (Settings(), Settings(rate=1, layers=(), task="regression", drop=("a",), threads=2)):
        assert Settings.from_json(json.loads(json.dumps(asdict(settings)))) == settings


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_setting_is_refused_by_name(name):
    with pytest.raises(RunError, match=f"configuration is damaged: its '{name}' is "):
        Settings.from_json({**asdict(Settings()), name: WRONG[name]})


def test_a_missing_one_is_named():
    with pytest.raises(RunError, match="lacks 'epochs'"):
        Settings.from_json({name: value for name, value in asdict(Settings()).items() if name != "epochs"})


def test_a_run_from_before_there_were_engines_has_settings():
    old = {name: value for name, value in asdict(Settings(seed=3)).items() if name != "engine"}
    assert Settings.from_json(old) == Settings(seed=3)
