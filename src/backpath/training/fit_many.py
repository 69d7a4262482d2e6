"""Many networks at once: one program, one data set, and as many trainings beside each other as there are cores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from backpath.engines import Choice
from backpath.engines.xla.setting import XlaSetting
from backpath.graph import NonFiniteError, SettingError
from backpath.nets import Model
from backpath.training.fit import DESCENT, check_settings
from backpath.training.given import Init, examples_of, first_parameters
from backpath.training.loop.cores import blas_threads, usable_cores
from backpath.training.loop.engine_choice import choose_engine
from backpath.training.loop.epochs import Epoch, Loop
from backpath.training.loop.examples import Examples
from backpath.training.loop.stepping import Programs, form
from backpath.training.loop.together import Together, can_go_together
from backpath.training.optimizers.chain import Optimizer
from backpath.training.result import Fit, finished


def fit_many(
    model: Model,
    X: Any,
    y: Any = None,
    *,
    seeds: Sequence[int],
    optimizer: Optimizer | Sequence[Optimizer] = DESCENT,
    init: Init | Sequence[Init] = "auto",
    epochs: int = 40,
    batch: int = 32,
    weights: Any = None,
    threads: int | None = None,
    dtype: Any = np.float32,
    engine: str = "auto",
    device: str | None = None,
    precision: str = "full",
) -> list[Fit]:
    """Train one model from many beginnings, or at many step sizes: what as many calls of ``fit`` give, but quicker.

    All read the same data where they lie, and run one program, which is made once. By the compiled engine each core
    trains one network after another, and none waits for another; the result is to the last bit that of ``fit``. By the
    XLA engine each step is made for all of them at once, if the data fit on the device; sums then end in other digits.

    Args:
        model: what to train.
        X: as of ``fit``.
        y: as of ``fit``.
        seeds: one for each network.
        optimizer: of all, or a list of one for each.
        init: how all begin, or a list of how each does; see ``fit``.
        epochs: passes over the data.
        batch: examples a step.
        weights: of the examples.
        threads: networks that are trained at a time; by default as many as this process may use cores.
        dtype: the type in which to train.
        engine: as of ``fit``.
        device: likewise.
        precision: likewise.

    Returns:
        A fit for each seed, in their order.

    Raises:
        SettingError: if there are not as many optimizers or inits as seeds, or as of ``fit``.
        NonFiniteError: as of ``fit``, with the seed of the network.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> from backpath.nets import Network
    >>> fits = fit_many(Network([4, 8, 3]), X, y, seeds=range(3), epochs=2)
    >>> len(fits), fits[0].parameters["W1"].shape
    (3, (4, 8))
    """
    trained = fits_or_errors(
        model, X, y, seeds=seeds, optimizer=optimizer, init=init, epochs=epochs, batch=batch, weights=weights,
        threads=threads, dtype=dtype, engine=engine, device=device, precision=precision,
    )  # fmt: skip
    if error := next((found for found in trained if isinstance(found, NonFiniteError)), None):
        raise error
    return [found for found in trained if isinstance(found, Fit)]


def fits_or_errors(
    model: Model,
    X: Any,
    y: Any,
    *,
    seeds: Sequence[int],
    optimizer: Optimizer | Sequence[Optimizer],
    init: Init | Sequence[Init],
    epochs: int,
    batch: int,
    weights: Any = None,
    threads: int | None = None,
    dtype: Any = np.float32,
    engine: str = "auto",
    device: str | None = None,
    precision: str = "full",
    programs: Programs | None = None,
) -> list[Fit | NonFiniteError]:
    """As ``fit_many``, with the error of each network that did not stay finite in the place of its fit.

    ``programs`` are those of other calls for the same model, type and engine, which are used again and added to; once
    there are some, the engine that is asked for is known to be able to train it.
    """
    jobs = _jobs(seeds, optimizer, init)
    for job in jobs:
        check_settings(epochs, batch, threads, job.seed, job.optimizer)
    if not jobs:
        return []
    model, examples = examples_of(model, X, y, weights)
    cores = threads or usable_cores()
    begun = first_parameters(model, examples.at_hand, jobs[0].init, jobs[0].seed, dtype)
    every = epochs * len(jobs)
    setting = XlaSetting(device, precision)
    if programs:
        choice = Choice(engine, "as asked for")
    else:
        choice, made = choose_engine(
            engine, model, begun, examples, jobs[0].optimizer, None, batch, every, cores, setting=setting
        )
        programs = made if programs is None else programs
    many = _Many(model, examples, epochs, batch, dtype, choice, programs, setting)
    if choice.engine == "xla":
        return many.at_once(jobs)
    # Calls of NumPy's hold the interpreter: by them one network at a time has all of the BLAS.
    workers = min(cores, len(jobs)) if choice.engine == "compiled" else 1
    shares = [jobs[k::workers] for k in range(workers)]
    loops = [many.loop(share[0]) for share in shares]
    with blas_threads(cores if workers == 1 else 1), ThreadPoolExecutor(workers) as pool:
        trained = list(pool.map(many.train, loops, shares))
    return [trained[k % workers][k // workers] for k in range(len(jobs))]


@dataclass(frozen=True, slots=True)
class _Job:
    """One network to train."""

    seed: int
    optimizer: Optimizer
    init: Init


@dataclass(frozen=True, slots=True)
class _Many:
    """What all have in common."""

    model: Model
    examples: Examples
    epochs: int
    batch: int
    dtype: Any
    choice: Choice
    programs: Programs
    setting: XlaSetting

    def loop(self, job: _Job) -> Loop:
        """A loop that has room for its arrays, and programs for its steps."""
        flat, engine = np.empty(self.model.parameter_count, self.dtype), self.choice.engine
        options: dict[str, Any] = {"engine": engine, "programs": self.programs, "setting": self.setting}
        return Loop(self.model, flat, self.examples, self.batch, job.optimizer, job.seed, **options)

    def at_once(self, jobs: Sequence[_Job]) -> list[Fit | NonFiniteError]:
        """All whose steps are one program together; those whose loss stops being finite again, by themselves."""
        fits: dict[int, Fit | NonFiniteError] = {}
        groups: dict[str, list[int]] = {}
        for number, job in enumerate(jobs):
            groups.setdefault(form(job.optimizer), []).append(number)
        for numbers in groups.values():
            loop, own = self.loop(jobs[numbers[0]]), [jobs[number] for number in numbers]
            if not can_go_together(loop):
                fits |= zip(numbers, self.train(loop, own), strict=True)
                continue
            flats, histories = Together(loop, own, np.stack([self._first(job) for job in own])).train(self.epochs)
            for number, flat, history in zip(numbers, flats, histories, strict=True):
                finite = np.isfinite(flat).all() and all(np.isfinite(epoch.loss) for epoch in history)
                fits[number] = self._fit(loop, jobs[number], flat, history) if finite else self._alone(jobs[number])
        return [fits[number] for number in range(len(jobs))]

    def _alone(self, job: _Job) -> Fit | NonFiniteError:
        return self.train(self.loop(job), [job])[0]

    def _first(self, job: _Job) -> np.ndarray:
        return first_parameters(self.model, self.examples.at_hand, job.init, job.seed, self.dtype)

    def _fit(self, loop: Loop, job: _Job, flat: np.ndarray, history: tuple[Epoch, ...]) -> Fit:
        made = len(history) * loop.steps
        return finished(self.model, flat, history, made, self.examples.at_hand, job.seed, self.choice)

    def train(self, loop: Loop, jobs: Sequence[_Job]) -> list[Fit | NonFiniteError]:
        """One network after another, in the same room."""
        with np.errstate(over="ignore", invalid="ignore"):
            return [self._trained(loop, job) for job in jobs]

    def _trained(self, loop: Loop, job: _Job) -> Fit | NonFiniteError:
        if not loop.takes(job.optimizer):
            loop = self.loop(job)
        loop.restart(self._first(job), job.optimizer, job.seed)
        try:
            while len(loop.history) < self.epochs:
                loop.epoch()
        except NonFiniteError as error:
            return NonFiniteError(f"the network of seed {job.seed}: {error}")
        return self._fit(loop, job, loop.stepping.parameters.copy(), tuple(loop.history))


def _jobs(seeds: Sequence[int], optimizer: Any, init: Any) -> list[_Job]:
    seeds = [int(seed) for seed in seeds]
    optimizers = list(_for_each(seeds, "optimizer", optimizer, Optimizer))
    inits = list(_for_each(seeds, "init", init, (str, Mapping, np.ndarray)))
    return [_Job(*job) for job in zip(seeds, optimizers, inits, strict=True)]


def _for_each(seeds: Sequence[int], name: str, given: Any, kind: Any) -> Iterator[Any]:
    """What each network has, from one for all or one for each."""
    if isinstance(given, kind):
        return iter([given] * len(seeds))
    if isinstance(given, str | Mapping) or not hasattr(given, "__len__") or len(given) != len(seeds):
        raise SettingError(f"{name}: give one for all networks, or a list of {len(seeds)}, as many as there are seeds")
    return iter(given)
