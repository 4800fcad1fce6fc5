"""The picture of a diagnosis."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn_actloss import MLPClassifier
from sknn_actloss.inspection import DiagnosisDisplay, diagnose

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


def report(**parameters):
    defaults = {"hidden_layer_sizes": (4, 4), "max_iter": 3, "random_state": 0}
    return diagnose(MLPClassifier(**{**defaults, **parameters}).fit(X, y), X, y)


def test_panels_show_the_layers():
    found = report(activation=["tanh", "relu"])
    display = found.plot()
    assert [ax.get_title() for ax in display.axes_] == [
        "Outputs of units",
        "Dead and saturated",
        "Gradients",
        "Steps of the solver",
    ]
    gradients, steps = display.lines_
    assert_allclose(gradients.get_ydata(), [layer.gradient_norm for layer in found.layers])
    assert_allclose(steps.get_ydata(), [layer.update_ratio for layer in found.layers])
    dead, saturated = display.bars_
    assert_allclose([bar.get_height() for bar in dead], [100 * x.dead for x in found.layers[:2]])
    assert_allclose(saturated[0].get_height(), 100 * found.layers[0].saturated)
    assert len(saturated) == 1
    (errorbar,) = display.errorbars_
    assert_allclose(
        np.asarray(errorbar.lines[0].get_ydata(), float), [layer.mean for layer in found.layers[:2]]
    )
    assert [ax.get_yscale() for ax in display.axes_[2:]] == ["log", "log"]
    display.figure_.canvas.draw()


def test_names_of_layers_mark_the_axis():
    display = report().plot()
    for ax in display.axes_:
        texts = [label.get_text() for label in ax.get_xticklabels()]
        assert texts == ["hidden 1", "hidden 2", "output"]


@pytest.mark.parametrize(
    ("parameters", "n_panels"),
    [({"solver": "lbfgs"}, 3), ({"hidden_layer_sizes": ()}, 2)],
)
def test_what_a_network_has_not_has_no_panel(parameters, n_panels):
    found = report(**parameters)
    assert len(found.plot().axes_) == n_panels
    with pytest.raises(ValueError, match="what there is to show"):
        found.plot(panels=["activations", "steps"])


def test_one_panel_on_given_axes():
    _, ax = plt.subplots()
    display = report().plot(ax, panels="gradients")
    assert display.ax_ is ax
    assert ax.get_title() == "Gradients"


def test_gradients_of_zero_are_left_out():
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    model.intercepts_[0][:] = -1e3
    display = diagnose(model, X, y).plot(panels="gradients")
    assert np.isnan(display.lines_[0].get_ydata()[0])
    display.figure_.canvas.draw()


def test_from_estimator_diagnoses():
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    display = DiagnosisDisplay.from_estimator(model, X, y, panels="shares")
    assert display.diagnosis.layers == diagnose(model, X, y).layers
    assert len(display.axes_) == 1
