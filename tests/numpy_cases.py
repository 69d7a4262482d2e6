"""Calls of NumPy's functions, written as one would write them; each runs with NumPy, traced, and with JAX.

A line is the function's name and its calls, separated by ``;``; indented lines go on. Where JAX cannot say it, ``~`` is
followed by what says the same. The arrays are those of ``ARRAYS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def _distinct(seed: int, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """Entries from a grid, so that none are near one another, moved off round numbers."""
    size = int(np.prod(shape))
    grid = low + (high - low) * (np.arange(size) + 0.37) / max(size, 1)
    return np.random.default_rng(seed).permutation(grid).reshape(shape)


ARRAYS: dict[str, Any] = {
    "x": _distinct(0, (3, 4), 0.21, 2.1),
    "y": _distinct(1, (3, 4), 0.23, 1.9),
    "z": _distinct(2, (3, 4), -2.03, 2.02),
    "t": _distinct(3, (2, 3, 4), -1.0, 2.0),
    "v": _distinct(4, (4,), 0.3, 2.3),
    "w": _distinct(5, (3,), -1.3, 2.1),
    "m": _distinct(6, (3, 3), -1.1, 2.2),
    "u": _distinct(7, (6,), -9.1, 9.2),
    "c": _distinct(12, (3, 4), -0.91, 0.89),
    "s": np.float64(0.77),
    "e": np.zeros((0, 3)),
    "f": np.zeros((2, 0)),
    "g": np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, _distinct(8, (3, 4), -1.2, 1.7)),
    "h": np.array([[1.3, 0.0, -0.7, 0.4], [0.0, 2.1, 0.0, -0.3], [0.9, 0.5, 0.25, 1.1]]),
    "r": np.sort(_distinct(9, (5,), -1.0, 2.0)),
}
KNOWN: dict[str, Any] = {
    "k": np.array([2, 0, 1]),
    "p": np.array([0.1, 0.5, 0.9, 1.4]),
    "q": np.array([1.0, 2.0, 1.0, 3.0]),
    "mask": np.arange(12).reshape(3, 4) % 3 != 1,
    "i": np.arange(12).reshape(3, 4) % 7,
    "j": np.arange(12).reshape(3, 4) % 3,
    "b": np.arange(12).reshape(3, 4) % 2 == 0,
}

DIFFERENTIABLE = """
absolute: np.absolute(z); np.abs(z)
add: np.add(x, v); np.add(e, w); np.add.reduce(t); np.add.reduce(t, axis=(0, 2), keepdims=True);
    np.add.accumulate(x, axis=1); np.add.outer(v, w)
append: np.append(x, w); np.append(x, y, axis=0); np.append(e, m, 0)
apply_along_axis: np.apply_along_axis(lambda row: row * row.sum(), 1, x); np.apply_along_axis(lambda row: row.sum(),
    0, t)
apply_over_axes: np.apply_over_axes(np.sum, t, (0, -1))
arccos: np.arccos(c)
arccosh: np.arccosh(x + 1.1)
arcsin: np.arcsin(c)
arcsinh: np.arcsinh(z)
arctan: np.arctan(z)
arctan2: np.arctan2(z, x)
arctanh: np.arctanh(c)
array_split: np.array_split(x, 3, axis=1); np.array_split(v, [1, 3]); np.array_split(e, 2)
astype: np.astype(x, np.float64)
atleast_1d: np.atleast_1d(s); np.atleast_1d(s, x)
atleast_2d: np.atleast_2d(v); np.atleast_2d(s, t)
atleast_3d: np.atleast_3d(v); np.atleast_3d(x); np.atleast_3d(s); np.atleast_3d(e)
average: np.average(x); np.average(x, 1, weights=v); np.average(x, axis=(0, 1), weights=y); np.average(x, 0, y,
    keepdims=True); np.average(x, axis=-1, weights=y, returned=True)[0]
bincount: np.bincount(k, w) ~ w[np.array([1, 2, 0])]; np.bincount(k, weights=w, minlength=5) ~
    np.concatenate([w[np.array([1, 2, 0])], np.zeros(2)])
