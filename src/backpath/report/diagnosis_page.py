"""A diagnosis as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Any

from backpath.diagnosis import Diagnosis, Effect, Finding

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5b6675; --paper: #fff; --line: #d5dbe3; --good: #1565c0;
  --bad: #b3261e; --other: #8a6d00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --dim: #a3afbf; --paper: #14181e; --line: #37414f;
  --good: #8ab8f5; --bad: #f2938c; --other: #e5c35a; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 56rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 0 0 .3rem; }
article { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; padding: 1rem 1.2rem; }
.dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; } th, td { border-bottom: 1px solid var(--line);
  padding: .25rem .6rem .25rem 0; text-align: left; vertical-align: top; } th { color: var(--dim); font-weight: 500;
  width: 32%; }
svg { display: block; height: auto; max-width: 100%; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
code { overflow-wrap: anywhere; }
"""

WIDTH, LEFT, RIGHT, ROW = 640, 150, 60, 26


def diagnosis_page(found: Diagnosis) -> str:
    """The page: findings in order, each with its evidence and what its fix brought; then what was tried in vain."""
    findings = [_finding(k, f) for k, f in enumerate(found.findings, 1)]
    body = "".join(findings) or f"<p>{escape(found.nothing_found)}</p>"
    checks = "".join(f"<tr><th>{escape(n)}</th><td>{_value(v)}</td></tr>" for n, v in found.checks.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Diagnosis</title>'
        f"<style>{STYLE}</style></head><body><main><h1>Diagnosis of {escape(repr(found.subject.model))}</h1>"
        f"<p>Skill <strong>{found.skill:.3f}</strong> on held-out rows: 1 is perfect, 0 is what chance gives. "
        f"{found.trainings} trainings in {found.seconds:.1f} s.</p>{body}{_tried(found)}"
        f"<h2>Quick experiments</h2><table>{checks}</table></main></body></html>\n"
    )


def _finding(number: int, f: Finding) -> str:
    told = "".join(
        f"<tr><th>{escape(str(name))}</th><td>{_value(value)}</td></tr>"
        for name, value in f.evidence.items()
        if name != "sources"
    )
    sources = "".join(f"<li>{escape(s)}</li>" for s in f.evidence.get("sources", ()))
    verdict = '<strong class="good">confirmed</strong>' if f.confirmed else '<strong class="bad">did not help</strong>'
    verdict = verdict if f.effect else '<strong class="dim">not tried</strong>'
    return (
        f"<article><h2>{number}. <code>{escape(f.kind)}</code> <span class='dim'>{escape(f.where)}</span></h2>"
        f"<p>{escape(f.message)}.</p><table>{told}</table>"
        + (f"<ul class='dim'>{sources}</ul>" if sources else "")
        + f"<p>Fix: {escape(f.fix)}. {verdict}</p>{_bars(f.effect) if f.effect else ''}</article>"
    )


def _bars(effect: Effect) -> str:
    """Skill without and with the fix, and with a random change, on one scale; the interval of the gain as a line."""
    rows = [("without", effect.before, "--dim"), ("with the fix", effect.after, "--good")]
    if effect.random == effect.random:
        rows.append(("random change", effect.random, "--other"))
    span = WIDTH - LEFT - RIGHT
    parts = []
    for k, (name, skill, color) in enumerate(rows):
        y, length = k * ROW + 4, span * min(max(skill, 0.0), 1.0)
        parts.append(f'<text x="0" y="{y + 13}">{name}</text>')
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="16" fill="var({color})"/>')
        parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{y + 13}">{skill:.3f}</text>')
    low, high = (LEFT + span * min(max(effect.before + g, 0.0), 1.0) for g in (effect.low, effect.high))
    parts.append(
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{ROW + 12}" y2="{ROW + 12}" stroke="var(--ink)" stroke-width="2"/>'
    )
    told = f"gain {effect.gain:+.3f}, 95 % interval {effect.low:+.3f} to {effect.high:+.3f}, {effect.seeds} seeds"
    label = escape(f"skill {effect.before:.3f} without, {effect.after:.3f} with the fix; {told}")
    svg = f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {len(rows) * ROW + 4}">{"".join(parts)}</svg>'
    return f'{svg}<p class="dim">{escape(told)}</p>'


def _tried(found: Diagnosis) -> str:
    if not found.tried:
        return ""
    rows = "".join(
        f"<tr><th><code>{escape(f.kind)}</code></th><td>{escape(f.fix)}"
        + (f", gain {f.effect.gain:+.3f} [{f.effect.low:+.3f}, {f.effect.high:+.3f}]" if f.effect else "")
        + "</td></tr>"
        for f in found.tried
    )
    return f"<h2>Tried, did not help</h2><table>{rows}</table>"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{escape(str(name))}: {_value(v)}" for name, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(v) for v in value)
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
