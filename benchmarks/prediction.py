"""Time and memory of ``predict_proba`` against scikit-learn, on the same fitted network."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from benchmarks._data import Shape, noise
from benchmarks._kernels import TITLES, with_kernels
from benchmarks._memory import MEGABYTE, peak_growth
from benchmarks._report import bars, parse, parser, ratio, ratio_bars, save, table
from benchmarks._rounds import Job, Timing, interleave
from benchmarks.peers.estimators import ESTIMATORS

FEATURES, CLASSES = 100, 10
DTYPES = ("float32", "float64")
#: Contenders, as names of estimators and of kernels.
PEERS = {f"sknn-actloss, {title}": ("sknn-actloss", kernels) for kernels, title in TITLES.items()}
PEERS["scikit-learn"] = "scikit-learn", "auto"
#: Calls in one measurement, by rows.
REPEATS = {1: 1_000, 1_000: 20, 200_000: 1}
QUICK_REPEATS = {1: 20, 1_000: 2, 5_000: 1}


def main() -> None:
    """Time all sizes, watch the memory of the largest, and report."""
    options = parse(parser("prediction", __doc__))
    repeats = QUICK_REPEATS if options.quick else REPEATS
    seconds = {dtype: times(dtype, repeats, options.rounds) for dtype in DTYPES}
    largest = max(repeats)
    memory = {dtype: {peer: extra(peer, largest, dtype) for peer in PEERS} for dtype in DTYPES}
    print("\nTime of predict_proba of scikit-learn as a multiple of ours\n")
    found = speedups(seconds)
    columns = zip((f"{n:,}" for n in repeats), *found.values(), strict=True)
    print(table(["rows", *found], [[n, *map(ratio, values)] for n, *values in columns]))
    print(f"\nMemory beyond input and output for {largest:,} rows, in MB\n")
    rows = [[peer, *(f"{memory[d][peer]:.1f}" for d in DTYPES)] for peer in PEERS]
    print(table(["", *DTYPES], rows))
    results = {"seconds": seconds, "megabytes": memory}
    save(options, "prediction", results, picture(seconds, memory))


def times(dtype: str, repeats: dict[int, int], rounds: int) -> dict[int, dict[str, Timing]]:
    """Time the predictions of both for all numbers of rows."""
    return {
        n_rows: interleave({peer: job(peer, n_rows, dtype) for peer in PEERS}, rounds, repeat)
        for n_rows, repeat in repeats.items()
    }


def job(peer: str, n_rows: int, dtype: str) -> Job:
    """Return the prediction of a fitted network, with a first one behind it."""
    shape = Shape(400, FEATURES, (256, 256), CLASSES, batch=200, epochs=1)
    name, kernels = PEERS[peer]
    model = ESTIMATORS[name](shape, *noise(shape.rows, FEATURES, dtype, CLASSES))()
    X, _ = noise(n_rows, FEATURES, dtype)
    with_kernels(kernels, partial(model.predict_proba, X[:100]))()
    return with_kernels(kernels, partial(model.predict_proba, X))


def extra(peer: str, n_rows: int, dtype: str) -> float:
    """Return the growth of memory in megabytes, the result not counted."""
    result = n_rows * CLASSES * np.dtype(dtype).itemsize
    return peak_growth(job, peer, n_rows, dtype) - result / MEGABYTE


def speedups(seconds: dict[str, dict[int, dict[str, Timing]]]) -> dict[str, list[float]]:
    """Return the time of scikit-learn as multiples of ours, by data type and kernels."""
    return {
        f"{dtype}, {title}": [
            of["scikit-learn"].minimum / of[f"sknn-actloss, {title}"].minimum
            for of in seconds[dtype].values()
        ]
        for dtype in DTYPES
        for title in TITLES.values()
    }


def picture(
    seconds: dict[str, dict[int, dict[str, Timing]]], memory: dict[str, dict[str, float]]
) -> Figure:
    """Draw ratios of time on the left and memory on the right."""
    figure = Figure((11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    sizes = list(seconds[DTYPES[0]])
    ratio_bars(left, [f"{n:,} row" + "s" * (n > 1) for n in sizes], speedups(seconds))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, frameon=False)
    left.set_xlabel("time of scikit-learn / that of sknn-actloss")
    series = {dtype: list(memory[dtype].values()) for dtype in DTYPES}
    bars(right, list(PEERS), series, "{:.1f}".format)
    right.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, frameon=False)
    right.set_title(f"{max(sizes):,} rows")
    right.set_xlabel("memory beyond input and output, MB")
    return figure


if __name__ == "__main__":
    main()
