"""How good ``bp.diagnose`` is: programs with known faults, healthy ones, and what it says of them.

    python -m benchmarks.diagnosis run develop --out develop.jsonl --seconds 100   # again until it says: done
    python -m benchmarks.diagnosis report develop.jsonl

Programs are parted by name into a half to develop on and one to report on. Each program's diagnosis is one line of the
file, and those that are there are not made again. A mutant counts if it is killed: if its skill is lower than the
healthy program's by a tenth of all, and certainly over five seeds (as DeepCrime asks); leaks and hand-written
gradients, which do not lower the skill that ``fit`` shows, always count, and so do the published programs.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from backpath.diagnosis import diagnose
from backpath.diagnosis.comparison import T_95
from backpath.diagnosis.subject import Goal, Subject, subject_of
from backpath.diagnosis.trials import Trials
from benchmarks.diagnosis_programs import Program, bases, half_of, healthy, mutants
from benchmarks.diagnosis_published import published

SEEDS = (10, 11, 12, 13, 14)
STEPS = 120_000
"""What each diagnosis may spend: the same on every machine."""

HARM = 0.1
"""Of skill that a mutant must lose."""

FIT_FOR_USE = 0.1
"""How far a healthy program's skill may lie below that of the best of scikit-learn's reference models."""

PUBLISHED = """
published, each on programs of its own:
  DeepLocalize (2021): 34 of 40 detected, 21 of 40 located; 133 of 186 normal models flagged
  UMLAUT (2021): its softmax rule fired on 47 of 47 programs that it reported on
  DeepFD (2022): 52 % diagnosed; DEFault (2025): 94 % detected, 63 % named, on 52 programs"""


def programs(half: str) -> list[Program]:
    """All of a half: mutants, published ones, and healthy trainings of the bases that are fit for use."""
    own = [b for b in bases() if half_of(b.name) == half]
    return [*mutants(half), *published(half), *(p for b in own for p in healthy(b))]


def skills(subject: Subject, seeds: tuple[int, ...] = SEEDS) -> np.ndarray:
    return np.array([o.skill for o in Trials(None).run([subject], seeds)[0]])


def subject(p: Program) -> Subject:
    options = {k: v for k, v in p.arguments().items() if k != "gradient"}
    made = subject_of(p.model, p.X, p.y, **options)
    if p.clean is not None and p.clean[0] is p.X and len(p.clean[1]) == len(p.y) and made.goal.classes:
        rows = {row.tobytes(): label for row, label in zip(np.ascontiguousarray(p.X), p.clean[1], strict=True)}
        truth = np.array([rows[row.tobytes()] for row in np.ascontiguousarray(made.held)])
        made = made.changed(goal=Goal(made.goal.train, truth.astype(int), made.goal.classes))
    return made


def killed(p: Program) -> tuple[bool, float, float]:
    """Whether the faults lower the skill, and the skills of the healthy program and of this one."""
    base = next(b for b in bases() if b.name == p.base).program()
    with np.errstate(all="ignore"):
        good, bad = skills(subject(base)), skills(subject(p))
    difference = float(good.mean() - bad.mean())
    error = math.sqrt((good.var(ddof=1) + bad.var(ddof=1)) / len(SEEDS))
    certain = difference > T_95[len(SEEDS) - 1] * error
    return certain and difference >= HARM, float(good.mean()), float(bad.mean())


def fit_for_use(p: Program) -> bool:
    """Whether a healthy program is about as good as reference models: linear, neighbours, trees."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    s = subject(p)
    if s.goal.classes:
        models = [LogisticRegression(max_iter=1000), KNeighborsClassifier(7), RandomForestClassifier(random_state=0)]
    else:
        models = [LinearRegression(), KNeighborsRegressor(7), RandomForestRegressor(random_state=0)]
    truth = s.goal.train if s.goal.classes else s.goal.train[:, 0]
    found = [1 - float(np.mean(s.goal.losses(m.fit(s.X, truth).predict(s.held), s.goal.held))) for m in models]
    return float(skills(s).mean()) >= max(found) - FIT_FOR_USE


def diagnosed(p: Program) -> dict[str, Any]:
    """One line of the file."""
    told: dict[str, Any] = {"name": p.name, "base": p.base, "faults": [sorted(f) for f in p.faults]}
    if not p.faults:
        told["counts"] = fit_for_use(p)
    elif p.hidden:
        told["counts"] = True
    else:
        told["counts"], told["good"], told["bad"] = killed(p)
    if not told["counts"]:
        return told
    started = time.perf_counter()
    found = diagnose(p.model, p.X, p.y, budget=None, steps=STEPS, **p.arguments())
    told |= {"skill": found.skill, "trainings": found.trainings, "seconds": time.perf_counter() - started}
    told["findings"] = [{k: v for k, v in f.to_json().items() if k not in ("message",)} for f in found.findings]
    told["tried"] = [
        {"kind": f.kind, "where": f.where, "fix": f.fix, "effect": f.effect.to_json() if f.effect else None}
        for f in found.tried
    ]
    return told