block: np.block([[x, y], [y, x]]); np.block([v, v]); np.block([[m, w[:, None]], [w, s]]) ~
    np.concatenate([np.concatenate([m, w[:, None]], 1), np.concatenate([w, s[None]])[None]])
broadcast_arrays: np.broadcast_arrays(x, v, s)
broadcast_to: np.broadcast_to(v, (2, 3, 4)); np.broadcast_to(s, (2, 0))
cbrt: np.cbrt(x)
choose: np.choose(j, [x, y, z]) ~ np.select([j == 0, j == 1], [x, y], z); np.choose(i, [x, y], mode="wrap");
    np.choose(i, (x, v), mode="clip")
clip: np.clip(z, -0.9, 0.8); np.clip(z, None, 0.8); np.clip(z, min=-0.9); np.clip(z, x - 1.4, y)
column_stack: np.column_stack([w, m, w])
compress: np.compress(k > 0, x, axis=0) ~ x[::2]; np.compress([False, True], t, 1) ~ t[:, 1:2]; np.compress([True,
    True, False, True], v) ~ v[np.array([0, 1, 3])]
concatenate: np.concatenate([x, y], axis=-1); np.concatenate((x, m), axis=None); np.concatenate([e, m])
conjugate: np.conjugate(x); np.conj(x)
convolve: np.convolve(v, u); np.convolve(u, w, mode="same"); np.convolve(w, u, "valid"); np.convolve(v, v[:2],
    "same")
copy: np.copy(x)
copysign: np.copysign(z, y); np.copysign(2.0, z); np.copysign(x, z)
corrcoef: np.corrcoef(z); np.corrcoef(z, rowvar=False); np.corrcoef(v, u[:4])
correlate: np.correlate(u, w); np.correlate(w, u, "full"); np.correlate(v, u, mode="same"); np.correlate(u, v,
    "same")
cos: np.cos(z)
cosh: np.cosh(z)
cov: np.cov(z); np.cov(v); np.cov(z, y, rowvar=False, bias=True); np.cov(z, ddof=0, fweights=np.array([1, 2, 1,
    3])); np.cov(z, aweights=v)
cross: np.cross(m, m[::-1]); np.cross(w, m); np.cross(t, t + 1, axis=1); np.cross(m, w)
cumprod: np.cumprod(x); np.cumprod(h, axis=1); np.cumprod(t, -2); np.cumprod(e, 0)
cumsum: np.cumsum(x); np.cumsum(t, axis=1); np.cumsum(x, -1, dtype=float); np.cumsum(e, 0); np.cumsum(f, 1)
cumulative_prod: np.cumulative_prod(x, axis=1); np.cumulative_prod(v, include_initial=True)
cumulative_sum: np.cumulative_sum(x, axis=0, include_initial=True); np.cumulative_sum(v)
deg2rad: np.deg2rad(z); np.radians(z)
delete: np.delete(x, 1, axis=0); np.delete(x, [0, 3], 1) ~ x[:, 1:3]; np.delete(v, slice(1, None, 2)); np.delete(x,
    2)
diag: np.diag(v); np.diag(v, 2); np.diag(w, -1); np.diag(x); np.diag(x, k=1); np.diag(m, -1)
diagflat: np.diagflat(m); np.diagflat(w, 1)
diagonal: np.diagonal(t, 1, 0, 2); np.diagonal(m, offset=-1); np.diagonal(t, axis1=1, axis2=-1)
diff: np.diff(x); np.diff(x, n=2, axis=0); np.diff(v, prepend=0.0); np.diff(x, axis=1, append=y); np.diff(x, 0);
    np.diff(e)
divide: np.divide(x, v); np.true_divide(s, x)
divmod: np.divmod(u, s); np.divmod(z, x)
dot: np.dot(x, v); np.dot(s, x); np.dot(t, np.outer(v, v)); np.dot(x, np.stack([x.T, y.T]))
dsplit: np.dsplit(t, 2)
dstack: np.dstack([x, y]); np.dstack((w, w)); np.dstack([t, t])
ediff1d: np.ediff1d(x); np.ediff1d(v, to_end=w, to_begin=s)
einsum: np.einsum("ij,j->i", x, v); np.einsum(x, [0, 1], v, [1], [0]); np.einsum(x, [0, 1], y, [0, 2]); np.einsum(t,
    [..., 0], v, [0], [...]); np.einsum("...ij,kj->...ki", t, x); np.einsum("ii", m)
