"""The plan's formulas against a ring that is played, and the page against the script."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.weak_scaling import HOSTS, PLANS, Plan, table

PAGE = (Path(__file__).parents[2] / "docs" / "hosts.md").read_text(encoding="utf-8")


def ring(hosts: int, entries: int) -> tuple[list[list[float]], int, int]:
    """A ring all-reduce played message by message: the sums, and what a host sent, in entries and messages."""
    values = [[float(h + 1) * (k + 1) for k in range(entries)] for h in range(hosts)]
    cuts = [entries * c // hosts for c in range(hosts + 1)]
    sent = messages = 0
    for gathering in (False, True):
        for turn in range(hosts - 1):
            parts = [slice(*cuts[(c := (h + gathering - turn) % hosts) : c + 2]) for h in range(hosts)]
            moving = [values[h][parts[h]] for h in range(hosts)]
            for h in range(hosts):
                to = values[(h + 1) % hosts]
                to[parts[h]] = moving[h] if gathering else [a + b for a, b in zip(to[parts[h]], moving[h], strict=True)]
            sent, messages = sent + len(moving[0]), messages + 1
    return values, sent, messages


@pytest.mark.parametrize("hosts", [1, 2, 3, 8])
def test_a_ring_sends_as_much_as_the_formula_says(hosts):
    entries = 5 * 24
    values, sent, messages = ring(hosts, entries)
    total = hosts * (hosts + 1) / 2
    assert values == [[total * (k + 1) for k in range(entries)]] * hosts
    plan = Plan("ring", entries, 1, 0, 1.0, 1.0, 1.0)
    assert plan.summed_bytes(hosts) == pytest.approx(4 * sent)
    assert plan.summing(hosts) == pytest.approx(4 * sent + messages)


def test_where_half_of_the_time_is_computing():
    plan = PLANS[0]
    at = Plan("half", plan.parameters, round(plan.half), 0, plan.flops, plan.bandwidth, 0.0)
    assert at.efficiency(10**6, overlap=False) == pytest.approx(0.5, abs=0.01)
    at = Plan("hidden", plan.parameters, round(plan.hidden) + 1, 0, plan.flops, plan.bandwidth, 0.0)
    assert at.efficiency(10**6, overlap=True) == pytest.approx(1)
    assert 2 * (plan.most - 1) * plan.latency == pytest.approx(plan.computing)


def test_the_page_holds_the_tables_of_the_script():
    for plan in PLANS:
        assert "\n".join(table(plan)) in PAGE
    assert HOSTS[-1] == 1024
