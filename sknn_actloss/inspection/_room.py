"""Room for texts: legends off the data, labels within their axes, axes within their figure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

#: Corners and sides of axes for a legend, those first that are looked at first.
SPOTS = (
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "upper center",
    "lower center",
    "center right",
    "center left",
    "center",
)

#: The least size of letters that a label shrinks to before it is broken into lines.
SMALL = 8.0

#: Width of axes, in inches, below which legends have small letters.
SMALL_AXES = 4.0

#: Sizes of the letters of legends; the first one not in small axes.
LETTERS = ("medium", "small", "xx-small")

#: Columns of a legend.
COLUMNS = (1, 2, 3)

#: Share of axes that a legend may take.
MOST = 0.55

#: Letters of a line of a legend, at most.
LINE_LENGTH = 44

#: How often axes are made smaller, at most.
ROUNDS = 4

#: Pixels between a legend and what is around it.
GAP = 6


def broken(text: str, length: int = LINE_LENGTH) -> str:
    """Break a text into lines, after blanks, commas, underscores and signs where it has them."""
    lines = [""]
    for part in re.findall(r"[^\s,_=()/]*[\s,_=()/]*", text):
        while len(lines[-1].rstrip() + part.rstrip()) > length:
            room = length - len(lines[-1])
            if lines[-1]:
                lines.append("")
                continue
            lines[-1], part = part[:room], part[room:]
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines if line.strip()) or text


def fit_labels(axes: Any) -> None:
    """Make labels and titles of axes no longer than the axes, smaller first, then broken."""
    for ax in axes:
        box = ax.get_window_extent()
        _fit(ax.yaxis.label, 1, box.height)
        _fit(ax.xaxis.label, 0, box.width)
        _fit(ax.title, 0, box.width)


def _fit(text: Any, side: int, room: float) -> None:
    length = _length(text, side)
    if length > room:
        size = text.get_fontsize()
        text.set_fontsize(max(min(SMALL, size), size * room / length))
        length = _length(text, side)
    if length > room:
        n_letters = max(map(len, text.get_text().split("\n")))
        text.set_text(broken(text.get_text(), max(6, int(n_letters * room / length))))


def _length(text: Any, side: int) -> float:
    return (text.get_window_extent().width, text.get_window_extent().height)[side]


def place_legend(ax: Any, options: Mapping[str, Any], may_rise: bool = True) -> None:
    """Add a legend to axes where it covers no data.

    Where no corner is free, the vertical axis rises to make room, or, if it may not or that is
    of no use, the legend goes beside the axes or on top of them.

    Parameters
    ----------
    ax : Axes
        With all that is to be seen; its figure has been laid out.
    options : dict
        Arguments of ``Axes.legend``.
    may_rise : bool
        Whether there may be empty values on the vertical axis.
    """
    is_small = ax.get_window_extent().width < SMALL_AXES * ax.figure.figure.dpi
    for size in LETTERS[int(is_small) :]:
        own = {"fontsize": size, **options}
        fitting = _fitting_columns(ax, own)
        if any(_finds_spot(ax, _add(ax, own, n_columns)) for n_columns in fitting):
            return
        if may_rise and any(_rises(ax, own, n_columns) for n_columns in reversed(fitting)):
            return
    _put_outside(ax, {"fontsize": "small", **options}, may_rise)


def _fitting_columns(ax: Any, options: Mapping[str, Any]) -> list[int]:
    """Return with how many columns a legend is no wider than its axes."""
    width = ax.get_window_extent().width
    return [n for n in COLUMNS if _add(ax, options, n).get_window_extent().width < width]


def _rises(ax: Any, options: Mapping[str, Any], n_columns: int) -> bool:
    """Make room for a legend above the data, if that serves."""
    limits, legend = ax.get_ylim(), _add(ax, options, n_columns)
    share = (legend.get_window_extent().height + 2 * GAP) / ax.get_window_extent().height
    if share > MOST:
        return False
    _raise_top(ax, share)
    if not _finds_spot(ax, legend):
        ax.set_ylim(limits)
        return False
    return True


def _add(ax: Any, options: Mapping[str, Any], n_columns: int, **where: Any) -> Any:
    return ax.legend(**{"loc": "upper right", "ncols": n_columns, **where, **options})


def _finds_spot(ax: Any, legend: Any) -> bool:
    """Move a legend to where it touches nothing, if there is such a spot."""
    obstacles, frame = _obstacles(ax), ax.get_window_extent()
    for spot in SPOTS:
        legend.set_loc(spot)
        box = legend.get_window_extent().padded(GAP / 2)
        is_within = box.height < frame.height and box.width < frame.width
        if is_within and not any(_touches(obstacle, box) for obstacle in obstacles):
            return True
    return False


def _put_outside(ax: Any, options: Mapping[str, Any], may_rise: bool) -> None:
    """Put a legend beside axes that are wide enough for both, or on top of them."""
    place = {"bbox_transform": ax.transAxes}
    width = _add(ax, options, 1).get_window_extent().width
    if may_rise and width < MOST * ax.get_window_extent().width:
        _add(ax, options, 1, loc="upper left", bbox_to_anchor=(1.01, 1.0), **place)
        return
    options = {**options, "fontsize": LETTERS[-1]} if may_rise else options
    n_columns = max(_fitting_columns(ax, options), default=1)
    legend = _add(ax, options, n_columns, loc="lower center", bbox_to_anchor=(0.5, 1.0), **place)
    points = 72 / ax.figure.figure.dpi
    ax.set_title(ax.get_title(), pad=points * (legend.get_window_extent().height + 2 * GAP))


def _raise_top(ax: Any, share: float) -> None:
    """Make room for a share of the axes above what is seen."""
    scale = ax.yaxis.get_transform()
    low, high = scale.transform(np.asarray(ax.get_ylim(), float))
    top = scale.inverted().transform(np.asarray([low + (high - low) / (1 - share)]))[0]
    ax.set_ylim(top=top)


def _obstacles(ax: Any) -> list[Any]:
    """Return the paths and boxes of all data in pixels; what lies at the back is no data."""
    from matplotlib.transforms import Bbox

    lines = [line for line in ax.lines if line.get_zorder() > 0 and len(line.get_xdata())]
    paths = [line.get_transform().transform_path(line.get_path()) for line in lines]
    paths += [
        collection.get_transform().transform_path(path)
        for collection in ax.collections
        for path in collection.get_paths()
    ]
    markers = [
        Bbox.from_bounds(x - 4, y - 4, 8, 8)
        for line, path in zip(lines, paths, strict=False)
        if line.get_marker() not in ("None", None, "")
        for x, y in path.vertices
        if np.isfinite((x, y)).all()
    ]
    bars = [patch.get_window_extent() for patch in ax.patches if patch.get_zorder() > 0]
    texts = [text.get_window_extent() for text in ax.texts if text.get_text()]
    return paths + markers + bars + texts


def _touches(obstacle: Any, box: Any) -> bool:
    if hasattr(obstacle, "intersects_bbox"):
        return obstacle.intersects_bbox(box, filled=False)
    return obstacle.overlaps(box)


def keep_in_figure(ax: Any) -> bool:
    """Make axes smaller where their texts leave a figure that has no layout engine.

    Returns
    -------
    changed : bool
    """
    figure = ax.figure
    if figure.get_layout_engine() is not None:
        return False
    outer, page, frame = ax.get_tightbbox(), figure.figure.bbox.padded(-2), ax.get_window_extent()
    left, bottom = max(0, page.x0 - outer.x0), max(0, page.y0 - outer.y0)
    right, top = max(0, outer.x1 - page.x1), max(0, outer.y1 - page.y1)
    width, height = frame.width - left - right, frame.height - bottom - top
    if (width, height) == (frame.width, frame.height) or min(width, height) < 20:
        return False
    corner = figure.transSubfigure.inverted().transform((frame.x0 + left, frame.y0 + bottom))
    ax.set_position([*corner, width / figure.bbox.width, height / figure.bbox.height])
    ax.set_in_layout(True)
    return True


def fill_room(
    axes: Any,
    legends: Mapping[Any, Mapping[str, Any]] | None = None,
    fixed: Collection[Any] = (),
) -> None:
    """Make everything readable once all is drawn.

    Parameters
    ----------
    axes : sequence of Axes
        What was drawn on.
    legends : dict of Axes to dict
        Axes with a legend, and arguments of ``Axes.legend``.
    fixed : collection of Axes
        Those whose vertical limits stay as they are.
    """
    figure = axes[0].figure.figure
    if figure.get_layout_engine() is not None:
        figure.get_layout_engine().execute(figure)
    for _ in range(ROUNDS):
        fit_labels(axes)
        for ax, options in (legends or {}).items():
            place_legend(ax, options, ax not in fixed)
        # In smaller axes texts have less room.
        changed = [keep_in_figure(ax) for ax in axes]
        if not any(changed):
            break
