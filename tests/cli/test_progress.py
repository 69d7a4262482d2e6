import json

import pytest

from backpath.cli import progress as progress_module
from backpath.cli.progress import curve, progress
from backpath.training.loop.epochs import Epoch


def tell(epochs: int, **options: bool) -> None:
    with progress(epochs, as_json=options.get("as_json", False), quiet=options.get("quiet", False)) as on_epoch:
        for number in range(1, epochs + 1):
            on_epoch(Epoch(number, 1 / number, 0.1))


@pytest.mark.parametrize(("epochs", "lines"), [(1, 1), (3, 3), (10, 10), (40, 11), (1000, 11)])
def test_a_long_run_is_told_in_about_ten_lines(capsys, epochs, lines):
    tell(epochs)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == lines
    assert f"epoch {epochs} of {epochs} " in out[-1]


def test_json_and_quiet(capsys):
    tell(2, as_json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == {
        "event": "epoch",
        "number": 2,
        "loss": 0.5,
        "seconds": 0.1,
        "factor": 1.0,
    }
    tell(2, quiet=True)
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_live_bar(capsys, monkeypatch):
    monkeypatch.setattr(progress_module.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    tell(40)
    assert "40/40" in capsys.readouterr().out


def test_epochs_that_were_undone_leave_the_curve(capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(progress_module.sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(progress_module, "curve", lambda losses: drawn.append(list(losses)) or "")
    with progress(3, as_json=False, quiet=False) as on_epoch:
        for number, loss in [(1, 4.0), (2, 9.0), (2, 2.0), (3, 1.0)]:
            on_epoch(Epoch(number, loss, 0.1))
    assert drawn == [[4.0], [4.0, 9.0], [4.0, 2.0], [4.0, 2.0, 1.0]]


def test_curve_of_few_or_equal_losses():
    assert curve([1.0]) == "▁"
    assert curve([1.0, 1.0]) == "▁▁"
    assert curve([1.0, 0.0]) == "█▁"