exp: np.exp(z)
exp2: np.exp2(z)
expand_dims: np.expand_dims(x, (0, 2)); np.expand_dims(s, 0)
expm1: np.expm1(z)
extract: np.extract(mask, x) ~ x.ravel()[np.array([0, 2, 3, 5, 6, 8, 9, 11])]
fft.fftshift: np.fft.fftshift(t); np.fft.fftshift(t, axes=1)
fft.ifftshift: np.fft.ifftshift(t); np.fft.ifftshift(x, (1,))
fabs: np.fabs(z)
flip: np.flip(t); np.flip(t, (0, -1)); np.flip(e, 1)
fliplr: np.fliplr(t)
flipud: np.flipud(v); np.flipud(x)
float_power: np.float_power(x, y); np.float_power(x, 2.0)
fmax: np.fmax(x, y); np.fmax(g, z); np.fmax.reduce(g, axis=1) ~ np.nanmax(g, axis=1); np.fmax.accumulate(z, axis=1)
    ~ np.stack([z[:, : n + 1].max(1) for n in range(4)], 1)
fmin: np.fmin(x, y); np.fmin(z, 0.4); np.fmin(z, g); np.fmin.accumulate(z, 1) ~ np.stack([z[:, : n + 1].min(1) for n
    in range(4)], 1); np.fmin.reduce(g, axis=0) ~ np.nanmin(g, axis=0)
fmod: np.fmod(u, 1.3); np.fmod(z, x)
frexp: np.frexp(z)
full: np.full((2, 3), s, like=x) ~ np.full((2, 3), s)
full_like: np.full_like(x, s); np.full_like(x, s, shape=(2, 2))
geomspace: np.geomspace(s, 4.0, 7); np.geomspace(-v, -3.1, num=4, endpoint=False, axis=1)
gradient: np.gradient(x); np.gradient(x, axis=1, edge_order=2) ~ np.stack([-1.5 * x[:, 0] + 2 * x[:, 1] - 0.5 * x[:,
    2], (x[:, 2] - x[:, 0]) / 2, (x[:, 3] - x[:, 1]) / 2, 1.5 * x[:, 3] - 2 * x[:, 2] + 0.5 * x[:, 1]], 1);
    np.gradient(v, 0.3); np.gradient(r, r + r * r * 0.1); np.gradient(x, 0.5, v, axis=(0, 1)); np.gradient(t, s,
    axis=-1)
heaviside: np.heaviside(z, x); np.heaviside(z, 0.5); np.heaviside(h, x)
histogram: np.histogram(x, 5)[1]; np.histogram(x, bins=4, range=(0.0, 2.0), weights=y)[0]; np.histogram(x, r,
    weights=y, density=True)[0]
histogram2d: np.histogram2d(x[0], y[0], bins=3, range=[[0, 2], [0, 2]], weights=v)[0]; np.histogram2d(v, v * v,
    2)[1:]
histogram_bin_edges: np.histogram_bin_edges(x, 4)
histogramdd: np.histogramdd(x.T[:, :2], bins=2, weights=v)[0]; np.histogramdd(x.T, 2)[1]
hsplit: np.hsplit(x, 2); np.hsplit(v, [1]); np.hsplit(t, [1, 2])
hstack: np.hstack([x, y]); np.hstack((v, w)); np.hstack([s, w])
hypot: np.hypot(z, x); np.hypot.reduce(z, axis=1) ~ np.sqrt((z * z).sum(1))
i0: np.i0(z)
inner: np.inner(x, y); np.inner(t, v); np.inner(s, x)
insert: np.insert(x, 1, v, axis=0); np.insert(v, [1, 3], np.stack([s, s])) ~ np.insert(v, np.array([1, 3]),
    np.stack([s, s])); np.insert(x, 2, 9.0, 1); np.insert(v, slice(0, 2), w[:2])
