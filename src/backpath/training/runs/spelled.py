"""Models whose layers are words, and what their examples are made of: images or whole numbers."""

from __future__ import annotations

from collections.abc import Iterator

from backpath.data.frame import Frame
from backpath.data.grids import Grid
from backpath.data.parts import Data
from backpath.engines.processes.signs import getting_on
from backpath.nets import Sequential
from backpath.nets.spelled import Manner, layers_of
from backpath.training.runs.settings import Settings


def spelled_model(data: Data, target: str, outputs: int, loss: str, settings: Settings) -> tuple[Grid, Sequential]:
    """How rows become examples of a shape, and the model that reads them.

    Raises:
        DataError: if the rows are neither images nor whole numbers.
        SettingError: if the layers do not go with them.
        ShapeError: if a layer cannot take what comes.
    """
    s = settings
    left_out = [target, *s.drop]
    if any(isinstance(word, str) and word.startswith("embed:") for word in s.layers):
        grid = Grid.of_tokens(_one_after_another(data), left_out)
    else:
        learned, rows = data.learning
        grid = Grid.of_image(learned, left_out, rows, s.scale)
    manner = Manner(s.activation, s.norm, s.dropout, s.augment)
    return grid, Sequential(layers_of(s.layers, grid.shape, outputs, manner, grid.vocabulary), grid.shape, loss)


def _one_after_another(data: Data) -> Iterator[Frame]:
    for frame in data.whole():
        getting_on()
        yield frame
