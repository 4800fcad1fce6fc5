"""Options, tables and files that the benchmarks share."""

from __future__ import annotations

import json
import os
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from threadpoolctl import threadpool_info

PACKAGES = ("sknn-actloss", "numpy", "scipy", "scikit-learn", "numba", "torch", "jax")


def parser(name: str, description: str, rounds: int = 7) -> ArgumentParser:
    """Return a parser with the options of every benchmark."""
    command = ArgumentParser(f"python -m benchmarks.{name}", description=description)
    command.add_argument("--rounds", type=int, default=rounds, help="measurements of each job")
    command.add_argument("--quick", action="store_true", help="only show that everything works")
    command.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    return command


def parse(command: ArgumentParser) -> Namespace:
    """Read the command line; a quick run has two rounds at most."""
    options = command.parse_args()
    if options.quick:
        options.rounds = min(2, options.rounds)
    return options


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, its first column aligned to the left."""
    rows = [list(header), *map(list, rows)]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    rule = " | ".join("-" * (width - 1) + (":" if i else "-") for i, width in enumerate(widths))
    return "\n".join(f"| {line} |" for line in [lines[0], rule, *lines[1:]])


def ratio(value: float | None) -> str:
    """Format a ratio, with a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def slowdown(seconds: dict[str, dict[str, float]], rival: str, ours: str) -> float | None:
    """Return the time of a rival as a multiple of ours, from the best rounds."""
    if rival not in seconds:
        return None
    return seconds[rival]["minimum"] / seconds[ours]["minimum"]


def machine() -> dict[str, Any]:
    """Describe the processor and the software at work."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "blas": sorted(
            {
                f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')})"
                for pool in threadpool_info()
                if pool["user_api"] == "blas"
            }
        ),
    }


def save(options: Namespace, name: str, results: dict[str, Any], figure: Figure) -> None:
    """Write the results with the machine to JSON, and the figure to PNG."""
    options.output.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "rounds": options.rounds, **results}
    text = json.dumps(content, indent=2, ensure_ascii=False, default=asdict)
    (options.output / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    figure.savefig(options.output / f"{name}.png", dpi=150)


def bars(
    ax: Axes,
    groups: Sequence[str],
    series: dict[str, list[float | None]],
    label: Callable[[float], str],
    base: float = 0.0,
) -> None:
    """Draw horizontal bars from ``base``: a group for each name, a bar for each series."""
    height = 0.8 / len(series)
    for place, (name, values) in enumerate(series.items()):
        offset = (place - (len(series) - 1) / 2) * height
        found = {i + offset: value for i, value in enumerate(values) if value is not None}
        lengths = [value - base for value in found.values()]
        drawn = ax.barh(list(found), lengths, 0.9 * height, left=base, label=name)
        ax.bar_label(drawn, list(map(label, found.values())), padding=3, fontsize=8)
    ax.set_yticks(range(len(groups)), groups)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.margins(x=0.15)


def ratio_bars(ax: Axes, groups: Sequence[str], series: dict[str, list[float | None]]) -> None:
    """Draw bars on a logarithmic axis, with a line at one, where both are alike."""
    ax.set_xscale("log")
    bars(ax, groups, series, ratio, base=1.0)
    ax.axvline(1, color="black", linewidth=1)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
