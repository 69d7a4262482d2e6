"""Products that sum: matmul, dot, outer and einsum, all of them contractions of two operands."""

from __future__ import annotations

from collections.abc import Callable
from operator import mul
from typing import Any

import numpy as np

from backpath.graph import ShapeError
from backpath.ops.dispatch import UFUNCS, implements
from backpath.ops.elementwise import common
from backpath.ops.local import Contract, LocalDerivative, reshaped
from backpath.ops.memory import keep_freed
from backpath.ops.primitive import Spec, define, mismatch
from backpath.ops.subscripts import LETTERS, parse_subscripts, subscripts_of_lists
from backpath.ops.tracing.recording import apply

keep_freed(2**24)


def contract(
    a: Any,
    a_letters: str,
    b: Any,
    b_letters: str,
    out_letters: str,
    product: Callable[[Any, Any], Any] | None = None,
    times: Callable[[Any, Any], Any] = mul,
) -> Any:
    """einsum of two operands as one matrix product: free letters of a are rows, those of b columns.

    Every letter stands once in at least two of the three. ``product`` is the matrix product, by default
    ``matmul``, and ``times`` that of two entries.
    """
    b_free = [c for c in out_letters if c not in a_letters]
    if b_free and out_letters.startswith(b_free[0]):
        a, a_letters, b, b_letters = b, b_letters, a, a_letters
    batch = "".join(c for c in out_letters if c in a_letters and c in b_letters)
    rows = "".join(c for c in out_letters if c not in b_letters)
    columns = "".join(c for c in out_letters if c not in a_letters)
    summed = "".join(c for c in a_letters if c not in out_letters)
    size = {**dict(zip(a_letters, np.shape(a), strict=True)), **dict(zip(b_letters, np.shape(b), strict=True))}
    if not summed:
        left = _arranged(a, a_letters, batch + rows)
        left = reshaped(left, _sizes(size, batch + rows) + (1,) * len(columns))
        middle = reshaped(_arranged(b, b_letters, batch + columns), _middle(size, batch, rows, columns))
        return _arranged(times(left, middle), batch + rows + columns, out_letters)
    lead, m, k, n = (_product(size, group) for group in (batch, rows, summed, columns))
    left = _arranged(a, a_letters, batch + rows + summed)
    right = _arranged(b, b_letters, batch + summed + columns)
    stack = (lead,) if batch else ()
    left = reshaped(left, (*stack, *((m,) if rows or batch else ()), k))
    right = reshaped(right, (*stack, k, *((n,) if columns or batch else ())))
    result = reshaped((product or matmul)(left, right), _sizes(size, batch + rows + columns))
    return _arranged(result, batch + rows + columns, out_letters)


def _arranged(x: Any, letters: str, order: str) -> Any:
    return x if letters == order else np.transpose(x, tuple(letters.index(c) for c in order))


def _sizes(size: dict[str, int], letters: str) -> tuple[int, ...]:
    return tuple(size[c] for c in letters)


def _middle(size: dict[str, int], batch: str, rows: str, columns: str) -> tuple[int, ...]:
    return (*_sizes(size, batch), *(1 for _ in rows), *_sizes(size, columns))


def _product(size: dict[str, int], letters: str) -> int:
    return int(np.prod(_sizes(size, letters), dtype=int))


