"""When compiled kernels are taken, and what they do without."""

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from joblib import parallel_config

from sknn_actloss import MLPClassifier, config_context, kernels
from sknn_actloss.kernels import _choice, numpy as reference
from sknn_actloss.model_selection import StackedGridSearchCV

numba = pytest.importorskip("numba", reason="compiled kernels need numba")
compiled = pytest.importorskip("sknn_actloss.kernels.numba")
_compile = pytest.importorskip("sknn_actloss.kernels._compile")
_programs = pytest.importorskip("sknn_actloss.kernels._programs")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 4)), RNG.integers(0, 3, 40)


def network(**changes):
    base = {"max_iter": 6, "batch_size": 16, "tol": 0.0, "random_state": 0}
    return MLPClassifier((5,), **base | changes)


def weights(fitted):
    return [array.tobytes() for array in (*fitted.coefs_, *fitted.intercepts_)]


def weights_with(kernels, **changes):
    with config_context(kernels=kernels):
        return weights(network(**changes).fit(X, Y))


@pytest.fixture
def fresh(monkeypatch):
    """A process that has not loaded any compiled kernel."""
    monkeypatch.setattr(_choice, "_loaded", None)
    monkeypatch.setattr(_choice, "_has_failed", False)
    monkeypatch.setattr(_choice, "_seconds_in_all", 0.0)


@pytest.fixture
def bound(monkeypatch):
    """The sets that adam is bound from, in turn."""
    found = []
    for kind, where in (("numpy", reference), ("numba", compiled), ("numba", compiled.ready)):

        def spy(*arguments, kind=kind, kernel=where.adam):
            found.append(kind)
            return kernel(*arguments)

        monkeypatch.setattr(where, "adam", spy)
    return found


@pytest.mark.usefixtures("fresh")
def test_short_fits_take_no_compiled_kernels(bound):
    weights_with("auto")
    assert set(bound) == {"numpy"}
    assert _choice._loaded is None


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("limit", ["SECONDS", "SECONDS_IN_ALL"])
@pytest.mark.parametrize("changes", [{}, {"n_members": 3, "dropout": 0.2}, {"solver": "sgd"}])
def test_long_fits_go_on_with_compiled_kernels(monkeypatch, limit, changes):
    monkeypatch.setattr(_choice, limit, 0.0)
    assert weights_with("auto", **changes) == weights_with("numpy", **changes)
    assert _choice._loaded is compiled


@pytest.mark.usefixtures("fresh")
def test_kernels_change_between_epochs(monkeypatch, bound):
    seconds = iter([0.2, 0.9, 1.1])
    monkeypatch.setattr(kernels, "pays", lambda *_: next(seconds) > 1.0)
    weights_with("auto")
    assert bound == ["numpy", "numba"]


@pytest.mark.usefixtures("fresh")
def test_seconds_of_many_short_trainings_count(monkeypatch):
    monkeypatch.setattr(_choice, "SECONDS_IN_ALL", 1.0)
    with config_context(kernels="auto"):
        assert [kernels.pays(0.3, 0.3) for _ in range(8)] == 2 * [False, False, False, True]


@pytest.mark.parametrize("setting", ["numpy", "numba"])
def test_nothing_changes_where_there_is_no_choice(monkeypatch, setting):
    monkeypatch.setattr(_choice, "SECONDS", 0.0)
    with config_context(kernels=setting):
        assert not kernels.pays(9.0, 9.0)


def test_short_fits_take_what_has_been_compiled(bound):
    weights_with("numba")
    bound.clear()
    weights_with("auto")
    assert bound == ["numba"]


def test_short_fits_compile_nothing(monkeypatch):
    def compile_nothing(*_):
        pytest.fail("a loop is compiled")

    monkeypatch.setattr(_choice, "_loaded", compiled)
    for loop in (*vars(compiled.loops).values(), *vars(compiled.solvers).values()):
        if isinstance(loop, _programs.Loop):
            monkeypatch.setattr(loop, "_compiled", {})
            monkeypatch.setattr(loop, "_compile", compile_nothing)
    changes = {"dropout": 0.2, "l1": 0.1, "weight_decay": 0.1, "n_members": 2}
    assert weights_with("auto", **changes) == weights_with("numpy", **changes)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("error", [ImportError("Numba needs NumPy 2.2 or less"), OSError("LLVM")])
def test_numba_that_cannot_be_loaded(monkeypatch, error):
    tried = []

    def fail(name):
        tried.append(name)
        raise error

    monkeypatch.setattr(_choice, "import_module", fail)
    monkeypatch.setattr(_choice, "SECONDS", 0.0)
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        assert weights_with("auto") == weights_with("numpy")
    assert len(tried) == 1
    with (
        config_context(kernels="numba"),
        pytest.raises(ImportError, match=rf"cannot load numba: {error} .*kernels=\"numpy\""),
    ):
        network().fit(X, Y)


