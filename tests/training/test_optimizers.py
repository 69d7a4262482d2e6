"""Optimizers against PyTorch's on the same gradients."""

import numpy as np
import pytest
import torch

from backpath.training.optimizers import BLOCK, SGD


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("size", [1, 7, BLOCK, 2 * BLOCK + 5])
def test_sgd_makes_pytorchs_steps(size, momentum):
    rng = np.random.default_rng(size)
    ours = rng.standard_normal(size)
    theirs = torch.tensor(ours, requires_grad=True)
    optimizer = torch.optim.SGD([theirs], lr=0.1, momentum=momentum)
    sgd = SGD(0.1, momentum)
    state = sgd.init(ours)
    for _ in range(100 if size < BLOCK else 5):
        gradient = rng.standard_normal(size)
        state = sgd.update(gradient, state, ours)
        theirs.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("arguments", [(0.0,), (-1.0,), (float("nan"),), (0.1, 1.0), (0.1, -0.1)])
def test_impossible_settings_are_refused(arguments):
    with pytest.raises(ValueError, match="="):
        SGD(*arguments)
