"""``backpath export``: a run as an .onnx file that predicts from the columns of a table."""

from __future__ import annotations

from pathlib import Path

import click

from backpath.graph import SettingError
from backpath.training.runs.exporting import export_onnx
from backpath.training.runs.run_folder import read_run

MOST_INPUTS = 8


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
def export(run: Path, file: Path) -> None:
    """Write the network in RUN to FILE, which ends in .onnx, with what makes features of columns.

    The file takes the columns that the run was trained on, each as an input by its name, and gives the predictions of
    backpath predict.
    """
    if file.suffix.lower() != ".onnx":
        raise SettingError(f"{file}: what is written is ONNX: give a name that ends in .onnx")
    proto = export_onnx(read_run(run), file)
    inputs = [f"{i.name} ({_kind(i)})" for i in proto.graph.input]
    more = f", and {len(inputs) - MOST_INPUTS} more" if len(inputs) > MOST_INPUTS else ""
    click.echo(f"  inputs    {', '.join(inputs[:MOST_INPUTS])}{more}")
    click.echo(f"  outputs   {', '.join(o.name for o in proto.graph.output)}")
    click.echo(f"  nodes     {len(proto.graph.node)}, opset {proto.opset_import[0].version}")
    click.echo(f"  saved     {file}, {file.stat().st_size:,} bytes")


def _kind(value: object) -> str:
    from onnx import TensorProto

    kind = value.type.tensor_type.elem_type  # type: ignore[attr-defined]
    return {TensorProto.STRING: "text", TensorProto.INT64: "whole number"}.get(kind, "number")
