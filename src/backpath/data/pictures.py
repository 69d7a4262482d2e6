"""Frames of image files: one folder a class, or one folder without classes; read with Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from backpath.data.frame import Frame, listed
from backpath.graph import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
CLASS = "class"
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
    path = Path(path)
    files, labels = _files(path)
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise DataError(f"reading the images of {path} takes Pillow: pip install 'backpath[images]'") from None
    arrays: list[np.ndarray] = []
    for file in files:
        try:
            with Image.open(file) as image:
                arrays.append(_array(image))
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(f"{file} cannot be read as an image: {error}") from None
        if arrays[-1].shape[:2] != arrays[0].shape[:2]:
            sizes = [f"{a.shape[1]} by {a.shape[0]} pixels" for a in (arrays[0], arrays[-1])]
            raise DataError(f"{file} has {sizes[1]} and {files[0]} {sizes[0]}: bring all images to one size first")
    if any(a.shape[2] == 3 for a in arrays):
        arrays = [np.broadcast_to(a, (*a.shape[:2], 3)) for a in arrays]
    pixels = np.stack([a.reshape(-1) for a in arrays], axis=1)
    shapes = {"pixel": arrays[0].shape}
    columns = {f"pixel_{k}": entries for k, entries in enumerate(pixels)}
    return Frame.of(str(path), columns if labels is None else {**columns, CLASS: labels}, shapes)


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
