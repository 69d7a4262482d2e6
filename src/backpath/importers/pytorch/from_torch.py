"""``from_torch``: a module of PyTorch as a Model of ours."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from backpath.graph import SettingError
from backpath.importers.pytorch.model import TorchModel
from backpath.importers.pytorch.recipe import Recipe, Ref
from backpath.nets import Loss


def from_torch(
    module: Any,
    example_inputs: Any,
    *,
    output: str | None = None,
    loss: str | Loss = "cross_entropy",
    train: bool = False,
    compare: bool = True,
) -> TorchModel:
    """A network of PyTorch as a Model: explained, checked, drawn, trained and saved like any other.

    The module goes through ``torch.export``; its operations become ours one by one, its parameters keep their names,
    and each node of a graph made from it tells of which module it is: ``layer3.1.conv2/matmul_57``. Batches may
    have any size where ``torch.export`` lets them.

    Args:
        module: a ``torch.nn.Module``, or an ``ExportedProgram``.
        example_inputs: a tensor or array, or a tuple of them, such as the module takes.
        output: which of several outputs the scores are: the key in a dictionary, or the number; by default the first.
        loss: a name in ``nets.LOSSES``, or a ``nets.Loss``, for training.
        train: whether to keep what the module does in training: dropout draws, and batch normalization takes the
            statistics of its batch. By default it is read as for predicting.
        compare: whether to run PyTorch's own on the example too; ``model.agreement`` tells how far the two are apart.

    Raises:
        UnsupportedError: for operations without a function here: all of them, how often each occurs, and where.
        SettingError: if ``torch.export`` refuses the module, or there is no such output.
        ImportError: if PyTorch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("from_torch needs PyTorch: pip install 'backpath[torch]'") from error
    from backpath.importers.pytorch.comparison import beside_pytorch
    from backpath.importers.pytorch.reading import exported, quiet, read

    inputs = _tensors(example_inputs, torch)
    if isinstance(module, torch.export.ExportedProgram):
        program, name = module, "ExportedProgram"
    elif isinstance(module, torch.nn.Module):
        name = type(module).__name__
        with quiet():
            program = exported(module, inputs, train)
    else:
        raise SettingError(f"from_torch: {type(module).__name__} is neither a torch.nn.Module nor an ExportedProgram")
    found = read(program)
    model = TorchModel(
        found.recipe,
        found.parameters,
        buffers=found.buffers,
        output=output,
        loss=loss,
        vocabulary=_vocabulary(found.recipe, found.parameters, inputs, torch),
        source=f"{name} of PyTorch",
    )
    model = _suited(model, inputs)
    if compare and not train:
        with quiet():
            model.agreed(beside_pytorch(found, model, inputs, module if program is not module else None))
    return model


def _tensors(example: Any, torch: Any) -> tuple[Any, ...]:
    parts = example if isinstance(example, (tuple, list)) else (example,)
    tensors = tuple(x if isinstance(x, torch.Tensor) else torch.as_tensor(np.asarray(x)) for x in parts)
    if not tensors:
        raise SettingError("from_torch: example_inputs is empty: give a tensor, or a tuple of tensors")
    return tuple(x.detach() for x in tensors)


def _vocabulary(recipe: Recipe, parameters: Any, inputs: Sequence[Any], torch: Any) -> int:
    """How many rows the table has from which the one input takes some."""
    if len(inputs) != 1 or inputs[0].dtype.is_floating_point:
        return 0
    tables = [s.args[0] for s in recipe.steps if s.op == "embedding.default" and s.args[1] == Ref(recipe.inputs[0])]
    rows = [len(parameters[recipe.held[t.name]]) for t in tables if recipe.held.get(t.name) in parameters]
    return min(rows, default=0)


def _suited(model: TorchModel, inputs: Sequence[Any]) -> TorchModel:
    """The model with the shape of an example and of its scores, where the first axis of both is the batch."""
    if len(inputs) != 1 or not inputs[0].ndim or not model.parameter_shapes:
        return model
    # Of scores without a batch, or a batch that the network fixes, it is explained all the same.
    with suppress(ValueError, TypeError):
        return model.suited(tuple(inputs[0].shape[1:]))  # type: ignore[return-value]
    return model