interp: np.interp(z, r, u[:5]); np.interp(z, p, q); np.interp(1.1, r, u[:5]); np.interp(z, r, u[:5], left=s,
    right=3.0); np.interp(u, r, r * r, period=3.5)
ix_: x[np.ix_(np.array([0, 2]), np.array([1, 1, 3]))]
kron: np.kron(v, w); np.kron(m, x); np.kron(t, v); np.kron(s, x); np.kron(e, m)
ldexp: np.ldexp(x, j); np.ldexp(x, 3)
linspace: np.linspace(s, 3.0, 5); np.linspace(v, w[0], 4, endpoint=False, axis=-1); np.linspace(s, 2 * s, 6,
    retstep=True); np.linspace(s, 1.0, 1)
log: np.log(x)
log10: np.log10(x)
log1p: np.log1p(x)
log2: np.log2(x)
logaddexp: np.logaddexp(z, x); np.logaddexp.reduce(t, axis=1) ~ np.log(np.sum(np.exp(t), axis=1));
    np.logaddexp.accumulate(z, axis=1) ~ np.stack([np.log(np.exp(z[:, : n + 1]).sum(1)) for n in range(4)], 1)
logaddexp2: np.logaddexp2(z, x); np.logaddexp2(u, 30.0)
logspace: np.logspace(s, 1.4, 5); np.logspace(v, 0.2, num=3, base=2.5, axis=1)
matmul: np.matmul(x, v); np.matmul(t, y.T); np.matmul(e, m)
matrix_transpose: np.matrix_transpose(t)
matvec: np.matvec(t, v)
max: np.max(x); np.max(t, axis=(0, 2), keepdims=True); np.max(x, -1, initial=1.1); np.max(x, axis=0, where=mask,
    initial=-1.0); np.amax(t, 1); np.max(f, 1, initial=2.0)
maximum: np.maximum(x, y); np.maximum(z, 0.4); np.maximum.reduce(x); np.maximum.accumulate(x, axis=1) ~
    np.stack([x[:, : n + 1].max(1) for n in range(4)], 1); np.maximum.outer(v, w)
mean: np.mean(x); np.mean(t, (0, -1)); np.mean(x, axis=1, keepdims=True, where=mask); np.mean(x, dtype=float);
    np.mean(e, 1)
median: np.median(x); np.median(t, axis=1); np.median(t, (0, 2), keepdims=True); np.median(v, axis=-1); np.median(w)
meshgrid: np.meshgrid(v, w); np.meshgrid(v, w, u, indexing="ij"); np.meshgrid(v, w, sparse=True)
min: np.min(x); np.min(t, axis=-1, keepdims=True); np.min(x, 0, where=mask, initial=7.0); np.amin(x, 1)
minimum: np.minimum(x, y); np.minimum.reduce(x, axis=(0, 1)); np.minimum.accumulate(z, axis=-1) ~ np.stack([z[:, : n
    + 1].min(1) for n in range(4)], 1)
modf: np.modf(u)
moveaxis: np.moveaxis(t, 0, -1); np.moveaxis(t, (0, 1), (-1, 0))
multiply: np.multiply(x, v); np.multiply.reduce(h, axis=1) ~ np.prod(h, axis=1); np.multiply.outer(w, v);
    np.multiply.accumulate(h, 1) ~ np.cumprod(h, 1); np.multiply(x, y, dtype=np.float64) ~ x * y
nan_to_num: np.nan_to_num(g); np.nan_to_num(g, nan=s)
nancumprod: np.nancumprod(g, axis=1)
nancumsum: np.nancumsum(g); np.nancumsum(g, 0)
nanmax: np.nanmax(g); np.nanmax(g, axis=0, keepdims=True)
nanmean: np.nanmean(g); np.nanmean(g, axis=-1); np.nanmean(g, 0, keepdims=True)
nanmedian: np.nanmedian(g); np.nanmedian(g, axis=1); np.nanmedian(t, (0, 1))
nanmin: np.nanmin(g); np.nanmin(g, 1)
nanpercentile: np.nanpercentile(g, 30); np.nanpercentile(g, np.array([10.0, 60.0]), axis=1)
nanprod: np.nanprod(g); np.nanprod(g, axis=(0, 1), keepdims=True)
nanquantile: np.nanquantile(g, 0.3); np.nanquantile(g, np.array([0.2, 0.9]), axis=0); np.nanquantile(g, 0.5, axis=1,
    keepdims=True)
