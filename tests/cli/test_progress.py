import json

import pytest

from backpath.cli import progress as progress_module
from backpath.cli.progress import curve, preparing, progress, reading_progress
from backpath.cli.summary import make_console
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


def test_reading_and_preparing_are_shown_on_a_terminal(tmp_path, capsys, monkeypatch):
    (tmp_path / "t.csv").write_text("x\n1\n")
    monkeypatch.setattr(progress_module, "WORTH_TELLING", 0)
    monkeypatch.setattr(progress_module.sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    with reading_progress(make_console(), str(tmp_path / "t.csv")) as on_read:
        on_read(1234, 1.0)
    with preparing(make_console(), 1_000_000):
        pass
    out = capsys.readouterr().out
    assert "1,234 rows" in out
    assert "100%" in out
    assert "preparing 1,000,000 rows" in out


def test_reading_and_preparing_are_a_line_each_elsewhere_and_nothing_where_they_are_short(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / "t.csv").write_text("x\n1\n")
    monkeypatch.setattr(progress_module, "WORTH_TELLING", 0)
    for rows, told in [(1_000_000, f"  reading   {tmp_path}/t.csv, 0 MiB\n  preparing 1,000,000 rows\n"), (9, None)]:
        if told is None:
            monkeypatch.undo()
        with reading_progress(make_console(), str(tmp_path / "t.csv")) as on_read, preparing(make_console(), rows):
            assert on_read is None
        assert capsys.readouterr().out == (told or "")


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
