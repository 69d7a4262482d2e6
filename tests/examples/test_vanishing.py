import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import backpath as bp

VANISHING = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "vanishing.py"))


def test_the_script_says_where_the_gradient_dies(capsys):
    VANISHING["main"]()
    plain, skips, *_ = capsys.readouterr().out.splitlines()
    assert plain.startswith("plain     gradient 2.3e-20 from 2.1e+37 paths; effective depth 30.0")
    assert skips.startswith("residual  gradient 4.8e+00 from 1.3e+38 paths; effective depth  0.8")


def test_its_gradients_are_jaxs():
    def plain(x):
        for W in VANISHING["WEIGHTS"]:
            x = jax.nn.sigmoid(x @ W)
        return jnp.sum(x)

    found = bp.explain(VANISHING["plain"], (VANISHING["POINT"],)).gradient["x"]
    np.testing.assert_allclose(found, jax.grad(plain)(VANISHING["POINT"]), rtol=1e-10)
