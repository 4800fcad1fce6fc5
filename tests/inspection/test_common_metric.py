"""Models of different losses are drawn by one metric: recorded, computed, or relative."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor, Monitor
from sknn_actloss.inspection import LossCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.RandomState(0)
X = RNG.normal(size=(70, 3))
Y = X @ [2.0, -1.0, 0.5] + 3.0
HELD_OUT = RNG.normal(size=(20, 3)), RNG.normal(size=20)
LOSSES = ("squared_error", "mape")


def fitted(make=MLPRegressor, y=Y, **parameters):
    parameters = {"random_state": 0, "max_iter": 6, **parameters}
    return make(hidden_layer_sizes=(4,), **parameters).fit(X, y)


def models(**parameters):
    return {loss: fitted(loss=loss, **parameters) for loss in LOSSES}


def lines_of(display, ax):
    return [line for line in display.lines_ if line.axes is ax]


def test_losses_that_differ_begin_at_one():
    found = models()
    display = LossCurveDisplay.from_estimator(found)
    assert display.ax_.get_ylabel() == "loss / loss at the start"
    for model, line in zip(found.values(), display.lines_, strict=True):
        assert_allclose(line.get_ydata(), np.divide(model.loss_curve_, model.loss_curve_[0]))


def test_validation_losses_are_relative_to_the_start_of_training():
    found = models(early_stopping=True)
    display = LossCurveDisplay.from_estimator(found, metric="relative", panels="loss")
    for index, model in enumerate(found.values()):
        line = display.lines_[2 * index + 1]
        expected = np.divide(model.validation_loss_curve_, model.loss_curve_[0])
        assert_allclose(line.get_ydata(), expected)


def test_losses_below_zero_are_shares_of_their_fall():
    losses = {"a": [4.0, 0.0, -4.0], "b": [1.0, 0.5, 0.75], "flat": [-1.0, -1.0]}
    display = LossCurveDisplay(losses, relative=True).plot()
    assert "share" in display.ax_.get_ylabel()
    expected = [[1.0, 0.5, 0.0], [1.0, 0.0, 0.5], [0.0, 0.0]]
    for line, curve in zip(display.lines_, expected, strict=True):
        assert_allclose(line.get_ydata(), curve)


def test_a_common_validation_score_comes_first():
    found = models(early_stopping=True)
    display = LossCurveDisplay.from_estimator(found)
    assert [ax.get_ylabel() for ax in display.axes_][:1] == ["validation R²"]
    assert display.axes_[1].get_ylabel() == "loss / loss at the start"
    for model, line in zip(found.values(), lines_of(display, display.ax_), strict=True):
        assert_array_equal(line.get_ydata(), model.validation_scores_)


def test_the_same_losses_stay_losses():
    found = {rate: fitted(learning_rate_init=rate, early_stopping=True) for rate in (0.01, 0.1)}
    display = LossCurveDisplay.from_estimator(found)
    assert display.ax_.get_ylabel() == "loss (mean squared error)"
    display = LossCurveDisplay.from_estimator(found, metric="score")
    assert display.ax_.get_ylabel() == "validation R²"
    assert display.axes_[1].get_ylabel().replace("\n", " ") == "loss (mean squared error)"


def test_each_loss_in_its_own_units():
    display = LossCurveDisplay.from_estimator(models(), metric="loss")
    assert display.ax_.get_ylabel() == "training loss (each model's own)"


@pytest.mark.parametrize(
    ("loss", "y", "factor"),
    [
        ("squared_error", Y, 2.0),
        ("squared_error", np.column_stack([Y, -Y]), 1.0),
        ("absolute_error", np.column_stack([Y, -Y, Y]), 1 / 3),
        ("poisson", np.abs(Y), 2.0),
    ],
)
def test_losses_are_drawn_as_reported(loss, y, factor):
    model = fitted(y=y, loss=loss)
    (line,) = LossCurveDisplay.from_estimator(model).lines_
    assert_allclose(line.get_ydata(), factor * np.array(model.loss_curve_))


def test_drawn_validation_losses_are_mean_squares():
    model = MLPRegressor((4,), max_iter=5, random_state=0, alpha=0.0)
    model.fit(X, Y, X_val=HELD_OUT[0], y_val=HELD_OUT[1])
    display = LossCurveDisplay.from_estimator(model, panels="loss")
    mean_square = np.mean((model.predict(HELD_OUT[0]) - HELD_OUT[1]) ** 2)
    assert_allclose(display.lines_[1].get_ydata()[-1], mean_square)


def test_units_of_classifiers_and_of_scaled_targets():
    classes = np.digitize(Y, [2.0, 4.0])
    brier = fitted(MLPClassifier, classes, loss="squared_error")
    assert_allclose(
        LossCurveDisplay.from_estimator(brier).lines_[0].get_ydata(),
        2 * np.array(brier.loss_curve_),
    )
    labels = np.column_stack([Y > 2, Y > 4])
    several = fitted(MLPClassifier, labels)
    line = LossCurveDisplay.from_estimator(several).lines_[0]
    assert_allclose(line.get_ydata(), np.array(several.loss_curve_) / 2)
    theirs = fitted(SklearnMLPRegressor)
    line = LossCurveDisplay.from_estimator(theirs).lines_[0]
    assert_allclose(line.get_ydata(), 2 * np.array(theirs.loss_curve_))
    scaled = LossCurveDisplay.from_estimator(fitted(target_scaling="standard"))
    assert scaled.ax_.get_ylabel() == "training loss (mean squared error of scaled targets)"


@pytest.mark.parametrize("metric", ["neg_mean_absolute_error", "r2", "score"])
def test_scores_on_rows_given(metric):
    found = models()
    display = LossCurveDisplay.from_estimator(found, metric=metric, X=HELD_OUT[0], y=HELD_OUT[1])
    assert len(display.final_markers_) == 2
    for model, mark in zip(found.values(), display.final_markers_, strict=True):
        assert mark.axes is display.ax_
        assert mark.get_xdata()[0] == 6
        expected = model.score(*HELD_OUT)
        if metric == "neg_mean_absolute_error":
            expected = -mean_absolute_error(HELD_OUT[1], model.predict(HELD_OUT[0]))
        assert_allclose(mark.get_ydata()[0], expected)
    assert "rows given" in [text.get_text() for text in display.legend_.get_texts()]


def test_scores_of_callables_and_of_whole_pipelines():
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    inner = MLPRegressor((4,), max_iter=5, random_state=0)
    wrapped = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), inner), transformer=StandardScaler()
    )
    wrapped.fit(X, 100 * Y)
    weights = np.arange(20.0)
    display = LossCurveDisplay.from_estimator(
        wrapped, metric=scorer, X=HELD_OUT[0], y=HELD_OUT[1], sample_weight=weights
    )
    expected = -mean_absolute_error(
        HELD_OUT[1], wrapped.predict(HELD_OUT[0]), sample_weight=weights
    )
    assert_allclose(display.final_markers_[0].get_ydata()[0], expected)


def test_recorded_curves_of_a_metric():
    found = models(early_stopping=True, monitor=Monitor("neg_mean_absolute_error", training=True))
    display = LossCurveDisplay.from_estimator(found, metric="neg_mean_absolute_error")
    assert display.ax_.get_ylabel() == "neg_mean_absolute_error"
    lines = iter(lines_of(display, display.ax_))
    for model in found.values():
        training, validation = next(lines), next(lines)
        assert_array_equal(training.get_ydata(), model.score_curve_)
        assert_array_equal(validation.get_ydata(), model.validation_scores_)
        assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")


def test_training_scores_alone_are_called_so():
    found = models(monitor=Monitor("r2", training=True))
    display = LossCurveDisplay.from_estimator(found, metric="score")
    assert display.ax_.get_ylabel() == "training R²"


def test_the_mark_is_at_the_epoch_whose_weights_were_kept():
    model = fitted(early_stopping=True, max_iter=40, learning_rate_init=0.5, solver="sgd")
    display = LossCurveDisplay.from_estimator(model, metric="r2", X=X, y=Y)
    assert display.final_markers_[0].get_xdata()[0] == 1 + int(np.argmax(model.validation_scores_))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "rr2"}, r"metric='rr2' is not known.*Did you mean 'r2'\?.*'relative'"),
        ({"metric": 3}, "metric=3 is not known"),
        ({"metric": "r2", "X": X}, "y is missing"),
        ({"metric": "r2", "y": Y}, "X is missing"),
        ({"X": X, "y": Y}, "metric=None takes none"),
        ({"metric": "relative", "X": X, "y": Y}, "metric='relative' takes none"),
        ({"metric": "r2", "sample_weight": Y}, "rows to score"),
        ({"metric": "r2"}, r"was not recorded by the fit of squared_error. Pass X and y"),
        ({"metric": "score"}, r"was not recorded by the fit of squared_error"),
    ],
)
def test_metrics_that_cannot_be_drawn(arguments, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_estimator(models(), **arguments)


def test_scores_by_different_monitors_are_not_common():
    found = {
        monitor: fitted(early_stopping=True, monitor=monitor)
        for monitor in ("r2", "neg_mean_absolute_error")
    }
    with pytest.raises(ValueError, match="monitored by one and the same score"):
        LossCurveDisplay.from_estimator(found, metric="score")
    with pytest.raises(ValueError, match="not recorded by the fit of neg_mean_absolute_error"):
        LossCurveDisplay.from_estimator(found, metric="r2")


def test_short_curves_are_about_the_last_epochs():
    model = MLPRegressor((4,), max_iter=4, random_state=0, warm_start=True).fit(X, Y)
    model.set_params(early_stopping=True, max_iter=3).fit(X, Y)
    display = LossCurveDisplay.from_estimator(model, panels="score")
    assert_array_equal(display.lines_[0].get_xdata(), [5, 6, 7])
    assert display.best_epochs["MLPRegressor"] == 5 + int(np.argmax(model.validation_scores_))
