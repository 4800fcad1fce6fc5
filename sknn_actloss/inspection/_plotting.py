"""What displays share: matplotlib where it is installed, axes, colours and legends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

#: Okabe and Ito's colours for all kinds of colour vision, without the yellow, pale on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", ":", "-.")
GREY = "0.35"
SCALES = ("auto", "linear", "log")


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
    values = np.concatenate([[], *(np.ravel(value) for value in values)])
    values = values[np.isfinite(values)]
    apart = len(values) > 0 and values.min() > 0 and values.max() >= 10 * values.min()
    if scale == "log" or (scale == "auto" and apart):
        ax.set_yscale("log")
        _label_in_decimals(ax)


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
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


class Display:
    """Base of displays: one or more panels, each an Axes, and the lines in them.

    Attributes
    ----------
    panel_names : tuple of str
        All panels that a display can draw.
    stacked : bool
        Whether panels lie below one another, on one horizontal axis, instead of side by side.
    """

    panel_names: ClassVar[tuple[str, ...]] = ("main",)
    stacked: ClassVar[bool] = False

    def _start(
        self,
        ax: Any,
        panels: str | Sequence[str] | None,
        default: Sequence[str],
        available: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Set the axes, and return them by panel.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None
            Where to draw; ``None`` makes a figure. One Axes takes the first panel by default.
        panels : str, sequence of str or None
            What the user asked for.
        default : sequence of str
            Panels of a figure where the user asks for none.
        available : sequence of str, optional
            Panels that have something to show, ``panel_names`` if not given.
        """
        check_matplotlib(f"{type(self).__name__}.plot")
        axes = _flat_axes(ax)
        if panels is None:
            chosen = default[:1] if axes is not None and np.ndim(ax) == 0 else default
        else:
            chosen = self._checked_panels(panels, available or self.panel_names)
        self._owns_figure = axes is None
        axes = self._new_axes(len(chosen)) if axes is None else axes
        if len(axes) != len(chosen):
            raise ValueError(
                f"ax has {len(axes)} Axes for {len(chosen)} panels ({', '.join(chosen)}); give "
                "as many, or choose with panels."
            )
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        self.lines_: list[Any] = []
        return dict(zip(chosen, axes, strict=True))

    def _checked_panels(
        self, panels: str | Sequence[str], available: Sequence[str]
    ) -> tuple[str, ...]:
        chosen = (panels,) if isinstance(panels, str) else tuple(panels)
        unknown = [name for name in chosen if name not in available]
        if unknown or not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(
                f"panels={panels!r} must name one or more of what there is to show, each once: "
                f"{', '.join(map(repr, available))}."
            )
        return chosen

    def _new_axes(self, n_panels: int) -> np.ndarray:
        import matplotlib.pyplot as plt

        if self.stacked:
            shape, size = (n_panels, 1), (6.0, 2.8 + 1.4 * n_panels)
            ratios = {"height_ratios": [2.5] + [1.0] * (n_panels - 1)}
        else:
            shape, size, ratios = (1, n_panels), (0.5 + 4.0 * n_panels, 4.2), {}
        _, axes = plt.subplots(
            *shape, figsize=size, sharex=True, squeeze=False, layout="constrained", **ratios
        )
        return axes.ravel()

    def _draw(self, ax: Any, x: Any, y: Any, style: Mapping[str, Any]) -> None:
        """Add a line, with a marker where it has a single point."""
        marker = {"marker": "o"} if len(x) == 1 else {}
        self.lines_ += ax.plot(x, y, **{**marker, **style})

    def _set_labels(self, panels: Mapping[str, Any], x: str, y: Mapping[str, str]) -> None:
        """Label the axes, stacked panels along the lowest only."""
        for number, (name, ax) in enumerate(panels.items(), start=1):
            ax.set_ylabel(y[name])
            if not (self.stacked and self._owns_figure) or number == len(panels):
                ax.set_xlabel(x)

    def _add_legend(self, handles: Sequence[Any], title: str | None = None) -> None:
        """Put the legend beside the axes of a figure of its own, else where it hides least."""
        if not self._owns_figure:
            self.legend_ = self.ax_.legend(handles=handles, title=title)
            return
        self.legend_ = self.figure_.legend(handles=handles, title=title, loc="outside right upper")
        box, (width, height) = self.legend_.get_window_extent(), self.figure_.get_size_inches()
        needed = box.height / self.figure_.dpi + 0.2
        self.figure_.set_size_inches(width + box.width / self.figure_.dpi, max(height, needed))


def _flat_axes(ax: Any) -> np.ndarray | None:
    from matplotlib.axes import Axes

    axes = None if ax is None else np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if axes is not None and not all(isinstance(one, Axes) for one in axes):
        raise TypeError(f"ax must be an Axes of matplotlib, or a sequence of them; got {ax!r}.")
    return axes


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
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    n = len(names)
    styles = line_styles(n) if dashed else [{"color": color} for color in colors(n)]
    changes, pairs = normalize_kwargs(line_kw, Line2D), zip(names, styles, strict=True)
    return {name: {"label": name, **style, **changes} for name, style in pairs}


def handles(styles: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """Return an entry of a legend for each text: a piece of a line in its style."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], **{"label": text, **style}) for text, style in styles.items()]


def grid(parameter: str, limits: tuple[float, float], n_points: int = 801) -> np.ndarray:
    """Return equally spaced numbers between two limits, which are a user's parameter."""
    values = np.asarray(limits, dtype=float)
    if values.shape != (2,) or not np.all(np.isfinite(values)) or values[0] >= values[1]:
        raise ValueError(f"{parameter}={limits!r} must be two finite numbers, the lower first.")
    return np.linspace(*values, n_points)


def view_limits(curves: Iterable[Any]) -> tuple[float, float]:
    """Return limits of an axis that leave out poles, which would hide the rest of the curves."""
    values = np.concatenate([np.ravel(curve) for curve in curves])
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, (0.05, 0.95))
    spread = high - low
    low = values.min() if values.min() >= low - spread else low - 0.25 * spread
    high = values.max() if values.max() <= high + spread else high + 0.25 * spread
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
