"""How deep a residual network's gradient goes, and which heads of a transformer carry one.

Veit, Wilber and Belongie (Residual Networks Behave Like Ensembles of Relatively Shallow Networks, NIPS 2016) found that
in a trained residual network of 110 layers nearly all of the gradient comes from paths of 10 to 34 layers. Here is
ResNet-18 of PyTorch at its initial weights, on one image of noise, exactly and not by sampled paths; a narrow one,
trained on the digits of scikit-learn, before and after; and a transformer of two layers, trained to go on with a
sequence that repeats.

Run with ``python -m examples.torch_depth``; it takes about two minutes.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch.nn import functional

import backpath as bp
from examples.torch_networks import ResNet18, Transformer

VOCABULARY, HALF = 24, 12


def by_blocks(model: bp.Model, parameters: dict, X: np.ndarray, output: tuple) -> tuple[dict[int, float], float]:
    """The share of a logit's gradient by the pixels that paths through so many blocks carry, and the mean layers."""
    e = bp.explain(model, (parameters, X), output=output, wrt="X")
    return e.length_spectrum("block").shares, e.length_spectrum("layer").effective_depth


def told(name: str, shares: dict[int, float], depth: float) -> str:
    """One line."""
    parts = "  ".join(f"{100 * share:6.1f}" for share in shares.values())
    return f"{name:<28}{parts}   {depth:5.1f}"


def resnet18() -> str:
    """ResNet-18 at its first weights."""
    torch.manual_seed(0)
    x = torch.randn(1, 3, 224, 224)
    model = bp.from_torch(ResNet18(), x, compare=False)
    return told("ResNet-18, first weights", *by_blocks(model, model.first, x.numpy(), (0, 0)))


def digits() -> list[str]:
    """A ResNet-18 of widths 8 to 32, before and after training: the mean over the first 8 digits."""
    X, y = (np.asarray(part) for part in load_digits(return_X_y=True))
    X = np.repeat(X.reshape(-1, 1, 8, 8) / 16.0, 3, axis=1).repeat(4, axis=2).repeat(4, axis=3).astype(np.float32)
    torch.manual_seed(0)
    network = ResNet18((8, 16, 24, 32), classes=10)
    lines = [digits_line("narrow, first weights", network, X, y)]
    optimizer = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9)
    order = torch.Generator().manual_seed(0)
    for _ in range(6):
        for rows in torch.randperm(1500, generator=order).split(50):
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(torch.from_numpy(X)[rows]), torch.from_numpy(y)[rows])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        right = (network.eval()(torch.from_numpy(X[1500:])).argmax(1).numpy() == y[1500:]).mean()
    return [*lines, digits_line(f"narrow, trained ({100 * right:.0f} % right)", network, X, y)]


def digits_line(name: str, network: torch.nn.Module, X: np.ndarray, y: np.ndarray) -> str:
    """Shares and depth of the gradient of the right class's logit, in the mean over 8 digits."""
    model = bp.from_torch(network, torch.from_numpy(X[:1]), compare=False)
    found = [by_blocks(model, model.first, X[k : k + 1], (0, int(y[k]))) for k in range(1500, 1508)]
    lengths = sorted({n for shares, _ in found for n in shares})
    mean = {n: float(np.mean([shares.get(n, 0.0) for shares, _ in found])) for n in lengths}
    return told(name, mean, float(np.mean([depth for _, depth in found])))


def repeating(count: int, generator: torch.Generator) -> torch.Tensor:
    """Random tokens, and the same again."""
    half = torch.randint(0, VOCABULARY, (count, HALF), generator=generator)
    return torch.cat([half, half], dim=1)


def trained_transformer(steps: int = 1200) -> tuple[Transformer, float]:
    """Two layers of four heads, trained to name the next token; and how often it is right in the second half."""
    torch.manual_seed(0)
    network, draws = Transformer(2, 64, 4, VOCABULARY, 2 * HALF), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(steps):
        tokens = repeating(64, draws)
        scores = network(tokens[:, :-1])[:, HALF - 1 :]
        loss = functional.cross_entropy(scores.reshape(-1, VOCABULARY), tokens[:, HALF:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        tokens = repeating(200, draws)
        right = (network.eval()(tokens[:, :-1])[:, HALF:].argmax(-1) == tokens[:, HALF + 1 :]).double().mean()
    return network, float(right)


def heads(network: Transformer) -> tuple[bp.Carriers, bp.Carriers]:
    """What heads and branches carry of the right logit's gradient by the embedded tokens, at the last place."""
    tokens = repeating(1, torch.Generator().manual_seed(5))
    model = bp.from_torch(network, tokens[:, :-1], compare=False)
    parameters = {name: value.astype(float) for name, value in model.first.items()}
    X = tokens[:, :-1].numpy()
    embedded = next(n.name for n in bp.trace(model.scores, parameters, X).nodes if n.name.startswith("add_"))
    e = bp.explain(model, (parameters, X), output=(0, 2 * HALF - 2, int(tokens[0, -1])), wrt=embedded)
    return e.carried("head"), e.carried("branch")


def main() -> None:
    """Print it all."""
    print("percent of a logit's gradient by the pixels, by paths through 0, 1, ... 8 blocks; mean layers")
    print(resnet18())
    print("\n".join(digits()))
    network, right = trained_transformer()
    by_head, by_branch = heads(network)
    print(
        f"\ntransformer of two layers, {100 * right:.0f} % right where the sequence repeats\n{by_head}\n\n{by_branch}"
    )


if __name__ == "__main__":
    main()
