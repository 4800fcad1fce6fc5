"""Values and derivatives of losses along predictions and raw outputs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn_actloss.inspection._loss_of_prediction import LossOfPrediction, default_range
from sknn_actloss.losses import LOSSES

CASES = [
    (task, name)
    for task, table in LOSSES.items()
    for name, make in table.items()
    if make().outputs_per_target == 1
]
TARGETS = {"regression": np.array([0.5, 2.0]), "classification": np.array([0.0, 1.0])}


@pytest.mark.parametrize(("task", "name"), CASES)
@pytest.mark.parametrize("against", ["prediction", "raw"])
def test_derivative_is_that_of_the_loss(task, name, against):
    low, high = (-1.0, 3.0) if against == "raw" else (0.101, 0.9)
    points, targets = np.linspace(low, high, 801), TARGETS[task]
    values, slopes = LossOfPrediction.of(name, "auto", task).along(points, targets, against)
    assert values.shape == slopes.shape == (2, len(points))
    rise = np.cumsum((slopes[:, 1:] + slopes[:, :-1]) / 2 * np.diff(points), axis=1)
    assert_allclose(values[:, 1:] - values[:, :1], rise, rtol=1e-2, atol=5e-3 * np.ptp(values))


@pytest.mark.parametrize(("task", "name"), CASES)
def test_values_are_those_of_the_loss(task, name):
    points, loss = np.linspace(-1.0, 3.0, 50), LOSSES[task][name]()
    values, _ = LossOfPrediction.of(name, "auto", task).along(points, TARGETS[task], "prediction")
    for target, row in zip(TARGETS[task], values, strict=True):
        inside = np.isfinite(row)
        expected = [loss([target], [point]) for point in points[inside]]
        assert inside.any()
        assert_allclose(row[inside], expected)


@pytest.mark.parametrize(
    ("against", "targets", "limits"),
    [
        ("prediction", [1.0], (-2.0, 4.0)),
        ("prediction", [100.0, 200.0], (-100.0, 400.0)),
        ("probability", [0.0], (0.0, 1.0)),
        ("decision", [1.0], (-3.0, 3.0)),
        ("raw", [1.0], (-3.0, 3.0)),
    ],
)
def test_default_range(against, targets, limits):
    assert default_range(against, np.array(targets)) == limits
