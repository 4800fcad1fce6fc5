"""What an encoding costs: time for one row, memory for many."""

import tracemalloc
from time import perf_counter

import numpy as np
import pytest
from tables import columns

from sknn_actloss.tabular import TableEncoder


def test_a_row_of_a_frame_takes_little_time():
    pd = pytest.importorskip("pandas")
    frame = pd.concat(
        [pd.DataFrame(columns(200, seed)).add_suffix(f"_{seed}") for seed in range(3)], axis=1
    )
    encoder = TableEncoder().fit(frame)
    row, times = frame[:1], []
    for _ in range(20):
        start = perf_counter()
        encoder.transform(row)
        times.append(perf_counter() - start)
    assert min(times) < 0.004


def test_memory_is_a_few_times_what_comes_out():
    X = np.random.RandomState(0).normal(size=(20_000, 10))
    encoder = TableEncoder().fit(X)
    tracemalloc.start()
    encoded = encoder.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert encoded.shape == (20_000, 170)
    assert peak < 3 * encoded.nbytes
