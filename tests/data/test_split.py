import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from backpath.data.split import split
from backpath.graph import DataError


def test_parts_share_no_row_and_have_the_sizes_asked_for():
    parts = split(100, test=0.2, validation=0.1, seed=3)
    assert [len(p) for p in (parts.train, parts.validation, parts.test)] == [70, 10, 20]
    assert sorted(np.concatenate([parts.train, parts.validation, parts.test])) == list(range(100))


def test_the_seed_decides():
    first, again, other = (split(50, seed=seed).test.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_each_class_is_spread_in_proportion():
    classes = np.array(["a"] * 80 + ["b"] * 20)
    parts = split(100, classes, test=0.2, validation=0.1)
    assert [np.sum(classes[p] == "b") for p in (parts.train, parts.validation, parts.test)] == [14, 2, 4]


def test_parts_may_be_empty():
    parts = split(20, test=0, validation=0)
    assert len(parts.train) == 20
    assert len(parts.test) == len(parts.validation) == 0


def test_refuses_what_cannot_be_split():
    with pytest.raises(DataError, match="9 rows are too few"):
        split(9)
    with pytest.raises(DataError, match="leave no rows to train on"):
        split(100, test=0.6, validation=0.4)
    with pytest.raises(DataError, match=r"the class 'rare': each class needs 3"):
        split(20, np.array(["a"] * 18 + ["rare"] * 2))
    with pytest.raises(DataError, match="20 rows cannot be split"):
        split(20, np.repeat(np.arange(5), 4), test=0.1)


@pytest.mark.parametrize("seed", range(40))
def test_parts_are_those_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(40, 400))
    test, validation = float(rng.choice([0.1, 0.2, 0.33])), float(rng.choice([0, 0.1, 0.25]))
    classes = None if seed % 4 == 0 else np.concatenate([np.repeat([0, 1, 2], 10), rng.integers(0, 3, rows - 30)])
    ours = split(rows, classes, test=test, validation=validation, seed=seed)
    train, tested = train_test_split(np.arange(rows), test_size=test, random_state=seed, stratify=classes)
    validated = np.array([], int)
    if validation:
        strata = None if classes is None else classes[train]
        part = validation / (1 - test)
        train, validated = train_test_split(train, test_size=part, random_state=seed, stratify=strata)
    for mine, theirs in ((ours.train, train), (ours.validation, validated), (ours.test, tested)):
        np.testing.assert_array_equal(mine, np.sort(theirs))
