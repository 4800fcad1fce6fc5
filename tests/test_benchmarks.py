"""Benchmarks that look into a training find there what they look for."""

import re

import pytest

from sknn_actloss.kernels import numpy as reference

calls = pytest.importorskip("benchmarks.calls", reason="needs the clone as the working directory")
kernels = pytest.importorskip("benchmarks.kernels")
data = pytest.importorskip("benchmarks._data")

SHAPE = data.Shape(60, 12, (7,), 3, 20, 2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_calls_of_a_step_are_those_of_its_parts():
    fit = calls.ours(SHAPE, *data.classification(SHAPE))
    calls.Watched.spent.clear()
    with calls.config_context(kernels="numpy"):
        calls.training_time(fit, calls.Watched)
    found = dict(calls.Watched.spent.keys())
    n_params = (12 + 1) * 7 + (7 + 1) * 3
    assert {"take", "dot", "clip", "exp", "sqrt"} <= found.keys()
    assert found["sqrt"] == ((1, n_params),)


def test_every_kernel_is_timed():
    timed = {name for key in kernels.KERNELS for name in re.split(r", .*| and ", key)}
    assert set(reference.__all__) - {"fused"} <= timed


@pytest.mark.parametrize("dtype", kernels.DTYPES)
def test_times_of_kernels(dtype):
    arrays = kernels.arrays(SHAPE, 2, dtype)
    saved = [array.copy() for array in arrays]
    for name in kernels.KERNELS:
        times = kernels.microseconds(name, arrays, 1e-6, rounds=1)
        assert times.keys() == kernels.TITLES.keys()
        assert all(0 < time < float("inf") for time in times.values()), name
    for array, before in zip(arrays, saved, strict=True):
        assert array.tobytes() == before.tobytes()
