"""How to train, as plain data that a run keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from backpath.data.reading.options import Reading
from backpath.data.target import Task
from backpath.graph import RunError, SettingError
from backpath.nets.spelled import Word, checked_word


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train; the defaults are those of ``backpath train``.

    ``onnx`` is the .onnx file whose model is trained, in place of a network of ``layers``. With ``robust`` an
    estimator that needs no settings is trained beside it, of ``members`` networks and in ``time_budget`` seconds, if
    they are said.
    """

    seed: int = 0
    epochs: int = 40
    layers: tuple[Word, ...] = (128, 128)
    activation: tuple[str, ...] = ("relu",)
    init: str = "auto"
    loss: str | None = None
    optimizer: str = "sgd"
    rate: float | None = None
    find_rate: bool = False
    momentum: float | None = None
    schedule: str = "constant"
    l2: float = 0.0
    clip: float | None = None
    batch: int = 32
    test: float = 0.2
    validation: float = 0.0
    task: Task | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    scale: str = "standard"
    norm: str | None = None
    dropout: float = 0.0
    stream: int = 0
    threads: int | None = None
    engine: str = "auto"
    device: str | None = None
    precision: str = "full"
    devices: int | str | None = None
    shard: str | None = None
    augment: tuple[str, ...] = ()
    text: bool = False
    missing: tuple[str, ...] = ()
    label_missing: str = "words"
    decimal: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    onnx: str | None = None
    robust: bool = False
    members: int | None = None
    time_budget: float | None = None

    @property
    def reading(self) -> Reading:
        """What cannot be known from a file."""
        return Reading(**{field.name: getattr(self, field.name) for field in fields(Reading)})

    @property
    def spelled(self) -> bool:
        """Whether layers are more than widths, or images are augmented: the model reads examples as they are shaped."""
        return self.onnx is None and (bool(self.augment) or not all(isinstance(layer, int) for layer in self.layers))

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Settings:
        """The settings among what ``config.json`` of a run holds; older runs lack what came later.

        Raises:
            RunError: if one is missing, or is not of its kind.
        """
        since = (
            "engine",
            "device",
            "precision",
            "devices",
            "shard",
            "augment",
            "text",
            "onnx",
            "robust",
            "members",
            "time_budget",
            *(field.name for field in fields(Reading)),
        )
        known = {**{name: getattr(cls(), name) for name in since}, **config}
        try:
            kept: dict[str, Any] = {field.name: known[field.name] for field in fields(cls)}
        except KeyError as error:
            raise RunError(f"the run's config.json lacks {error}: another version of backpath made it") from None
        for name, value in kept.items():
            kept[name] = tuple(value) if isinstance(value, list) else value
        for name, kind in get_type_hints(cls).items():
            wrong = not _is(kept[name], kind) or (name in ("epochs", "batch") and kept[name] < 1)
            if wrong or (name == "layers" and not all(map(_is_layer, kept[name]))):
                raise RunError(f"the run's configuration is damaged: its {name!r} is {kept[name]!r}")
        return cls(**kept)


def _is_layer(word: Word) -> bool:
    """Whether it is a number of neurons, or the word of another layer."""
    try:
        return isinstance(word, int) or isinstance(checked_word(word), str)
    except SettingError:
        return False


def _is(value: Any, kind: Any) -> bool:
    """Whether a value is of an annotation's kind; no whole number of a setting is negative."""
    if kind is int:
        return type(value) is int and value >= 0
    if kind is float:
        return type(value) in (int, float)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is(part, get_args(kind)[0]) for part in value)
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    choices = get_args(kind)
    return any(_is(value, choice) for choice in choices) if choices else type(value) is kind
