"""From a module of PyTorch, or what ``torch.export`` made of one, to a Recipe and the arrays that it holds."""

from __future__ import annotations

import copy
import logging
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from backpath.graph import SettingError, UnsupportedError
from backpath.importers.pytorch.aten import ATEN
from backpath.importers.pytorch.recipe import SIZES, Kind, Recipe, Ref, Step

if TYPE_CHECKING:
    pass

LAYOUT = frozenset({"device", "layout", "pin_memory", "memory_format", "non_blocking", "requires_grad", "generator"})
"""Settings that say where and how numbers lie, and nothing about them."""

UNUSUAL = 13
"""How many times the example's batch a network is exported with, so that it is like no other size in it."""

CHECKS = ("_assert", "sym_constrain_range", "_guards_fn")
"""Beginnings of the names of operations that make nothing."""


@dataclass(frozen=True, slots=True)
class Read:
    """A network as it was read.

    Attributes:
        recipe: its steps.
        parameters: by their names in the module.
        buffers: other arrays that it holds, by name.
        program: what PyTorch made of it, to run beside ours.
    """

    recipe: Recipe
    parameters: dict[str, np.ndarray]
    buffers: dict[str, np.ndarray]
    program: Any


def exported(module: Any, inputs: Sequence[Any], train: bool = False) -> Any:
    """The module as ``torch.export`` sees it, with a batch of any size where it allows that.

    Raises:
        SettingError: if PyTorch cannot export it: with PyTorch's words.
    """
    import torch

    module = copy.copy(module)
    was = module.training
    modes = [(part, part.training) for part in module.modules()]
    module.train(train)
    try:
        batch = inputs[0].shape[0] if inputs[0].ndim else None
        batched = [bool(x.ndim) and x.shape[0] == batch for x in inputs]
        # Sizes of 1, and sizes that are equal by chance, are taken for constants.
        several = tuple(
            x.repeat(UNUSUAL, *[1] * (x.ndim - 1)) if own else x for x, own in zip(inputs, batched, strict=True)
        )
        free = tuple({0: torch.export.Dim.AUTO} if own else None for own in batched)
        for example, sizes in ((several, free), (tuple(inputs), None)):
            try:
                return torch.export.export(module, example, dynamic_shapes=sizes)
            except Exception as error:  # PyTorch raises many kinds, and none that it documents.
                reason = error
        raise SettingError(
            f"from_torch: torch.export refuses {type(module).__name__}: {_first_line(reason)}"
        ) from reason
    finally:
        for part, mode in modes:
            part.training = mode
        module.training = was


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]


@contextmanager
def quiet() -> Any:
    """PyTorch's exporter warns of what its own parts do to each other."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        # Graphs that it cannot read it prints.
        with warnings.catch_warnings(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def lowered(program: Any) -> Any:
    """The program without operations that write in place, made of operations of the table where it can be.

    Operations that the table knows stay as they are; others become those of core ATen.
    """
    import torch

    if not unknown(program) and not _writes(program):
        return program
    plain = program.run_decompositions({})
    if not unknown(plain):
        return plain
    decompositions = torch.export.default_decompositions()
    for op in list(decompositions):
        if _op_name(op) in ATEN:
            decompositions.pop(op, None)
    return program.run_decompositions(decompositions)


def _writes(program: Any) -> bool:
    """Whether some operation changes what it is given."""
    schemas = [getattr(node.target, "_schema", None) for node in program.graph.nodes]
    return any(schema is not None and schema.is_mutable for schema in schemas)


def unknown(program: Any) -> dict[str, list[str]]:
    """Operations that the table has not, each with the modules in which it occurs."""
    found: dict[str, list[str]] = defaultdict(list)
    for node in program.graph.nodes:
        if node.op == "call_function" and not _known(node):
            found[_full_name(node.target)].append(_module(node) or node.name)
        elif node.op == "get_attr" and not _is_tensor(program, node):
            found["a graph inside the graph (a loop or a branch)"].append(node.name)
    return dict(found)


def _known(node: Any) -> bool:
    name = _op_name(node.target)
    return name in ATEN or name in SIZES or name.startswith(CHECKS)


def _op_name(target: Any) -> str:
    """``add.Tensor`` for an operation of ATen, ``mul`` for one of Python's on sizes."""
    import torch

    if isinstance(target, torch._ops.OpOverload):
        space, name = target._schema.name.split("::")
        name = f"{name}.{target._overloadname}"
        return name if space == "aten" else f"{space}::{name}"
    return getattr(target, "__name__", str(target))


