"""Rows by position, steps on them, and epochs of steps on one flat array of parameters."""
