"""Path sums go through loops and branches: in every semiring they are those of the program written out."""

import numpy as np
import pytest

import backpath as bp
from backpath.paths import (
    ACTIVE_COUNT,
    ENTROPY,
    LOG_SCALED,
    MASS,
    MAX_PRODUCT,
    PATH_COUNT,
    REACHABILITY,
    SUM_PRODUCT,
    Counted,
    Lengths,
    PathNorm,
    UfuncSemiring,
)

rng = np.random.default_rng(0)
POINT = 0.5 * rng.standard_normal((3, 3)), rng.standard_normal(3), rng.standard_normal((4, 3))
CHEAPEST = UfuncSemiring("cheapest", np.minimum, np.add, zero=np.inf, one=0.0)


def in_python(step, carry, xs, reverse=False):
    kept = [None] * len(xs)
    for t in range(len(xs))[:: -1 if reverse else 1]:
        carry, kept[t] = step(carry, xs[t])
    return carry, np.stack(kept)


def branch_in_python(predicate, first, second, *operands):
    return (first if predicate else second)(*operands)


def recurrent(scan, reverse=False):
    def f(w, h, xs):
        last, ys = scan(lambda h, x: (bp.relu(w @ h + x) - 0.1 * h, h * x), h, xs, reverse=reverse)
        return (last**2).sum() + ys.sum()

    return f


def branching(cond):
    def f(w, h, xs):
        # The point decides the same way whether the predicate is traced or not.
        predicate = xs.sum() > 1e9 if cond is bp.cond else False
        return cond(predicate, lambda h: (w @ h).sum(), lambda h: np.sin(h @ w @ xs[0]) * h.max(), h)

    return f


PROGRAMS = {
    "a loop": (recurrent(bp.scan), recurrent(in_python)),
    "a loop in reverse": (recurrent(bp.scan, True), recurrent(in_python, True)),
    "a branch": (branching(bp.cond), branching(branch_in_python)),
}
READ = {
    "sum-product": (SUM_PRODUCT, np.asarray),
    "mass": (MASS, np.asarray),
    "path norm": (PathNorm(2), np.asarray),
    "count": (PATH_COUNT, np.asarray),
    "active count": (ACTIVE_COUNT, np.asarray),
    "strongest path": (MAX_PRODUCT, np.asarray),
    "reachability": (REACHABILITY, np.asarray),
    "entropy": (ENTROPY, lambda s: np.stack([s.mass, s.moment])),
    "log-scaled": (LOG_SCALED, lambda s: s.log10()),
    "a user's own": (CHEAPEST, np.asarray),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", READ)
def test_path_sums_are_those_of_the_program_written_out(program, name):
    semiring, read = READ[name]
    ours, theirs = (bp.linearize(f, *POINT).path_sum(semiring) for f in PROGRAMS[program])
    assert ours.keys() == theirs.keys()
    for key in ours:
        np.testing.assert_allclose(read(ours[key]).astype(float), read(theirs[key]).astype(float), rtol=1e-12)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("by", ["layer", "edge"])
def test_lengths_go_through_the_steps(program, by):
    """By edge, the ways into a loop and out of it do not count: in Python they are an index, a stack of results."""
    programs = (only_carry(bp.scan), only_carry(in_python)) if by == "edge" and "loop" in program else PROGRAMS[program]
    ours, theirs = (bp.explain(f, POINT, wrt=["w", "h"]).length_spectrum(by) for f in programs)
    assert list(ours.parts) == list(theirs.parts)
    for n, part in ours.parts.items():
        for name in part:
            np.testing.assert_allclose(part[name], theirs.parts[n][name], rtol=1e-12, atol=1e-15)


def only_carry(scan):
    def f(w, h, xs):
        return (scan(lambda h, x: (np.tanh(w @ h + x), x), h, xs)[0] ** 2).sum()

    return f


def test_explanations_go_through_loops():
    ours, theirs = (bp.explain(f, POINT, wrt=["w", "h", "xs"]) for f in PROGRAMS["a loop"])
    for quantity in ("count", "active_count", "entropy", "evenness", "path_norm"):
        assert getattr(ours, quantity)() == pytest.approx(getattr(theirs, quantity)(), rel=1e-12)
    for a, b in (
        (ours.mass(), theirs.mass()),
        (ours.gradient, theirs.gradient),
        (ours.cancellation(), theirs.cancellation()),
    ):
        for name in a:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-12)


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_explanation_is_told_and_verified(program):
    e = bp.explain(PROGRAMS[program][0], POINT, wrt=["w", "h"])
    assert all(e.verify().values())
    assert e.to_json()["top_paths"][0]["path"].split(" -> ")[0] in "wh"
    assert f"{e.count():,} paths" in e.summary()


def test_operations_inside_are_counted():
    counts = []
    for f in PROGRAMS["a loop"]:
        counted = Counted(SUM_PRODUCT)
        bp.linearize(f, *POINT).path_sum(counted)
        counts.append(counted.multiplications)
    assert counts[0] == counts[1] > 0


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("method", ["reverse", "forward", "paths", "elimination"])
def test_every_method_gives_the_gradient(program, method):
    ours, theirs = PROGRAMS[program]
    found = bp.linearize(ours, *POINT).gradient(["w", "h", "xs"], method=method)
    expected = bp.grad(theirs, (0, 1, 2))(*POINT)
    for key, gradient in zip(("w", "h", "xs"), expected, strict=True):
        np.testing.assert_allclose(found[key], gradient, rtol=1e-11, atol=1e-13)


def test_every_check_passes():
    for program in PROGRAMS.values():
        assert bp.check(program[0], *POINT).ok
        assert bp.check_grads(program[0], POINT).ok


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_goes_along_single_edges_is_refused(program):
    word = "loop" if "loop" in program else "branch"
    lin = bp.linearize(PROGRAMS[program][0], *POINT)
    with pytest.raises(bp.GraphError, match=f"unroll.*is a {word} with a graph of its own.*write it out in Python"):
        lin.unroll()
    with pytest.raises(bp.GraphError, match=f"top_paths.*is a {word}"):
        bp.explain(PROGRAMS[program][0], POINT, wrt=["w"]).top_paths(3)


def test_lengths_of_the_outer_graph_alone_are_refused():
    lin = bp.linearize(PROGRAMS["a loop"][0], *POINT)
    with pytest.raises(bp.GraphError, match=r"give Lengths\(step, inside\)"):
        lin.path_sum(Lengths(lambda target, slot: 1))
    with pytest.raises(bp.GraphError, match="count by 'layer'"):
        bp.explain(
            lambda w, h: bp.scan(lambda h, _: (h + np.tanh(w @ h), None), h + w @ h, length=3)[0].sum(), POINT[:2]
        ).length_spectrum("block")
