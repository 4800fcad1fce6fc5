"""Axes, panels, colours and scales that displays share."""

from __future__ import annotations

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sknn_actloss.inspection import (
    ActivationDisplay,
    LossCurveDisplay,
    LossDisplay,
    ScheduleDisplay,
)
from sknn_actloss.inspection._plotting import (
    colors,
    grid,
    line_styles,
    set_rate_scale,
    set_scale,
    view_limits,
)


def displays():
    x = np.linspace(0.0, 1.0, 5)
    curves = {"a": x, "b": x + 1}
    rows = {name: curve[None] for name, curve in curves.items()}
    return {
        "activation": ActivationDisplay(x, curves, curves),
        "loss": LossDisplay(x, np.array([1.0]), rows, rows),
        "schedule": ScheduleDisplay(curves),
        "loss_curve": LossCurveDisplay(curves, validation_scores=curves, rates=curves),
    }


every_display = pytest.mark.parametrize("name", list(displays()))


@every_display
def test_a_figure_has_all_panels(name):
    display = displays()[name]
    assert display.plot() is display
    assert len(display.axes_) == len(display.panel_names)
    assert display.ax_ is display.axes_[0]
    assert display.figure_ is display.ax_.figure
    assert all(line.axes in display.axes_ for line in display.lines_)
    assert len(display.lines_) == 2 * len(display.panel_names)
    assert [text.get_text() for text in display.legend_.get_texts()][:2] == ["a", "b"]
    assert all(ax.get_ylabel() for ax in display.axes_)
    display.figure_.canvas.draw()


@every_display
def test_one_axes_takes_the_first_panel(name):
    _, ax = plt.subplots()
    display = displays()[name].plot(ax)
    assert display.ax_ is ax
    assert list(display.axes_) == [ax]
    assert ax.get_legend() is display.legend_
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@every_display
def test_axes_in_any_shape(name):
    n_panels = len(displays()[name].panel_names)
    _, axes = plt.subplots(n_panels, 1, squeeze=False)
    display = displays()[name].plot(axes)
    assert list(display.axes_) == list(axes.ravel())


@every_display
def test_lines_take_the_users_style(name):
    display = displays()[name].plot(line_kw={"lw": 3, "marker": "s"})
    assert {line.get_linewidth() for line in display.lines_} == {3}
    assert display.legend_.get_lines()[0].get_linewidth() == 3


@every_display
def test_legend_lies_beside_the_axes(name):
    display = displays()[name].plot()
    display.figure_.canvas.draw()
    legend = display.legend_.get_window_extent()
    assert all(ax.get_window_extent().x1 < legend.x0 for ax in display.axes_)
    assert legend.x1 <= display.figure_.bbox.x1


@pytest.mark.parametrize("name", ["activation", "loss", "loss_curve"])
def test_panels_can_be_chosen(name):
    display = displays()[name]
    last = display.panel_names[-1]
    assert len(display.plot(panels=last).axes_) == 1
    assert len(display.plot(panels=display.panel_names[::-1][:2]).axes_) == 2
    _, ax = plt.subplots()
    display.plot(ax, panels=[last])
    assert len(display.lines_) == 2


@pytest.mark.parametrize("panels", ["none", [], ["loss", "loss"], ["loss", "function"]])
def test_panels_that_are_not_there(panels):
    with pytest.raises(ValueError, match=r"must name one or more .* 'loss', 'score', 'rate'"):
        displays()["loss_curve"].plot(panels=panels)


def test_as_many_axes_as_panels():
    _, axes = plt.subplots(1, 3)
    with pytest.raises(ValueError, match=r"3 Axes for 2 panels \(function, derivative\)"):
        displays()["activation"].plot(axes)


@every_display
def test_other_things_than_axes_are_refused(name):
    with pytest.raises(TypeError, match="must be an Axes of matplotlib"):
        displays()[name].plot("here")


@every_display
def test_missing_matplotlib_names_the_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = displays()[name]
    with pytest.raises(ImportError, match=rf"{type(display).__name__}.plot needs .*\[plot\]"):
        display.plot()


@pytest.mark.parametrize("name", ["schedule", "loss_curve"])
def test_unknown_scales_are_refused(name):
    with pytest.raises(ValueError, match="scale='symlog' is not one of 'auto', 'linear', 'log'"):
        displays()[name].plot(scale="symlog")


@pytest.mark.parametrize("n", [1, 7, 8, 30])
def test_colours_differ(n):
    assert len({tuple(np.atleast_1d(color)) for color in colors(n)}) == n


def test_styles_differ_and_go_round():
    pairs = [tuple(style.values()) for style in line_styles(30)]
    assert len(set(pairs)) == 28
    assert pairs[28:] == pairs[:2]
    assert {dashes for _, dashes in pairs[:7]} == {"-"}


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, 10.0], "log"),
        ([1.0, 9.0], "linear"),
        ([0.0, 10.0], "linear"),
        ([-1.0, 10.0], "linear"),
        ([np.nan, 1.0, np.inf], "linear"),
        ([], "linear"),
    ],
)
def test_automatic_scale(values, scale):
    _, ax = plt.subplots()
    set_scale(ax, "auto", [values])
    assert ax.get_yscale() == scale


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize(
    "losses",
    [[1e308, 1e-308], [0.0, 0.0], [np.inf, 1.0], [np.nan] * 3, [-1e300, -1e299], []],
    ids=str,
)
def test_losses_without_a_usual_size_are_drawn(losses, relative):
    display = LossCurveDisplay({"a": losses, "b": [2.0, 1.0]}, relative=relative).plot()
    display.figure_.canvas.draw()
    assert np.isfinite(display.ax_.get_ylim()).all()


def test_rates_are_compared_by_their_highest():
    falling, low = np.linspace(1.0, 1e-9, 20), np.full(20, 1e-3)
    for rates, scale, bottom in [([falling], "linear", 0.0), ([falling, low], "log", 1e-5)]:
        _, ax = plt.subplots()
        for curve in rates:
            ax.plot(curve)
        set_rate_scale(ax, "auto", rates)
        assert ax.get_yscale() == scale
        assert ax.get_ylim()[0] == bottom


def test_log_axes_have_plain_numbers():
    _, ax = plt.subplots()
    ax.plot([0.03, 0.7])
    set_scale(ax, "log", [])
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.get_yticklabels()]
    assert {"0.05", "0.1", "0.2", "0.5"} <= set(texts)


@pytest.mark.parametrize("limits", [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (1.0,), (1, 2, 3)])
def test_ranges_that_are_none(limits):
    with pytest.raises(ValueError, match=r"input_range=.* must be two finite numbers"):
        grid("input_range", limits)


def test_view_leaves_out_poles_only():
    x = np.linspace(0.001, 1.0, 1000)
    low, high = view_limits([1 / x])
    assert low < 1
    assert high < 100
    low, high = view_limits([x**2, np.full(3, np.nan)])
    assert low < 0
    assert high > 1
    assert view_limits([np.full(3, 2.0)]) == (1.0, 3.0)
