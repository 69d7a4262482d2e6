"""Threads meet before they touch what another one has yet to do: against a model that knows every byte's user."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from backpath.engines.compiled.barriers import Access, Meetings
from backpath.engines.compiled.teams import share

THREADS = 3


@st.composite
def accesses(draw, alone):
    """Of an array whose rows are shared out, or of which any thread may touch all."""
    start = draw(st.sampled_from([0, 0, 8, 24]))
    rows, length, gap = draw(st.integers(1, 8)), draw(st.integers(1, 3)), draw(st.sampled_from([0, 0, 1]))
    shared = draw(st.booleans())
    end = start + rows * (length + gap) - gap
    return Access(start, end, draw(st.booleans()), (start, rows, length + gap) if shared else None, alone)


instructions = st.booleans().flatmap(lambda alone: st.lists(accesses(alone), min_size=1, max_size=3))


def touched(access, thread):
    """The bytes that a thread may touch."""
    if access.alone:
        return set(range(access.start, access.end)) if thread == 0 else set()
    if access.share is None:
        return set(range(access.start, access.end))
    start, rows, step = access.share
    first, last = share.py_func(rows, thread, THREADS)
    return {
        b for row in range(first, last) for b in range(start + row * step, min(start + (row + 1) * step, access.end))
    }


def conflict(one, other):
    """Whether two different threads touch a byte that one of them writes."""
    return (one.writes or other.writes) and any(
        touched(one, k) & touched(other, j) for k in range(THREADS) for j in range(THREADS) if k != j
    )


@settings(max_examples=500, deadline=None)
@given(st.lists(instructions, min_size=1, max_size=12))
def test_no_conflict_is_missed(program):
    """Whatever touches the same bytes stays in its order, and threads meet between where they are different ones."""
    meetings, before = Meetings(), []
    for new in program:
        stretch = meetings.before(new)
        for old, earlier in before:
            pairs = list(itertools.product(new, old))
            assert stretch > earlier or not any(conflict(a, b) for a, b in pairs)
            overlaps = any(a.start < b.end and b.start < a.end and (a.writes or b.writes) for a, b in pairs)
            assert stretch >= earlier or not overlaps
        before.append((new, stretch))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=6))
def test_a_chain_over_one_batch_needs_no_meeting(widths):
    """Each layer reads the rows that the same thread has written."""
    meetings, place = Meetings(), 0
    layers = []
    for width in widths:
        layers.append((place, place + 7 * width, (place, 7, width)))
        place += 7 * width
    for (a, a_end, a_share), (b, b_end, b_share) in itertools.pairwise(layers):
        assert meetings.before([Access(a, a_end, False, a_share, False), Access(b, b_end, True, b_share, False)]) == 0


def test_gradients_of_all_layers_wait_for_one_meeting():
    """Each reads all rows of its layer's adjoint, and the chain of adjoints goes on by rows."""
    meetings, stretches = Meetings(), []
    for above in range(0, 800, 100):
        here, weights = above + 100, above + 10_000
        reads = Access(above, above + 70, False, (above, 7, 10), False)
        writes = Access(here, here + 70, True, (here, 7, 10), False)
        stretches.append(meetings.before([reads, writes]))
        whole = Access(here, here + 70, False, None, False)
        gradient = Access(weights, weights + 90, True, (weights, 9, 10), False)
        stretches.append(meetings.before([whole, gradient]))
    assert stretches == [0, 1] * 8


@given(st.integers(0, 5000), st.integers(1, 9))
def test_shares_cover_everything_once(extent, threads):
    parts = [share.py_func(extent, k, threads) for k in range(threads)]
    assert [n for first, last in parts for n in range(first, last)] == list(range(extent))
