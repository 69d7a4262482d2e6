"""Multiplications that vertex elimination takes in each order, on the functions of the literature.

Writes ``docs/elimination.md``. Run with ``python benchmarks/elimination.py [--budget 20000] [--seed 0]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from elimination_functions import CASES, Case

from backpath.paths import Dag, linearize, search_order
from backpath.paths.order_search import BUILT_IN

PAGE = Path(__file__).parents[1] / "docs" / "elimination.md"

LEARNED = {
    "HumanHeartDipole": 164,
    "PropaneCombustion": 93,
    "Roe flux, 1-D": 336,
    "robot arm, 6 joints": 251,
    "Black-Scholes, Greeks": 325,
}
"""The last step of the PPO runs with seed 123 that AlphaGrad's authors logged (their repository, folder ``eval``)."""

TEXT = """# Elimination orders

Removing the vertices of a computational graph one by one, each with one multiplication for every pair of an in-edge and
an out-edge, leaves the Jacobian on the edges from inputs to outputs. Forward and reverse mode are two of the orders; to
find the cheapest is NP-complete. `search_order` starts from the best built-in order and moves vertices about.

```python
dag = bp.linearize(f, *args).unroll()
found = search_order(dag, budget=20_000, seed=0)
dag.gradient(method="elimination", order=found.order)
```

`python benchmarks/elimination.py` makes this page; its functions are in `benchmarks/elimination_functions.py`.

## Every multiplication counted

{all_counted}

The searched order takes fewer multiplications than forward and reverse mode on {beaten} of the {cases} functions.

## Products with 1 and -1 free

After an addition or subtraction z(i, j) is 1 or -1, and a product with it is none. Here a product costs nothing when
one of its weights is 1 or -1 by structure; a sum of parallel edges is never taken for one.

{units_free}

## Beside the published orders

AlphaGrad (Lohoff and Neftci, "Optimizing Automatic Differentiation with Deep Reinforcement Learning", arXiv 2406.05027)
learns an order for each of these functions. The column of learned orders above is what the authors' own logs end with
(PPO, seed 123, folder `eval` of github.com/jamielohoff/alphagrad); other seeds, and the best order of a run, may be
lower. The paper's table of forward, reverse and Markowitz counts could not be checked against its text when this page
was made, and is left out.

Compare the columns within one graph, not ours with theirs: the graphs are not the same. Theirs come from JAX's
primitives, ours from one vertex for each NumPy operation on scalars, neuron by neuron. A product or
sum of n factors or terms is n - 1 vertices, and so is each with a constant, while constants themselves are no vertices.
Our Roe flux has the three wave speeds |v|, |v + a| and |v - a|, and gamma = 1.4. The equations of the heart and the
flame are MINPACK-2's, with all constants of reaction one. The Greeks' graph is that of our reverse sweep over the
price, unsimplified.
"""


def unrolled(case: Case) -> tuple[Dag, list[str], list[str]]:
    """The scalar graph of a case at its point, and the names of its inputs and outputs."""
    p = linearize(case.function, *case.point)
    return p.unroll(), [p.names[k] for k in p.inputs], [p.names[k] for k in p.outputs]


def table(budget: int, seed: int, free_units: bool) -> tuple[str, int]:
    """Multiplications by function and order, in Markdown, and on how many functions the search beats both modes."""
    beaten = 0
    head = [
        "function",
        "inputs",
        "outputs",
        "vertices",
        "edges",
        *BUILT_IN,
        "searched",
        *([] if free_units else ["learned"]),
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for case in CASES:
        dag, inputs, outputs = unrolled(case)
        found = search_order(dag, inputs, outputs, budget=budget, seed=seed, free_units=free_units)
        beaten += found.multiplications < min(found.built_in["forward"], found.built_in["reverse"])
        size = [len(inputs), len(outputs), len(found.order), sum(1 for _ in dag.edges())]
        line = [case.name, *size, *found.built_in.values(), f"**{found.multiplications}**"]
        lines.append([*map(str, line), *([] if free_units else [str(LEARNED[case.name])])])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines), beaten


def main() -> None:
    """Write the page, and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=int, default=20_000, help="orders tried for each function")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    (all_counted, beaten), (units_free, _) = (table(args.budget, args.seed, free) for free in (False, True))
    page = TEXT.format(all_counted=all_counted, units_free=units_free, beaten=beaten, cases=len(CASES))
    PAGE.write_text(page, encoding="utf-8")
    print(all_counted, units_free, sep="\n\n")


if __name__ == "__main__":
    main()
