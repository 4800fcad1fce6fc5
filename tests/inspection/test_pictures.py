"""What a picture must be to be judged: texts in the figure, legends off the data, fair colours."""

from __future__ import annotations

import itertools
import pickle
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axis import Tick, XTick
from matplotlib.colors import to_rgb
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

from sknn_actloss import MLPClassifier, MLPRegressor, Monitor
from sknn_actloss.activations import ACTIVATIONS, Softmax
from sknn_actloss.inspection import (
    ActivationDisplay,
    DiagnosisDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    LossDisplay,
    ScheduleDisplay,
    diagnose,
    find_learning_rate,
)
from sknn_actloss.inspection._display import TOGETHER
from sknn_actloss.inspection._plotting import COLORS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_diabetes(return_X_y=True)
X, Y = scale(X[:80]), scale(Y[:80])
FLOWERS, KINDS = load_iris(return_X_y=True)
LONG = "a model with a very long name, hidden_layer_sizes=(100, 100), learning_rate_init=0.0123"
ELEMENTWISE = [name for name, kind in ACTIVATIONS.items() if kind is not Softmax]
EPOCHS = np.arange(30)


def falling(n, length=30):
    return {f"model {i}": np.exp(-(i + 1) * np.arange(length) / 20) + 0.1 * i for i in range(n)}


def curves(n, **kwargs):
    losses = falling(n)
    return LossCurveDisplay(
        losses,
        validation_losses={name: 1.1 * curve for name, curve in losses.items()},
        validation_scores={name: 1 - curve for name, curve in losses.items()},
        best_epochs=dict.fromkeys(losses, 20),
        **kwargs,
    )


def saturated():
    activations = ["logistic", "tanh", "relu"]
    model = MLPClassifier((4, 4, 4), activations, max_iter=3, random_state=0)
    model.fit(FLOWERS, KINDS)
    for bias in model.intercepts_[:2]:
        bias[:] = 1e3
    model.intercepts_[2][:] = -1e6
    return diagnose(model, FLOWERS, KINDS)


def schedules(n):
    return ScheduleDisplay({f"schedule {i}": 0.1 * (1 - EPOCHS / 40) ** i for i in range(n)})


def losses_of(names, **kwargs):
    return LossDisplay.from_losses(names, task="regression", **kwargs)


#: Displays that are ready to be drawn, plain ones and extreme ones.
DISPLAYS = {
    "few activations": lambda: ActivationDisplay.from_activations(["relu", "tanh", "exp"]),
    "many activations": lambda: ActivationDisplay.from_activations(ELEMENTWISE[:8]),
    "one activation": lambda: ActivationDisplay.from_activations({LONG: "silu"}),
    "losses": lambda: losses_of(["squared_error", "absolute_error", "mape", "poisson"]),
    "losses of targets": lambda: losses_of(["huber", "mape"], y=[0.1, 3.0]),
    "many losses": lambda: losses_of(
        ["mse", "mae", "huber", "log_cosh", "poisson", "gamma", "mape"], y=[0.5, 2.0]
    ),
    "schedules": lambda: schedules(4),
    "many schedules": lambda: schedules(8),
    "courses": lambda: curves(3, score_name="validation neg_mean_absolute_percentage_error"),
    "many courses": lambda: curves(7),
    "long names": lambda: LossCurveDisplay({LONG + str(i): EPOCHS + i for i in range(3)}),
    "one epoch": lambda: LossCurveDisplay({"a": [2.0]}, validation_losses={"a": [3.0]}),
    "gaps": lambda: LossCurveDisplay({"a": [1.0, np.nan, 0.5], "b": [np.nan] * 3}),
    "huge": lambda: LossCurveDisplay({"a": [1e300, 1e10, 1.0], "b": [2.0, 1.0, 0.5]}),
    "relative": lambda: curves(4, relative=True),
    "range test": lambda: LearningRateDisplay(
        find_learning_rate(MLPRegressor((5,), random_state=0), X, 100 * Y, n_steps=40)
    ),
    "diagnosis": lambda: DiagnosisDisplay(saturated()),
    "deep diagnosis": lambda: DiagnosisDisplay(
        diagnose(MLPClassifier((3,) * 14, max_iter=1).fit(FLOWERS, KINDS), FLOWERS, KINDS)
    ),
}
every_display = pytest.mark.parametrize("name", list(DISPLAYS))


