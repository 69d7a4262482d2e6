"""How many cores a process may use."""

import os

import pytest
from joblib import Parallel, delayed

from backpath.training.loop.cores import usable_cores


@pytest.mark.parametrize(("share", "cores"), [("1", 1), ("0", 1), ("64", None), ("", None), ("2,1", None)])
def test_a_share_of_the_cores_is_kept_to(monkeypatch, share, cores):
    monkeypatch.setenv("OMP_NUM_THREADS", share)
    assert usable_cores() == (cores or len(os.sched_getaffinity(0)))


def test_processes_of_a_pool_share_them():
    jobs = os.cpu_count()
    assert Parallel(n_jobs=jobs)(delayed(usable_cores)() for _ in range(jobs)) == [1] * jobs
