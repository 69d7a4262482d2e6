"""The robust estimators and their peers on public data, in the same folds; ``python -m benchmarks.robust``."""
