"""Time of searches that train stacks against one fit after the other, and of a stack in JAX."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
from joblib import parallel_config
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks._data import Shape, classification, shapes_option
from benchmarks._kernels import FASTEST, TITLES
from benchmarks._report import parse, parser, ratio, ratio_bars, save, slowdown, table
from benchmarks._rounds import interleave
from benchmarks._stacks import MEMBERS, Stacks, measure_stacks, print_stacks, stack_series
from benchmarks._threads import run_limited, threads
from benchmarks.peers.searches import (
    ALONE,
    GRID,
    HALVING,
    N_JOBS,
    N_SPLITS,
    SCIKIT_LEARN,
    STACKED,
    searches,
)

SHAPES = [
    Shape(2_000, 20, (32,), 3, 32, 40),
    Shape(2_000, 20, (100,), 3, 32, 40),
    Shape(2_000, 20, (100,), 3, 200, 40),
    Shape(2_000, 20, (256, 256), 3, 256, 40),
]
HEADER = ["shape", "kernels", ALONE, SCIKIT_LEARN, "seconds of stacks", "scores differ by"]
HALVING_HEADER = ["shape", "kernels", "time", "best score of all", "of halving", "standard error"]

#: Measurements by shape.
Searches = dict[str, dict[str, Any]]
#: Those by set of kernels.
ByKernels = dict[str, Searches]


def main() -> None:
    """Measure in processes that have as many cores as they use, and report."""
    options = read_options()
    if options.child:
        measure = {"searches": measure_searches, "stacks": measure_stacks}[options.child]
        json.dump(measure(options), sys.stdout, default=asdict)
        return
    # Workers of GridSearchCV know of kernels from the environment alone.
    found = {
        kernels: run_limited(
            "benchmarks.search", ["--child", "searches"], N_JOBS, SKNN_ACTLOSS_KERNELS=kernels
        )
        for kernels in TITLES
    }
    print_searches(found)
    stacks = {n: run_limited("benchmarks.search", child(n), n) for n in options.threads}
    for n_threads, of in stacks.items():
        print_stacks(of, n_threads)
    results = {"candidates": options.candidates, "searches": found, "stacks by threads": stacks}
    save(options, "search", results, picture(found, stacks))


def read_options() -> argparse.Namespace:
    """Read the command line; a quick run has few candidates and short trainings."""
    command = parser("search", __doc__, rounds=3)
    shapes_option(command, SHAPES)
    command.add_argument("--candidates", type=int, default=len(GRID), help="of each search")
    command.add_argument("--members", type=int, nargs="+", default=MEMBERS, help="of each stack")
    command.add_argument("--threads", type=int, nargs="*", default=[1, 2], help="of a stack")
    command.add_argument("--child", choices=["searches", "stacks"], help=argparse.SUPPRESS)
    options = parse(command)
    if options.quick:
        options.candidates = min(8, options.candidates)
        options.shapes = [shape.reduced() for shape in options.shapes]
    return options


def child(n_threads: int) -> list[str]:
    """Return the arguments of the process that trains stacks with so many threads."""
    return ["--child", "stacks", "--threads", str(n_threads)]


def measure_searches(options: argparse.Namespace) -> Searches:
    """Run the searches for each shape."""
    results = {}
    # Each worker has one thread, and inherits the filter: no network is meant to converge.
    with parallel_config("loky", inner_max_num_threads=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for shape in options.shapes:
            print(f"{options.candidates} candidates: {shape}", file=sys.stderr)
            results[str(shape)] = measure(shape, options)
    return results


def measure(shape: Shape, options: argparse.Namespace) -> dict[str, Any]:
    """Time the searches for one shape, and compare what they find."""
    X, y = classification(shape)
    found = searches(shape, options.candidates)
    fits = {name: partial(search.fit, X.astype("float32"), y) for name, search in found.items()}
    seconds = interleave(fits, options.rounds)
    best, results = found[STACKED].best_index_, found[STACKED].cv_results_
    return {
        "seconds": seconds,
        "difference of scores": {
            name: difference(results, found[name].cv_results_) for name in (ALONE, SCIKIT_LEARN)
        },
        "best score": {name: float(found[name].best_score_) for name in (STACKED, HALVING)},
        "standard error": float(results["std_test_score"][best] / N_SPLITS**0.5),
    }


def difference(first: dict[str, Any], second: dict[str, Any]) -> float:
    """Return the largest difference of the scores of a candidate."""
    return float(np.abs(first["mean_test_score"] - second["mean_test_score"]).max())


def print_searches(found: ByKernels) -> None:
    """Print ratios of times, and what is found."""
    print(f"\nTime of a search as a multiple of that of {STACKED}\n")
    print(table(HEADER, rows(found, columns)))
    print(f"\nTime of {HALVING} as a multiple of that of {STACKED}\n")
    print(table(HALVING_HEADER, rows(found, halving_columns)))


def rows(found: ByKernels, columns: Callable[[dict[str, Any]], list[str]]) -> list[list[str]]:
    """Return the rows of a table: a shape with each set of kernels."""
    return [
        [shape, title, *columns(found[kernels][shape])]
        for shape in found[FASTEST]
        for kernels, title in TITLES.items()
    ]


def columns(found: dict[str, Any]) -> list[str]:
    """Return the columns of the table of grid searches for one shape."""
    seconds = found["seconds"]
    return [
        *(ratio(slowdown(seconds, rival, STACKED)) for rival in (ALONE, SCIKIT_LEARN)),
        f"{seconds[STACKED]['minimum']:.2f}",
        f"{found['difference of scores'][ALONE]:.4f}",
    ]


def halving_columns(found: dict[str, Any]) -> list[str]:
    """Return the columns of the table of halving searches for one shape."""
    return [
        ratio(slowdown(found["seconds"], HALVING, STACKED)),
        *(f"{found['best score'][name]:.4f}" for name in (STACKED, HALVING)),
        f"{found['standard error']:.4f}",
    ]


def picture(found: ByKernels, stacks: dict[int, Stacks]) -> Figure:
    """Draw the ratios: a panel for the searches, and one for each number of threads."""
    n_panels = 1 + len(stacks)
    figure = Figure((4 * n_panels + 2, 1.8 * len(found[FASTEST]) + 1.6), layout="constrained")
    first, *others = figure.subplots(1, n_panels, squeeze=False, sharey=True)[0]
    groups = ["\n".join(shape.split(", ")[1::2]) for shape in found[FASTEST]]
    draw(first, groups, search_series(found), f"time of a search / that of {STACKED}")
    first.set_title(f"searches, {N_JOBS} workers")
    for ax, (n_threads, of) in zip(others, stacks.items(), strict=True):
        draw(ax, groups, stack_series(of), "time of a stack in JAX / that of sknn-actloss")
        ax.set_title(f"stacks, {threads(n_threads)}")
    return figure


def draw(ax: Axes, groups: list[str], series: dict[str, list[float | None]], xlabel: str) -> None:
    """Draw a panel, with a legend of its own below it."""
    ratio_bars(ax, groups, series)
    ax.set_xlabel(xlabel)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=4, frameon=False)


def search_series(found: ByKernels) -> dict[str, list[float | None]]:
    """Return the ratios of the other searches for all shapes, with each set of kernels."""
    return {
        f"{name}, {title}": [
            slowdown(of["seconds"], name, STACKED) for of in found[kernels].values()
        ]
        for name in (SCIKIT_LEARN, ALONE, HALVING)
        for kernels, title in TITLES.items()
    }


if __name__ == "__main__":
    main()
