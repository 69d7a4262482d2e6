"""The figure of an explanation shows the explanation's numbers."""

import builtins

import numpy as np
import pytest

import backpath as bp
from backpath.report import plot

W = [np.random.default_rng(k).standard_normal((4, 4)) / 2 for k in range(3)]


def explained():
    def f(x):
        for w in W:
            x = x + np.tanh(x @ w)
        return x.sum()

    return bp.explain(f, (np.ones(4),))


def test_panels_show_lengths_layers_and_cancellation(tmp_path):
    e = explained()
    figure = e.plot()
    spectrum, scale, flow, cancellation = figure.axes
    np.testing.assert_allclose([bar.get_height() for bar in spectrum.patches], list(e.length_spectrum().norms.values()))
    np.testing.assert_allclose(scale.lines[0].get_ydata(), [s.rms for s in reversed(e.depth_scale())])
    np.testing.assert_allclose(
        [bar.get_height() for bar in flow.patches], np.array(list(e.flow("layer").values())) / e.total_mass
    )
    assert sum(bar.get_height() for bar in cancellation.patches) == 4
    figure.savefig(tmp_path / "explanation.png")
    assert (tmp_path / "explanation.png").stat().st_size > 5000
    assert e._repr_png_()[:4] == b"\x89PNG"


def test_what_branches_carry_is_drawn_bar_by_bar(tmp_path):
    found = explained().carried("branch")
    figure = found.plot()
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [part.share for part in found]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [part.mass for part in found])
    assert [label.get_text() for label in axes.get_yticklabels()] == [part.name for part in found]
    figure.savefig(tmp_path / "carried.png")
    assert (tmp_path / "carried.png").stat().st_size > 5000


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "backpath\[plot\]"'):
        plot(explained())
    assert explained()._repr_png_() is None
