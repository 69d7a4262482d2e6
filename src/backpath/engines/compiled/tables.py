"""The tables of numbers that the compiled engine runs: what is where in a row. Kernels read them as they stand here."""

FIELDS = 24
"""Of an instruction."""

KERNEL, SHARED, EXTENT, GIVEN = range(4)
"""A kernel's address, or 0 for elementwise operations; whether threads share it, and how many rows or entries then;
from ``GIVEN`` on what the kernel wants, or ``WIDE`` and the rest."""

HIGH, WIDE, FIRST, COUNT, ABOVE, BESIDE = range(GIVEN, GIVEN + 6)
"""Elementwise operations: rows, columns, the first operation's number, and how many there are; then, if threads share
blocks as of a product, how many of these there are above each other and beside each other, else 0."""

OPERATION_FIELDS = 14
"""Of an operation."""

PARAMETER, FLAT, OUT, A, B, C = 1, 2, 3, 5, 8, 11
"""After the kernel's address: a power; whether rows of whole width lie beside each other; the result's address and its
stride from row to row; each operand's address, its stride, and its step within a row, 0 or 1."""

FEED_FIELDS = 8
ROWS, ONE_HOT = range(2)
"""What a feed takes: rows of numbers, or labels as rows of 0 and 1."""

LAID, BLOCKS = 1, 2
"""How a product's factors lie: the second one in strips; or so, and the first one perhaps in parts, and the result is
made block by block."""

WORK_WORDS = 8
ROW, COLUMN, HEIGHT, WIDTH, WHOLE, REGISTERS, GEMM, SCRATCH = range(WORK_WORDS)
"""A thread's own words: the part that a kernel is to do, whether its rows are of whole width, and addresses of the
registers, of the BLAS's product, and of room for products."""

BLOCK = 1024
"""Entries of a register."""

MOST_REGISTERS = 4096
"""Addresses below are registers' numbers."""

STRETCH_FIELDS = 3
FIRST_INSTRUCTION, LAST_INSTRUCTION, PIECES = range(STRETCH_FIELDS)
"""Of a stretch: the instructions between two meetings, and into how many pieces its work is dealt out."""

CALL_WORDS = 19
(
    CODE, STRETCHES, STRETCH_COUNT, OPERATIONS, FEEDS, INTAKES, STEPS, LOSS, LOSSES,
    WORK, LINES, GIVE_WAY, SYSTEM_CALL, FUTEX, THREAD, THREADS, FLUSHES, PLACES,
) = range(18)  # fmt: skip
"""What one thread's run is told: addresses and sizes of the tables; how many steps; where the loss stands and where it
is noted, one word a step; addresses of the thread's words, of the lines that threads share, of ``sched_yield`` and
of ``syscall``, and the number of the call that waits; which thread of how many it is; whether subnormal numbers are
zeros; and places for a result and an error, which no kernel leaves."""

LINE_WORDS = 8
"""Of a line of a cache."""

NOW, DONE, ASLEEP, TAKEN = range(4)
"""Lines that threads share: the number of the stretch that is worked on, how many of its pieces are done, how many
threads sleep; from there on, what was taken of each thread's pieces: 2**16 times the stretch's number, and how many."""

WIDEST = 64
"""Bytes of the widest vector that a kernel is compiled with."""

DEPTH = 256
"""Steps of a product's inner index at a time: with tiles of A and C, a strip of B stays in the first cache."""

SCRATCH_BYTES = 2 * WIDEST * (DEPTH + 1)
"""Room that a product needs: one strip of B, and what aligns it."""

LARGEST = 2.0**36
"""Of m n k times the least of them, up to which the products here are faster; beyond, the BLAS is."""

TILE_ROWS = 16
"""Room for rows in a packed tile of A."""

FEWEST_ROWS = 6
"""Of a tile, on any processor, unless the matrix has fewer."""

GAP = 2
"""Columns between packed tiles, lest they fall on each other in a cache."""

BLOCK_TILES = 16
"""Of A, packed at a time: with ``DEPTH`` columns they stay in a core's second cache."""

PACKED = BLOCK_TILES * TILE_ROWS * (DEPTH + GAP)
"""Numbers for which a product that packs A needs room, beside ``SCRATCH_BYTES``."""
