"""What XLA compiles is kept on disk, and taken from there; JAX is left as it was."""

import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import jax
import numpy as np
import pytest
from jax import monitoring

import backpath as bp
from backpath.engines.xla import compilation

X = np.random.default_rng(0).standard_normal((8, 3))
HIT = "/jax/compilation_cache/cache_hits"
COMPILED = "/jax/core/compile/backend_compile_duration"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of our own, in which programs are kept however soon they were compiled."""
    monkeypatch.setenv("BACKPATH_CACHE_DIR", str(tmp_path))
    least = jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    compilation.folder.cache_clear()
    yield tmp_path
    compilation.folder.cache_clear()
    jax.config.update("jax_persistent_cache_min_compile_time_secs", least)


@pytest.fixture
def told():
    """Names of what JAX tells of."""
    found = []

    def note(name, *_, **__):
        found.append(name)

    monitoring.register_event_listener(note)
    monitoring.register_event_duration_secs_listener(note)
    yield found
    monitoring.unregister_event_listener(note)
    monitoring.unregister_event_duration_listener(note)


def trained():
    jax.clear_caches()
    return bp.fit(bp.Network([3, 2]), X, np.arange(8) % 2, epochs=2, batch=4, engine="xla", device="cpu")


def test_a_program_is_compiled_once(place, told):
    first = trained()
    assert HIT not in told
    kept = sorted(place.glob("xla-*/jit_stretch*"))
    assert kept
    second = trained()
    assert HIT in told
    assert sorted(place.glob("xla-*/jit_stretch*")) == kept
    for name, value in first.parameters.items():
        assert value.tobytes() == second.parameters[name].tobytes()
    assert jax.config.jax_compilation_cache_dir is None


def test_calls_of_programs_are_kept_too(place):
    bp.compile(bp.grad(lambda w: np.sum(np.tanh(w) ** 2)), engine="xla", device="cpu")(np.ones(2))
    assert list(place.glob("xla-*/jit_*"))


def test_a_folder_of_the_users_stands(place, tmp_path_factory):
    own = tmp_path_factory.mktemp("own")
    jax.config.update("jax_compilation_cache_dir", str(own))
    try:
        trained()
        assert jax.config.jax_compilation_cache_dir == str(own)
        assert not list(place.glob("xla-*"))
    finally:
        jax.config.update("jax_compilation_cache_dir", None)


def test_who_keeps_nothing_keeps_nothing_here(place):
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        trained()
    finally:
        jax.config.update("jax_enable_compilation_cache", True)
    assert not list(place.glob("xla-*"))


def test_what_was_used_longest_ago_goes(place, monkeypatch):
    monkeypatch.setattr(compilation, "MOST_KEPT", 0)
    trained()
    assert not list(place.glob("xla-*/*"))


def test_a_process_is_at_work_while_it_compiles(place, told, monkeypatch):
    @contextmanager
    def at_work():
        told.append("begin")
        yield
        told.append("end")

    monkeypatch.setattr(compilation, "at_work", at_work)
    trained()
    assert told.count("begin") == told.count("end") == 1
    assert COMPILED in told[told.index("begin") : told.index("end")]


def test_a_call_is_made_on_its_device():
    code = """
        import numpy as np, backpath as bp
        from backpath.engines.xla.call import XlaCall
        from backpath.engines.xla.setting import XlaSetting

        graph, out = bp.ops.trace(lambda w: np.tanh(w), np.ones(3)), np.empty(3)
        call = XlaCall(graph, [np.ones(3)], [out], XlaSetting("cpu:1"))
        run, where = call._run, []
        call._run = lambda *inputs: [where.extend(x.devices()) or x for x in run(*inputs)]
        call()
        print([device.id for device in where], np.ptp(out) == 0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "JAX_NUM_CPU_DEVICES": "2"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[1] True\n", done.stderr
