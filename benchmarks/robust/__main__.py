"""The robust estimators and their peers, all by default, on public data: 5 x 2 folds, the same for all.

Each fit appends a line to a file of results; those that it holds already are not made again, so that a run may be
stopped, and made by parts.

Run with ``python -m benchmarks.robust [--peers CatBoost RobustMLP] [--data iris wine] [--seeds 0 1]``; the peers are
the dependency group ``benchmark-robust``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.robust import results
from benchmarks.robust.data import KEEL, REGRESSION, SKLEARN
from benchmarks.robust.fits import FOLDS, Job, run, run_capped
from benchmarks.robust.peers import PEERS

ALL = (*SKLEARN, *KEEL, *REGRESSION)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS), metavar="PEER")
    parser.add_argument("--data", nargs="+", choices=ALL, default=list(ALL), metavar="DATA")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cap", type=float, help="seconds after which a fit is ended, and counts as missing")
    parser.add_argument("--results", type=Path, default=Path("build/robust.jsonl"))
    options = parser.parse_args()
    done = results.done(options.results)
    for seed in options.seeds:
        for peer in options.peers:
            for data in options.data:
                jobs = [Job(peer, data, seed, fold, options.threads) for fold in range(FOLDS)]
                for job in jobs:
                    if job not in done:
                        line = run_capped(job, options.cap) if options.cap else run(job)
                        results.append(options.results, line)
                        print(line, flush=True)


if __name__ == "__main__":
    main()
