"""Every layer of ``torch.nn``: how one is made, and an example of what it takes.

``LAYERS`` are those that are tried; ``OTHERS`` are no layers by themselves, with why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

Case = tuple[Callable[[], nn.Module], tuple[torch.Tensor, ...]]


def _drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1)).double()


IMAGES = {1: _drawn(2, 4, 9), 2: _drawn(2, 4, 9, 8), 3: _drawn(2, 4, 5, 6, 7)}
"""Of one, two and three axes."""

ROWS, OTHER = _drawn(4, 5), 2.0 * _drawn(4, 5) + 1.0
SHARES, SIGNS, FLAGS = torch.sigmoid(ROWS), torch.sign(ROWS), (ROWS > 0).double()
CLASSES, ONES = torch.tensor([0, 1, 4, 2]), torch.ones(4).double()
SEQUENCES, MEMORY = _drawn(2, 5, 8), _drawn(2, 4, 8)

OTHERS = {
    "Container": "a base class",
    "DataParallel": "runs a module on several devices",
    "Module": "a base class",
    "ModuleDict": "holds modules",
    "ModuleList": "holds modules",
    "ParameterDict": "holds parameters",
    "ParameterList": "holds parameters",
    "RNNBase": "a base class",
    "RNNCellBase": "a base class",
}


def _of(name: str, *settings: Any, **more: Any) -> Callable[[], nn.Module]:
    return lambda: getattr(nn, name)(*settings, **more)


def _of_images() -> dict[str, Case]:
    settings: dict[str, tuple[Any, ...]] = {
        "AdaptiveAvgPool": (3,), "AdaptiveMaxPool": (3,), "AvgPool": (3, 2, 1), "BatchNorm": (4,), "CircularPad": (1,),
        "ConstantPad": (1, 0.5), "Conv": (4, 6, 3), "ConvTranspose": (4, 6, 3, 2), "Dropout": (0.5,),
        "InstanceNorm": (4,), "LPPool": (2, 2), "LazyBatchNorm": (), "LazyConv": (6, 3), "LazyConvTranspose": (6, 3),
        "LazyInstanceNorm": (), "MaxPool": (3, 2, 1), "ReflectionPad": (1,), "ReplicationPad": (1,), "ZeroPad": (1,),
    }  # fmt: skip
    return {f"{k}{n}d": (_of(f"{k}{n}d", *s), (x,)) for k, s in settings.items() for n, x in IMAGES.items()}


def _of_rows() -> dict[str, Case]:
    names = """AlphaDropout CELU Dropout ELU FeatureAlphaDropout GELU Hardshrink Hardsigmoid Hardswish Hardtanh Identity
    LeakyReLU LogSigmoid Mish PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softplus Softshrink Softsign Tanh Tanhshrink"""
    found: dict[str, Case] = {name: (_of(name), (3.0 * ROWS,)) for name in names.split()}
    found |= {name: (_of(name, dim=-1), (ROWS,)) for name in ("LogSoftmax", "Softmax", "Softmin")}
    return found | {
        "Bilinear": (_of("Bilinear", 5, 3, 2), (ROWS, _drawn(4, 3))),
        "GLU": (_of("GLU"), (_drawn(4, 6),)),
        "LazyLinear": (_of("LazyLinear", 3), (ROWS,)),
        "Linear": (_of("Linear", 5, 3), (ROWS,)),
        "Sequential": (lambda: nn.Sequential(nn.Linear(5, 4), nn.Tanh()), (ROWS,)),
        "Threshold": (_of("Threshold", 0.1, 0.5), (ROWS,)),
    }


def _of_shapes() -> dict[str, Case]:
    lines, images = IMAGES[1], IMAGES[2]
    bags = torch.tensor([[1, 2, 9], [0, 1, 1]])
    return {
        "ChannelShuffle": (_of("ChannelShuffle", 2), (images,)),
        "CrossMapLRN2d": (_of("CrossMapLRN2d", 3), (images,)),
        "Embedding": (_of("Embedding", 10, 3), (bags,)),
        "EmbeddingBag": (_of("EmbeddingBag", 10, 3), (bags,)),
        "Flatten": (_of("Flatten"), (lines,)),
        "Fold": (_of("Fold", (5, 6), (2, 3)), (_drawn(2, 12, 16),)),
        "FractionalMaxPool2d": (_of("FractionalMaxPool2d", 2, output_size=(4, 4)), (images,)),
        "FractionalMaxPool3d": (_of("FractionalMaxPool3d", 2, output_size=(2, 2, 2)), (IMAGES[3],)),
        "GroupNorm": (_of("GroupNorm", 2, 4), (images,)),
        "LayerNorm": (_of("LayerNorm", [9, 8]), (images,)),
        "LocalResponseNorm": (_of("LocalResponseNorm", 3), (images,)),
        "MaxUnpool1d": (_of("MaxUnpool1d", 2), (_drawn(2, 3, 4), _places(2, 3, 4))),
        "MaxUnpool2d": (_of("MaxUnpool2d", 2), (_drawn(2, 3, 4, 5), _places(2, 3, 4, 5))),
        "MaxUnpool3d": (_of("MaxUnpool3d", 2), (_drawn(2, 3, 2, 3, 4), _places(2, 3, 2, 3, 4))),
        "PixelShuffle": (_of("PixelShuffle", 2), (images,)),
        "PixelUnshuffle": (_of("PixelUnshuffle", 2), (_drawn(2, 3, 8, 6),)),
        "RMSNorm": (_of("RMSNorm", 8), (images,)),
        "Softmax2d": (_of("Softmax2d"), (images,)),
        "SyncBatchNorm": (_of("SyncBatchNorm", 4), (images,)),
        "Unflatten": (_of("Unflatten", 1, (2, 2)), (lines,)),
        "Unfold": (_of("Unfold", (2, 3)), (images,)),
        "Upsample": (_of("Upsample", scale_factor=2, mode="bicubic"), (_drawn(2, 3, 4, 5),)),
        "UpsamplingBilinear2d": (_of("UpsamplingBilinear2d", scale_factor=2), (_drawn(2, 3, 4, 5),)),
        "UpsamplingNearest2d": (_of("UpsamplingNearest2d", scale_factor=2), (_drawn(2, 3, 4, 5),)),
    }


def _places(batch: int, channels: int, *lengths: int) -> torch.Tensor:
    """Of each entry in an image twice as long along each axis, no two in one."""
    count = 1
    for n in lengths:
        count *= n
    return (2 * torch.arange(count)).reshape(1, 1, *lengths).repeat(batch, channels, *[1] * len(lengths))


def _of_sequences() -> dict[str, Case]:
    steps = _drawn(2, 6, 5)
    found: dict[str, Case] = {}
    for name in ("GRU", "LSTM", "RNN"):
        found[name] = (_of(name, 5, 4, 2, batch_first=True, bidirectional=True), (steps,))
        found[f"{name}Cell"] = (_of(f"{name}Cell", 5, 4), (steps[0],))
    layer = {"nhead": 2, "dim_feedforward": 16, "batch_first": True}
    return found | {
        "MultiheadAttention": (_of("MultiheadAttention", 8, 2, batch_first=True), (SEQUENCES,) * 3),
        "Transformer": (_of("Transformer", 8, 2, 1, 1, 16, batch_first=True), (SEQUENCES, MEMORY)),
        "TransformerDecoder": (
            lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(8, **layer), 2),
            (SEQUENCES, MEMORY),
        ),
        "TransformerDecoderLayer": (_of("TransformerDecoderLayer", 8, **layer), (SEQUENCES, MEMORY)),
        "TransformerEncoder": (
            lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, **layer), 2),
            (SEQUENCES,),
        ),
        "TransformerEncoderLayer": (_of("TransformerEncoderLayer", 8, **layer), (SEQUENCES,)),
    }


def _of_losses() -> dict[str, Case]:
    labels = torch.tensor([[0, 2, -1, 1], [1, -1, 0, 0], [3, 2, 1, 0]])
    ctc = _drawn(6, 2, 5).log_softmax(-1), torch.tensor([[1, 2], [3, 1]]), torch.tensor([6, 6]), torch.tensor([2, 2])
    inputs: dict[str, tuple[torch.Tensor, ...]] = {
        "BCELoss": (SHARES, FLAGS), "BCEWithLogitsLoss": (ROWS, FLAGS), "CTCLoss": ctc,
        "CosineEmbeddingLoss": (ROWS, OTHER, SIGNS[:, 0]), "CosineSimilarity": (ROWS, OTHER),
        "CrossEntropyLoss": (ROWS, CLASSES), "GaussianNLLLoss": (ROWS, OTHER, SHARES),
        "HingeEmbeddingLoss": (ROWS, SIGNS), "HuberLoss": (ROWS, OTHER), "KLDivLoss": (ROWS, SHARES),
        "L1Loss": (ROWS, OTHER), "MSELoss": (ROWS, OTHER), "MarginRankingLoss": (ROWS[:, 0], OTHER[:, 0], ONES),
        "MultiLabelMarginLoss": (_drawn(3, 4), labels), "MultiLabelSoftMarginLoss": (ROWS, FLAGS),
        "MultiMarginLoss": (ROWS, CLASSES), "NLLLoss": (ROWS, CLASSES),
        "NLLLoss2d": (_drawn(2, 4, 3, 3), torch.zeros(2, 3, 3).long()), "PairwiseDistance": (ROWS, OTHER),
        "PoissonNLLLoss": (ROWS, SHARES), "SmoothL1Loss": (ROWS, OTHER), "SoftMarginLoss": (ROWS, SIGNS),
        "TripletMarginLoss": (ROWS, OTHER, ROWS - 1.0), "TripletMarginWithDistanceLoss": (ROWS, OTHER, ROWS - 1.0),
    }  # fmt: skip
    adaptive = (_of("AdaptiveLogSoftmaxWithLoss", 8, 20, [4, 10]), (_drawn(3, 8), torch.tensor([1, 6, 15])))
    linear = (_of("LinearCrossEntropyLoss", 5, 6), (ROWS, CLASSES))
    found: dict[str, Case] = {name: (_of(name), given) for name, given in inputs.items()}
    return found | {"AdaptiveLogSoftmaxWithLoss": adaptive, "LinearCrossEntropyLoss": linear}


LAYERS: dict[str, Case] = _of_images() | _of_rows() | _of_shapes() | _of_sequences() | _of_losses()


def every_name() -> list[str]:
    """The classes of ``torch.nn`` that are modules, in order."""
    found = [name for name in dir(nn) if isinstance(getattr(nn, name), type)]
    return [name for name in found if issubclass(getattr(nn, name), nn.Module)]


def made(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """A layer in float64 for predicting, and its example; a lazy one has seen it."""
    make, inputs = LAYERS[name]
    torch.manual_seed(0)
    layer = make().double().eval()
    with torch.no_grad():
        layer(*inputs)
    return layer, inputs
