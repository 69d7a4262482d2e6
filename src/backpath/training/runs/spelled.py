"""Models whose layers are words, and what their examples are made of: images or whole numbers."""

from __future__ import annotations

from backpath.data.grids import Grid
from backpath.data.parts import Data, FrameData
from backpath.graph import DataError
from backpath.nets import Sequential
from backpath.nets.spelled import Manner, layers_of
from backpath.training.runs.settings import Settings


def spelled_model(data: Data, target: str, outputs: int, loss: str, settings: Settings) -> tuple[Grid, Sequential]:
    """How rows become examples of a shape, and the model that reads them.

    Raises:
        DataError: if the rows are neither images nor whole numbers, or stay on disk.
        SettingError: if the layers do not go with them.
        ShapeError: if a layer cannot take what comes.
    """
    s = settings
    if not isinstance(data, FrameData):
        raise DataError(f"{data.source}: layers of images or whole numbers need all rows in memory: leave --stream out")
    left_out = [target, *s.drop]
    if any(isinstance(word, str) and word.startswith("embed:") for word in s.layers):
        grid = Grid.of_tokens(data.frame, left_out)
    else:
        grid = Grid.of_image(data.frame, left_out, data.parts.train, s.scale)
    manner = Manner(s.activation, s.norm, s.dropout, s.augment)
    return grid, Sequential(layers_of(s.layers, grid.shape, outputs, manner, grid.vocabulary), grid.shape, loss)
