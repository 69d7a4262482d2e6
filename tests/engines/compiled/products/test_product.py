"""Matrix products by address, against NumPy: exact in integers, and nothing touched outside the operands."""

import ctypes
import mmap
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from backpath.engines.compiled.pointers import pointer_at, size_of
from backpath.engines.compiled.products.blas import gemm_address
from backpath.engines.compiled.products.blas_product import blas_product
from backpath.engines.compiled.products.product import product
from backpath.engines.compiled.products.registers import VECTOR_BYTES
from backpath.engines.compiled.products.small_products import lay, row_product, small_product
from backpath.engines.compiled.tables import DEPTH, LARGEST, PACKED, SCRATCH_BYTES

DTYPES = [np.float32, np.float64]
CASES = [(False, False), (True, False), (False, True), (True, True)]
EDGES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 64, 65]


class Placed:
    """A matrix in the middle of a block of memory, its rows (its columns, if transposed) ``pad`` elements apart.

    The block starts ``skip`` elements into an array.
    """

    def __init__(self, values, transposed=False, pad=0, around=np.nan, skip=0):
        laid = values.T if transposed else values
        rows, columns = laid.shape
        memory = np.full(skip + (rows + 2) * (columns + pad), around, values.dtype)
        self.block = memory[skip:].reshape(rows + 2, columns + pad)
        self.block[1 : rows + 1, :columns] = laid
        self.lead = columns + pad
        self.address = self.block.ctypes.data + self.block.strides[0]
        self.row, self.col = (1, self.lead) if transposed else (self.lead, 1)
        self.values = self.block[1 : rows + 1, :columns].T if transposed else self.block[1 : rows + 1, :columns]

    @property
    def place(self):
        return self.address, self.row, self.col


def integers(random, dtype, *shape):
    """So small that sums of their products are exact in float32."""
    return random.integers(-9, 10, shape).astype(dtype)


def room(dtype, start=0, fill=0xFF):
    """Scratch for any product, from an address on that many bytes after an array's."""
    return np.full(SCRATCH_BYTES + PACKED * np.dtype(dtype).itemsize + start, fill, np.uint8)[start:]


def multiply(a, b, c, accumulate, how=product, scratch=None, packed=False):
    dtype = c.values.dtype
    (m, k), n = a.values.shape, b.values.shape[1]
    scratch = room(dtype) if scratch is None else scratch
    ends = {
        product: (gemm_address(dtype), scratch.ctypes.data, m, packed),
        blas_product: (gemm_address(dtype),),
        small_product: (scratch.ctypes.data, packed, False),
    }
    how(dtype, *a.place, *b.place, c.address, c.lead, m, n, k, accumulate, *ends[how])


def check_exact(random, dtype, shape, transposed, pads, accumulate, how=product, packed=False):
    """The product equals NumPy's, and what lies around C is as before."""
    m, n, k = shape
    a = Placed(integers(random, dtype, m, k), transposed[0], pads[0])
    b = Placed(integers(random, dtype, k, n), transposed[1], pads[1])
    c = Placed(integers(random, dtype, m, n), pad=pads[2], around=77)
    expected = c.block.copy()
    expected[1 : m + 1, :n] = a.values.astype(float) @ b.values.astype(float) + (c.values if accumulate else 0)
    if not accumulate:
        c.values[...] = np.nan
    multiply(a, b, c, accumulate, how, packed=packed)
    np.testing.assert_array_equal(c.block, expected)


@settings(max_examples=400, deadline=None)
@given(
    shape=st.tuples(*[st.sampled_from(EDGES) | st.integers(0, 40)] * 3),
    dtype=st.sampled_from(DTYPES),
    transposed=st.sampled_from(CASES),
    pads=st.tuples(*[st.integers(0, 3)] * 3),
    accumulate=st.booleans(),
    packed=st.booleans(),
    seed=st.integers(0, 9),
)
def test_products_of_integers_are_exact(shape, dtype, transposed, pads, accumulate, packed, seed):
    check_exact(np.random.default_rng(seed), dtype, shape, transposed, pads, accumulate, packed=packed)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("transposed", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "shape",
    [
        (13, 19, 2 * DEPTH + 3),  # more than a strip's depth
        (14, 70, 90),  # rows of B far apart: packed
        (1, 40, 1000),
        (40, 1, 1000),
        (1, 1, 700),
        (420, 410, 1000),  # the BLAS
        (100, 2700, 2700),
    ],
)
def test_large_products_of_integers_are_exact(shape, dtype, transposed, accumulate):
    check_exact(np.random.default_rng(0), dtype, shape, transposed, (1, 2, 3), accumulate, packed=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 5, 6, 7, 191, 192, 193, 400])
