"""Curves of activations against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier
from sknn_actloss.activations import ACTIVATIONS, FunctionActivation, LeakyReLU, Softmax
from sknn_actloss.inspection import ActivationDisplay

ELEMENTWISE = [name for name, kind in ACTIVATIONS.items() if kind is not Softmax]


def snake(z):
    return z + np.sin(z) ** 2


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivative_is_that_of_the_function(name):
    display = ActivationDisplay.from_activations(name, input_range=(-3.9, 4.1))
    z, value, slope = display.inputs, display.values[name], display.derivatives[name]
    assert (z[0], z[-1]) == (-3.9, 4.1)
    assert_array_equal(value, ACTIVATIONS[name]()(z))
    rise = np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(z))
    assert_allclose(value[1:] - value[0], rise, atol=0.02)


def test_curves_are_drawn_as_computed():
    display = ActivationDisplay.from_activations(["relu", LeakyReLU(0.1), snake])
    names = ["relu", "LeakyReLU(negative_slope=0.1)", "snake"]
    assert [line.get_label() for line in display.lines_] == names * 2
    for line, name in zip(display.lines_, names * 2, strict=True):
        curves = display.values if line.axes is display.ax_ else display.derivatives
        assert_array_equal(line.get_xdata(), display.inputs)
        assert_array_equal(line.get_ydata(), curves[name])
    assert_allclose(display.derivatives["snake"], 1 + np.sin(2 * display.inputs))


def test_a_dict_gives_the_names():
    display = ActivationDisplay.from_activations({"old": "relu", "new": "silu"})
    assert list(display.values) == ["old", "new"]
    assert [text.get_text() for text in display.legend_.get_texts()] == ["old", "new"]


@pytest.mark.parametrize("range_", [(-4.0, 4.0), (0.0, 1e-9)])
def test_softmax_has_no_curve(range_):
    with pytest.raises(ValueError, match="output of all units of a layer"):
        ActivationDisplay.from_activations(["relu", "softmax"], input_range=range_)


def test_own_functions_are_checked():
    with pytest.raises(ValueError, match="derivative of activation absolute by complex step"):
        ActivationDisplay.from_activations(np.abs)
    display = ActivationDisplay.from_activations(FunctionActivation(np.abs, np.sign))
    (slope,) = display.derivatives.values()
    assert_array_equal(slope, np.sign(display.inputs))


def test_unknown_names_are_refused_with_the_known():
    with pytest.raises(ValueError, match=r"activations='rellu' is not a known .* relu,"):
        ActivationDisplay.from_activations("rellu")


@pytest.mark.parametrize(
    ("estimator", "names"),
    [
        (MLPClassifier(), ["relu"]),
        (make_pipeline(StandardScaler(), MLPClassifier(activation="tanh")), ["tanh"]),
        (SklearnMLPClassifier(activation="logistic"), ["logistic"]),
        (MLPClassifier((2, 2, 2), ["relu", LeakyReLU(0.2), "relu"]), None),
        ([MLPClassifier(), MLPClassifier(activation=snake)], ["relu", "snake"]),
    ],
)
def test_activations_of_estimators(estimator, names):
    display = ActivationDisplay.from_estimator(estimator)
    assert list(display.values) == (names or ["relu", "LeakyReLU(negative_slope=0.2)"])
