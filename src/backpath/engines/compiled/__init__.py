"""The compiled engine: programs as tables of numbers, run by kernels in machine code."""