@pytest.fixture
def interruptible():
    """A process that Ctrl-C interrupts, which those in the background may not be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("fresh", "interruptible")
def test_ctrl_c_waits_until_numba_is_loaded(monkeypatch):
    def load(name):
        signal.raise_signal(signal.SIGINT)
        return compiled

    monkeypatch.setattr(_choice, "import_module", load)
    with pytest.raises(KeyboardInterrupt):
        weights_with("numba")
    assert _choice._loaded is compiled
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_waits_in_the_main_thread_alone():
    found = []

    def hold():
        with _choice.interrupted_later():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


@pytest.mark.usefixtures("fresh")
def test_a_system_that_lets_nobody_compile(monkeypatch):
    def refuse(*_):
        raise RuntimeError("no memory may be executed")

    for loop in (*vars(compiled.loops).values(), *vars(compiled.solvers).values()):
        if isinstance(loop, _programs.Loop):
            monkeypatch.setattr(loop, "_compiled", {})
            monkeypatch.setattr(loop, "_compile", refuse)
    monkeypatch.setattr(_choice, "SECONDS", 0.0)
    assert weights_with("auto") == weights_with("numpy")
    with config_context(kernels="numba"), pytest.raises(ImportError, match="no memory may be"):
        network().fit(X, Y)


def test_a_compiler_that_is_switched_off():
    code = (
        "import sknn_actloss, pytest, numpy as np;"
        "from sknn_actloss.kernels import _choice; _choice.SECONDS = 0.0;"
        "X, y = np.eye(4), [0, 1, 0, 1];"
        "model = sknn_actloss.MLPClassifier((2,), max_iter=3, tol=0, learning_rate='cosine');"
        "model.fit(X, y); sknn_actloss.set_config(kernels='numba');"
        "pytest.raises(ImportError, model.fit, X, y).match('NUMBA_DISABLE_JIT has switched')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "SKNN_ACTLOSS_KERNELS": "auto"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_is_collected_later(is_enabled):
    try:
        (gc.enable if is_enabled else gc.disable)()
        with _choice.collecting_later(), _choice.collecting_later():
            assert not gc.isenabled()
        assert gc.isenabled() == is_enabled
    finally:
        gc.enable()


# -- Machine code on the disk ----------------------------------------------------------------------


def twice(array):
    """Double all numbers: a loop to be compiled."""
    for i in range(array.shape[0]):
        array[i] *= 2


def assert_doubles(loop):
    array = np.arange(5.0)
    function, arguments = loop(array)
    function(*arguments)
    np.testing.assert_array_equal(array, 2 * np.arange(5.0))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of machine code."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def test_machine_code_is_kept(cache):
    assert_doubles(_programs.Loop(twice))
    assert {path.suffix for path in cache.rglob("*twice*")} == {".nbi", ".nbc"}
    again = _programs.Loop(twice)
    assert_doubles(again)
    assert [compiled.function.cache_hits for compiled in again._compiled.values()] == [1]


def test_names_of_machine_code_change_with_what_loops_share(cache):
    assert_doubles(_programs.Loop(twice))
    shared = zlib.crc32(Path(_compile.__file__).read_bytes())
    assert all(f"twice_{shared:08x}" in path.name for path in cache.rglob("*.nb?"))


def test_no_folder_can_be_written_to(monkeypatch):
    from numba.core import caching

    def fail(self):
        raise PermissionError("read-only")

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", fail)
    assert_doubles(_programs.Loop(twice))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError()])
def test_machine_code_that_cannot_be_saved(cache, monkeypatch, error):
    from numba.core import caching

    def fail(*_):
        raise error

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", fail)
    assert_doubles(_programs.Loop(twice))


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x05cut off"])
def test_machine_code_that_is_broken(cache, suffix, content):
    assert_doubles(_programs.Loop(twice))
    for path in cache.rglob(f"*{suffix}"):
        path.write_bytes(content)
    assert_doubles(_programs.Loop(twice))


def test_cache_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    folder = {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")}
    code = (
        "import sys, sknn_actloss; assert 'numba' not in sys.modules;"
        "sknn_actloss.MLPClassifier((2,), max_iter=1, tol=0, solver='sgd').partial_fit("
        "[[0.0], [1.0]], [0, 1], classes=[0, 1]); assert 'numba' in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | folder | {"SKNN_ACTLOSS_KERNELS": "numba"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


# -- Processes and threads -------------------------------------------------------------------------


def fit_and_send(connection):
    connection.send(weights_with("numba"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_processes():
    expected = weights_with("numba")
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=fit_and_send, args=(sender,))
    process.start()
    assert receiver.poll(60)
    assert receiver.recv() == expected
    process.join()
    assert process.exitcode == 0
    assert weights_with("numba") == expected


def test_threads_that_compile_at_once(cache, monkeypatch):
    loop, barrier, found = _programs.Loop(twice), threading.Barrier(8), []

    def double():
        barrier.wait()
        assert_doubles(loop)
        found.append(loop(np.arange(5.0))[0].compiled.address)

    threads = [threading.Thread(target=double) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_threads_that_fit_at_once():
    options = [{"random_state": seed, "n_members": 1 + seed % 3} for seed in range(6)]
    expected = [weights_with("numpy", **changes) for changes in options]
    found, barrier = [None] * len(options), threading.Barrier(len(options))

    def fit(index):
        kernels = ("numba", "auto", "numpy")[index % 3]
        barrier.wait()
        found[index] = weights_with(kernels, **options[index])

    threads = [threading.Thread(target=fit, args=(index,)) for index in range(len(options))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


def kernels_in_worker(y_true, y_pred):
    """Return a score that tells which kernels hold where it is computed."""
    from sknn_actloss import get_config

    return ["auto", "numpy", "numba"].index(get_config()["kernels"])


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_of_stacked_searches_have_the_settings_of_the_search(backend):
    from sklearn.metrics import make_scorer

    search = StackedGridSearchCV(
        network(max_iter=2),
        {"alpha": [0.0, 0.1, 1.0, 2.0]},
        scoring=make_scorer(kernels_in_worker),
        cv=2,
        n_jobs=2,
        refit=False,
    )
    with parallel_config(backend):
        for index, kind in enumerate(["auto", "numpy", "numba"]):
            with config_context(kernels=kind):
                search.fit(X, Y)
            assert set(search.cv_results_["mean_test_score"]) == {index}


def test_networks_know_nothing_of_kernels():
    with config_context(kernels="numba"):
        fitted = network(n_members=2).fit(X, Y)
    assert b"numba" not in pickle.dumps(fitted)
