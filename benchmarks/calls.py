"""The NumPy calls of a training step, and their shares of its time."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._data import Shape, classification, shapes_option
from benchmarks._report import parse, parser, table
from benchmarks._rounds import Job
from benchmarks.peers.estimators import ours
from sknn_actloss import config_context
from sknn_actloss.core import Rows
from sknn_actloss.training import Batches, EncodedTargets, run_epochs
from sknn_actloss.training.threads import stack_of

#: Function and shapes of its operands.
Call = tuple[str, tuple[tuple[int, ...], ...]]

#: Steps of a fit at least, and fits of which the medians are taken.
STEPS, FITS = 100, 4


class Watched(np.ndarray):
    """An array that times the functions it is passed to; what they return is watched too."""

    #: Nanoseconds of each call, in the order of the first ones.
    spent: defaultdict[Call, list[int]] = defaultdict(list)
    recording = False

    def __array_ufunc__(self, ufunc, method, *operands, **keywords):
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return _timed(name, getattr(ufunc, method), operands, keywords)

    def __array_function__(self, function, types, operands, keywords):
        return _timed(function.__name__, function, operands, keywords)

    def dot(self, *operands):
        return _timed("dot", np.ndarray.dot, (self, *operands), {})


def main() -> None:
    """Report the calls of the chosen shapes."""
    command = parser("calls", __doc__)
    shapes_option(command)
    options = parse(command)
    print_calls(options.shapes, options.quick)


def print_calls(shapes: list[Shape], quick: bool = False) -> None:
    """Print the calls of a step of each shape on one thread, in the order of their execution."""
    # Compiled kernels are no functions that an array could be told of.
    with threadpool_limits(1), config_context(kernels="numpy"):
        for shape in shapes:
            rows = shares(shape, *((10, 1) if quick else (STEPS, FITS)))
            print(f"\nNumPy calls of a step on one thread: {shape}\n")
            print(table(["call", "operands", "calls", "share of the time"], rows))


def shares(shape: Shape, n_steps: int, n_fits: int) -> Iterator[tuple[str, str, str, str]]:
    """Time plain and watched fits in turn, and yield the rows of the table.

    Shares are those of a step on plain arrays, so that the watching does not count. What is left
    is Python, what no array is told of, such as indexing, and calls that hardly take time.
    Medians keep interruptions out.
    """
    n_batches = shape.rows // shape.batch
    shape = shape._replace(rows=n_batches * shape.batch, epochs=-(-n_steps // n_batches))
    X, y = classification(shape)
    fit = ours(shape, X.astype(np.float32), y)
    training_time(fit, Watched)
    Watched.spent.clear()
    times = [(training_time(fit, np.ndarray), training_time(fit, Watched)) for _ in range(n_fits)]
    n_steps = shape.epochs * n_batches
    step, rest = median(plain for plain, _ in times) / n_steps, 1.0
    for (name, operands), spent in Watched.spent.items():
        calls = len(spent) / (n_fits * n_steps)
        share = calls * median(spent) / step
        if share >= 0.001:
            rest -= share
            sizes = ", ".join("×".join(map(str, size)) for size in operands)
            yield name, sizes, f"{calls:.3g}", f"{share:.1%}"
    yield "the rest", "", "", f"{rest:.1%}"


def training_time(fit: Job, kind: type[np.ndarray]) -> int:
    """Return the nanoseconds of the training loop in a fit of ours on arrays of a class.

    Parameters, rows, targets and the arrays of the workspace are of that class, so that it is told
    of all that is done to them.
    """
    elapsed = 0

    def of_kind(part: Callable) -> Callable:
        return lambda *arguments: part(*(viewed(argument, kind) for argument in arguments))

    def making(make: Callable) -> Callable:
        return lambda *arguments: make(*arguments).view(kind)

    def timed_run(*arguments: Any, **keywords: Any) -> Any:
        nonlocal elapsed
        Watched.recording = True
        start = perf_counter_ns()
        rest = run_epochs(*arguments, **keywords)
        elapsed = perf_counter_ns() - start
        Watched.recording = False
        return rest

    parts = {"stack_of": of_kind(stack_of), "Batches": of_kind(Batches), "run_epochs": timed_run}
    makers = SimpleNamespace(empty=making(np.empty), ones=making(np.ones))
    with (
        patch.multiple("sknn_actloss.training.run", **parts),
        patch("sknn_actloss.core.workspace.np", makers),
    ):
        fit()
    return elapsed


def viewed(value: Any, kind: type[np.ndarray]) -> Any:
    """Return an array, or rows or targets that hold one, as a view of a class."""
    if isinstance(value, np.ndarray):
        return value.view(kind)
    if not isinstance(value, Rows | EncodedTargets):
        return value
    result = copy.copy(value)
    arrays = {n: part for n, part in vars(value).items() if isinstance(part, np.ndarray)}
    vars(result).update({name: part.view(kind) for name, part in arrays.items()})
    return result


def _timed(name: str, function: Callable, operands: Any, keywords: dict[str, Any]) -> Any:
    operands, keywords = _plain(operands), _plain(keywords)
    start = perf_counter_ns()
    result = function(*operands, **keywords)
    elapsed = perf_counter_ns() - start
    if Watched.recording:
        sizes = tuple(x.shape for x in operands if isinstance(x, np.ndarray) and x.ndim)
        Watched.spent[name, sizes].append(elapsed)
    return result.view(Watched) if isinstance(result, np.ndarray) else result


def _plain(value: Any) -> Any:
    """Return arrays, and those in containers, as plain arrays."""
    if isinstance(value, Watched):
        return value.view(np.ndarray)
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


if __name__ == "__main__":
    main()