def _full_name(target: Any) -> str:
    import torch

    return f"aten.{_op_name(target)}" if isinstance(target, torch._ops.OpOverload) else _op_name(target)


def _is_tensor(program: Any, node: Any) -> bool:
    import torch

    return isinstance(getattr(program.graph_module, node.target, None), torch.Tensor)


def _module(node: Any) -> str:
    """The path of the innermost module in which a node was made."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path = stack[-1][0] if stack else ""
    return "" if path.startswith("_empty") else path


def read(program: Any) -> Read:
    """The network of an exported program.

    Raises:
        UnsupportedError: with every operation that has no function here, how often it occurs and where.
    """
    with quiet():
        program = lowered(program)
    if missing := unknown(program):
        raise UnsupportedError("the network of PyTorch", missing, "write those parts with other operations")
    held, parameters, buffers, inputs = _ends(program)
    steps, constants = [], {}
    for node in program.graph.nodes:
        if node.op == "get_attr":
            constants[node.name] = _array(getattr(program.graph_module, node.target))
        if node.op != "call_function" or _op_name(node.target).startswith(CHECKS):
            continue
        settings = {key: _argument(x) for key, x in node.kwargs.items() if key not in LAYOUT}
        steps.append(
            Step(node.name, _op_name(node.target), tuple(_argument(x) for x in node.args), settings, _module(node))
        )
    held.update({name: name for name in constants})
    recipe = Recipe(
        tuple(inputs), held, _read_steps(steps, _outputs(program)), _outputs(program), _precision(parameters)
    )
    return Read(recipe, parameters, {**buffers, **constants}, program)


def _ends(program: Any) -> tuple[dict[str, str], dict[str, np.ndarray], dict[str, np.ndarray], list[str]]:
    """What stands behind each placeholder: parameters, buffers and constants by name, and the inputs in order."""
    held: dict[str, str] = {}
    parameters: dict[str, np.ndarray] = {}
    buffers: dict[str, np.ndarray] = {}
    inputs: list[str] = []
    known: dict[Any, str] = {}
    for spec in program.graph_signature.input_specs:
        name, target = spec.arg.name, spec.target
        if spec.kind.name == "USER_INPUT":
            inputs.append(name)
            continue
        where = program.constants if target in program.constants else program.state_dict
        array = _array(where[target])
        if spec.kind.name != "PARAMETER":
            held[name], buffers[target] = target, array.copy()
            continue
        # What two modules share is one parameter, by the first of its names.
        place = array.__array_interface__["data"][0], array.shape, array.strides
        held[name] = known.setdefault(place, target)
        parameters.setdefault(held[name], array)
    return held, parameters, buffers, inputs


def _array(tensor: Any) -> np.ndarray:
    import torch

    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _outputs(program: Any) -> dict[str, Ref]:
    """The outputs of the user's module by name, in order: those of dictionaries by key, others by number."""
    specs = [s for s in program.graph_signature.output_specs if s.kind.name == "USER_OUTPUT"]
    names = [str(k) for k in range(len(specs))]
    structure = program.call_spec.out_spec
    if structure is not None and structure.type is dict and structure.num_children == len(specs):
        names = [str(key) for key in structure.context]
    return {name: Ref(s.arg.name) for name, s in zip(names, specs, strict=True) if getattr(s.arg, "name", None)}


def _precision(parameters: Mapping[str, np.ndarray]) -> str:
    kinds = [value.dtype for value in parameters.values() if value.dtype.kind == "f"]
    return str(kinds[0]) if kinds else "float32"


def _argument(x: Any) -> Any:
    import torch

    if isinstance(x, torch.fx.Node):
        return Ref(x.name)
    if isinstance(x, torch.dtype):
        return Kind(str(x).removeprefix("torch.").replace("bfloat16", "float32"))
    if isinstance(x, (list, tuple)):
        return [_argument(part) for part in x]
    return x if isinstance(x, (bool, int, float, str)) or x is None else None


def _read_steps(steps: Sequence[Step], outputs: Mapping[str, Ref]) -> tuple[Step, ...]:
    """The steps that some output needs."""
    from backpath.importers.pytorch.recipe import _references

    needed, kept = {ref.name for ref in outputs.values()}, []
    for step in reversed(steps):
        if step.name in needed:
            kept.append(step)
            needed.update(_references([step.args, list(step.settings.values())]))
    return tuple(reversed(kept))