def texts_of(figure):
    """Return all texts that are seen, without those of ticks beyond the limits of their axis."""
    ticks = [tick for tick in figure.findobj(Tick) if not shown(tick)]
    hidden = {id(text) for tick in ticks for text in (tick.label1, tick.label2)}
    texts = [text for text in figure.findobj(Text) if id(text) not in hidden]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def shown(tick):
    axis = tick.axes.xaxis if isinstance(tick, XTick) else tick.axes.yaxis
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high


def texts_outside(figure):
    page = figure.bbox.padded(1)
    boxes = {text.get_text(): text.get_window_extent() for text in texts_of(figure)}
    return [t for t, b in boxes.items() if not (page.contains(*b.min) and page.contains(*b.max))]


def points_of(line):
    """Return points along a line in pixels, within the axes."""
    xy = line.get_transform().transform(np.column_stack([line.get_xdata(), line.get_ydata()]))
    steps = np.linspace(0, 1, 20)[:, None, None]
    between = (steps * xy[1:] + (1 - steps) * xy[:-1]).reshape(-1, 2)
    points = np.concatenate([xy, between])
    frame = line.axes.get_window_extent()
    inside = (points >= frame.min) & (points <= frame.max)
    return points[np.isfinite(points).all(axis=1) & inside.all(axis=1)]


def covers_data(legend, lines):
    (x0, y0), (x1, y1) = legend.get_window_extent().get_points()
    for line in lines:
        x, y = points_of(line).T
        if np.any((x > x0) & (x < x1) & (y > y0) & (y < y1)):
            return True
    return False


@cache
def picture(name):
    """Return a display in a figure of its own, drawn once for all tests."""
    return drawn(DISPLAYS[name]())


def drawn(display, *arguments):
    display.plot(*arguments)
    display.figure_.canvas.draw()
    return display


@every_display
def test_texts_lie_within_the_figure(name):
    assert texts_outside(picture(name).figure_) == []


@every_display
def test_texts_and_legends_in_axes_of_the_users(name):
    figure, ax = plt.subplots(figsize=(4.5, 3.2))
    display = drawn(DISPLAYS[name](), ax)
    assert texts_outside(figure) == []
    assert list(display.axes_) == [ax]
    for legend in figure.findobj(Legend):
        assert not covers_data(legend, display.lines_)


@every_display
def test_legends_lie_off_the_data(name):
    display = picture(name)
    for legend in display.figure_.findobj(Legend):
        assert not covers_data(legend, display.lines_)
        bars = [bar for bars in getattr(display, "bars_", ()) for bar in bars]
        box = legend.get_window_extent().padded(-1)
        assert not any(box.overlaps(bar.get_window_extent()) for bar in bars if bar.get_height())


@every_display
def test_labels_of_neighbours_do_not_overlap(name):
    display = picture(name)
    labels = [ax.yaxis.label for ax in display.axes_] + [ax.title for ax in display.axes_]
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    for first, second in itertools.combinations(boxes, 2):
        shared = Bbox.intersection(first, second)
        assert shared is None or min(shared.width, shared.height) < 2


@every_display
def test_at_most_six_names_share_axes(name):
    display = picture(name)
    for ax in display.axes_:
        mine = [line for line in display.lines_ if line.axes is ax]
        assert len({(line.get_color(), line.get_linestyle()) for line in mine}) <= 2 * TOGETHER


@pytest.mark.parametrize(
    ("name", "n_axes"),
    [
        ("few activations", 2),
        ("many activations", 8),
        ("losses", 2),
        ("many losses", 7),
        ("schedules", 1),
        ("many schedules", 8),
        ("courses", 2),
        ("many courses", 7),
    ],
)
def test_many_names_have_small_axes_of_their_own(name, n_axes):
    display = picture(name)
    assert len(display.axes_) == n_axes == len(display.figure_.axes)
    if n_axes > TOGETHER:
        titles = [ax.get_title().replace("\n", "") for ax in display.axes_]
        assert len(set(titles)) == n_axes
        assert all(any(line.axes is ax for line in display.lines_) for ax in display.axes_)


def test_axes_of_the_users_for_each_name():
    _, axes = plt.subplots(8, 1, figsize=(6, 16))
    display = schedules(8).plot(axes)
    assert list(display.axes_) == list(axes)
    assert [ax.get_title() for ax in axes] == list(display.rates)


