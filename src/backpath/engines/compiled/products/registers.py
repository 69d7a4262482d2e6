"""The registers of this machine's processor, for which products are compiled."""

from __future__ import annotations

import llvmlite.binding as llvm

WIDE = llvm.get_host_cpu_features().get("avx512f", False)
"""Whether there are 32 registers of 64 bytes, in place of sixteen of 32. LLVM halves what is too wide for others."""

VECTOR_BYTES = 64 if WIDE else 32

ROWS = 14 if WIDE else 6
"""Of a tile, with two vectors a row: its sums, two vectors of B, one of A and a mask fill the registers."""