nanstd: np.nanstd(g); np.nanstd(g, axis=1, ddof=1)
nansum: np.nansum(g); np.nansum(g, axis=1, keepdims=True)
nanvar: np.nanvar(g, axis=0); np.nanvar(g, ddof=1)
negative: np.negative(x)
outer: np.outer(v, w); np.outer(x, s)
pad: np.pad(x, 1); np.pad(v, (2, 1), mode="edge"); np.pad(x, ((1, 2), (0, 3)), "reflect"); np.pad(x, 2,
    mode="wrap"); np.pad(v, 2, mode="symmetric"); np.pad(v, (1, 2), constant_values=(3.0, 4.0)); np.pad(e, ((1, 0),
    (0, 1)))
partition: np.partition(x, 2)[:, 2]; np.partition(x, 1, axis=0)[1:].prod(0) ~ np.sort(x, axis=0)[1:].prod(0);
    np.partition(x, (3, 7), None)[np.array([3, 7])] ~ np.sort(x, None)[np.array([3, 7])]
percentile: np.percentile(x, 40); np.percentile(x, np.array([5.0, 55.0]), axis=1); np.percentile(t, 25, axis=(0, 1),
    keepdims=True); np.percentile(v, s)
piecewise: np.piecewise(z, [z < -0.5, z > 0.6], [lambda a: a * a, lambda a: np.sin(a), 2.0]); np.piecewise(v, [v >
    1.0], [lambda a: a**3])
poly: np.poly(v)
polyadd: np.polyadd(v, w)
polyder: np.polyder(v); np.polyder(u, 2)
polydiv: np.polydiv(u, w) ~ (np.polydiv(u, w)[0], np.polydiv(u, w)[1][-2:]); np.polydiv(w[:1] + 2.0, v[:1])
polyfit: np.polyfit(p, v, 2); np.polyfit(p, x.T, 1); np.polyfit(p, v, 1, w=q)
polyint: np.polyint(v); np.polyint(v, 2, k=q[:2])
polymul: np.polymul(v, w)
polysub: np.polysub(w, v)
polyval: np.polyval(v, x); np.polyval(w, s)
positive: np.positive(x)
power: np.power(x, y); np.power(z, 3); np.power(2.0, x); z**2
prod: np.prod(x); np.prod(h, axis=1); np.prod(t, (0, 2), keepdims=True); np.prod(x, 0, initial=2.0, where=mask);
    np.prod(e, axis=0); np.prod(f, 1); np.prod(h, dtype=float)
ptp: np.ptp(x); np.ptp(t, axis=1, keepdims=True)
quantile: np.quantile(x, 0.3); np.quantile(q, s); np.quantile(x, np.array([0.1, 0.55]), axis=1); np.quantile(t,
    0.25, axis=(0, 2), keepdims=True); np.quantile(v, s); np.quantile(x, 0.4, method="lower"); np.quantile(x, 0.4,
    method="midpoint"); np.quantile(v, 0.45, method="median_unbiased") ~ np.sort(v)[1] + (4.3333333333333333 * 0.45
    + 0.3333333333333333 - 2) * (np.sort(v)[2] - np.sort(v)[1])
