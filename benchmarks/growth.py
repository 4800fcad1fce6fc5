"""Time of an epoch against rows, features, width, depth and batch size."""

from __future__ import annotations

from argparse import Namespace
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmarks._data import Shape, noise
from benchmarks._kernels import FASTEST
from benchmarks._report import parse, parser, save, table
from benchmarks._rounds import interleave
from benchmarks.peers.estimators import ours
from sknn_actloss import config_context


class Sweep(NamedTuple):
    """Values of one size, and the smallest of them that the exponent is fitted to."""

    values: tuple[int, ...]
    fit_from: int = 0

    def exponent(self, seconds: list[float]) -> tuple[float, float]:
        """Return slope and intercept of the line through the logarithms."""
        points = [(v, s) for v, s in zip(self.values, seconds, strict=True) if v >= self.fit_from]
        slope, intercept = np.polyfit(*np.log(points).T, 1)
        return float(slope), float(intercept)


BASE = {"rows": 10_000, "features": 50, "width": 64, "depth": 1, "batch size": 200}
SWEEPS = {
    "rows": Sweep((1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000), 10_000),
    "features": Sweep((10, 30, 100, 300, 1_000, 3_000), 100),
    "width": Sweep((16, 32, 64, 128, 256, 512, 1_024, 2_048), 256),
    "depth": Sweep((1, 2, 4, 8, 16)),
    "batch size": Sweep((10, 30, 100, 300, 1_000, 3_000, 10_000)),
}
#: Rows that the epochs of a measurement have in all, so that it takes long enough.
ROWS = 100_000


def main() -> None:
    """Time all sweeps, fit exponents, and report."""
    options = parse(parser("growth", __doc__, rounds=5))
    sweeps = {name: reduced(sweep) for name, sweep in SWEEPS.items()} if options.quick else SWEEPS
    with config_context(kernels=FASTEST):
        seconds = {
            name: [epoch_seconds(BASE | {name: v}, options) for v in sweep.values]
            for name, sweep in sweeps.items()
        }
    exponents = {name: sweep.exponent(seconds[name])[0] for name, sweep in sweeps.items()}
    print("\nTime of an epoch as a multiple of that at the first value\n")
    rows = [
        [
            name,
            ", ".join(f"{value:,}" for value in sweep.values),
            ", ".join(f"{s / seconds[name][0]:.3g}" for s in seconds[name]),
            f"{exponents[name]:.2f}",
        ]
        for name, sweep in sweeps.items()
    ]
    print(table(["size", "values", "time", "exponent"], rows))
    values = {name: sweep.values for name, sweep in sweeps.items()}
    results = {"base": BASE, "values": values, "seconds": seconds, "exponents": exponents}
    save(options, "growth", results, picture(sweeps, seconds))


def epoch_seconds(sizes: dict[str, int], options: Namespace) -> float:
    """Return the time of one epoch: the difference of a long and a short fit, by epoch.

    What a fit does besides its epochs is in both of them and cancels.
    """
    extra = 1 if options.quick else max(1, ROWS // sizes["rows"])
    shape = Shape(
        sizes["rows"],
        sizes["features"],
        (sizes["width"],) * sizes["depth"],
        classes=2,
        batch=sizes["batch size"],
        epochs=1,
    )
    X, y = noise(shape.rows, shape.features, "float32")
    fits = {n: ours(shape._replace(epochs=n), X, y) for n in (1, 1 + extra)}
    timings = interleave(fits, options.rounds)
    return (timings[1 + extra].minimum - timings[1].minimum) / extra


def reduced(sweep: Sweep) -> Sweep:
    """Return the first values of a sweep."""
    return Sweep(sweep.values[:3])


def picture(sweeps: dict[str, Sweep], seconds: dict[str, list[float]]) -> Figure:
    """Draw a panel for each sweep, with the fitted line."""
    figure = Figure((15, 3.4), layout="constrained")
    axes = figure.subplots(1, len(sweeps), sharey=True)
    for ax, (name, sweep) in zip(axes, sweeps.items(), strict=True):
        slope, intercept = sweep.exponent(seconds[name])
        x = np.array([value for value in sweep.values if value >= sweep.fit_from])
        ax.loglog(x, np.exp(intercept) * x**slope, color="gray", linewidth=1)
        ax.loglog(sweep.values, seconds[name], "o", markersize=5)
        ax.set_title(f"{name}: exponent {slope:.2f}")
        ax.set_xlabel(name)
        labels = [f"{value:,}" for value in sweep.values]
        ax.set_xticks(sweep.values, labels, fontsize=8, rotation=45)
        ax.xaxis.set_minor_locator(NullLocator())
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds of an epoch")
    return figure


if __name__ == "__main__":
    main()
