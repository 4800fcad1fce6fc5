"""Bars of the importances of columns."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sknn_actloss import MLPRegressor
from sknn_actloss.inspection import FeatureImportanceDisplay, feature_importances

X = pd.DataFrame(np.random.RandomState(0).normal(size=(30, 3)), columns=["a", "b", "c"])
MODEL = MLPRegressor((), solver="lbfgs").fit(X, 5 * X["b"] + X["a"])


def texts(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_bars_are_the_importances_in_order():
    display = FeatureImportanceDisplay.from_estimator(MODEL, X, 0.0)
    assert texts(display) == ["c", "a", "b"]
    expected = np.sort(feature_importances(MODEL, X, 0.0))
    np.testing.assert_allclose([bar.get_width() for bar in display.bars_], expected)
    assert display.figure_ is display.ax_.figure


def test_the_largest_only():
    display = FeatureImportanceDisplay([0.3, 0.1, 0.2]).plot(max_features=2)
    assert texts(display) == ["x2", "x0"]


def test_names_axes_and_colours_of_ones_own():
    _, ax = plt.subplots()
    display = FeatureImportanceDisplay.from_estimator(
        MODEL, X, feature_names=["x", "y", "z"], ax=ax, bar_kw={"color": "red"}
    )
    assert display.ax_ is ax
    assert texts(display)[-1] == "y"
    assert display.bars_[0].get_facecolor() == (1, 0, 0, 1)


def test_names_have_to_fit():
    with pytest.raises(ValueError, match="2 names for 3 importances"):
        FeatureImportanceDisplay([1, 2, 3], ["a", "b"]).plot()