rad2deg: np.rad2deg(z); np.degrees(z)
ravel: np.ravel(x); np.ravel(t, "F")
real: np.real(x)
real_if_close: np.real_if_close(x) ~ np.real(x)
reciprocal: np.reciprocal(x)
remainder: np.remainder(u, 1.3); np.mod(z, x); u % -1.7
repeat: np.repeat(x, 2, axis=1); np.repeat(x, 3); np.repeat(x, k, axis=0) ~ x[np.array([0, 0, 2])]; np.repeat(s, 4)
reshape: np.reshape(x, (2, -1)); np.reshape(t, (4, 6), order="F"); np.reshape(e, (3, 0))
resize: np.resize(x, (5, 4)); np.resize(v, 3)
roll: np.roll(x, 1); np.roll(x, -5, axis=1); np.roll(t, (1, 2), axis=(0, -1)); np.roll(e, 1, 0)
rollaxis: np.rollaxis(t, 2); np.rollaxis(t, 0, 3)
rot90: np.rot90(x); np.rot90(t, 2, (1, 2)); np.rot90(x, -1)
select: np.select([z > 0.5, z > -0.5], [x, y]); np.select([z > 0.5], [x * x], default=s)
sin: np.sin(z)
sinc: np.sinc(z); np.sinc(h)
sinh: np.sinh(z)
sort: np.sort(x); np.sort(x, axis=0); np.sort(t, None); np.sort(x, kind="stable") ~ np.sort(x); np.sort(e, axis=0)
split: np.split(x, 2, axis=1); np.split(u, [2, 3])
sqrt: np.sqrt(x)
square: np.square(z)
squeeze: np.squeeze(x[None]); np.squeeze(x[:, None], axis=1)
stack: np.stack([x, y], axis=-1); np.stack((s, s))
std: np.std(x); np.std(t, axis=(0, 1), ddof=1); np.std(x, 1, correction=1, keepdims=True)
subtract: np.subtract(x, w[:, None]); np.subtract.outer(v, w)
sum: np.sum(x); np.sum(t, (0, -1), keepdims=True); np.sum(x, axis=1, where=mask, initial=2.0); np.sum(x,
    dtype=float); np.sum(e, 0)
swapaxes: np.swapaxes(t, 0, -1)
take: np.take(x, np.array([1, 1, 0]), axis=1); np.take(x, k); np.take(v, np.array([[5, -3]]), mode="wrap");
    np.take(v, 9, mode="clip")
take_along_axis: np.take_along_axis(x, i % 3, axis=0); np.take_along_axis(x, np.argsort(z, axis=1), axis=1);
    np.take_along_axis(x, k, axis=None); np.take_along_axis(x, k[:, None], 1)
tan: np.tan(c)
tanh: np.tanh(z)
tensordot: np.tensordot(t, x); np.tensordot(x, y, axes=([1], [1])); np.tensordot(v, w, 0)
tile: np.tile(x, 2); np.tile(v, (2, 1, 3)); np.tile(s, (2, 2)); np.tile(e, (1, 2))
trace: np.trace(m); np.trace(t, 1, 1, 2); np.trace(t, axis1=0, axis2=2)
transpose: np.transpose(t); np.transpose(t, (1, 0, 2)); np.permute_dims(t, (2, 0, 1)); np.transpose(t, (-1, 0, 1))
trapezoid: np.trapezoid(x); np.trapezoid(x, v); np.trapezoid(x, axis=0, dx=0.3); np.trapezoid(x, np.cumsum(y,
    axis=0), axis=0)
tril: np.tril(m); np.tril(t, -1)
triu: np.triu(x, 1); np.triu(m, k=-1)
unstack: np.unstack(x); np.unstack(t, axis=-1)
unwrap: np.unwrap(u); np.unwrap(x * 9.0, axis=0); np.unwrap(u, period=4.0)
vander: np.vander(v); np.vander(w, 4, increasing=True)
var: np.var(x); np.var(t, axis=(0, 1), ddof=1); np.var(x, 1, where=mask); np.var(x, axis=0, correction=1)
vdot: np.vdot(x, y)
vecdot: np.vecdot(x, v); np.vecdot(t, x, axis=-2) ~ np.sum(t * x, axis=-2)
vecmat: np.vecmat(w, t)
vsplit: np.vsplit(x, [1])
vstack: np.vstack([x, v]); np.vstack((v, v))
where: np.where(mask, x, y); np.where(z > 0, x, 2.0)
"""

CONSTANT = """
all: np.all(x > 0.4, axis=1); np.all(x); np.all(e > 0); np.all(x > 0.2, axis=(0, 1), keepdims=True, where=mask);
    np.logical_and.reduce(x > 0.3, axis=1); np.logical_and.accumulate(x > 0.5, axis=1)
