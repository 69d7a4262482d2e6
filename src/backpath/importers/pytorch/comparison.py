"""An imported network beside PyTorch itself, on one example: every value, and the gradient by every parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from backpath.calculus import vjp
from backpath.importers.agreement import Agreement, compared, direction
from backpath.importers.pytorch.model import TorchModel
from backpath.importers.pytorch.reading import Read


def beside_pytorch(read: Read, model: TorchModel, inputs: Sequence[Any], module: Any = None) -> Agreement:
    """Run both forwards and backwards.

    The gradient is that of the scores along one random direction, which no symmetry of the network hides anything from.

    Args:
        read: what was read, with the program of PyTorch.
        model: what was made of it.
        inputs: tensors.
        module: the module itself, whose output counts too, since PyTorch decomposes some operations wrongly.
    """
    theirs, gradients = _pytorch(read, model, inputs)
    arrays = [x.detach().cpu().numpy() for x in inputs]
    X = arrays[0] if len(arrays) == 1 else tuple(arrays)
    parameters = model.first
    values = list(_pairs(read, arrays, theirs))
    if module is not None:
        values.append(("the module's output", model.scores(parameters, X), _output(module, inputs, model)))
    both: dict[str, tuple[Any, Any]] = {}
    if gradients:
        value, pull = vjp(lambda p: model.scores(p, X), parameters)
        (ours,) = pull(direction(np.shape(value), np.asarray(value).dtype))
        both = {name: (ours[name], gradients[name]) for name in gradients}
    return compared(model.source, f"PyTorch {_version()}", values, both)


def _output(module: Any, inputs: Sequence[Any], model: TorchModel) -> np.ndarray:
    """What the module itself gives for the scores, as for predicting."""
    import torch

    modes = [(part, part.training) for part in module.modules()]
    try:
        with torch.no_grad():
            found = module.eval()(*inputs)
    finally:
        for part, mode in modes:
            part.training = mode
    name = model.output_names[model.output_number]
    if isinstance(found, dict):
        return found[name].numpy()
    return _tensors(found, torch.Tensor)[model.output_number].numpy()


def _tensors(found: Any, kind: type) -> list[Any]:
    """The tensors in tuples, lists and dictionaries, in order."""
    if isinstance(found, kind):
        return [found]
    parts = found.values() if isinstance(found, Mapping) else found if isinstance(found, (tuple, list)) else ()
    return [x for part in parts for x in _tensors(part, kind)]


def _pairs(read: Read, arrays: Sequence[np.ndarray], theirs: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    precision = np.dtype(read.recipe.precision)
    steps = {step.name: step for step in read.recipe.steps}
    for name, ours in read.recipe.run({**read.buffers, **read.parameters}, arrays, precision):
        if name in steps and name in theirs and isinstance(ours, (np.ndarray, np.generic)):
            # What PyTorch leaves unwritten holds whatever lay there.
            if steps[name].op.startswith(("empty", "new_empty")):
                continue
            module = steps[name].module
            yield (f"{module}/{name}" if module else name), ours, theirs[name]


def _pytorch(read: Read, model: TorchModel, inputs: Sequence[Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Every tensor that PyTorch makes, by name, and the gradient by every parameter that the scores depend on."""
    import torch

    class Recording(torch.fx.Interpreter):
        def __init__(self, module: Any):
            super().__init__(module)
            self.made: dict[str, Any] = {}

        def run_node(self, n: Any) -> Any:
            value = super().run_node(n)
            if isinstance(value, torch.Tensor):
                self.made[n.name] = value
            return value

    given, leaves = _placed(read, inputs)
    runs = Recording(read.program.graph_module)
    with torch.enable_grad():
        runs.run(*given)
        scores = runs.made.get(read.recipe.outputs[model.output_names[model.output_number]].name)
        gradients = {}
        if scores is not None and scores.requires_grad:
            wanted = list(leaves.values())
            seed = torch.from_numpy(direction(tuple(scores.shape), str(scores.dtype).removeprefix("torch.")))
            found = torch.autograd.grad(scores, wanted, seed, allow_unused=True)
            pairs = zip(leaves, found, strict=True)
            gradients = {name: g.numpy() for name, g in pairs if g is not None}
    return {name: value.detach().numpy() for name, value in runs.made.items()}, gradients


def _placed(read: Read, inputs: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """What the program's placeholders stand for, in order, and the parameters among them."""
    waiting, given, leaves = iter(inputs), [], {}
    for spec in read.program.graph_signature.input_specs:
        if spec.kind.name == "USER_INPUT":
            given.append(next(waiting))
            continue
        where = read.program.constants if spec.target in read.program.constants else read.program.state_dict
        value = where[spec.target].detach().cpu()
        if spec.kind.name == "PARAMETER":
            name = read.recipe.held[spec.arg.name]
            value = leaves.setdefault(name, value.requires_grad_(value.is_floating_point()))
        given.append(value)
    return given, leaves


def _version() -> str:
    import torch

    return torch.__version__.split("+")[0]
