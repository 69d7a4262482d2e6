"""``backpath train``: from a table to a run folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from backpath.cli.column_table import print_columns
from backpath.cli.company import in_company
from backpath.cli.options import Activations, Augmentations, Delimiter, Device, Devices, Encoding, Layers, Number
from backpath.cli.places import begun, place_of_run, program, reserved, stopped_training
from backpath.cli.progress import Tell, emit, preparing, progress, reading_progress
from backpath.cli.sources import open_on_disk, open_source
from backpath.cli.summary import (
    facts,
    line,
    make_console,
    outcome,
    print_check,
    print_end,
    print_mistake,
    print_outcome,
    print_rate,
    print_start,
)
from backpath.data.frame import Frame, listed
from backpath.data.reading.named import NAMED
from backpath.data.reading.on_disk import OnDisk
from backpath.data.scaling import SCALERS
from backpath.data.target import TASKS
from backpath.diagnosis.evidence.course import chance_of
from backpath.diagnosis.watch import Watch
from backpath.engines import ENGINES, notices_to
from backpath.engines.processes.company import ALONE, Company
from backpath.engines.processes.joining import leave
from backpath.engines.processes.signs import at_work, tell_run, unwatched
from backpath.engines.xla.setting import PRECISIONS
from backpath.graph import DataError, SettingError
from backpath.nets import LOSSES, NORMS
from backpath.training.checkpoints.saver import Saver
from backpath.training.loop.epochs import Epoch
from backpath.training.loop.starts import STARTS
from backpath.training.optimizers.descent import SCHEDULES
from backpath.training.optimizers.named import OPTIMIZERS
from backpath.training.runs.experiment import Experiment
from backpath.training.runs.provenance import provenance
from backpath.training.runs.run_folder import checkpoint_of, write_run
from backpath.training.runs.scores import Confusions
from backpath.training.runs.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

DEFAULTS = Settings()

VALIDATION = 0.2
"""Fraction of rows on which the robust estimator is compared, if none is said."""

ANEW = {"resume", "watch", "as_json", "quiet", "coordinator", "devices"}
"""What is said anew when a training goes on."""


def settings_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that are fields of Settings, under the same names and with the same defaults."""
    whole = click.IntRange(min=1)
    options = [
        ("--seed", click.IntRange(0, 2**32 - 1), "Of the split, the initial weights and the order of rows."),
        ("--epochs", whole, "Passes over the training rows."),
        (
            "--layers",
            Layers(),
            "Hidden layers: widths such as 64,64, or none; conv:16x3,pool:2,64 for images; embed:32,transformer:4x64 "
            "for whole numbers.",
        ),
        ("--augment", Augmentations(), "What is done to images in training: shift, flip, or shift,flip."),
        ("--activation", Activations(), "Of the hidden layers: one name, or one for each, such as relu,tanh."),
        ("--init", click.Choice(STARTS), "How initial weights are drawn, or learned without the target."),
        ("--loss", click.Choice(list(LOSSES)), "By default cross_entropy for classes, else squared_error."),
        ("--optimizer", click.Choice(list(OPTIMIZERS)), "How steps follow from gradients."),
        (
            "--rate",
            Number(0, least_allowed=False),
            "Step size, or the highest of a schedule; by default it depends on the optimizer.",
        ),
        ("--find-rate", bool, "Find the step size by a range test, on training rows alone."),
        ("--momentum", Number(0, 1), "Part of the last step that the next one keeps; by default 0.9, for sgd alone."),
        ("--schedule", click.Choice(list(SCHEDULES)), "How the step size changes from step to step."),
        (
            "--l2",
            Number(0),
            "Pull of the weights towards zero: this, halved, times their squared norm is added.",
        ),
        ("--clip", Number(0, least_allowed=False), "Largest norm of a gradient; by default any."),
        ("--batch", whole, "Rows a step."),
        ("--test", Number(0, 1), "Fraction of rows kept for the final score."),
        ("--validation", Number(0, 1), "Fraction of rows kept for choosing settings."),
        ("--task", click.Choice(TASKS), "What the target is; by default told from its values."),
        ("--numeric", str, "A column that must hold numbers.  [repeatable]"),
        ("--categorical", str, "A column of categories, even if they look like numbers.  [repeatable]"),
        ("--drop", str, "A column to leave out.  [repeatable]"),
        ("--text", bool, "Use columns of text, by counts of hashed words and pairs of words; else they are left out."),
        ("--missing", str, "A word that says that a cell has no value, beside NA, NULL, -, ...  [repeatable]"),
        (
            "--label-missing",
            click.Choice(["words", "none"]),
            "Whether such words say so in the target, too; with none they are classes, and empty cells have no label.",
        ),
        ("--decimal", click.Choice([".", ","]), "The decimal mark of a CSV file; by default told from its cells."),
        ("--delimiter", Delimiter(), "Between the cells of a CSV file; by default told from its header."),
        ("--encoding", Encoding(), "Of a CSV file; by default UTF-8, or what a byte order mark says."),
        ("--scale", click.Choice(list(SCALERS)), "How numbers are scaled."),
        ("--norm", click.Choice(list(NORMS)), "Normalization before each activation; by default none."),
        ("--dropout", Number(0, 1), "Probability with which a hidden neuron is left out of a step."),
        (
            "--stream",
            click.IntRange(min=0),
            "Leave rows on disk (Parquet, Arrow, .npz, folders of images): train on a shuffled buffer of so many MiB.",
        ),
        ("--threads", whole, "Threads that share a step; by default as many as there are cores."),
        ("--engine", click.Choice(["auto", *ENGINES]), "What makes the steps; auto takes what is likely done first."),
        ("--device", Device(), "Of the XLA engine: cpu, cuda or cuda:1; by default an accelerator if there is one."),
        ("--devices", Devices(), "That make each step of the XLA engine together: so many, or all."),
        ("--shard", click.Choice(["parameters"]), "Hold a piece of each parameter on each device, in place of all."),
        (
            "--precision",
            click.Choice(PRECISIONS),
            "Of the XLA engine's products: full, or quicker on accelerators with fewer digits.",
        ),
        (
            "--robust",
            bool,
            "Train an estimator that needs no settings on the same rows, too, save it as the run, and say how much "
            "better it is on the validation rows: a fifth, if --validation does not say.",
        ),
        ("--members", whole, "Networks of the robust estimator; by default what suits the rows."),
        (
            "--time-budget",
            Number(0, least_allowed=False),
            "Seconds in which the robust estimator is to be done, about.",
        ),
    ]
    for name, kind, text in reversed(options):
        default = getattr(DEFAULTS, name.removeprefix("--").replace("-", "_"))
        command = click.option(
            name,
            type=kind,
            default=default,
            multiple=kind is str,
            is_flag=kind is bool,
            help=text,
            show_default=default not in (None, (), False, 0.0),
        )(command)
    return command


