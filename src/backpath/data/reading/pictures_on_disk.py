"""Folders of image files, of which a few are in memory at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from backpath.data.frame import Frame
from backpath.data.pictures import CLASS, ENTRIES, Pictures
from backpath.data.reading.on_disk import OnDisk
from backpath.data.words import Words


class PicturesSource(OnDisk):
    """Image files in a random order that is always the same, so that all classes come together.

    Args:
        path: of a folder of images in one folder for each class, or of images alone.
        shuffled: whether they are in a random order, or in that of their names.

    Raises:
        DataError: as ``Pictures``.
    """

    def __init__(self, path: str | Path, *, shuffled: bool = True):
        self.pictures, self.source, self.words = Pictures(path), str(path), Words()
        p = self.pictures
        if shuffled:
            order = np.random.default_rng(0).permutation(len(p.files))
            p.files = [p.files[k] for k in order]
            p.labels = None if p.labels is None else [p.labels[k] for k in order]
        self.names = (ENTRIES,) if p.labels is None else (ENTRIES, CLASS)
        self.width = math.prod(p.shape)
        self._in_even_groups(len(p.files), self.width)

    def identity(self) -> str:
        """Of the files' names and sizes."""
        told = [(str(file.relative_to(self.source)), file.stat().st_size) for file in self.pictures.files]
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()

    def stretch(self, group: int, first: int, until: int, columns: list[str] | None = None) -> Iterator[Frame]:
        """Some neighbouring rows of a group."""
        begin = int(self.starts[group])
        numbers = np.arange(begin + first, begin + until)
        frame = self.pictures.frame(numbers, pixels=columns is None or ENTRIES in columns)
        yield replace(frame, numbers=numbers)
