"""The loss of the best constant output, and what it says of a network."""

from __future__ import annotations

import numpy as np
import pytest

from sknn_actloss.activations import ACTIVATIONS, canonical_name
from sknn_actloss.core import Model
from sknn_actloss.losses import LOSSES
from sknn_actloss.training import (
    Columns,
    OneHot,
    TargetMoments,
    constant_loss,
    explained,
    flaw_of_loss,
    rough_constant_loss,
)

RNG = np.random.RandomState(0)
Y = RNG.gamma(2.0, size=(40, 1))
CODES = np.arange(40) % 4 % 3
WEIGHT = RNG.uniform(0.5, 2.0, 40)


def model_of(task, name, kind):
    loss = LOSSES[task][name]()
    output = ACTIVATIONS[loss.natural_output(kind)]()
    return Model((), output, loss.for_targets(kind, canonical_name(output)))


def test_the_best_constants_are_the_known_ones():
    mean = np.average(Y[:, 0], weights=WEIGHT)
    variance = np.average((Y[:, 0] - mean) ** 2, weights=WEIGHT)
    model = model_of("regression", "squared_error", "continuous")
    assert constant_loss(Columns(Y), WEIGHT, model) == pytest.approx(variance / 2)
    shares = np.bincount(CODES) / 40
    model = model_of("classification", "log_loss", "multiclass")
    entropy = -np.sum(shares * np.log(shares))
    y = OneHot(CODES, 3, np.float64)
    assert constant_loss(y, None, model) == pytest.approx(entropy)
    assert rough_constant_loss(y, None, model) == pytest.approx(entropy)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weights"])
@pytest.mark.parametrize(
    ("task", "name", "kind"),
    [
        *(("regression", name, "continuous") for name in LOSSES["regression"]),
        *(("classification", name, "multiclass") for name in LOSSES["classification"]),
        *(("classification", name, "binary") for name in LOSSES["classification"]),
    ],
)
def test_a_constant_that_is_found_at_once_is_no_better_than_the_best(task, name, kind, weight):
    model = model_of(task, name, kind)
    y = {
        "continuous": Columns(Y),
        "multiclass": OneHot(CODES, 3, np.float64),
        "binary": Columns((CODES[:, None] > 0).astype(float)),
    }[kind]
    best, rough = constant_loss(y, weight, model), rough_constant_loss(y, weight, model)
    # L-BFGS stops short of the minimum of what has kinks.
    assert best <= rough * 1.01 + 1e-9
    assert rough < np.inf


def test_what_the_losses_say():
    assert explained(0.25, 1.0) == 0.75
    assert explained(-0.5, 1.0) is None
    assert explained(0.5, 0.0) is None
    assert flaw_of_loss(1.05, 1.0, "rows") == ""
    assert "loss on the rows is 1.2" in flaw_of_loss(1.2, 1.0, "rows")
    assert flaw_of_loss(1.2, 0.0, "rows") == ""
    assert flaw_of_loss(-1.0, -3.0, "rows")
    assert flaw_of_loss(-1.0, -1.05, "rows") == ""


@pytest.mark.parametrize(
    ("y", "flaw"),
    [
        (Y, ""),
        (Y + 1e3, "far from zero"),
        (1e4 * Y, "far from unit scale"),
        (1e-4 * Y, "far from unit scale"),
        (np.c_[Y, 1e-4 * Y], "far from unit scale"),
    ],
)
def test_moments_of_targets(y, flaw):
    model = model_of("regression", "squared_error", "continuous")
    assert flaw in TargetMoments.of(Columns(y), model).flaw
    assert bool(TargetMoments.of(Columns(y), model).flaw) == bool(flaw)


def test_targets_without_a_scale_of_their_own():
    model = model_of("regression", "squared_error", "continuous")
    assert TargetMoments.of(Columns(np.ones((5, 1))), model) is None
    assert TargetMoments.of(Columns(Y), model_of("regression", "poisson", "continuous")) is None
