"""Texts are broken where that reads well, and legends go where they cover nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sknn_actloss.inspection._room import broken, fill_room, keep_in_figure, place_legend


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("alpha=1, loss=huber", ["alpha=1,", "loss=huber"]),
        ("neg_mean_absolute_error", ["neg_mean_", "absolute_", "error"]),
        ("x" * 25, ["x" * 12, "x" * 12, "x"]),
        ("", [""]),
    ],
)
def test_texts_are_broken_after_signs(text, lines):
    assert broken(text, 12).split("\n") == lines


@pytest.mark.parametrize("length", [1, 3, 10])
def test_no_letter_is_lost(length):
    text = "a model, with=parameters and_names/of many_kinds"
    found = broken(text, length)
    assert max(map(len, found.split("\n"))) <= length
    assert found.replace("\n", "").replace(" ", "") == text.replace(" ", "")


def test_a_free_corner_is_taken_and_limits_stay():
    _, ax = plt.subplots()
    ax.plot([0, 1], [0, 1], label="rising")
    limits = ax.get_ylim()
    place_legend(ax, {})
    assert ax.get_ylim() == limits
    assert ax.get_legend().get_window_extent().x1 < ax.get_window_extent().width


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_axes_rise_where_no_corner_is_free(scale):
    _, ax = plt.subplots()
    ax.plot(np.linspace(0, 1, 200), np.tile([1.0, 10.0], 100), label="everywhere")
    ax.set_yscale(scale)
    low, high = ax.get_ylim()
    place_legend(ax, {})
    assert ax.get_ylim()[0] == low
    assert ax.get_ylim()[1] > high
    bottom = ax.get_legend().get_window_extent().y0
    assert ax.transData.transform((0.0, 10.0))[1] < bottom


def test_where_axes_may_not_rise_the_legend_goes_on_top():
    _, ax = plt.subplots()
    ax.bar([0, 1], [100, 100], width=1.0, label="full")
    ax.set(ylim=(0, 100), title="Shares")
    fill_room([ax], {ax: {}}, fixed=[ax])
    assert ax.get_ylim() == (0, 100)
    legend, frame = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 >= frame.y1
    ax.figure.canvas.draw()
    assert ax.title.get_window_extent().y0 >= legend.y1 - 1
    assert ax.title.get_window_extent().y1 <= ax.figure.bbox.y1


def test_axes_with_room_stay_where_they_are():
    _, ax = plt.subplots()
    before = ax.get_position().bounds
    assert not keep_in_figure(ax)
    assert ax.get_position().bounds == before
    ax.set_ylabel("one\ntwo\nthree\nfour\nfive\nsix")
    assert keep_in_figure(ax)
    assert ax.get_position().x0 > before[0]
    assert ax.get_tightbbox().x0 >= 0


@pytest.mark.parametrize("layout", ["constrained", "tight", None])
def test_subfigures_and_layout_engines(layout):
    figure = plt.figure(layout=layout if layout != "tight" else None)
    part = figure.subfigures(1, 2)[1] if layout != "tight" else figure
    if layout == "tight":
        figure.set_layout_engine("tight")
    ax = part.subplots()
    ax.plot([0, 1], [0, 1], label="line")
    ax.set_ylabel("a label that is much longer than the axes are high " * 2)
    fill_room([ax], {ax: {}})
    figure.canvas.draw()
    label = ax.yaxis.label.get_window_extent()
    assert label.y0 >= 0
    assert label.y1 <= figure.bbox.y1
