"""The nine networks of full topology that the onnx package ships give their stored outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import backpath as bp

FOLDER = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = sorted(path.stem for path in FOLDER.glob("light_*.onnx"))


def stored_output(name: str) -> np.ndarray:
    tensor = onnx.TensorProto()
    tensor.ParseFromString((FOLDER / f"{name}_output_0.pb").read_bytes())
    return numpy_helper.to_array(tensor)


def test_there_are_nine() -> None:
    assert len(NAMES) == 9


@pytest.mark.parametrize("name", NAMES)
def test_networks_give_their_stored_outputs(name: str) -> None:
    shape = (1, 3, 224, 224)
    X = (np.arange(np.prod(shape)) / np.prod(shape)).astype(np.float32).reshape(shape)
    model = bp.from_onnx(FOLDER / f"{name}.onnx", X, compare=False)
    expected = stored_output(name)
    found = model.scores(model.init(), X)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
