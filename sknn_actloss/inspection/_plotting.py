"""What displays share: matplotlib where it is installed, axes, colours and legends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

    return list(colormaps["viridis"](np.linspace(0.0, 0.95, n)))


def line_styles(n: int) -> list[dict[str, Any]]:
    """Return ``n`` pairs of colour and dashes, different up to 28: all colours solid first."""
    pairs = [(color, dashes) for dashes in LINE_STYLES for color in COLORS]
    pairs = [pairs[place % len(pairs)] for place in range(n)]
    return [{"color": color, "linestyle": dashes} for color, dashes in pairs]


def scale_of(scale: str, curves: Iterable[Any]) -> str:
    """Resolve "auto": logarithmic where values are positive and span a factor of ten."""
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} is not one of {', '.join(map(repr, SCALES))}.")
    if scale != "auto":
        return scale
    values = np.concatenate([[], *(np.ravel(curve) for curve in curves)])
    values = values[np.isfinite(values)]
    spans = len(values) and values.min() > 0 and values.max() >= 10 * values.min()
    return "log" if spans else "linear"


def rate_scale_of(scale: str, curves: Iterable[Any]) -> str:
    """Resolve "auto" for rates: by the highest of each curve, as many a schedule ends at zero."""
    return scale_of(scale, [np.nanmax(curve) for curve in curves if np.size(curve)])


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
            shape, size = (n_panels, 1), (8.0, 2.8 + 1.4 * n_panels)
            ratios = {"height_ratios": [2.5] + [1.0] * (n_panels - 1)}
        else:
            shape, size, ratios = (1, n_panels), (2.5 + 4.0 * n_panels, 4.2), {}
        grid = plt.subplots(
            *shape, figsize=size, sharex=True, squeeze=False, layout="constrained", **ratios
        )
        return grid[1].ravel()

    def _draw(
        self, ax: Any, x: Any, y: Any, line_kw: Mapping[str, Any] | None, **style: Any
    ) -> None:
        """Add a line, with a marker where it has a single point."""
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.lines import Line2D

        if len(x) == 1:
            style["marker"] = "o"
        self.lines_ += ax.plot(x, y, **{**style, **normalize_kwargs(line_kw, Line2D)})

    def _set_labels(self, panels: Mapping[str, Any], x: str, y: Mapping[str, str]) -> None:
        """Label the axes, stacked panels along the lowest only."""
        for place, (name, ax) in enumerate(panels.items(), start=1):
            ax.set_ylabel(y[name])
            if not (self.stacked and self._owns_figure) or place == len(panels):
                ax.set_xlabel(x)

    def _count_epochs(self, panels: Mapping[str, Any]) -> None:
        """Mark the horizontal axis with whole numbers."""
        from matplotlib.ticker import MaxNLocator

        for ax in panels.values():
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))

    def _add_legend(self, handles: Sequence[Any]) -> None:
        """Put the legend beside the axes of a figure of its own, else where it hides least."""
        if self._owns_figure:
            self.legend_ = self.figure_.legend(handles=handles, loc="outside right upper")
        else:
            self.legend_ = self.ax_.legend(handles=handles)


def _flat_axes(ax: Any) -> np.ndarray | None:
    from matplotlib.axes import Axes

    axes = None if ax is None else np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if axes is not None and not all(isinstance(one, Axes) for one in axes):
        raise TypeError(f"ax must be an Axes of matplotlib, or a sequence of them; got {ax!r}.")
    return axes


def handle(text: str, **style: Any) -> Any:
    """Return an entry of a legend: a piece of a line in that style."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=text, **style)


def grid(parameter: str, limits: tuple[float, float], n_points: int = 801) -> np.ndarray:
    """Return equally spaced numbers between two limits, which are a user's parameter."""
    values = np.asarray(limits, dtype=float)
    if values.shape != (2,) or not np.all(np.isfinite(values)) or values[0] >= values[1]:
        raise ValueError(f"{parameter}={limits!r} must be two finite numbers, the lower first.")
    return np.linspace(*values, n_points)


def view_limits(curves: Iterable[Any]) -> tuple[float, float]:
    """Return limits of an axis that show most of the curves, where poles would hide the rest."""
    values = np.concatenate([np.ravel(curve) for curve in curves])
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, (0.05, 0.95))
    room = 0.5 * (high - low)
    low, high = max(values.min(), low - room), min(values.max(), high + room)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
