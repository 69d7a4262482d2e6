"""The table of docs/onnx.md: ONNX's own tests of single nodes through ``bp.from_onnx``, passed of total by operation.

The cases are made by the onnx package; nothing is downloaded::

    python -m benchmarks.onnx_page          # writes the table
    python -m benchmarks.onnx_page --check  # exit code 1 if it would change
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

import backpath as bp
from backpath.ops import PRIMITIVES

PAGE = Path(__file__).parents[1] / "docs" / "onnx.md"
BEGIN, END = "<!-- table of nodes -->", "<!-- end of the table -->"

SPELLED_OUT = "several nodes"
"""What cases test in which an operation is spelled out by others."""

NETWORKS = set(
    "Abs Add And ArgMax ArgMin Attention AveragePool BatchNormalization Cast CastLike Ceil Celu Clip Concat Constant "
    "ConstantOfShape Conv ConvTranspose Cos CumSum DepthToSpace Div Dropout Einsum Elu Equal Erf Exp Expand Flatten "
    "Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual "
    "GroupNormalization GRU HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM "
    "LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization LpPool MatMul Max MaxPool Mean Min "
    "Mish Mod Mul Neg NegativeLogLikelihoodLoss Not OneHot Or PRelu Pad Pow RMSNormalization RNN Range Reciprocal "
    "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare Relu Reshape Resize RotaryEmbedding Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin "
    "Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish SwiGLU "
    "Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor".split()
)
"""Operations that multilayer perceptrons, convolutional networks and transformers use."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case.

    Attributes:
        name: of the case.
        operation: that it tests.
        why: the error, empty if it passed.
    """

    name: str
    operation: str
    why: str


@cache
def cases() -> Mapping[str, Any]:
    """All cases of arrays of numbers that NumPy has, some of them real, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)  # type: ignore[arg-type]
    return {case.name.removeprefix("test_"): case for case in found if _of_reals(case)}


def _of_reals(case: Any) -> bool:
    arrays = [x for inputs, outputs in case.data_sets for x in (*inputs, *outputs)]
    numeric = all(isinstance(x, np.ndarray) and x.dtype.kind in "biuf" and x.dtype.isbuiltin == 1 for x in arrays)
    domains = {node.domain for node in case.model.graph.node}
    return numeric and any(x.dtype.kind == "f" for x in arrays) and not any("training" in name for name in domains)


def operation_of(case: Any) -> str:
    """The operation of the case's one node."""
    nodes = case.model.graph.node
    return nodes[0].op_type if len(nodes) == 1 else SPELLED_OUT


def run(case: Any) -> None:
    """Check that a graph of ours gives the outputs of a case, in its types.

    First every input is traced; where a shape depends on some, whole numbers are known, or all but the first.
    """
    for given, expected in case.data_sets:
        names = [i.name for i in case.model.graph.input]
        found = _outputs(case.model, {name: np.asarray(x) for name, x in zip(names, given, strict=False)})
        for ours, theirs in zip(found, expected, strict=False):
            if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
                told = f"{ours.dtype}{list(ours.shape)} in place of {theirs.dtype}{list(theirs.shape)}"
                raise AssertionError(told)
            np.testing.assert_allclose(ours, theirs, case.rtol, case.atol)


def _outputs(model: Any, values: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    imported, X = traceable(model, values)
    return evaluated(bp.trace(imported.call, imported.init(), X), [*imported.init().values(), *X.values()])


def _trains(model: Any) -> bool:
    """Whether a node takes the statistics of its batch."""
    return any(a.name == "training_mode" and a.i for node in model.graph.node for a in node.attribute)


def traceable(model: Any, values: Mapping[str, np.ndarray]) -> tuple[bp.ImportedModel, dict[str, np.ndarray]]:
    """A model, and the inputs that are traced; the others are arrays of the file."""
    whole = [name for name, x in values.items() if x.dtype.kind != "f"]
    reals = [name for name in values if name not in whole]
    tries = [[], whole, [*whole, *reals[1:]]]
    for known in tries:
        changed = type(model)()
        changed.CopyFrom(model)
        changed.graph.initializer.extend(numpy_helper.from_array(values[name], name) for name in known)
        X = {name: x for name, x in values.items() if name not in known}
        try:
            return bp.from_onnx(changed, X, train=_trains(changed), compare=False), X
        except bp.UnsupportedError:
            if known is tries[-1]:
                raise
    raise AssertionError("the last try raises")


def evaluated(graph: bp.Graph, inputs: Sequence[Any]) -> list[np.ndarray]:
    """The values of a graph's outputs, by the value rules of our primitives."""
    values: dict[int, Any] = dict(zip(graph.inputs, inputs, strict=True))
    with np.errstate(all="ignore"):
        for position, node in enumerate(graph.nodes):
            if node.primitive == "constant":
                values[position] = node.params["value"]
            elif position not in values:
                operands = [values[p] for p in node.parents]
                values[position] = PRIMITIVES[node.primitive].value(*operands, **node.params)
    return [np.asarray(values[o]) for o in graph.outputs]


@cache
def outcomes() -> tuple[Outcome, ...]:
    """What becomes of every case."""
    found = []
    for name, case in cases().items():
        try:
            run(case)
            why = ""
        except (bp.BackpathError, AssertionError) as error:
            why = f"{type(error).__name__}: {error}"
        found.append(Outcome(name, operation_of(case), why))
    return tuple(found)


def table() -> str:
    """The table, with those of networks first."""
    return "\n".join([BEGIN, *_lines(), END])


def _lines() -> Iterator[str]:
    every = outcomes()
    passed = sum(not o.why for o in every)
    yield f"With onnx {onnx.__version__}: {passed:,} of {len(every):,} cases pass."
    parts = {
        "operations of networks": [o for o in every if o.operation in NETWORKS],
        "other operations": [o for o in every if o.operation not in NETWORKS],
    }
    for title, part in parts.items():
        yield from ("", f"| {title} | passed | of |", "|---|---|---|")
        for name in sorted({o.operation for o in part}, key=str.lower):
            own = [o for o in part if o.operation == name]
            yield f"| {name} | {sum(not o.why for o in own)} | {len(own)} |"
        yield f"| together | {sum(not o.why for o in part)} | {len(part)} |"


def main(arguments: Sequence[str], write: Callable[[str], Any] = print) -> int:
    """Write the table into the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 if the page is not what the cases say")
    there = PAGE.read_text(encoding="utf-8")
    before, rest = there.split(BEGIN)
    old, after = rest.split(END)
    if parser.parse_args(arguments).check:
        if f"With onnx {onnx.__version__}:" not in old:
            write(f"docs/onnx.md is of another onnx than {onnx.__version__}, which has other cases")
            return 0
        same = f"{BEGIN}{old}{END}" == table()
        write("docs/onnx.md is up to date" if same else "docs/onnx.md is old: run python -m benchmarks.onnx_page")
        return int(not same)
    PAGE.write_text(f"{before}{table()}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
