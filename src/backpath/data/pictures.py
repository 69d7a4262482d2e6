"""Frames of image files: one folder a class, or one folder without classes; read with Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from backpath.data.frame import Frame, listed
from backpath.graph import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
ENTRIES, CLASS = "pixel", "class"
"""The array of what images show, and the column of their folders' names."""

GREY = frozenset({"1", "L", "I", "I;16", "F"})


def is_pictures(path: str | Path) -> bool:
    """Whether a path is an image file, or a folder of images or of folders of images."""
    path = Path(path)
    if path.is_dir():
        return any(_is_image(p) for p in (*path.glob("*"), *path.glob("*/*")))
    return _is_image(path)


def read_pictures(path: str | Path) -> Frame:
    """Images as a frame: their entries as columns ``pixel_0``, ``pixel_1``, ..., and their folders' names as ``class``.

    All are read in grey if all are, else in red, green and blue.

    Raises:
        DataError: if they are of different sizes, one is damaged, or Pillow is not there.
    """
    pictures = Pictures(path)
    return pictures.frame(np.arange(len(pictures.files)))


class Pictures:
    """Image files of one size, and their classes; no more than their headers is read before they are asked for.

    Attributes:
        source: as messages name it.
        files: all images.
        labels: the class of each, if they lie in folders.
        shape: of each, (height, width, channels).

    Args:
        path: of an image, a folder of images, or a folder of folders of images.

    Raises:
        DataError: as :func:`read_pictures`.
    """

    def __init__(self, path: str | Path):
        self.source = str(path)
        self.files, self.labels = _files(Path(path))
        modes, size = set[str](), (0, 0)
        for file in self.files:
            with _opened(file) as image:
                modes.add(image.mode)
                size = size if any(size) else image.size
                if image.size != size:
                    told = [f"{width} by {height} pixels" for width, height in (image.size, size)]
                    raise DataError(
                        f"{file} has {told[0]} and {self.files[0]} {told[1]}: bring all images to one size first"
                    )
        self.shape = (size[1], size[0], 1 if modes <= GREY else 3)

    def frame(self, rows: np.ndarray, *, pixels: bool = True) -> Frame:
        """Some of them, with or without what they show."""
        import polars as pl

        columns, shapes = [], {}
        if pixels:
            array = np.empty((len(rows), *self.shape), np.uint8)
            for k, row in enumerate(rows):
                with _opened(self.files[row]) as image:
                    array[k] = _array(image)
            columns, shapes = [pl.Series(ENTRIES, array)], {ENTRIES: self.shape}
        if self.labels is not None:
            columns.append(pl.Series(CLASS, [self.labels[row] for row in rows], dtype=pl.String))
        return Frame(self.source, pl.DataFrame(columns), shapes=shapes, lines=self)

    def place(self, row: int) -> str:
        """The file of a row."""
        return str(self.files[row])


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """An image file; errors of Pillow within as one sentence."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise DataError(f"reading the image {file} takes Pillow: pip install 'backpath[images]'") from None
    try:
        with Image.open(file) as image:
            yield image
    except DataError:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{file} cannot be read as an image: {error}") from None


def _files(path: Path) -> tuple[list[Path], list[str] | None]:
    """All images in order, and each one's class if they lie in folders."""
    if not path.is_dir():
        return [path], None
    loose = sorted(p for p in path.iterdir() if _is_image(p))
    folders = sorted(p for p in path.iterdir() if p.is_dir() and any(map(_is_image, p.iterdir())))
    if loose and folders:
        raise DataError(
            f"{path} holds images ({listed([p.name for p in loose], 2)}) beside folders of images: put each into the "
            f"folder of its class"
        )
    if loose:
        return loose, None
    pairs = [(file, folder.name) for folder in folders for file in sorted(folder.iterdir()) if _is_image(file)]
    return [file for file, _ in pairs], [label for _, label in pairs]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _array(image: Any) -> np.ndarray:
    """Of shape (height, width, channels), uint8; one channel for images in grey."""
    grey = image.mode in GREY
    if image.mode in ("I", "I;16", "F"):
        entries = np.asarray(image, float)
        span = 65535 if entries.max(initial=0) > 255 else 255
        return (entries * (255 / span)).clip(0, 255).round().astype(np.uint8)[..., None]
    return np.asarray(image.convert("L" if grey else "RGB")).reshape(image.height, image.width, -1)