def run(half: str, out: Path, seconds: float, only: str = "", every: int = 1, first: int = 0) -> None:
    started = time.perf_counter()
    known = {json.loads(line)["name"] for line in out.read_text().splitlines()} if out.exists() else set()
    todo = [p for p in programs(half)[first::every] if p.name not in known and only in p.name]
    with out.open("a") as file:
        for k, p in enumerate(todo):
            if time.perf_counter() - started > seconds:
                print(f"{len(todo) - k} programs are left")
                return
            file.write(json.dumps(diagnosed(p)) + "\n")
            file.flush()
    print("done")


def figures(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """What the file says, as numbers."""
    ill = [x for x in lines if x["faults"] and x["counts"]]
    well = [x for x in lines if not x["faults"] and x["counts"]]
    detected = [x for x in ill if x["findings"]]
    names = [named(x) for x in ill]
    faults = sum(len(x["faults"]) for x in ill)
    confirmed = [x for x in detected if any(f["confirmed"] for f in x["findings"])]
    gains = [
        (f["effect"]["after"] - f["effect"]["before"], f["effect"]["random"] - f["effect"]["before"])
        for x in ill
        for f in x["findings"]
        if f["effect"] and f["effect"]["random"] is not None and f["kind"] != "leakage"
    ]
    ours, theirs = (np.array(g) for g in zip(*gains, strict=True)) if gains else (np.zeros(1), np.zeros(1))
    return {
        "faulty programs": len(ill),
        "left out, not killed": sum(bool(x["faults"]) and not x["counts"] for x in lines),
        "detected": len(detected) / max(len(ill), 1),
        "faults": faults,
        "faults named": sum(sum(n) for n in names) / max(faults, 1),
        "programs with a fault named": sum(any(n) for n in names) / max(len(ill), 1),
        "first finding names a fault": sum(first(x) for x in ill) / max(len(ill), 1),
        "findings a faulty program": sum(len(x["findings"]) for x in ill) / max(len(ill), 1),
        "healthy trainings": len(well),
        "false alarms": sum(bool(x["findings"]) for x in well) / max(len(well), 1),
        "detected with a confirmed fix": len(confirmed) / max(len(detected), 1),
        "findings beside a random fix": len(gains),
        "gain of fixes": float(ours.mean()),
        "gain of random fixes": float(theirs.mean()),
        "difference, 95 % interval": list(_interval(ours - theirs)),
        "trainings a diagnosis": float(np.mean([x["trainings"] for x in ill + well])) if ill + well else 0,
    }


def _interval(x: np.ndarray) -> tuple[float, float]:
    half = 1.96 * float(x.std(ddof=1)) / math.sqrt(len(x)) if len(x) > 1 else 0.0
    return float(x.mean()) - half, float(x.mean()) + half


def named(x: dict[str, Any]) -> list[bool]:
    """Of each fault, whether a finding has one of its names; no finding counts for two."""
    kinds = [f["kind"] for f in x["findings"]]
    found = []
    for fault in sorted(x["faults"], key=len):
        match = next((k for k in kinds if k in fault), None)
        found.append(match is not None)
        if match is not None:
            kinds.remove(match)
    return found


def first(x: dict[str, Any]) -> bool:
    return bool(x["findings"]) and any(x["findings"][0]["kind"] in fault for fault in x["faults"])


def report(path: Path, details: bool = False) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for name, value in figures(lines).items():
        told = ", ".join(f"{v:.3f}" for v in value) if isinstance(value, list) else value
        print(f"{name:34} {told:.3f}" if isinstance(told, float) else f"{name:34} {told}")
    print(PUBLISHED)
    if details:
        for x in lines:
            if x["counts"] and ((x["faults"] and not all(named(x))) or (not x["faults"] and x["findings"])):
                kinds = [(f["kind"], f["where"], f["confirmed"]) for f in x["findings"]]
                print(f"\n{x['name']}  skill {x['skill']:.2f} of {x.get('good', math.nan):.2f}")
                print(f"  wants {x['faults']}, found {kinds}")
                for t in x["tried"]:
                    print("    tried", t["kind"], t["fix"], t["effect"] and [t["effect"][k] for k in ("gain", "low")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(dest="what", required=True)
    making = parts.add_parser("run")
    making.add_argument("half", choices=("develop", "report"))
    making.add_argument("--out", type=Path, required=True)
    making.add_argument("--seconds", type=float, default=math.inf)
    making.add_argument("--only", default="", help="those whose name holds this")
    making.add_argument("--every", type=int, default=1, help="of them, one in so many")
    making.add_argument("--first", type=int, default=0, help="of these, where to begin")
    telling = parts.add_parser("report")
    telling.add_argument("file", type=Path)
    telling.add_argument("--details", action="store_true")
    given = parser.parse_args()
    if given.what == "run":
        run(given.half, given.out, given.seconds, given.only, given.every, given.first)
    else:
        report(given.file, given.details)


if __name__ == "__main__":
    main()
