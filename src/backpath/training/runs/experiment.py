"""An experiment: from a table to a trained network and how good it is on rows it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from backpath.calculus import GradientCheck, check_grads
from backpath.data.features import Features
from backpath.data.frame import Frame
from backpath.data.grids import Grid
from backpath.data.parts import Data, DiskData
from backpath.data.reading.on_disk import OnDisk
from backpath.data.target import Target
from backpath.graph import DataError
from backpath.nets import Model, Network
from backpath.training.checkpoints.saver import Saver
from backpath.training.find_rate import RangeTest, find_rate
from backpath.training.fit import fit
from backpath.training.loop.epochs import Epoch
from backpath.training.loop.footprint import Footprint, footprint
from backpath.training.loop.streaming import Streamed
from backpath.training.optimizers.chain import Optimizer
from backpath.training.optimizers.descent import descent
from backpath.training.optimizers.named import Rate
from backpath.training.optimizers.plateau import ReduceOnPlateau
from backpath.training.result import Fit
from backpath.training.runs.imported import imported_model
from backpath.training.runs.parting import parted_file, parted_frame
from backpath.training.runs.saved_model import SavedModel, outputs_for
from backpath.training.runs.scores import Confusions, Errors
from backpath.training.runs.settings import Settings
from backpath.training.runs.spelled import spelled_model


@dataclass(frozen=True)
class Experiment:
    """Data made ready and a network that fits them.

    Attributes:
        settings: how to train.
        data: the rows that train, choose and judge.
        features: learned from training rows.
        target: classes, or a quantity's mean and deviation in training rows.
        network: not trained yet.
    """

    settings: Settings
    data: Data
    features: Features | Grid
    target: Target
    network: Model

    @classmethod
    def prepare(cls, frame: Frame | OnDisk, target_column: str, settings: Settings) -> Experiment:
        """Split the frame, learn features and target from the training part, and lay out a network.

        Of a file on disk, they are learned from a random sample of its training part, and the classes from all rows.

        Raises:
            DataError: if the frame cannot be used as the settings ask.
            GraphError: if the settings make no network.
            SettingError: if they make no optimizer.
        """
        s = settings
        if target_column in s.drop:
            raise DataError(f"column {target_column!r} is the target: it cannot be dropped")
        if isinstance(frame, Frame):
            data, target, loss = parted_frame(frame, target_column, s)
        else:
            data, target, loss = parted_file(frame, target_column, s)
        learned, rows = data.learning
        if s.onnx is not None:
            features, network = imported_model(data, target_column, outputs_for(target, loss), loss, s)
        elif s.spelled:
            features, network = spelled_model(data, target_column, outputs_for(target, loss), loss, s)
        else:
            columns = learned.without([target_column, *s.drop])
            features = Features.fit(
                columns, rows, numeric=s.numeric, categorical=s.categorical, scale=s.scale, text=s.text
            )
            activation = s.activation[0] if len(s.activation) == 1 else s.activation
            sizes = [features.width, *map(int, s.layers), outputs_for(target, loss)]
            network = Network(sizes, activation, loss, norm=s.norm, dropout=s.dropout)
        experiment = cls(s, data, features, target, network)
        experiment.descent()
        return experiment

    @cached_property
    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """The training part as arrays, or a sample of it."""
        return self.features.transform(*self.data.learning), self.target.encode(*self.data.learning)

    def check_gradient(self) -> GradientCheck:
        """Our gradient at the initial weights on a few training rows, against an independent one."""
        X, y = (array[:8] for array in self.examples)
        parameters = self.network.init(self.settings.seed)
        return check_grads(
            self.network.loss_value, (parameters, X.astype(self.network.input_dtype(float)), y), argnums=0, sample=256
        )

    def descent(self) -> Optimizer:
        """The optimizer that the settings ask for.

        Raises:
            SettingError: if they make none.
        """
        s = self.settings
        steps = s.epochs * math.ceil(self.data.sizes["train"] / s.batch)
        return descent(s.optimizer, s.rate, s.momentum, s.schedule, steps, s.l2, s.clip)

    @cached_property
    def footprint(self) -> Footprint:
        """The memory that training will take beside the data."""
        batch = min(self.settings.batch, self.data.sizes["train"])
        return footprint(self.network, self.descent(), batch)

    def with_found_rate(self) -> tuple[Experiment, RangeTest]:
        """The same experiment at the rate that a range test suggests, and the test.

        Raises:
            SettingError: if no rate was seen to decrease the loss.
        """
        s = self.settings

        def optimizer(rate: Rate) -> Optimizer:
            return descent(s.optimizer, rate, s.momentum, l2=s.l2, clip=s.clip)

        found = find_rate(
            self.network, *self.examples, optimizer, batch=s.batch, seed=s.seed, init=s.init, threads=s.threads
        )
        return self.at_rate(found.suggestion), found

    def at_rate(self, rate: float) -> Experiment:
        """The same experiment with another step size."""
        return replace(self, settings=replace(self.settings, rate=rate))

    def train(self, on_epoch: Callable[[Epoch], None] | None = None, saver: Saver | None = None) -> Fit:
        """Fit the network to the training part; with a saver, from its checkpoint on if there is one."""
        s, data = self.settings, self.data
        streamed = None
        if isinstance(data, DiskData):
            streamed = Streamed(data, self.features, self.target, s.stream)
        return fit(
            self.network,
            *((streamed,) if streamed else self.examples),
            epochs=s.epochs,
            batch=s.batch,
            optimizer=self.descent(),
            seed=s.seed,
            plateau=ReduceOnPlateau() if s.schedule == "plateau" else None,
            init=s.init,
            threads=s.threads,
            checkpoint=saver,
            engine=s.engine,
            device=s.device,
            precision=s.precision,
            devices=s.devices,
            shard=s.shard,
            on_epoch=on_epoch,
        )

    def model(self, trained: Fit) -> SavedModel:
        """What to save."""
        return SavedModel(trained.network, trained.parameters, self.features, self.target, self.settings.reading)

    def tallies(self, model: SavedModel) -> dict[str, Confusions | Errors]:
        """How good it is on each part that has rows: ``train``, ``validation``, ``test``."""
        return {part: model.tally(self.data.frames(part)) for part, rows in self.data.sizes.items() if rows}