allclose: np.allclose(x, x + 1e-9); np.allclose(x, y)
angle: np.angle(z); np.angle(z, deg=True)
any: np.any(x > 2.0, axis=0); np.any(z, keepdims=True); np.any(e); np.logical_or.reduce(x > 2.0);
    np.logical_or.accumulate(x > 1.5, axis=1)
arange: np.arange(5, like=x) ~ np.arange(5)
argmax: np.argmax(x); np.argmax(x, axis=1, keepdims=True); np.argmax(t, -2)
argmin: np.argmin(x); np.argmin(x, axis=0); np.argmin(t, -1, keepdims=True)
argpartition: np.argpartition(x, 2); np.argpartition(x, 1, axis=None)
argsort: np.argsort(x); np.argsort(x, axis=0); np.argsort(t, None); np.argsort(x, stable=True)
array_equal: np.array_equal(x, x); np.array_equal(x, y); np.array_equal(x, v); np.array_equal(g, g, equal_nan=True)
array_equiv: np.array_equiv(v, np.stack([v, v])); np.array_equiv(x, v)
bitwise_and: np.bitwise_and(i, 3); (x > 1) & (y > 1)
bitwise_count: np.bitwise_count(i)
bitwise_or: np.bitwise_or(i, 8); (x > 1) | (y > 1)
bitwise_xor: np.bitwise_xor(i, 5)
can_cast: np.can_cast(x, np.float32)
ceil: np.ceil(u)
common_type: np.zeros(2, np.common_type(x, y))
count_nonzero: np.count_nonzero(h); np.count_nonzero(h, axis=1, keepdims=True)
diag_indices_from: np.diag_indices_from(m)
digitize: np.digitize(z, [-1.0, 0.0, 1.0]); np.digitize(z, [1.0, 0.0], right=True); np.digitize(z, r)
einsum_path: len(np.einsum_path("ij,j", x, v)[0])
empty: np.shape(np.empty(3, like=x)) ~ np.shape(np.zeros(3))
empty_like: np.shape(np.empty_like(x))
equal: np.equal(x, y)
eye: np.eye(3, like=x) ~ np.eye(3)
fix: np.fix(u)
floor: np.floor(u)
floor_divide: np.floor_divide(u, 1.3); u // s
gcd: np.gcd(i, 6)
greater: np.greater(x, y); np.greater.outer(v, w)
greater_equal: np.greater_equal(x, y)
identity: np.identity(2, like=x) ~ np.identity(2)
imag: np.imag(x)
invert: np.invert(i); ~(x > 1); np.bitwise_not(i)
isclose: np.isclose(x, x + 1e-9); np.isclose(g, g, equal_nan=True)
iscomplex: np.iscomplex(x)
iscomplexobj: np.iscomplexobj(x)
isfinite: np.isfinite(g)
isin: np.isin(i, [2, 3]); np.isin(i, [2], invert=True)
isinf: np.isinf(1 / h[2])
isnan: np.isnan(g)
isneginf: np.isneginf(g)
isposinf: np.isposinf(g)
isreal: np.isreal(x)
isrealobj: np.isrealobj(x)
lcm: np.lcm(i, 4)
left_shift: np.left_shift(i, 2)
less: np.less(x, y)
less_equal: np.less_equal(x, y)
lexsort: np.lexsort((x, np.floor(y))); np.lexsort((v,))
logical_and: np.logical_and(x > 1, h)
logical_not: np.logical_not(h)
logical_or: np.logical_or(x > 1, h)
logical_xor: np.logical_xor(x > 1, h)
min_scalar_type: np.zeros(1, np.min_scalar_type(x))
nanargmax: np.nanargmax(g); np.nanargmax(g, axis=1)
nanargmin: np.nanargmin(g, axis=0); np.nanargmin(g, 1, keepdims=True)
ndim: np.ndim(x)
not_equal: np.not_equal(x, y)
ones: np.ones((2, 3), like=x) ~ np.ones((2, 3))
ones_like: np.ones_like(x); np.ones_like(x, shape=2)
result_type: np.zeros(1, np.result_type(x, np.float32))
right_shift: np.right_shift(i, 1)
rint: np.rint(u)
round: np.round(u, 1); np.around(u); np.round(u, -1)
searchsorted: np.searchsorted(r, z); np.searchsorted(r, s, side="right"); np.searchsorted(r[::-1], 0.5, sorter=[4,
    3, 2, 1, 0])
