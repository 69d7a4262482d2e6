"""Every threshold of a diagnosis, with where it comes from, in one table.

A threshold only decides what is worth trying. What becomes a finding is decided by training again, but for faults that
are plain from what was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number with its source."""

    value: float
    source: str


THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        "gain": Threshold(
            0.05, "skill that a fix must gain: of 100 rows of two balanced classes two or three more are right"
        ),
        "soft": Threshold(
            0.1, "the same, where the evidence is of degree alone: most trainings gain a little by going on for longer"
        ),
        "part": Threshold(0.2, "part of what skill lacks that a fix must gain: less is tuning, not repair"),
        "descent": Threshold(-4.0, "log10 of update over weight; around -3 training goes well (Karpathy, 2015)"),
        "falling": Threshold(
            0.03, "part of the whole fall of the loss that the last quarter of the epochs still brings"
        ),
        "edge": Threshold(
            1.0, "largest Hessian eigenvalue over 2 / rate: beyond it a quadratic diverges (Cohen, 2021)"
        ),
        "rises": Threshold(
            0.3, "part of the epochs, of the later half, in which the loss rises; steps that shrink it do so in few"
        ),
        "start": Threshold(
            2.0, "loss at the start over that of chance: an untrained softmax should give log(classes) (Karpathy, 2019)"
        ),
        "vanishing": Threshold(
            0.1,
            "adjoint at the first layer over that at the last one: half a digit a layer over two layers, as sigmoid's "
            "slope of 1/4 does (Glorot and Bengio, 2010)",
        ),
        "exploding": Threshold(10.0, "the same ratio, upwards (Pascanu, 2013: growth by the layer)"),
        "dead": Threshold(0.5, "part of a layer's units that are 0 on every row (Lu and others, 2020)"),
        "saturated": Threshold(
            0.5, "part of a layer's values where the slope is below a tenth of the largest (Rakitianskaia, 2015)"
        ),
        "slope": Threshold(0.1, "slope over the largest slope below which a unit counts as saturated"),
        "fans": Threshold(
            4.0,
            "variance of weights over the fan rule's, either way: over two layers a factor 16 (He and others, 2015)",
        ),
        "scale": Threshold(
            3.0,
            "root mean square of a column, or one over it: curvature goes with its square (LeCun and others, 1998)",
        ),
        "columns": Threshold(
            10.0, "largest over median root mean square of columns; its square is the condition number's"
        ),
        "outliers": Threshold(
            0.5, "part of a column's variance that its most distant 2 % of rows make; 0.14 for a normal one"
        ),
        "leak": Threshold(0.95, "skill of one column by itself, left-one-out; the next best lacks four times as much"),
        "apart": Threshold(
            10.0, "deviation between classes over that within them; iris, whose classes a ruler tells apart, has 4"
        ),
        "duplicates": Threshold(
            0.05, "part of the rows that judge and are training rows, too, where chance makes none"
        ),
        "noise": Threshold(
            0.06,
            "part of the labels that differ from their neighbours' where these are most of one mind (Northcutt, 2021)",
        ),
        "contradicted": Threshold(
            0.1, "the same, where it counts without a fix that helps: three standard errors of 0.06 on 60 rows are 0.09"
        ),
        "nothing": Threshold(0.1, "skill of neighbours below which labels have nothing to do with features"),
        "minority": Threshold(0.15, "share of the rarest class, over that of an even split in as many classes"),
        "recall": Threshold(0.7, "recall of the rarest class over the mean of the others'"),
        "gap": Threshold(0.1, "skill on training rows less that on held-out ones"),
        "fitted": Threshold(0.9, "skill on training rows that a network has which could fit them"),
        "epsilon": Threshold(
            1.0,
            "epsilon over the root mean square of gradients: beyond it the optimizer no longer adapts (Kingma, 2015)",
        ),
        "momentum": Threshold(0.97, "momentum: it averages over 1 / (1 - momentum) steps, 33 of them"),
        "steps": Threshold(4.0, "steps an epoch below which a batch wastes the rows that it has (Keskar, 2017)"),
        "noise_scale": Threshold(
            0.05, "batch over the noise scale: below it steps go mostly at random (McCandlish and others, 2018)"
        ),
    }
)


def limit(name: str) -> float:
    """The number of a threshold."""
    return THRESHOLDS[name].value


def source(name: str) -> str:
    """Where it comes from."""
    return THRESHOLDS[name].source