# Matrix products.
def _matmul_letters(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[str, str, str]:
    batch = LETTERS[: max(len(a), len(b)) - 2] if max(len(a), len(b)) > 2 else ""
    left, right = ("" if len(a) == 1 else "y"), ("" if len(b) == 1 else "z")
    return batch + left + "x", batch + "x" + right, batch + left + right


def _matmul_spec(a: Spec, b: Spec) -> Spec:
    last, inner = a.shape[-1], (b.shape[-2:-1] or b.shape)[0]
    if last != inner:
        needs = f"the last size of the first, {last}, must equal {inner}, the inner of the second"
        raise mismatch("matmul", a, b, needs=needs)
    letters = _matmul_letters(a.shape, b.shape)
    size = dict(zip(letters[0] + letters[1], a.shape + b.shape, strict=True))
    return Spec(_sizes(size, letters[2]), common(a.dtype, b.dtype))


def _matmul_by_first(y: Any, a: Any, b: Any) -> LocalDerivative:
    a_letters, b_letters, y_letters = _matmul_letters(np.shape(a), np.shape(b))
    return Contract(a_letters, b, b_letters, y_letters)


def _matmul_by_second(y: Any, a: Any, b: Any) -> LocalDerivative:
    a_letters, b_letters, y_letters = _matmul_letters(np.shape(a), np.shape(b))
    return Contract(b_letters, a, a_letters, y_letters)


MATMUL = define("matmul", np.matmul, _matmul_spec, (_matmul_by_first, _matmul_by_second))


def matmul(a: Any, b: Any) -> Any:
    """``np.matmul``, batched too; leading sizes broadcast."""
    a_shape, b_shape = np.shape(a), np.shape(b)
    if not a_shape or not b_shape:
        raise ShapeError("matmul: a scalar has no inner axis; use * to scale")
    lead_a, lead_b = a_shape[:-2], b_shape[:-2]
    if lead_a == lead_b:
        return apply(MATMUL, a, b)
    inner = "x" if len(b_shape) == 1 else "xz"
    outer = "x" if len(a_shape) == 1 else "yx"
    out = outer.replace("x", "") + inner.replace("x", "")
    try:
        return einsum(f"...{outer},...{inner}->...{out}", a, b)
    except ShapeError:
        needs = "leading sizes must broadcast, and inner sizes be equal"
        raise mismatch("matmul", Spec(a_shape, a.dtype), Spec(b_shape, b.dtype), needs=needs) from None


UFUNCS["matmul"] = matmul


# einsum.
def _einsum_spec(a: Spec, b: Spec, subscripts: str) -> Spec:
    a_letters, b_letters, out = _split(subscripts)
    size: dict[str, int] = {}
    for letter, n in [*zip(a_letters, a.shape, strict=True), *zip(b_letters, b.shape, strict=True)]:
        if size.setdefault(letter, n) != n:
            raise mismatch(f"einsum {subscripts!r}", a, b, needs=f"letter {letter!r} must have one size")
    return Spec(_sizes(size, out), common(a.dtype, b.dtype))


def _split(subscripts: str) -> tuple[str, str, str]:
    operands, out = subscripts.split("->")
    a_letters, b_letters = operands.split(",")
    return a_letters, b_letters, out


def _einsum_value(a: Any, b: Any, subscripts: str) -> Any:
    a_letters, b_letters, out = _split(subscripts)
    return contract(a, a_letters, b, b_letters, out)


def _einsum_by_first(y: Any, a: Any, b: Any, subscripts: str) -> LocalDerivative:
    a_letters, b_letters, out = _split(subscripts)
    return Contract(a_letters, b, b_letters, out)


def _einsum_by_second(y: Any, a: Any, b: Any, subscripts: str) -> LocalDerivative:
    a_letters, b_letters, out = _split(subscripts)
    return Contract(b_letters, a, a_letters, out)


EINSUM = define("einsum", _einsum_value, _einsum_spec, (_einsum_by_first, _einsum_by_second), composite=True)


@implements(np.einsum)
def einsum(
    subscripts: Any, *operands: Any, optimize: Any = None, dtype: Any = None, order: str = "K", casting: str = "safe"
) -> Any:
    """``np.einsum``; operands are contracted two at a time, from the left.

    ``optimize``, ``order`` and ``casting`` are accepted for NumPy's sake and change nothing.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = subscripts_of_lists((subscripts, *operands))
    if dtype is not None:
        operands = tuple(x.astype(np.dtype(dtype)) for x in operands)
    letters, out = parse_subscripts(subscripts, [np.shape(x) for x in operands])
    terms = [_without_repeats(x, part) for x, part in zip(operands, letters, strict=True)]
    terms = [_squeezed(x, part, k, terms) for k, (x, part) in enumerate(terms)]
    terms = [_summed(x, part, k, terms, out) for k, (x, part) in enumerate(terms)]
    while len(terms) > 1:
        (a, a_letters), (b, b_letters), *rest = terms
        wanted = set(out).union(*(part for _, part in rest))
        both = "".join(dict.fromkeys(a_letters + b_letters))
        kept = "".join(c for c in (both if rest else out) if c in wanted)
        product = apply(EINSUM, a, b, subscripts=f"{a_letters},{b_letters}->{kept}")
        terms = [(product, kept), *rest]
    return _arranged(*terms[0], out)


def _without_repeats(x: Any, letters: str) -> tuple[Any, str]:
    """The diagonal over each letter that stands twice."""
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            x = np.diagonal(x, 0, first, second)
            letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + letter
    return x, letters


def _squeezed(x: Any, letters: str, own: int, terms: list[tuple[Any, str]]) -> tuple[Any, str]:
    """Without the axes of size 1 that broadcast against a larger one of another operand."""
    others = [term for k, term in enumerate(terms) if k != own]
    larger = {c for y, part in others for c, n in zip(part, np.shape(y), strict=True) if n != 1}
    ones = tuple(k for k, (c, n) in enumerate(zip(letters, np.shape(x), strict=True)) if n == 1 and c in larger)
    if not ones:
        return x, letters
    return np.squeeze(x, ones), "".join(c for k, c in enumerate(letters) if k not in ones)


def _summed(x: Any, letters: str, own: int, terms: list[tuple[Any, str]], out: str) -> tuple[Any, str]:
    """Summed over the letters that nothing else uses."""
    used = set(out).union(*(part for k, (_, part) in enumerate(terms) if k != own))
    alone = tuple(k for k, c in enumerate(letters) if c not in used)
    if not alone:
        return x, letters
    return np.sum(x, axis=alone), "".join(c for c in letters if c in used)


# The other names.
@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """``np.dot``: the last axis of a with the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2 and np.ndim(a) <= 2:
        return matmul(a, b)
    left, right = LETTERS[: np.ndim(a) - 1], LETTERS[np.ndim(a) :][: np.ndim(b) - 1]
    inner = right[:-1] + "x" + right[-1:]
    return einsum(f"{left}x,{inner}->{left}{right}", a, b)


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """``np.inner``: last axis with last axis."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    left, right = LETTERS[: np.ndim(a) - 1], LETTERS[np.ndim(a) :][: np.ndim(b) - 1]
    return einsum(f"{left}x,{right}x->{left}{right}", a, b)


@implements(np.outer)
def outer(a: Any, b: Any) -> Any:
    """``np.outer``."""
    return einsum("y,z->yz", np.ravel(a), np.ravel(b))


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``."""
    left, right = list(LETTERS[: np.ndim(a)]), list(LETTERS[np.ndim(a) :][: np.ndim(b)])
    if isinstance(axes, int):
        axes = (range(-axes, 0), range(axes))
    pairs = [[part] if isinstance(part, int) else list(part) for part in axes]
    for i, j in zip(*pairs, strict=True):
        right[j] = left[i]
    out = [c for c in left if c not in right] + [c for c in right if c not in left]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


@implements(np.trace)
def trace_of_matrix(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    """``np.trace``."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)
