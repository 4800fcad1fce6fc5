"""Curves of losses against their values and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.inspection import LossDisplay
from sknn_actloss.losses import Focal, FunctionLoss, Huber, LogLoss, Quantile


def test_targets_are_dashes_and_losses_are_colours():
    display = LossDisplay.from_losses(["huber", Huber(2.0)], y=[-1.0, 1.0], task="regression")
    looks = [(line.get_color(), line.get_linestyle()) for line in display.lines_[:4]]
    assert looks[0][0] == looks[1][0] != looks[2][0] == looks[3][0]
    assert [dashes for _, dashes in looks] == ["-", "--"] * 2
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["huber", "Huber(delta=2.0)", "target -1", "target 1"]
    assert_array_equal(display.lines_[2].get_ydata(), display.values["Huber(delta=2.0)"][0])


def test_one_target_is_the_title_of_the_legend():
    display = LossDisplay.from_losses("huber", y=2.0, task="regression")
    assert display.legend_.get_title().get_text() == "target 2"
    assert (display.predictions[0], display.predictions[-1]) == (-1.0, 5.0)


def test_predictions_out_of_the_domain_are_left_out():
    display = LossDisplay.from_losses(["squared_error", "poisson"], y=1.0, task="regression")
    assert_array_equal(np.isnan(display.values["poisson"][0]), display.predictions <= 0)
    assert np.isfinite(display.values["squared_error"]).all()


@pytest.mark.parametrize(
    ("losses", "against"),
    [
        (["log_loss", "focal"], "probability"),
        (["hinge", "exponential"], "decision"),
        (["log_loss", "hinge"], "raw"),
    ],
)
def test_classification_goes_along_what_the_losses_share(losses, against):
    display = LossDisplay.from_losses(losses, task="classification")
    assert display.against == against
    assert against.split()[0] in display.ax_.get_xlabel()


def test_raw_outputs_go_through_the_output_activation():
    display = LossDisplay.from_losses("squared_error", task="classification", against="raw")
    p = expit(display.predictions)
    assert_allclose(display.values["squared_error"][0], 0.5 * (1 - p) ** 2)
    assert_allclose(display.gradients["squared_error"][0], (p - 1) * p * (1 - p))


@pytest.mark.parametrize("y", [[0, 1], [-1, 1]])
def test_classes_are_encoded_as_the_loss_has_them(y):
    display = LossDisplay.from_losses(["hinge", "log_loss"], y=y, task="classification")
    assert_array_equal(display.targets, [0, 1])
    raw = display.predictions
    assert_allclose(display.values["hinge"], np.maximum(0, 1 - np.outer([-1, 1], raw)))
    assert_allclose(display.values["log_loss"], np.logaddexp(0, np.outer([1, -1], raw)))


def test_own_functions_are_checked():
    def cauchy(y, p):
        return np.log1p((p - y) ** 2)

    def absolute(y, p):
        return np.abs(p - y)

    display = LossDisplay.from_losses(FunctionLoss(cauchy), task="regression")
    assert list(display.values) == ["FunctionLoss(value=cauchy)"]
    with pytest.raises(ValueError, match="loss absolute by complex step"):
        LossDisplay.from_losses(FunctionLoss(absolute), task="regression")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"losses": "huber", "task": "ranking"}, "task='ranking' must be one of 'regression'"),
        ({"losses": "huber", "task": "classification"}, "not a known classification loss"),
        ({"losses": "poisson", "y": -1.0}, r"needs targets in \[0, inf\), got y=-1.0"),
        ({"losses": "huber", "y": []}, "must be a finite number or a sequence"),
        ({"losses": "huber", "y": np.nan}, "must be a finite number or a sequence"),
        ({"losses": "hinge", "y": 2, "task": "classification"}, "1, the positive class, or 0"),
        ({"losses": "huber", "against": "margin"}, "'auto', 'prediction', 'raw'"),
        ({"losses": "poisson", "prediction_range": (-2, -1)}, r"lie in \(0, inf\)"),
        (
            {"losses": ["hinge", "log_loss"], "against": "prediction", "task": "classification"},
            "use against='raw'",
        ),
        ({"losses": Focal(alpha=(0.1, 0.2)), "task": "classification"}, "more than two classes"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        LossDisplay.from_losses(**{"task": "regression", **arguments})


def test_losses_of_several_outputs_have_no_curve(monkeypatch):
    monkeypatch.setattr(Huber, "outputs_per_target", 2)
    with pytest.raises(ValueError, match="needs 2 outputs for a target"):
        LossDisplay.from_losses("huber", task="regression")


def test_losses_of_estimators():
    display = LossDisplay.from_estimator(MLPRegressor(loss=Quantile(0.9)))
    assert list(display.values) == ["Quantile(quantile=0.9)"]
    models = [MLPClassifier(loss=LogLoss(0.1)), MLPClassifier(loss="hinge")]
    display = LossDisplay.from_estimator(models)
    assert list(display.values) == ["loss=LogLoss(label_smoothing=0.1)", "loss=hinge"]
    display = LossDisplay.from_estimator({"theirs": SklearnMLPClassifier()})
    assert list(display.values) == ["theirs"]


def test_estimators_bring_their_output_activation():
    bounded = MLPRegressor(loss="squared_error", out_activation="tanh")
    display = LossDisplay.from_estimator(bounded, prediction_range=(-2, 2))
    inside = np.abs(display.predictions) < 1
    assert_array_equal(np.isfinite(display.values["squared_error"][0]), inside)
    with pytest.raises(ValueError, match="Use out_activation='auto'"):
        LossDisplay.from_estimator(MLPRegressor(loss="poisson", out_activation="identity"))


def test_estimators_of_one_task_only():
    with pytest.raises(ValueError, match="mixes classifiers and regressors"):
        LossDisplay.from_estimator([MLPClassifier(), MLPRegressor()])


def test_losses_are_drawn_as_reported_or_as_trained():
    display = LossDisplay.from_losses(["squared_error", "absolute_error"], y=1.0, task="regression")
    distance = display.predictions - 1.0
    assert display.ax_.get_ylabel() == "loss, as reported"
    assert_allclose(display.lines_[0].get_ydata(), distance**2)
    assert_allclose(display.lines_[1].get_ydata(), np.abs(distance))
    assert_allclose(display.lines_[2].get_ydata(), 2 * distance)
    display.plot(units="training")
    assert display.ax_.get_ylabel() == "loss"
    assert_allclose(display.lines_[0].get_ydata(), distance**2 / 2)
    assert_allclose(display.lines_[2].get_ydata(), distance)


@pytest.mark.parametrize("y", [2.0, -0.5])
def test_losses_that_are_apart_are_one_at_one_unit_off(y):
    names = ["squared_error", "absolute_error", "mape"]
    display = LossDisplay.from_losses(names, y=y, task="regression")
    assert display.ax_.get_ylabel() == "loss / loss at one unit off"
    distance = np.abs(display.predictions - y)
    for line, expected in zip(display.lines_, (distance**2, distance, distance), strict=False):
        assert_allclose(line.get_ydata(), expected, atol=1e-3)
    slope = display.lines_[5].get_ydata()
    assert_allclose(np.abs(slope[distance > 0]), 1.0, atol=1e-3)
    display.plot(relative=False)
    assert_allclose(display.lines_[2].get_ydata(), 100 * distance / abs(y))


def test_losses_of_one_size_keep_their_units():
    display = LossDisplay.from_losses(["huber", "absolute_error"], task="regression")
    assert display.ax_.get_ylabel() == "loss"
    display.plot(relative=True)
    assert_allclose(np.interp(2.0, display.predictions, display.lines_[0].get_ydata()), 1.0)


def test_curves_that_coincide_are_seen():
    display = LossDisplay.from_losses({"one": "huber", "two": "huber"}, task="regression")
    first, second = display.lines_[:2]
    assert first.get_linewidth() > second.get_linewidth()
    assert first.get_zorder() == second.get_zorder()


@pytest.mark.parametrize("option", [{"units": "percent"}, {"relative": "yes"}])
def test_unknown_options_of_a_picture(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))}=.* must be one of"):
        LossDisplay.from_losses("huber", task="regression", **option)