shape: np.shape(t)
sign: np.sign(z)
signbit: np.signbit(z)
size: np.size(t); np.size(t, 1)
spacing: np.spacing(x)
tril_indices_from: np.tril_indices_from(m, -1)
triu_indices_from: np.triu_indices_from(m)
trunc: np.trunc(u)
zeros: np.zeros(3, like=x) ~ np.zeros(3)
zeros_like: np.zeros_like(x); np.zeros_like(x, dtype=np.float32)
"""

METHODS = """
T: t.T
all: (x > 0.4).all(1)
any: (x > 2.0).any(axis=0)
argmax: x.argmax(1)
argmin: x.argmin(axis=0)
argpartition: x.argpartition(1)
argsort: x.argsort(axis=0)
astype: x.astype(float); x.astype(np.float64, copy=False)
choose: (x * 3).astype(int).choose([x, y, z], mode="wrap")
clip: z.clip(-0.9, 0.8); z.clip(max=0.8)
compress: x.compress([True, False, True], axis=0) ~ x[::2]
conj: x.conj()
conjugate: x.conjugate()
copy: x.copy()
cumprod: x.cumprod(axis=1)
cumsum: x.cumsum(); x.cumsum(1)
diagonal: x.diagonal(1)
dot: x.dot(v)
dtype: np.zeros(1, x.dtype)
flatten: x.flatten()
imag: x.imag
itemsize: x.itemsize
mT: t.mT
max: x.max(axis=1, keepdims=True); x.max()
mean: x.mean(0)
min: x.min(-1)
nbytes: x.nbytes
ndim: x.ndim
prod: x.prod(axis=1)
ravel: x.ravel(); x.ravel(order="F")
real: x.real
repeat: x.repeat(2, axis=0)
reshape: x.reshape(2, 6); x.reshape((4, 3)); x.reshape(2, -1, order="F")
round: u.round(1)
searchsorted: r.searchsorted(z)
shape: x.shape
size: x.size
squeeze: x[None].squeeze(axis=0)
std: x.std(ddof=1)
sum: x.sum(axis=(0, 1)); x.sum(1, keepdims=True)
swapaxes: t.swapaxes(0, 2)
take: x.take(np.array([1, 0]), axis=1)
trace: m.trace()
transpose: t.transpose(2, 0, 1); t.transpose()
var: x.var(axis=0, ddof=1)
"""


@dataclass(frozen=True)
class Call:
    """One call as text, the arrays it reads, and what says the same to JAX."""

    text: str
    theirs: str

    @property
    def names(self) -> list[str]:
        """The arrays that it is differentiated by."""
        return [name for name in ARRAYS if re.search(rf"\b{name}\b(?!=)", self.text)]

    @property
    def whole(self) -> list[str]:
        """The arrays of whole numbers that it reads."""
        return [name for name in ("i", "j") if re.search(rf"\b{name}\b", self.text)]

    def function(self, namespace: Any, jax: bool = False, names: list[str] | None = None) -> Callable[..., Any]:
        """As a function of the arrays in ``names``, of NumPy or a library like it."""
        names = self.names if names is None else names
        code = compile(self.theirs if jax else self.text, self.text, "eval")

        def run(*arrays: Any) -> Any:
            # One scope, so that a lambda or comprehension within the call sees the arrays.
            return eval(code, {**KNOWN, "np": namespace, **dict(zip(names, arrays, strict=True))})

        return run


def _calls(text: str) -> dict[str, list[Call]]:
    rows = {}
    for line in text.strip().replace("\n    ", " ").splitlines():
        name, calls = line.split(": ", 1)
        pairs = [call.partition(" ~ ") for call in calls.split("; ")]
        rows[name] = [Call(ours.strip(), (theirs or ours).strip()) for ours, _, theirs in pairs]
    return rows


DIFFERENTIABLE_CALLS = _calls(DIFFERENTIABLE)
CONSTANT_CALLS = _calls(CONSTANT)
METHOD_CALLS = _calls(METHODS)
