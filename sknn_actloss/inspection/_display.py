"""The base of displays: their figure, axes and lines, one by one where there are many."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from sknn_actloss.inspection._plotting import check_matplotlib
from sknn_actloss.inspection._room import broken, fill_room

#: How many names share axes at most; more have small axes of their own.
TOGETHER = 6

#: Width and height of small axes, in inches.
CELL = (2.4, 1.9)

#: The other curves behind the one that small axes are about.
BEHIND = {"color": "0.8", "linewidth": 0.8, "zorder": 0}

Cells = dict[str, dict[str, Any]]


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
        axes = self._given_axes(ax)
        if panels is None and axes is not None and np.ndim(ax) == 0:
            default = default[:1]
        chosen = self._chosen(panels, default, available)
        axes = self._new_axes(len(chosen)) if axes is None else axes
        if len(axes) != len(chosen):
            raise ValueError(
                f"ax has {len(axes)} Axes for {len(chosen)} panels ({', '.join(chosen)}); give "
                "as many, or choose with panels."
            )
        self._take(axes)
        return dict(zip(chosen, axes, strict=True))

    def _start_cells(self, ax: Any, blocks: Sequence[str], names: Collection[str]) -> Cells | None:
        """Set small axes for each name, and return them by block and name.

        Parameters
        ----------
        ax : Axes, sequence of Axes or None
            As given; as many as there are cells are taken for them, others for panels.
        blocks : sequence of str
            What is shown of each name, each in small axes of its own.
        names : collection of str
            The names.

        Returns
        -------
        cells : dict of str to dict of str to Axes, or None
            ``None`` where all names go together.
        """
        axes, n_cells = self._given_axes(ax), len(blocks) * len(names)
        if len(names) <= TOGETHER or (axes is not None and len(axes) != n_cells):
            return None
        axes = self._new_cells(len(blocks), len(names)) if axes is None else axes
        self._take(axes)
        rows = np.reshape(axes, (len(blocks), len(names)))
        return {
            block: dict(zip(names, row, strict=True))
            for block, row in zip(blocks, rows, strict=True)
        }

    def _given_axes(self, ax: Any) -> np.ndarray | None:
        check_matplotlib(f"{type(self).__name__}.plot")
        axes = _flat_axes(ax)
        self._owns_figure = axes is None
        return axes

    def _take(self, axes: np.ndarray) -> None:
        self.axes_, self.ax_, self.figure_ = axes, axes[0], axes[0].figure
        self.lines_: list[Any] = []

    def _chosen(
        self,
        panels: str | Sequence[str] | None,
        default: Sequence[str],
        available: Sequence[str] | None = None,
    ) -> tuple[str, ...]:
        """Return the panels that the user asked for, which must be there, or the default."""
        if panels is None:
            return tuple(default)
        chosen, available = np.atleast_1d(panels).tolist(), available or self.panel_names
        unknown = [name for name in chosen if name not in available]
        if unknown or not chosen or len(set(chosen)) < len(chosen):
            raise ValueError(
                f"panels={panels!r} must name one or more of what there is to show, each once: "
                f"{', '.join(map(repr, available))}."
            )
        return tuple(chosen)

    def _new_axes(self, n_panels: int) -> np.ndarray:
        import matplotlib.pyplot as plt

        if self.stacked:
            shape, size = (n_panels, 1), (6.0, 2.8 + 1.4 * n_panels)
            ratios = {"height_ratios": [2.5] + [1.0] * (n_panels - 1)}
        else:
            shape, size, ratios = (1, n_panels), (0.5 + 4.0 * n_panels, 4.2), {}
        _, axes = plt.subplots(  # type: ignore[call-overload]
            *shape, figsize=size, sharex=True, squeeze=False, layout="constrained", **ratios
        )
        return axes.ravel()

    def _new_cells(self, n_blocks: int, n_names: int) -> np.ndarray:
        import matplotlib.pyplot as plt

        least = math.ceil(math.sqrt(n_names))
        n_columns = min((least, least + 1), key=lambda columns: -n_names % columns)
        n_rows = math.ceil(n_names / n_columns)
        size = CELL[0] * n_columns, CELL[1] * n_rows * n_blocks + 0.4
        figure, axes = plt.subplots(
            n_rows * n_blocks, n_columns, figsize=size, sharex=True, layout="constrained"
        )
        blocks = np.reshape(axes, (n_blocks, -1))
        for spare in blocks[:, n_names:].ravel():
            figure.delaxes(spare)
        for ax in blocks[:, n_names - n_columns : n_names].ravel():
            ax.tick_params(labelbottom=True)
        return blocks[:, :n_names].ravel()

    def _draw(self, ax: Any, x: Any, y: Any, style: Mapping[str, Any]) -> None:
        """Add a line, with markers where single points would not be seen."""
        known = np.pad(np.isfinite(np.asarray(y, float)), 1)
        alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:]).tolist()
        markers = {"marker": "o", "markevery": alone} if alone else {}
        self.lines_ += ax.plot(x, y, **{**markers, **style})

    def _set_labels(self, panels: Mapping[str, Any], x: str, y: Mapping[str, str]) -> None:
        """Label the axes, stacked panels along the lowest only."""
        for number, (name, ax) in enumerate(panels.items(), start=1):
            ax.set_ylabel(y[name])
            if not (self.stacked and self._owns_figure) or number == len(panels):
                ax.set_xlabel(x)

    def _label_cells(self, cells: Cells, x: str, y: Mapping[str, str]) -> None:
        """Write names on top of small axes, and what the axes are along the figure or on each."""
        for block, axes in cells.items():
            for name, ax in axes.items():
                ax.set_title(broken(name, 26), fontsize="small")
                ax.tick_params(labelsize="small")
                if not self._owns_figure or len(cells) > 1:
                    ax.set_ylabel(y[block], fontsize="small")
                if not self._owns_figure:
                    ax.set_xlabel(x, fontsize="small")
        if self._owns_figure:
            self.figure_.supxlabel(x, fontsize="medium")
        if self._owns_figure and len(cells) == 1:
            self.figure_.supylabel(y[next(iter(cells))], fontsize="medium")

    def _finish(self, handles: Sequence[Any], title: str | None = None) -> None:
        """Add the legend, beside the axes of a figure of its own, and make room for all texts."""
        if not self._owns_figure:
            width = self.ax_.get_window_extent().width / self.figure_.figure.dpi
            _break_labels(handles, max(12, int(width * 6)))
            fill_room(self.axes_, {self.ax_: {"handles": handles, "title": title}})
            self.legend_ = self.ax_.get_legend()
            return
        _break_labels(handles)
        self.legend_ = self.figure_.legend(handles=handles, title=title, loc="outside right upper")
        box, (width, height) = self.legend_.get_window_extent(), self.figure_.get_size_inches()
        needed = box.height / self.figure_.dpi + 0.2
        self.figure_.set_size_inches(width + box.width / self.figure_.dpi, max(height, needed))
        fill_room(self.axes_)


def _break_labels(handles: Sequence[Any], *length: int) -> None:
    for handle in handles:
        handle.set_label(broken(handle.get_label(), *length))


def _flat_axes(ax: Any) -> np.ndarray | None:
    from matplotlib.axes import Axes

    axes = None if ax is None else np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if axes is not None and not all(isinstance(one, Axes) for one in axes):
        raise TypeError(f"ax must be an Axes of matplotlib, or a sequence of them; got {ax!r}.")
    return axes
