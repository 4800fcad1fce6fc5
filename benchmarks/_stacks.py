"""Time of a stack of networks against JAX, which trains as many in one program."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._data import Shape
from benchmarks._kernels import TITLES
from benchmarks._report import ratio, slowdown, table
from benchmarks._rounds import interleave
from benchmarks._threads import threads
from benchmarks.peers import STACKS, jobs
from benchmarks.peers.searches import N_SPLITS

#: Networks of a stack.
MEMBERS = (4, 16, 48)
#: Epochs whose losses are compared: by then, rounding has not grown much.
COMPARED = 3
HEADER = [
    "shape",
    "networks",
    "kernels",
    "JAX",
    "compilation of JAX",
    "seconds of ours",
    "losses differ by",
]

#: Measurements by number of networks, by shape.
Stacks = dict[str, dict[str, dict[str, Any]]]


def measure_stacks(options: Namespace) -> dict[str, dict[int, dict[str, Any]]]:
    """Time the training of stacks on the training rows of one fold."""
    results = {}
    with threadpool_limits(options.threads[0]):
        for shape in options.shapes:
            print(f"stacks, {threads(options.threads[0])}: {shape}", file=sys.stderr)
            fold = shape._replace(rows=shape.rows * (N_SPLITS - 1) // N_SPLITS)
            results[str(shape)] = {n: measure(fold, n, options.rounds) for n in options.members}
    return results


def measure(shape: Shape, n_members: int, rounds: int) -> dict[str, Any]:
    """Time the training of one stack, and compare the losses of its members."""
    rates, alphas = np.geomspace(3e-4, 1e-2, n_members), np.geomspace(1e-5, 1e-2, n_members)
    trainings = jobs(shape, STACKS, rates=rates, alphas=alphas)
    seconds = interleave(trainings, rounds)
    ours, *others = (training()[:, :COMPARED] for training in trainings.values())
    difference = max((float(np.abs(losses / ours - 1).max()) for losses in others), default=None)
    return {"seconds": seconds, "relative difference of losses": difference}


def print_stacks(stacks: Stacks, n_threads: int) -> None:
    """Print how long JAX takes, and whether it arrives at the same losses."""
    rows = [
        [shape, n_members, title, *columns(of, f"ours float32, {title}")]
        for shape, by_members in stacks.items()
        for n_members, of in by_members.items()
        for title in TITLES.values()
    ]
    print(f"\nTime of a stack in JAX as a multiple of ours, {threads(n_threads)}\n")
    print(table(HEADER, rows))


def columns(found: dict[str, Any], name: str) -> list[str]:
    """Return the columns of the table for one stack, against one of ours."""
    seconds, difference = found["seconds"], found["relative difference of losses"]
    ours, compilation = seconds[name]["minimum"], None
    if "JAX" in seconds:
        compilation = (seconds["JAX"]["first"] - seconds["JAX"]["minimum"]) / ours
    return [
        ratio(slowdown(seconds, "JAX", name)),
        ratio(compilation),
        f"{ours:.2f}",
        "–" if difference is None else f"{difference:.0e}",
    ]


def stack_series(stacks: Stacks) -> dict[str, list[float | None]]:
    """Return the ratios for all shapes, by the number of networks."""
    members = next(iter(stacks.values()))
    return {
        f"{n_members} networks, {title}": [
            slowdown(of[n_members]["seconds"], "JAX", f"ours float32, {title}")
            for of in stacks.values()
        ]
        for n_members in members
        for title in TITLES.values()
    }
