"""Settings of the process, of a block of code, and of workers."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from joblib import Parallel, delayed

from sknn_actloss import MLPRegressor, config_context, get_config, set_config
from sknn_actloss._config import WithConfig

CODE = "import sys, sknn_actloss; print(sknn_actloss.get_config(), 'numba' in sys.modules)"


@pytest.fixture(autouse=True)
def restored():
    """Leave the settings as they were."""
    before = get_config()
    yield
    set_config(**before)


def test_set_and_get():
    set_config(kernels="numpy")
    assert get_config() == {"kernels": "numpy"}
    set_config()
    assert get_config() == {"kernels": "numpy"}
    set_config(kernels="auto")
    assert get_config() == {"kernels": "auto"}


@pytest.mark.parametrize(
    "value", ["fast", "NumPy", "", True, ["numpy"], np.array(["numba", "numpy"])]
)
def test_bad_values(value):
    set_config(kernels="numpy")
    message = r"^kernels must be one of 'auto', 'numpy', 'numba'; got "
    with pytest.raises(ValueError, match=message):
        set_config(kernels=value)
    with pytest.raises(ValueError, match=message), config_context(kernels=value):
        pytest.fail("the block must not run")
    assert get_config() == {"kernels": "numpy"}


def test_unknown_settings():
    with pytest.raises(TypeError, match="threads"):
        set_config(threads=2)


def test_what_is_returned_is_a_copy():
    get_config()["kernels"] = "unknown"
    assert get_config()["kernels"] != "unknown"


def test_contexts_in_contexts():
    set_config(kernels="auto")
    with config_context(kernels="numpy"):
        with config_context():
            assert get_config() == {"kernels": "numpy"}
        with config_context(kernels="auto"):
            assert get_config() == {"kernels": "auto"}
        assert get_config() == {"kernels": "numpy"}
    assert get_config() == {"kernels": "auto"}


def test_context_ends_with_an_error():
    set_config(kernels="auto")
    with pytest.raises(RuntimeError, match="within"), config_context(kernels="numpy"):
        raise RuntimeError("within")
    assert get_config() == {"kernels": "auto"}


def test_context_as_a_decorator():
    set_config(kernels="auto")
    assert config_context(kernels="numpy")(get_config)() == {"kernels": "numpy"}
    assert get_config() == {"kernels": "auto"}


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_settings_hold_for_all_threads_and_contexts_for_one():
    set_config(kernels="numpy")
    assert in_thread(get_config) == {"kernels": "numpy"}
    with config_context(kernels="auto"):
        assert in_thread(WithConfig(get_config)) == {"kernels": "auto"}

    def of_a_thread():
        with config_context(kernels="auto"):
            return in_main.wait(10) and get_config()

    in_main = threading.Event()
    found = []
    thread = threading.Thread(target=lambda: found.append(of_a_thread()))
    thread.start()
    assert get_config() == {"kernels": "numpy"}
    in_main.set()
    thread.join()
    assert found == [{"kernels": "auto"}]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_get_the_settings_of_who_sends_them(backend):
    with config_context(kernels="numpy"):
        jobs = [delayed(WithConfig(get_config))() for _ in range(2)]
    with config_context(kernels="auto"):
        assert Parallel(2, backend=backend)(jobs) == [{"kernels": "numpy"}] * 2


def run_with(value, code=CODE):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"SKNN_ACTLOSS_KERNELS": value},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("value", "expected"), [("numpy", "numpy"), ("", "auto")])
def test_environment_variable(value, expected):
    done = run_with(value)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{{'kernels': '{expected}'}} False\n"


def test_bad_environment_variable():
    done = run_with("fast")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ValueError: The environment variable SKNN_ACTLOSS_KERNELS must be one of 'auto', "
        "'numpy', 'numba'; got 'fast'."
    )


def test_environment_variable_that_asks_for_what_is_missing():
    done = run_with("numba", "import sys; sys.modules['numba'] = None; import sknn_actloss")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        'ImportError: The environment variable SKNN_ACTLOSS_KERNELS="numba" needs numba, which '
        'is not installed: pip install "sknn-actloss[fast]"'
    )


def test_compiled_kernels_that_are_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ImportError, match=r'kernels="numba" needs .*sknn-actloss\[fast\]'):
        set_config(kernels="numba")
    with config_context(kernels="auto"):
        MLPRegressor((2,), max_iter=2, tol=0, solver="sgd", n_iter_no_change=9).partial_fit(
            [[0.0], [1.0]], [0.0, 1.0]
        )
