"""What cannot be traced, and what to write instead: the reasons stand in errors and in docs/numpy.md alike."""

from __future__ import annotations

from backpath.ops.dispatch import REFUSED

_SHAPE = "the shape of its result depends on values, and shapes must be known when the graph is made"
_WRITE = "it writes into an array, and traced values cannot change: write np.where(mask, new, old)"
_TEXT = "text needs the digits of a value, and it has none while the graph is made: print the result of the function"
_FILE = "a file needs the digits of a value, and it has none while the graph is made: save the result of the function"
_DATES = "dates are not differentiated by"
_COMPLEX = "complex numbers are not traced; write real and imaginary parts as two real arrays"
_ARRAY = "arrays of NumPy hold numbers: use the traced value itself, and np.stack([a, b]) in place of np.array([a, b])"
_NEIGHBOUR = "it steps from one floating-point number to the next, and is no function of real numbers"

REFUSED.update(
    {
        **dict.fromkeys("argwhere flatnonzero".split(), f"{_SHAPE}: write np.where(x != 0, a, b)"),
        "nonzero": f"{_SHAPE}: write np.where(x != 0, a, b)",
        **dict.fromkeys(
            "unique unique_all unique_counts unique_inverse unique_values".split()
            + "union1d intersect1d setdiff1d setxor1d".split(),
            f"{_SHAPE}: np.sort keeps all entries",
        ),
        "trim_zeros": f"{_SHAPE}: cut with a slice",
        **dict.fromkeys("fill_diagonal place put put_along_axis putmask".split(), _WRITE),
        "copyto": f"{_WRITE}; np.full and np.full_like call it: write np.broadcast_to(number, shape) for them",
        **dict.fromkeys("array2string array_repr array_str".split(), _TEXT),
        **dict.fromkeys("save savetxt savez savez_compressed".split(), _FILE),
        **dict.fromkeys("busday_count busday_offset is_busday datetime_as_string isnat".split(), _DATES),
        "fft": f"{_COMPLEX}: the discrete Fourier transform is the product with a known matrix of cosines and sines",
        "roots": f"{_COMPLEX}: roots may be complex; np.linalg.eigvalsh is of symmetric matrices",
        "sort_complex": _COMPLEX,
        "nextafter": _NEIGHBOUR,
        **dict.fromkeys("packbits unpackbits".split(), "bits are not traced; compare with known powers of two"),
        "ravel_multi_index": "write the sum of positions times strides",
        "unravel_index": "write np.floor_divide and np.remainder of the position",
        "shares_memory": "it lies nowhere while the graph is made",
        "may_share_memory": "it lies nowhere while the graph is made",
        "from_dlpack": "it has no memory while the graph is made",
        **dict.fromkeys(
            "array asarray asanyarray asarray_chkfinite ascontiguousarray asfortranarray require".split(),
            _ARRAY,
        ),
        "reduceat": "sum slices, or np.bincount(groups, weights=x)",
        "at": _WRITE,
    }
)
"""By the name in NumPy's namespace; of a namespace inside it, by that name."""
