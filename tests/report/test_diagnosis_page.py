"""The page of a diagnosis: whole by itself, escaped, and readable without a picture."""

from html.parser import HTMLParser

import numpy as np

import backpath as bp
from backpath.diagnosis.comparison import Effect
from backpath.diagnosis.findings import Diagnosis, Finding
from backpath.diagnosis.subject import subject_of
from backpath.report.diagnosis_page import diagnosis_page

EFFECT = Effect(0.2, 0.9, 0.7, 0.5, 0.9, 4, 0.4)


def page(findings=(), tried=()):
    subject = subject_of(bp.Network([2, 2]), np.random.default_rng(0).random((40, 2)), np.arange(40) % 2)
    return diagnosis_page(Diagnosis(tuple(findings), tuple(tried), 0.2, {"start": 1.0}, 12, 0.5, subject))


class Checker(HTMLParser):
    """Every element that is opened is closed, and nothing is fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.labels = [], [], []

    def handle_starttag(self, tag, attrs):
        self.labels += [value for name, value in attrs if name == "aria-label"]
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_whole_and_needs_nothing_else():
    finding = Finding("leakage", "<b>column</b>", "a & b", {"x": {"y": [1.0, 2.0]}}, "none", EFFECT, True)
    text = page([finding], [finding])
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert checker.fetched == []
    assert "<b>column" not in text
    assert "a &amp; b" in text
    assert "prefers-color-scheme: dark" in text
    assert "skill 0.200 without, 0.900 with the fix" in checker.labels[0]
    assert "<script" not in text


def test_nothing_found_is_said():
    assert "Nothing is wrong" in page()
    untried = Finding("noisy_labels", "target", "labels", {"sources": ["a threshold"]}, "look", None, False)
    assert "not tried" in page([untried])
