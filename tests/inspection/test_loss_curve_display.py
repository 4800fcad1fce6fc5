"""Curves of losses, scores and rates against what fits have recorded."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.inspection import LossCurveDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.RandomState(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


def fitted(make=MLPClassifier, **parameters):
    parameters = {"random_state": 0, "max_iter": 8, **parameters}
    return make(hidden_layer_sizes=(4,), **parameters).fit(X, Y)


def texts(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def test_losses_of_one_model():
    model = fitted()
    display = LossCurveDisplay.from_estimator(model)
    (line,) = display.lines_
    assert_array_equal(line.get_xdata(), np.arange(1, 9))
    assert_array_equal(line.get_ydata(), model.loss_curve_)
    assert texts(display) == ["MLPClassifier"]
    assert display.ax_.get_ylabel() == "training loss (log_loss)"
    assert display.ax_.get_xlabel() == "epoch"
    assert display.best_epochs == {}


def test_models_side_by_side_with_early_stopping():
    models = [
        make_pipeline(StandardScaler(), fitted(activation=name, early_stopping=True))
        for name in ("relu", "tanh")
    ]
    display = LossCurveDisplay.from_estimator(models)
    assert list(display.losses) == ["activation=relu", "activation=tanh"]
    loss, score = display.axes_
    assert score.get_ylabel() == "validation accuracy"
    scores = [line for line in display.lines_ if line.axes is score]
    for model, line in zip(models, scores, strict=True):
        assert_array_equal(line.get_ydata(), model[-1].validation_scores_)
        assert line.get_linestyle() == "--"
    best = [1 + int(np.argmax(model[-1].validation_scores_)) for model in models]
    assert list(display.best_epochs.values()) == best
    marks = [mark for mark in display.best_markers_ if mark.axes is loss]
    assert [int(mark.get_xdata()[0]) for mark in marks] == best
    assert [mark.get_color() for mark in marks] == [line.get_color() for line in scores]
    assert texts(display)[2:] == ["training", "validation", "best epoch"]


def test_rates_are_shown_where_they_tell_something():
    constant, linear = fitted(), fitted(learning_rate="linear")
    assert len(LossCurveDisplay.from_estimator(constant).axes_) == 1
    assert len(LossCurveDisplay.from_estimator(constant, panels=("loss", "rate")).axes_) == 2
    display = LossCurveDisplay.from_estimator({"constant": constant, "linear": linear})
    _, rate = display.axes_
    assert rate.get_ylabel() == "learning rate"
    rates = [line.get_ydata() for line in display.lines_ if line.axes is rate]
    assert_array_equal(rates, [constant.learning_rate_curve_, linear.learning_rate_curve_])


def test_losses_that_differ_are_said_to():
    display = LossCurveDisplay.from_estimator([fitted(loss="hinge"), fitted(loss="focal")])
    assert list(display.losses) == ["loss=hinge", "loss=focal"]
    assert display.ax_.get_ylabel() == "loss / loss at the start"


def test_lbfgs_has_iterations_and_no_rate():
    lbfgs = fitted(MLPRegressor, solver="lbfgs")
    display = LossCurveDisplay.from_estimator(lbfgs)
    assert display.rates == {}
    assert display.ax_.get_xlabel() == "iteration"
    both = LossCurveDisplay.from_estimator([lbfgs, fitted(MLPRegressor, learning_rate="linear")])
    assert both.axes_[-1].get_xlabel() == "epoch or iteration"
    assert list(both.rates) == ["learning_rate=linear, solver=adam"]
    with pytest.raises(ValueError, match=r"panels='rate' .*: 'loss'\."):
        LossCurveDisplay.from_estimator(lbfgs, panels="rate")


def test_networks_of_scikit_learn():
    model = fitted(SklearnMLPRegressor, early_stopping=True)
    display = LossCurveDisplay.from_estimator(model)
    assert display.axes_[1].get_ylabel() == "validation R²"
    with pytest.raises(ValueError, match=r"recorded no losses \(solver='lbfgs'\)"):
        LossCurveDisplay.from_estimator(fitted(SklearnMLPRegressor, solver="lbfgs"))


@pytest.mark.parametrize("estimator", [MLPClassifier(), [MLPClassifier(), MLPRegressor()]])
def test_networks_must_be_fitted(estimator):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(estimator)


@pytest.mark.parametrize(
    ("recorded", "best"),
    [
        ({"validation_scores_": [0.1, 0.3, 0.3]}, 2),
        ({"validation_loss_curve_": [3.0, 2.0, 1.0]}, 3),
        ({"validation_scores_": None, "validation_loss_curve_": [1.0, 2.0, 3.0]}, 1),
        ({"validation_scores_": [0.1, 0.3, 0.2], "validation_loss_curve_": [3.0, 2.0, 1.0]}, 2),
        ({"validation_scores_": [np.nan, 0.1, np.nan]}, 2),
        ({"validation_scores_": [np.nan] * 3}, None),
        ({"validation_scores_": None, "validation_loss_curve_": None}, None),
    ],
)
def test_best_epoch_is_by_what_is_monitored(recorded, best):
    model = fitted(max_iter=3)
    vars(model).update(recorded)
    display = LossCurveDisplay.from_estimator(model)
    assert display.best_epochs == ({} if best is None else {"MLPClassifier": best})


def test_validation_losses_are_dashed_beside_training():
    model = fitted(max_iter=3)
    model.validation_loss_curve_ = [3.0, 1.0, 2.0]
    display = LossCurveDisplay.from_estimator(model)
    training, validation = display.lines_
    assert (training.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert_array_equal(validation.get_ydata(), [3.0, 1.0, 2.0])
    (mark,) = display.best_markers_
    assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (2, 1.0)
    assert display.ax_.get_ylabel() == "loss (log_loss)"


def test_scores_have_the_name_of_their_scorer():
    model = fitted(early_stopping=True)
    model.monitor = "roc_auc"
    assert LossCurveDisplay.from_estimator(model).axes_[1].get_ylabel() == "validation roc_auc"
    both = LossCurveDisplay.from_estimator([model, fitted(early_stopping=True)])
    assert both.axes_[1].get_ylabel() == "validation score"


def test_members_of_a_committee():
    members = [fitted(random_state=seed) for seed in range(3)]
    committee = fitted()
    committee.members_ = members
    display = LossCurveDisplay.from_estimator({"together": committee})
    assert len(display.lines_) == 1
    display = LossCurveDisplay.from_estimator(committee.members_)
    assert list(display.losses) == [f"random_state={seed}" for seed in range(3)]


@pytest.mark.parametrize(("last", "scale"), [(0.05, "log"), (0.5, "linear"), (-1.0, "linear")])
def test_scale_of_losses(last, scale):
    display = LossCurveDisplay({"a": [1.0, last]}).plot()
    assert display.ax_.get_yscale() == scale
    assert display.plot(scale="linear").ax_.get_yscale() == "linear"


def test_a_single_epoch_is_visible():
    (line,) = LossCurveDisplay({"a": [1.0]}).plot().lines_
    assert line.get_marker() == "o"


def test_epochs_are_whole_numbers():
    display = LossCurveDisplay({"a": [3.0, 2.0, 1.0]}, rates={"a": [3.0, 2.0, 1.0]}).plot()
    ticks = display.axes_[-1].get_xticks()
    assert_array_equal(ticks, np.round(ticks))


def test_the_legend_explains_no_more_than_is_drawn():
    display = LossCurveDisplay({"a": [2.0, 1.0]}, validation_scores={"a": [0.5, 0.6]})
    assert texts(display.plot()) == ["a", "training", "validation"]
    assert texts(display.plot(panels="score")) == ["a", "validation"]
    assert texts(display.plot(panels="loss")) == ["a"]


def test_negative_losses_are_no_scores_to_show():
    model = fitted(max_iter=3)
    model.monitor = "loss"
    model.validation_loss_curve_, model.validation_scores_ = [3.0, 1.0, 2.0], [-3.0, -1.0, -2.0]
    display = LossCurveDisplay.from_estimator(model)
    assert display.validation_scores == {}
    assert len(display.axes_) == 1
    assert display.best_epochs == {"MLPClassifier": 2}
