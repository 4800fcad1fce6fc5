"""Time of every kernel, compiled and as calls of NumPy."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from itertools import pairwise
from time import perf_counter_ns
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from benchmarks._data import Shape, shapes_option
from benchmarks._kernels import TITLES
from benchmarks._report import parse, parser, ratio, ratio_bars, save, table
from sknn_actloss import config_context, kernels
from sknn_actloss._calls import Call, run

DTYPES = ("float32", "float64")
#: Seconds that a kernel is timed for in each round, and in a quick run.
SECONDS, QUICK_SECONDS = 0.05, 0.001


class Arrays(NamedTuple):
    """What kernels act on: arrays as those of a training of a shape."""

    z: np.ndarray
    a: np.ndarray
    bias: np.ndarray
    mask: np.ndarray
    uniform: np.ndarray
    raw: np.ndarray
    delta: np.ndarray
    y: np.ndarray
    table: np.ndarray
    rows: np.ndarray
    batch: np.ndarray
    params: np.ndarray
    gradient: np.ndarray
    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    room: np.ndarray
    number: np.ndarray


#: Calls of a kernel on such arrays.
Bind = Callable[[Arrays], list[Call]]
#: Microseconds by data type, kernel and set.
Timings = dict[str, dict[str, dict[str, float]]]


def in_place(name: str, *more: float) -> Bind:
    """Return what binds an activation over its inputs."""
    return lambda of: getattr(kernels, name)(of.z, *more, of.z)


def backward(name: str, *more: float) -> Bind:
    """Return what binds the way back through an activation."""
    return lambda of: getattr(kernels, name)(of.a, *more, of.z)


def loss(name: str, *more: float) -> Bind:
    """Return what binds the derivative of a loss."""
    return lambda of: getattr(kernels, name)(of.raw, of.y, *more, of.delta)


def losses_of_rows(name: str) -> Bind:
    """Return what binds the losses of rows."""
    return lambda of: getattr(kernels, name)(of.raw, of.y, row_numbers(of))


def row_numbers(of: Arrays) -> np.ndarray:
    """Return room for a number of each row."""
    return np.ones_like(of.raw[..., 0])


def softmax_residual(of: Arrays) -> list[Call]:
    """Return the calls of the derivative of the log loss."""
    return kernels.softmax_residual(of.raw, of.y, row_numbers(of), of.delta)


def solver(name: str, n_states: int, n_numbers: int, *more: object, room: bool = True) -> Bind:
    """Return what binds the step of a solver."""

    def bind(of: Arrays) -> list[Call]:
        states = (of.first, of.second, of.third)[:n_states]
        numbers = (of.number,) * n_numbers
        rest = (*more, of.room) if room else more
        return getattr(kernels, name)(of.params, of.gradient, *states, *numbers, *rest)

    return bind


def product(of: Arrays) -> list[Call]:
    """Return the calls that send a batch through a layer."""
    weights = np.ones((1, of.batch.shape[1], of.z.shape[2]), of.z.dtype)
    return kernels.product(of.batch, weights, of.z)


def row_dot(of: Arrays) -> list[Call]:
    """Return the calls that add up the squares of parameters."""
    return kernels.row_dot(of.params, of.params, np.empty(len(of.params), of.params.dtype))


def row_sum(of: Arrays) -> list[Call]:
    """Return the calls that sum over the rows of a batch."""
    return kernels.row_sum(of.z, np.ones(of.z.shape[1], of.z.dtype), np.empty_like(of.bias))


KERNELS: dict[str, Bind] = {
    "gather": lambda of: kernels.gather(of.table, of.rows, of.batch),
    "product": product,
    "row_dot": row_dot,
    "row_sum": row_sum,
    "add_row": lambda of: kernels.add_row(of.z, of.bias, of.z),
    "add_row and relu": lambda of: kernels.fused(
        [*kernels.add_row(of.z, of.bias, of.z), *kernels.relu(of.z, of.z)]
    ),
    "relu": in_place("relu"),
    "relu_backward": backward("relu_backward"),
    "leaky_relu": in_place("leaky_relu", 0.01),
    "leaky_relu_backward": backward("leaky_relu_backward", 0.01),
    "clamp": in_place("clamp", 0.0, 6.0),
    "clamp_backward": backward("clamp_backward", 0.0, 6.0),
    "hard_sigmoid": in_place("hard_sigmoid"),
    "hard_sigmoid_backward": backward("hard_sigmoid_backward"),
    "hard_silu": lambda of: kernels.hard_silu(of.z, of.a),
    "hard_silu_backward": lambda of: kernels.hard_silu_backward(of.z, of.a, of.mask),
    "logistic": in_place("logistic"),
    "logistic_backward": backward("logistic_backward"),
    "tanh_backward": backward("tanh_backward"),
    "softmax_residual": softmax_residual,
    "softmax_residual and weigh": lambda of: kernels.fused(
        [*softmax_residual(of), *kernels.weigh(of.delta, None, 0.01)]
    ),
    "log_loss": losses_of_rows("log_loss"),
    "log_loss_by_totals": lambda of: kernels.log_loss_by_totals(
        of.raw, of.y, row_numbers(of), row_numbers(of)
    ),
    "binary_log_loss": losses_of_rows("binary_log_loss"),
    "residual": loss("residual"),
    "residual_sign": loss("residual_sign"),
    "clamped_residual": loss("clamped_residual", 1.0),
    "residual_beyond": loss("residual_beyond", 0.1),
    "excess": loss("excess", 0.1),
    "hinge": loss("hinge"),
    "squared_hinge": loss("squared_hinge", np.inf),
    "weigh": lambda of: kernels.weigh(of.delta, None, 0.01),
    "dropout_mask": lambda of: kernels.dropout_mask(
        of.uniform, np.full((1, 1, 1), 0.2, np.float32), of.number[..., None], of.mask
    ),
    "drop": lambda of: kernels.drop(of.z, of.mask, of.z),
    "drop and relu_backward": lambda of: kernels.fused(
        [*kernels.drop(of.z, of.mask, of.z), *kernels.relu_backward(of.a, of.z)]
    ),
    "add_scaled": lambda of: kernels.add_scaled(of.gradient, of.params, of.number, of.room),
    "scale": lambda of: kernels.scale(of.params, of.number),
    "sgd": solver("sgd", 1, 2, False, room=False),
    "sgd, Nesterov": solver("sgd", 1, 2, True, room=False),
    "adam": lambda of: kernels.adam(
        of.params, of.gradient, of.first, of.second, None, *(of.number,) * 4
    ),
    "adam, AMSGrad": solver("adam", 3, 4, room=False),
    "nadam": solver("nadam", 2, 5),
    "adamax": solver("adamax", 2, 4, room=False),
    "lion": solver("lion", 1, 3),
    "rmsprop": solver("rmsprop", 1, 3),
    "adagrad": solver("adagrad", 1, 2),
    "adadelta": solver("adadelta", 2, 3),
}


def main() -> None:
    """Time all kernels on one thread, and report."""
    command = parser("kernels", __doc__, rounds=3)
    shapes_option(command)
    command.add_argument("--kernels", nargs="+", choices=KERNELS, default=list(KERNELS))
    command.add_argument("--members", type=int, default=1, help="networks of a stack")
    options = parse(command)
    results = {}
    with threadpool_limits(1), np.errstate(all="ignore"):
        for shape in options.shapes:
            results[str(shape)] = found = measure(shape, options)
            print(f"\nMicroseconds of a kernel on one thread: {shape}\n")
            print(table(["kernel", *header()], rows(found)))
    save(options, "kernels", {"microseconds": results}, picture(results))


def measure(shape: Shape, options: Namespace) -> Timings:
    """Time the kernels on arrays of both data types."""
    seconds = QUICK_SECONDS if options.quick else SECONDS
    found: Timings = {}
    for dtype in DTYPES:
        of = arrays(shape, options.members, dtype)
        found[dtype] = {
            name: microseconds(name, of, seconds, options.rounds) for name in options.kernels
        }
    return found


def header() -> Iterator[str]:
    """Yield the names of the columns."""
    for dtype in DTYPES:
        yield from (f"{dtype}, {title}" for title in TITLES.values())
        yield "ratio"


def rows(found: Timings) -> Iterator[list[str]]:
    """Yield the rows of the table of a shape."""
    for name in found[DTYPES[0]]:
        row = [name]
        for dtype in DTYPES:
            times = found[dtype][name]
            row += [f"{time:.2f}" for time in times.values()]
            row.append(ratio(speedup(times)))
        yield row


def speedup(times: dict[str, float]) -> float | None:
    """Return the time of NumPy as a multiple of that of the compiled kernel."""
    return times["numpy"] / times["numba"] if "numba" in times else None


def arrays(shape: Shape, n_members: int, dtype: str) -> Arrays:
    """Return arrays like those of a training, where the first hidden layer is what comes in."""
    rng = np.random.default_rng(0)
    units, batch, outputs = shape.hidden[0], shape.batch, shape.outputs
    n_params = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(shape.layer_sizes))

    def draw(*size: int) -> np.ndarray:
        return rng.standard_normal(size).astype(dtype)

    def of_units() -> np.ndarray:
        return draw(n_members, batch, units)

    def of_outputs() -> np.ndarray:
        return draw(n_members, outputs, batch).swapaxes(1, 2)

    def of_params() -> np.ndarray:
        return np.abs(draw(n_members, n_params))

    return Arrays(
        z=of_units(),
        a=of_units(),
        bias=draw(n_members, 1, units),
        mask=of_units(),
        uniform=rng.random((batch, units), np.float32),
        raw=of_outputs(),
        delta=of_outputs(),
        y=np.sign(draw(outputs, batch)).T,
        table=draw(shape.rows, shape.features + 1),
        rows=rng.permutation(shape.rows)[:batch],
        batch=draw(batch, shape.features + 1),
        **{
            name: of_params() for name in ("params", "gradient", "first", "second", "third", "room")
        },
        number=np.full((n_members, 1), 0.9, dtype),
    )


def microseconds(name: str, of: Arrays, seconds: float, rounds: int) -> dict[str, float]:
    """Return the least time of a kernel of each set, in turns."""
    saved, calls = [array.copy() for array in of], {}
    for kind in TITLES:
        with config_context(kernels=kind):
            calls[kind] = KERNELS[name](of)
    least = dict.fromkeys(TITLES, np.inf)
    for _ in range(rounds):
        for kind, own in calls.items():
            with config_context(kernels=kind):
                least[kind] = min(least[kind], nanoseconds(own, of, saved, seconds) / 1e3)
    for array, values in zip(of, saved, strict=True):
        array[...] = values
    return least


def nanoseconds(calls: list[Call], of: Arrays, saved: list[np.ndarray], seconds: float) -> float:
    """Return the least time of some calls, on the same numbers every time."""
    least, until = np.inf, perf_counter_ns() + seconds * 1e9
    used = touched(calls, of)
    while least == np.inf or perf_counter_ns() < until:
        for index in used:
            of[index][...] = saved[index]
        start = perf_counter_ns()
        run(calls)
        least = min(least, perf_counter_ns() - start)
    return least


def touched(calls: list[Call], of: Arrays) -> list[int]:
    """Return the arrays that calls may write to."""
    operands = [x for _, arguments in calls for x in arguments if isinstance(x, np.ndarray)]
    return [i for i, array in enumerate(of) if any(np.shares_memory(array, x) for x in operands)]


def picture(results: dict[str, Timings]) -> Figure:
    """Draw how many times faster compiled kernels are, a panel for each shape."""
    names = list(next(iter(results.values()))[DTYPES[0]])
    figure = Figure((4 * len(results) + 2, 0.4 * len(names) + 1.5), layout="constrained")
    axes = figure.subplots(1, len(results), squeeze=False, sharey=True)[0]
    for ax, (shape, found) in zip(axes, results.items(), strict=True):
        series = {dtype: [speedup(found[dtype][name]) for name in names] for dtype in DTYPES}
        ratio_bars(ax, names, series)
        ax.set_title(shape.replace(", ", "\n", 1), fontsize=9)
        ax.set_xlabel("time of NumPy / compiled")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False
    )
    return figure


if __name__ == "__main__":
    main()
