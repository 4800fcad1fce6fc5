"""Time of a fit against scikit-learn, PyTorch, JAX and the bare matrix products."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from benchmarks._data import shapes_option
from benchmarks._kernels import TITLES
from benchmarks._report import parse, parser, ratio, ratio_bars, save, table
from benchmarks._rounds import Timing, interleave
from benchmarks._threads import run_limited, threads
from benchmarks.calls import print_calls
from benchmarks.peers import jobs

#: Contenders, and the data type of the fit of ours that each is compared with.
RIVALS = {
    "scikit-learn float32": "float32",
    "scikit-learn float64": "float64",
    "PyTorch": "float32",
    "JAX": "float32",
}
HEADER = ["shape", "kernels", *RIVALS, "ours / products", "compilation of JAX"]

#: Timings as dictionaries by contender, by shape.
Timings = dict[str, dict[str, dict[str, float]]]


def main() -> None:
    """Measure in one process for each number of threads, and report."""
    options = read_options()
    if options.child:
        json.dump(measure(options), sys.stdout, default=asdict)
        return
    results = {n: run_limited("benchmarks.training", child(n), n) for n in options.threads}
    for n_threads, timings in results.items():
        print(f"\nTime of a fit as a multiple of ours, {threads(n_threads)}\n")
        print(table(HEADER, rows(timings)))
    missing = RIVALS.keys() - names(results)
    if missing:
        print(f"\nNot installed: {', '.join(sorted(missing))}.")
    save(options, "training", {"seconds by threads": results}, picture(results))
    if options.calls:
        print_calls(options.shapes, options.quick)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    command = parser("training", __doc__)
    shapes_option(command)
    command.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    command.add_argument("--calls", action=argparse.BooleanOptionalAction, default=True)
    command.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parse(command)


def child(n_threads: int) -> list[str]:
    """Return the arguments of the process that measures with so many threads."""
    return ["--child", "--threads", str(n_threads)]


def measure(options: argparse.Namespace) -> dict[str, dict[str, Timing]]:
    """Time the fits of all contenders for each shape."""
    results = {}
    shapes = [shape.reduced() for shape in options.shapes] if options.quick else options.shapes
    with threadpool_limits(options.threads[0]):
        for shape in shapes:
            print(f"{threads(options.threads[0])}: {shape}", file=sys.stderr)
            results[str(shape)] = interleave(jobs(shape), options.rounds)
    return results


def rows(timings: Timings) -> list[list[str]]:
    """Return the rows of the table: a shape with each set of kernels."""
    return [
        [shape, title, *map(ratio, ratios(of, title))]
        for shape, of in timings.items()
        for title in TITLES.values()
    ]


def ratios(timings: dict[str, dict[str, float]], title: str) -> list[float | None]:
    """Return the columns of the table for one shape and set of kernels, from the best rounds."""
    best = {name: timing["minimum"] for name, timing in timings.items()}
    ours = best[f"ours float32, {title}"]
    rivals = [
        best[rival] / best[f"ours {dtype}, {title}"] if rival in best else None
        for rival, dtype in RIVALS.items()
    ]
    compilation = (timings["JAX"]["first"] - best["JAX"]) / ours if "JAX" in timings else None
    return [*rivals, ours / best["products float32"], compilation]


def names(results: dict[int, Timings]) -> set[str]:
    """Return the contenders that were there."""
    return {name for timings in results.values() for of in timings.values() for name in of}


def picture(results: dict[int, Timings]) -> Figure:
    """Draw the ratios, a panel for each number of threads."""
    n_groups = max(map(len, results.values())) * len(TITLES)
    figure = Figure((5 * len(results) + 3, 1.1 * n_groups + 1.2), layout="constrained")
    axes = figure.subplots(1, len(results), squeeze=False, sharey=True)[0]
    for ax, (n_threads, timings) in zip(axes, results.items(), strict=True):
        ratio_bars(ax, groups(timings), series(timings))
        ax.set_title(threads(n_threads))
        ax.set_xlabel("time of a fit / that of sknn-actloss in the same precision")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    return figure


def groups(timings: Timings) -> list[str]:
    """Return the names of shapes with each set of kernels."""
    names = [shape.replace(", ", "\n", 1) for shape in timings]
    return [f"{name}\n{title}" for name in names for title in TITLES.values()]


def series(timings: Timings) -> dict[str, list[float | None]]:
    """Return the ratios of each contender for all groups, the bare products among them."""
    found = [ratios(of, title) for of in timings.values() for title in TITLES.values()]
    *rivals, products, _ = zip(*found, strict=True)
    found = {name: list(of) for name, of in zip(RIVALS, rivals, strict=True) if any(of)}
    return found | {"matrix products alone": [1 / value for value in products]}


if __name__ == "__main__":
    main()
