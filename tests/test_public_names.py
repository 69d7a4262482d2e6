"""The public surface: every exported name exists, is documented, and stands in the reference."""

import inspect
from pathlib import Path

import pytest

import backpath as bp

MODULES = {"optimizers", "schedules"}
REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"


def test_exported_names_are_sorted_unique_and_complete():
    assert len(set(bp.__all__)) == len(bp.__all__)
    public = {name for name, value in vars(bp).items() if name[0] != "_" and not inspect.ismodule(value)} | MODULES
    assert public == set(bp.__all__)


@pytest.mark.parametrize("name", bp.__all__)
def test_every_public_name_is_documented(name):
    assert inspect.getdoc(getattr(bp, name)), f"{name} has no docstring"
    assert f"`{name}" in REFERENCE.read_text(encoding="utf-8"), f"{name} is not in docs/reference.md"


@pytest.mark.parametrize("name", [n for n in bp.__all__ if inspect.isfunction(getattr(bp, n))])
def test_public_functions_are_annotated(name):
    signature = inspect.signature(getattr(bp, name))
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())