def test_panels_of_many_models_are_blocks_of_axes():
    display = curves(7)
    display.plot(panels=["score", "loss"])
    assert len(display.axes_) == 14
    labels = [ax.get_ylabel() for ax in display.axes_]
    assert labels == ["validation score"] * 7 + ["loss"] * 7
    own = [line for line in display.lines_ if line.axes is display.axes_[3]]
    np.testing.assert_array_equal(own[0].get_ydata(), display.validation_scores["model 3"])


def test_panels_can_be_chosen_for_small_axes():
    display = ActivationDisplay.from_activations(ELEMENTWISE[:7], panels="derivative")
    assert len(display.lines_) == len(display.axes_) == 7
    np.testing.assert_array_equal(display.lines_[3].get_ydata(), display.derivatives["relu"])


@pytest.mark.parametrize("large", ["mape", "exp"])
def test_a_large_curve_flattens_no_other(large):
    if large == "mape":
        display = losses_of(["mae", "huber", "mape"], y=1.0)
    else:
        display = ActivationDisplay.from_activations(["relu", "tanh", "exp"])
    display.figure_.canvas.draw()
    for line in display.lines_:
        heights = np.ptp(points_of(line)[:, 1])
        assert heights > 0.1 * line.axes.get_window_extent().height


def test_a_divergence_flattens_no_other():
    display = picture("huge")
    usual = display.lines_[1]
    assert np.ptp(points_of(usual)[:, 1]) > 0.1 * usual.axes.get_window_extent().height


def test_percentages_end_at_a_hundred():
    display = DiagnosisDisplay(saturated()).plot(panels="shares")
    heights = [bar.get_height() for bars in display.bars_ for bar in bars]
    assert max(heights) == 100
    assert display.ax_.get_ylim() == (0, 100)
    display.figure_.canvas.draw()
    frame = display.ax_.get_window_extent().padded(1)
    assert all(frame.y1 >= text.get_window_extent().y1 for text in display.ax_.texts)


def test_outputs_of_a_layer_that_has_exploded_leave_the_others_visible():
    report = saturated()
    huge = [report.layers[0], report.layers[1], *report.layers[1:]]
    huge[2] = type(huge[2])(**{**vars(huge[2]), "mean": 1e6, "std": 1e5})
    display = DiagnosisDisplay(type(report)(**{**vars(report), "layers": huge}))
    assert display.plot(panels="activations").ax_.get_yscale() == "symlog"


def seen_without(cone, color):
    """Return a colour as it is seen without cones for red or for green (Machado, 2009)."""
    matrix = {
        "red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        "green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    }[cone]
    return np.clip(np.array(matrix) @ np.power(to_rgb(color), 2.2), 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("cone", ["red", "green"])
def test_colours_differ_without_red_or_green(cone):
    def distance(first, second):
        return np.linalg.norm(seen_without(cone, first) - seen_without(cone, second))

    closest = min(distance(*pair) for pair in itertools.combinations(COLORS, 2))
    assert closest > 0.15
    confused = {"red": ("red", "green"), "green": ("tab:red", "tab:green")}
    assert distance(*confused[cone]) < 0.15


@every_display
def test_colours_are_those_for_all_kinds_of_vision(name):
    display = picture(name)
    lines = {line.get_color() for line in display.lines_}
    bars = {bar.get_facecolor()[:3] for bars in getattr(display, "bars_", ()) for bar in bars}
    fair = {to_rgb(color) for color in COLORS}
    greys = {color for color in map(to_rgb, lines) if len(set(color)) == 1}
    assert {to_rgb(color) for color in lines} | bars <= fair | greys


@pytest.mark.parametrize(
    "draw",
    [
        lambda model: LossCurveDisplay.from_estimator(model, metric="r2", X=X, y=Y),
        LossDisplay.from_estimator,
        ActivationDisplay.from_estimator,
        lambda model: ScheduleDisplay.from_estimator(model, n_samples=80),
        lambda model: DiagnosisDisplay.from_estimator(model, X, Y),
        lambda model: LearningRateDisplay.from_estimator(model, X, Y),
    ],
)
def test_estimators_stay_as_they_are(draw):
    model = MLPRegressor((4,), max_iter=3, random_state=0, monitor=Monitor("r2", training=True))
    model.fit(X, Y)
    before = pickle.dumps(model)
    draw(model).figure_.canvas.draw()
    assert pickle.dumps(model) == before
