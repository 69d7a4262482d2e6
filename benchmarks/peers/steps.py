"""Steps of five networks: microseconds each, in steady state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from benchmarks.peers.cases import CASES, Case
from benchmarks.peers.runners import OURS, PEERS, PLACES, Runner, maker
from benchmarks.peers.settings import Settings
from benchmarks.peers.tables import compared, fastest, rounded, table
from benchmarks.peers.timing import Times, in_turn

TOLERANCE = 1e-3


def started(case: Case, names: Iterable[str] = PLACES) -> tuple[dict[str, Runner], dict[str, str]]:
    """Runners of a network that have trained one epoch; see :func:`started_of`."""
    return started_of(case.name, {name: lambda name=name: maker(name)(case) for name in names})


def started_of(what: str, makers: Mapping[str, Callable[[], Runner]]) -> tuple[dict[str, Runner], dict[str, str]]:
    """Runners that have trained one epoch to the same loss, and why others have not begun.

    Raises:
        SystemExit: if one has reached another loss.
    """
    runners, losses, failures = {}, {}, {}
    for name, made in makers.items():
        # A compiler that is missing or fails on this machine is a result of that runner, not the end of all.
        try:
            runner = made()
            losses[name] = runner()
        except Exception as error:
            failures[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        else:
            runners[name] = runner
    require_same(what, losses)
    return runners, failures


def require_same(what: str, losses: Mapping[str, float]) -> None:
    """All losses must be near that of the first.

    Raises:
        SystemExit: if one is not.
    """
    first = next(iter(losses.values()))
    if any(not abs(loss - first) <= TOLERANCE * abs(first) for loss in losses.values()):
        raise SystemExit(f"{what}: after one epoch the losses are {losses}: not the same training")


def measured(case: Case, rounds: int, names: Iterable[str] = PLACES) -> tuple[dict[str, Times], dict[str, str]]:
    """Seconds of a step of each runner, and why others have none."""
    runners, failures = started(case, names)
    times = in_turn(runners, rounds)
    return {name: t.per(case.steps) for name, t in times.items()}, failures


def report(settings: Settings) -> str:
    found = {case: measured(case, settings.rounds(15)) for case in CASES}
    parts = [
        "SGD with momentum in float32, batches in the examples' own order; an epoch warms up, and after it all have "
        f"the same mean loss within {TOLERANCE:g}. Who is fastest of the peers, and how many times as fast we are:",
        summary({case: times for case, (times, _) in found.items()}),
    ]
    for case, (times, failures) in found.items():
        peer = fastest(times, PEERS)
        parts += [f"### {case.name}", compared(times, peer, "µs a step", 1e6)]
        parts += [f"{name} did not run: {why}" for name, why in failures.items()]
    return "\n\n".join(parts)


def summary(found: dict[Case, dict[str, Times]]) -> str:
    """A row for each network: the fastest peer's time, and by what each of our engines divides it."""
    rows = []
    for case, times in found.items():
        peer = fastest(times, PEERS)
        base = times[peer].median
        ratios = [f"{base / times[name].median:.2f}" if name in times else "–" for name in OURS]
        rows.append([case.name, f"{peer}, {rounded(base * 1e6)} µs", *ratios])
    return table(["network", "fastest peer", *OURS], rows)
