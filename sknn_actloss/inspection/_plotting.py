"""What displays share: matplotlib where it is installed, colours, scales and limits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

#: Okabe and Ito's colours for all kinds of colour vision, without the yellow, pale on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", ":", "-.")
GREY = "0.35"
SCALES = ("auto", "linear", "log")

#: Powers of ten beyond which matplotlib's ticks overflow.
DECADES = 200


def check_matplotlib(caller: str) -> None:
    """Raise an ImportError that names the remedy where matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which the extra 'plot' brings: "
            "pip install 'sknn-actloss[plot]'."
        ) from error


def colors(n: int) -> list[Any]:
    """Return ``n`` different colours; many come from one scale, dark to light."""
    if n <= len(COLORS):
        return list(COLORS[:n])
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0.0, 0.9, n)))


def line_styles(n: int) -> list[dict[str, Any]]:
    """Return ``n`` pairs of colour and dashes, different up to 28: all colours solid first."""
    pairs = [(color, dashes) for dashes in LINE_STYLES for color in COLORS]
    pairs = [pairs[index % len(pairs)] for index in range(n)]
    return [{"color": color, "linestyle": dashes} for color, dashes in pairs]


def check_scale(scale: str) -> None:
    """Raise a ValueError if a scale is unknown."""
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} is not one of {', '.join(map(repr, SCALES))}.")


def set_scale(ax: Any, scale: str, values: Iterable[Any]) -> None:
    """Set the vertical scale; "auto" is logarithmic for positive values a factor of ten apart."""
    curves = [np.ravel(value) for value in values]
    together = np.concatenate([[], *curves])
    together = together[np.isfinite(together)]
    apart = len(together) > 0 and together.min() > 0 and together.max() / 10 >= together.min()
    if scale == "log" or (scale == "auto" and apart):
        _cut_off_divergence(ax, curves)
        ax.set_yscale("log")
        _label_in_decimals(ax)


def _cut_off_divergence(ax: Any, curves: Iterable[np.ndarray]) -> None:
    """Let curves leave a logarithmic axis that rise by decades more than the others."""
    logs = [np.log10(curve[np.isfinite(curve) & (curve > 0)]) for curve in curves]
    logs = [curve for curve in logs if len(curve)]
    tops = [curve.max() for curve in logs]
    heights = [np.ptp(curve) for curve in logs]
    if not logs or max(tops) < 12:
        return
    room = 2 * max(1.0, np.quantile(heights, 0.5, method="lower"))
    top = min(max(tops), np.quantile(tops, 0.5, method="lower") + room)
    low = min(curve.min() for curve in logs)
    margin = 0.05 * max(top - low, 1.0)
    ax.set_ylim(10.0 ** max(low - margin, -DECADES), 10.0 ** min(top + margin, DECADES))


def set_rate_scale(ax: Any, scale: str, rates: Sequence[Any]) -> None:
    """Set the vertical scale of rates.

    "auto" goes by the highest rate of each curve, as many a schedule ends near zero, and cuts
    that end off.
    """
    highest = [np.max(curve) for curve in rates]
    set_scale(ax, scale, highest)
    if ax.get_yscale() == "linear":
        ax.set_ylim(0.0, max(ax.get_ylim()[1], 1.05 * max(highest)))
    elif scale == "auto":
        ax.set_ylim(bottom=max(ax.get_ylim()[0], 0.01 * min(highest)))


def _label_in_decimals(ax: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    (low, high), axis = ax.get_ylim(), ax.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def count_epochs(axes: Iterable[Any]) -> None:
    """Mark horizontal axes with whole numbers."""
    from matplotlib.ticker import MaxNLocator

    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
        low, high = ax.get_xlim()
        if high - low < 1:
            ax.set_xlim(round(low) - 0.5, round(high) + 0.5)


def styles_by_name(
    names: Collection[str], line_kw: Mapping[str, Any] | None, dashed: bool
) -> dict[str, dict[str, Any]]:
    """Return the style of the lines of each name, with what the user has changed.

    Parameters
    ----------
    names : collection of str
        The names.
    line_kw : dict or None
        The user's changes.
    dashed : bool
        Whether dashes help to tell names apart, or mean something else.
    """
    n = len(names)
    styles = line_styles(n) if dashed else [{"color": color} for color in colors(n)]
    changes, pairs = _normalized(line_kw), zip(names, styles, strict=True)
    return {name: {"label": name, **style, **changes} for name, style in pairs}


def panel_styles(
    texts: Mapping[str, str], line_kw: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Return the style of the lines of each panel where all are in the same axes."""
    changes, looks = _normalized(line_kw), zip(COLORS, LINE_STYLES, strict=False)
    return {
        panel: {"label": text, "color": color, "linestyle": dashes, **changes}
        for (panel, text), (color, dashes) in zip(texts.items(), looks, strict=False)
    }


def _normalized(line_kw: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the user changes of lines, by the long names."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(line_kw, Line2D)  # type: ignore[arg-type]


def handles(styles: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return an entry of a legend for each text: a piece of a line in its style."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], **{"label": text, **style}) for text, style in styles.items()]


def grid(parameter: str, limits: tuple[float, float], n_points: int = 801) -> np.ndarray:
    """Return equally spaced numbers between two limits, which are a user's parameter."""
    values = np.asarray(limits, dtype=float)
    if values.shape != (2,) or not np.all(np.isfinite(values)) or values[0] >= values[1]:
        raise ValueError(f"{parameter}={limits!r} must be two finite numbers, the lower first.")
    return np.linspace(*values, n_points)  # type: ignore[call-overload]


def view_limits(curves: Iterable[Any]) -> tuple[float, float]:
    """Return limits of an axis that leave out poles, which would hide the rest of the curves."""
    return _with_margin(*_range(curves))


def shared_limits(curves: Iterable[Any]) -> tuple[float, float]:
    """Return limits of an axis in which no curve is so large that it flattens the others.

    A curve that goes on for more than twice the usual height beyond the usual ends is cut off.
    """
    lows, highs = np.array([_range([curve]) for curve in curves]).T
    usual = [np.quantile(lows, 0.5, method="higher"), np.quantile(highs, 0.5, method="lower")]
    room = 2 * (max(np.quantile(highs - lows, 0.5, method="lower"), usual[1] - usual[0]) or np.inf)
    low, high = max(lows.min(), usual[0] - room), min(highs.max(), usual[1] + room)
    return _with_margin(low, high)


def _range(curves: Iterable[Any]) -> tuple[float, float]:
    """Return the ends of what curves cover, without poles."""
    values = np.concatenate([np.ravel(curve) for curve in curves])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 0.0
    low, high = np.quantile(values, (0.05, 0.95))
    spread = high - low
    low = values.min() if values.min() >= low - spread else low - 0.25 * spread
    high = values.max() if values.max() <= high + spread else high + 0.25 * spread
    return low, high


def _with_margin(low: float, high: float) -> tuple[float, float]:
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