@pytest.mark.parametrize("turned", [False, True])
def test_packed_blocks_and_tiles_of_all_heights(dtype, m, turned):
    for k in (3, DEPTH, DEPTH + 5):
        check_exact(np.random.default_rng(m), dtype, (m, 40, k), (turned, False), (1, 0, 0), True, small_product, True)


def test_the_shapes_above_reach_the_blas():
    assert LARGEST < 420 * 410 * 1000 * 410
    assert LARGEST < 100 * 2700 * 2700 * 100


@pytest.mark.parametrize("shape", [(1, 40, 3), (30, 64, 40), (15, 33, DEPTH), (29, 100, DEPTH + 9), (5, 32, 2 * DEPTH)])
@pytest.mark.parametrize("transposed", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_factor_laid_out_in_strips_gives_the_bits_that_it_gives_as_it_lies(dtype, transposed, shape):
    (m, n, k), random = shape, np.random.default_rng(1)
    a = Placed(random.standard_normal((m, k)).astype(dtype), transposed[0])
    b = Placed(random.standard_normal((k, n)).astype(dtype), transposed[1], 3)
    c, expected = (Placed(np.zeros((m, n), dtype), around=77) for _ in range(2))
    multiply(a, b, expected, False, small_product)
    strip = 2 * VECTOR_BYTES // c.values.itemsize
    strips = -(-n // strip)
    size = k * strips * strip * c.values.itemsize
    block = np.full(size + 6 * VECTOR_BYTES, 0xEE, np.uint8)
    start = -block.ctypes.data % (2 * VECTOR_BYTES)
    laid = block.ctypes.data + start
    for first in reversed(range(strips)):
        lay(dtype, *b.place, laid, n, k, first, first + 1)
    assert (block[start + size :] == 0xEE).all()
    small_product(
        dtype, *a.place, laid, 0, 0, c.address, c.lead, m, n, k, False, room(dtype).ctypes.data, transposed[0], True
    )
    np.testing.assert_array_equal(c.block, expected.block)


@pytest.mark.parametrize("how", [blas_product, small_product])
@pytest.mark.parametrize("transposed", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_way_serves_single_rows_and_columns(dtype, transposed, how):
    """Whose strides are shorter than the BLAS allows: that of a single row is 1 when it is transposed."""
    random = np.random.default_rng(1)
    for shape in [(1, 5, 7), (5, 1, 7), (5, 7, 1), (1, 1, 7), (1, 7, 1), (7, 1, 1), (1, 1, 1)]:
        for accumulate in [False, True]:
            check_exact(random, dtype, shape, transposed, (0, 0, 0), accumulate, how)


@pytest.mark.parametrize("transposed", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(32, 64, 64), (33, 65, 300), (5, 3, 1000)])
def test_blas_and_tiles_agree_up_to_rounding(shape, dtype, transposed):
    m, n, k = shape
    random = np.random.default_rng(2)
    a = Placed(random.standard_normal((m, k)).astype(dtype), transposed[0], 1)
    b = Placed(random.standard_normal((k, n)).astype(dtype), transposed[1], 1)
    by_blas, by_tiles = Placed(np.empty((m, n), dtype)), Placed(np.empty((m, n), dtype))
    multiply(a, b, by_blas, False, blas_product)
    multiply(a, b, by_tiles, False, small_product)
    bound = k * np.finfo(dtype).eps * (abs(a.values) @ abs(b.values))
    assert (abs(by_blas.values - by_tiles.values) <= bound).all()
    if dtype == np.float32:
        exact = a.values.astype(float) @ b.values.astype(float)
        assert (abs(by_tiles.values - exact) <= bound).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_times_a_matrix_sums_every_product_once(dtype):
    random = np.random.default_rng(3)
    for n, k in [(1, 1), (3, 8), (8, 3), (9, 17), (16, 64)]:
        a, b = integers(random, dtype, k), integers(random, dtype, n, k)
        c = integers(random, dtype, n + 2)
        expected = c.copy()
        expected[1:-1] += b @ a
        row_product(c.dtype, a.ctypes.data, b.ctypes.data, k, c[1:].ctypes.data, n, k, True)
        np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposed", CASES)
def test_bits_depend_neither_on_scratch_nor_on_alignment(dtype, transposed):
    random = np.random.default_rng(4)
    for m, n, k in [(7, 10, 13), (30, 70, 90), (1, 9, 33), (9, 1, 33), (3, 5, DEPTH + 1)]:
        left, right = (random.standard_normal(shape).astype(dtype) for shape in [(m, k), (k, n)])
        results = []
        for skip, start, fill in [(0, 0, 0), (0, 3, 0xFF), (1, 8, 0x7F), (2, 63, 0)]:
            a = Placed(left, transposed[0], 1, skip=skip)
            b = Placed(right, transposed[1], 1, skip=skip)
            c = Placed(np.empty((m, n), dtype), skip=skip)
            multiply(a, b, c, False, scratch=room(dtype, start, fill), packed=transposed[0])
            results.append(c.values.tobytes())
        assert len(set(results)) == 1


@pytest.fixture
def before_a_wall():
    """Gives memory of so many bytes that ends where nothing may be read."""
    page, blocks = mmap.PAGESIZE, []
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

    def give(nbytes):
        pages = -(-nbytes // page)
        blocks.append(mmap.mmap(-1, (pages + 1) * page))
        whole = np.frombuffer(blocks[-1], np.uint8)
        assert protect(whole.ctypes.data + pages * page, page, 0) == 0
        return whole[pages * page - nbytes : pages * page]

    return give


@pytest.mark.skipif(sys.platform != "linux", reason="needs mprotect")
@pytest.mark.parametrize("transposed", CASES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_behind_the_operands_is_read(dtype, transposed, before_a_wall):
    """A read would end the process."""
    random, size = np.random.default_rng(5), np.dtype(dtype).itemsize
    scratch = before_a_wall(SCRATCH_BYTES + PACKED * size)
    for m, n, k in [(1, 1, 1), (4, 3, 2), (1, 9, 11), (9, 1, 11), (7, 17, 9), (14, 70, 90), (13, 13, DEPTH + 7)]:
        a, b, c = (before_a_wall(rows * columns * size).view(dtype) for rows, columns in [(m, k), (k, n), (m, n)])
        a[:], b[:] = integers(random, dtype, m * k), integers(random, dtype, k * n)
        left = a.reshape(k, m).T if transposed[0] else a.reshape(m, k)
        right = b.reshape(n, k).T if transposed[1] else b.reshape(k, n)
        a_strides, b_strides = ([step // size for step in x.strides] for x in (left, right))
        places = (a.ctypes.data, *a_strides, b.ctypes.data, *b_strides, c.ctypes.data, n)
        product(c, *places, m, n, k, False, gemm_address(dtype), scratch.ctypes.data, m, transposed[0])
        np.testing.assert_array_equal(c.reshape(m, n), left @ right)


@njit
def doubled(like, address, count):
    elements = pointer_at(like, address)
    for i in range(count):
        elements[i] = 2 * elements[i]
    return size_of(like)


@pytest.mark.parametrize("dtype", [*DTYPES, np.int32])
def test_memory_is_read_and_written_by_its_address(dtype):
    x = np.arange(6, dtype=dtype)
    for like in [x, x.dtype]:
        expected = x * [1, 2, 2, 2, 1, 1]
        assert doubled(like, x[1:].ctypes.data, 3) == x.itemsize
        np.testing.assert_array_equal(x, expected)


def test_the_blas_has_no_routine_for_integers():
    with pytest.raises(KeyError):
        gemm_address(np.int32)
