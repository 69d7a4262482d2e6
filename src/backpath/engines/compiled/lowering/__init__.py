"""From programs and their arrays to the machine's tables of numbers."""