@click.command()
@click.argument("source", required=False)
@click.argument("data", required=False)
@click.option("--target", metavar="COLUMN", help="The column to predict; needed for a file.")
@click.option(
    "--out", metavar="RUN", type=click.Path(path_type=Path), help="The run folder; by default runs/NAME-1, -2, ..."
)
@click.option(
    "--resume",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Go on with a training that was stopped.",
)
@settings_options
@click.option(
    "--coordinator",
    metavar="HOST:PORT",
    help="Where processes meet that a launcher has started; by default where it says, or this host alone.",
)
@click.option("--watch", is_flag=True, help="Say while it runs what looks wrong with the training.")
@click.option("--describe", is_flag=True, help="Print what each column is and what becomes of it, and train nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line: start, epochs, result.")
@click.option("--quiet", is_flag=True, help="Print the run folder and nothing else.")
@click.pass_context
def train(
    ctx: click.Context,
    source: str | None,
    data: str | None,
    target: str | None,
    out: Path | None,
    resume: Path | None,
    coordinator: str | None,
    watch: bool,
    describe: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a network on SOURCE: a file, or one of the data sets digits, breast_cancer, wine, iris, diabetes.

    Where SOURCE is an .onnx file, the model in it is trained further on DATA, whose columns beside the target are the
    numbers that it reads, in order.

    Files are CSV (perhaps compressed), Parquet, Arrow or Feather, NDJSON, Excel, or NumPy's .npz; or a folder of them.

    The run is saved in a folder that `backpath predict` reads. Where training stands is kept beside it: Ctrl-C, or
    anything worse, loses no more than a minute.
    """
    if (source is None) == (resume is None):
        raise click.UsageError("give a SOURCE to train on, or --resume RUN to go on with a training that was stopped")
    given = {o for o in ctx.params if ctx.get_parameter_source(o) is ParameterSource.COMMANDLINE}
    if resume and (extra := sorted(given - ANEW)):
        raise click.UsageError(f"--resume takes the settings that the run began with: leave out --{extra[0]}")
    if source is not None:
        source, options["onnx"] = _parted(source, data)
    if options["robust"] and "validation" not in given:
        options["validation"] = VALIDATION
    console = make_console()
    console.quiet = quiet or as_json
    if describe:
        settings = Settings(**options)
        frame, own_target = opened(str(source), target, settings, console)
        print_columns(console, frame, target or own_target, settings)
        return
    with in_company(coordinator) as ours:
        if resume:
            source, target, settings = ours.all_or_none(lambda: stopped_training(resume))
            settings = replace(settings, **{name: options[name] for name in given & {*options}})
        else:
            settings = Settings(**options)
        _require_xla(ours, settings)
        _require_robust(ours, settings)
        kept = {**sources(str(source)), "target": target, **asdict(settings)}
        own = ours.all_or_none(lambda: resume or reserved(out, str(source), kept) if ours.first else None)
        folder = Path(ours.text_of_first(str(own)))
        if not ours.first:
            console.quiet = True
            train_into(folder, str(source), target, settings, console, False, ours=ours)
            return
        tell_run(folder)
        with place_of_run(folder, resume is not None):
            told = train_into(folder, str(source), target, settings, console, as_json, watch, ours)
        print_end(console, folder, told["predict"])
        if as_json:
            emit("result", {"run": str(folder), **told})
        elif quiet:
            click.echo(folder)


def _parted(source: str, data: str | None) -> tuple[str, str | None]:
    """The data, and the .onnx file whose model is trained."""
    is_model = source.lower().endswith(".onnx")
    if is_model and data is None:
        raise click.UsageError(f"give the data to train {source} on: backpath train {source} DATA --target COLUMN")
    if not is_model and data is not None:
        raise click.UsageError(f"{source} is no .onnx file: one SOURCE is trained on, and {data} is another")
    return (str(data), str(Path(source).absolute())) if is_model else (source, None)


def _require_xla(ours: Company, settings: Settings) -> None:
    if ours.size > 1 and settings.engine not in ("auto", "xla"):
        raise SettingError(
            f"{ours.size} processes train together with --engine xla: the {settings.engine} engine trains in one"
        )


def _require_robust(ours: Company, settings: Settings) -> None:
    if not settings.robust:
        if alone := [n for n in ("members", "time_budget") if getattr(settings, n) is not None]:
            raise click.UsageError(f"--{alone[0].replace('_', '-')} is of the robust estimator: say --robust, too")
        return
    if ours.size > 1:
        raise SettingError(f"--robust trains in one process, and {ours.size} train together: leave it out")
    from backpath.estimators.robust.runs import require_table

    require_table(settings)


def train_into(
    folder: Path,
    source: str,
    target: str | None,
    settings: Settings,
    console: Console,
    as_json: bool,
    watch: bool = False,
    ours: Company = ALONE,
) -> dict[str, Any]:
    """Train, save the run, and say how it went; processes other than the first do no more than train."""

    def prepared() -> tuple[str, Experiment]:
        with at_work():
            frame, column = _frame_and_target(source, target, settings, console)
            with preparing(console, len(frame)):
                return column, Experiment.prepare(frame, column, settings)

    column, experiment = ours.all_or_none(prepared)
    if as_json:
        emit("start", facts(experiment))
    print_start(console, experiment)
    if settings.find_rate and not ours.all_or_none(lambda: begun(folder)):
        experiment, found = ours.all_or_none(experiment.with_found_rate)
        # Searches may end in other digits elsewhere.
        experiment = experiment.at_rate(ours.led(found.suggestion))
        print_rate(console, found)
    config = {**sources(source), "target": column, **asdict(experiment.settings)}
    with (
        progress(settings.epochs, as_json=as_json, quiet=console.quiet) as on_epoch,
        notices_to(lambda text: line(console, "engine", text)),
    ):
        on_epoch = watching(experiment, on_epoch, as_json) if watch else on_epoch
        trained = experiment.train(on_epoch, Saver(checkpoint_of(folder), about={"config": config}))
    leave(ours)
    unwatched()
    if not ours.first:
        return {}
    model = experiment.model(trained)
    tallies = experiment.tallies(model)
    scores = {part: tally.scores() for part, tally in tallies.items()}
    print_outcome(console, trained, scores, settings.schedule)
    if isinstance(tally := tallies.get("test"), Confusions) and (mistake := tally.most_confused()):
        true, taken, times = mistake
        print_mistake(console, str(model.target.classes[true]), str(model.target.classes[taken]), times)
    check = experiment.check_gradient()
    print_check(console, check)
    about: dict[str, Any] = {**config, "data": provenance(experiment)}
    beside: dict[str, Any] = {}
    if settings.robust:
        from backpath.cli.robust import train_robust

        beside = {"robust": train_robust(experiment, model, folder, about, console, as_json)}
    else:
        write_run(folder, model, trained.history, about)
    checkpoint_of(folder).unlink(missing_ok=True)
    predict = shlex.join([program(), "predict", str(folder), source])
    return {**outcome(trained, scores, check), **beside, "predict": predict}


def watching(experiment: Experiment, on_epoch: Tell, as_json: bool) -> Tell:
    """What is told of an epoch, and what looks wrong, once for each kind."""
    watch = Watch(
        experiment.settings.epochs,
        chance_of(experiment.network, experiment.examples[1]),
        lambda kind, message: (
            emit("watch", {"kind": kind, "message": message})
            if as_json
            else click.echo(f"  watch     {kind}: {message}")
        ),
    )

    def tell(epoch: Epoch) -> None:
        on_epoch(epoch)
        watch(epoch)

    return tell


def sources(source: str) -> dict[str, str]:
    """Where the data are, as they were named and from anywhere."""
    return {"source": source, **({} if source in NAMED else {"source_absolute": str(Path(source).absolute())})}


def _frame_and_target(
    source: str, target: str | None, settings: Settings, console: Console
) -> tuple[Frame | OnDisk, str]:
    frame, own_target = opened(source, target, settings, console)
    column = target or own_target
    if column is None:
        raise DataError(f"{source} needs --target COLUMN: say which column to predict. It has {listed(frame.names)}")
    return frame, column


def opened(source: str, target: str | None, settings: Settings, console: Console) -> tuple[Frame | OnDisk, str | None]:
    """The table of a source, and its own target if it is a data set with one."""
    if settings.stream:
        return open_on_disk(source, settings.reading)
    as_text = [*settings.categorical, *([target] if target else [])]
    with reading_progress(console, source) as on_read:
        return open_source(source, settings.reading, as_text, on_read)
