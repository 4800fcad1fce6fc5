"""Time of a committee against as many fits of one network."""

from __future__ import annotations

import warnings
from functools import partial
from itertools import product

from matplotlib.figure import Figure
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from benchmarks._data import Shape, classification
from benchmarks._kernels import TITLES, with_kernels
from benchmarks._report import bars, parse, parser, save, table
from benchmarks._rounds import interleave
from benchmarks.peers.estimators import unfitted
from sknn_actloss import MLPClassifier

N_MEMBERS = 8
SHAPES = [
    Shape(2_000, 20, (hidden,), classes, 32, 20)
    for hidden, classes in product((32, 64, 100), (2, 3))
]
DTYPES = ("float64", "float32")


def main() -> None:
    """Time all shapes and data types on one thread, and report."""
    options = parse(parser("members", __doc__))
    shapes = [shape.reduced() for shape in SHAPES[:2]] if options.quick else SHAPES
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        shares = {
            f"{dtype}, {title}": [share(shape, dtype, kernels, options.rounds) for shape in shapes]
            for dtype in DTYPES
            for kernels, title in TITLES.items()
        }
    print(f"\nTime of {N_MEMBERS} members as a share of that of {N_MEMBERS} fits\n")
    columns = zip(map(str, shapes), *shares.values(), strict=True)
    rows = [[name, *(f"{value:.2f}" for value in values)] for name, *values in columns]
    print(table(["shape", *shares], rows))
    save(options, "members", {"shares": shares, "shapes": shapes}, picture(shapes, shares))


def share(shape: Shape, dtype: str, kernels: str, rounds: int) -> float:
    """Return the time of a committee by that of as many fits of one network."""
    X, y = classification(shape)
    X = X.astype(dtype)
    fits = {
        n: partial(unfitted(MLPClassifier, shape, n_members=n).fit, X, y) for n in (1, N_MEMBERS)
    }
    jobs = {n: with_kernels(kernels, fit) for n, fit in fits.items()}
    timings = interleave(jobs, rounds)
    return timings[N_MEMBERS].minimum / (N_MEMBERS * timings[1].minimum)


def picture(shapes: list[Shape], shares: dict[str, list[float]]) -> Figure:
    """Draw a bar for each shape, data type and set of kernels, and a line at one half."""
    figure = Figure((8, 7), layout="constrained")
    ax = figure.subplots()
    bars(ax, list(map(str, shapes)), shares, "{:.2f}".format)
    ax.axvline(0.5, color="black", linewidth=1)
    ax.set_xlabel(f"time of {N_MEMBERS} members, as a share of {N_MEMBERS} fits")
    ax.legend()
    return figure


if __name__ == "__main__":
    main()
