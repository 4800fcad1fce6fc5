"""A stack of networks gives what its members give alone."""

from __future__ import annotations

import numpy as np
import pytest
from network_cases import CASES, Case, loss_and_gradient, random_params
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss.activations import (
    ACTIVATIONS,
    ELU,
    HIDDEN_ACTIVATIONS,
    LeakyReLU,
    ReLU,
    Softplus,
    Tanh,
)
from sknn_actloss.core import Model, plain_layout
from sknn_actloss.losses import (
    Focal,
    FunctionLoss,
    GaussianNLL,
    Hinge,
    Huber,
    LogLoss,
    Quantile,
    SquaredError,
    SquaredLogError,
    Tweedie,
)

KINDS = sorted({(case.task, case.kind, case.n_targets, case.n_outputs) for case in CASES})


def assert_members_alone(layout, models, X, y, weights=None, dtype=np.float64, seed=0):
    params = random_params(np.random.default_rng(seed), layout, len(models)).astype(dtype)
    X, y = X.astype(dtype), y.astype(dtype)
    weights = None if weights is None else weights.astype(dtype)
    close = {"rtol": 1e-10, "atol": 1e-13} if dtype == np.float64 else {"rtol": 1e-3, "atol": 1e-5}
    losses, gradient = loss_and_gradient(layout, models, params, X, y, weights, 7.5)
    assert losses.shape == (len(models),)
    assert gradient.shape == params.shape
    for i, model in enumerate(models):
        alone = loss_and_gradient(layout, [model], params[i : i + 1], X, y, weights, 7.5)
        assert_allclose(losses[i], alone[0][0], **close, err_msg=repr(model))
        assert_allclose(gradient[i], alone[1][0], **close, err_msg=repr(model))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("task", "kind", "n_targets", "n_outputs"), KINDS)
def test_all_losses_side_by_side(task, kind, n_targets, n_outputs, dtype) -> None:
    rng = np.random.default_rng(0)
    key = task, kind, n_targets, n_outputs
    cases = [c for c in CASES if (c.task, c.kind, c.n_targets, c.n_outputs) == key]
    models = [
        case.model((ACTIVATIONS[name](), ACTIVATIONS[other]()), output, alpha=0.01 * i)
        for i, (case, name, other) in enumerate(
            zip(cases, HIDDEN_ACTIVATIONS, HIDDEN_ACTIVATIONS[::-1], strict=False)
        )
        for output in [None, *case.other_outputs()]
    ]
    # Targets that every one of the losses takes.
    positive = min(cases, key=lambda case: case.model().loss.target_domain.high)
    y = np.abs(positive.targets(rng, 8)) + (kind == "continuous")
    X, weights = rng.normal(size=(8, 3)), rng.exponential(size=8)
    layout = plain_layout((3, 5, 4, n_outputs))
    for w in (None, weights):
        assert_members_alone(layout, models, X, y, w, dtype)
        assert_members_alone(layout, models[::-1], sparse.csr_array(X), y, w, dtype)


def binary(loss, activation=None, alpha=0.0) -> Model:
    case = Case("classification", "", "binary", 1)
    return case.model((activation or ReLU(),), loss=loss, alpha=alpha)


def continuous(loss, activation=None, output=None, alpha=0.0) -> Model:
    case = Case("regression", "", "continuous", 2)
    return case.model((activation or ReLU(),), output, loss=loss, alpha=alpha)


def cauchy(y, p):
    return np.log1p((p - y) ** 2)


@pytest.mark.parametrize("order", ["contiguous", "interleaved", "reversed"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_encodings_of_classes_side_by_side(order: str, dtype) -> None:
    models = [
        binary(Hinge(), Tanh()),
        binary(Hinge(), ReLU(), alpha=0.3),
        binary(LogLoss(), ELU(0.5)),
        binary(LogLoss(0.1), ELU(2.0), alpha=0.1),
        binary(Focal(0.5), LeakyReLU(0.1)),
        binary(Focal(3.0), LeakyReLU(0.3)),
        binary(Focal(1.0, alpha=0.2), Tanh()),
        binary(FunctionLoss(cauchy), ELU()),
    ]
    models = {
        "contiguous": models,
        "interleaved": [*models[::2], *models[1::2]],
        "reversed": models[::-1],
    }[order]
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(9, 3)), (rng.random((9, 1)) < 0.4).astype(float)
    assert_members_alone(plain_layout((3, 6, 1)), models, X, y, rng.exponential(size=9), dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_hyperparameters_of_regression_losses_side_by_side(dtype) -> None:
    models = [
        *(continuous(Huber(delta), ELU(delta), alpha=delta) for delta in (0.1, 1.0, 2.0)),
        *(continuous(Quantile(q), LeakyReLU(q)) for q in (0.1, 0.5)),
        continuous(Huber(0.5)),
        *(continuous(Tweedie(power), Tanh()) for power in (1.5, 1.1, 2, 3.0, 0, -1.0)),
        *(continuous(SquaredError(), Tanh(), Softplus(beta)) for beta in (0.5, 1.0, 2.0)),
        *(continuous(SquaredLogError(), Tanh(), Softplus(beta)) for beta in (0.5, 2.0)),
    ]
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(9, 3)), rng.gamma(2.0, size=(9, 2))
    for weights in (None, rng.exponential(size=9)):
        assert_members_alone(plain_layout((3, 6, 2)), models, X, y, weights, dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_losses_of_several_outputs_for_each_target_side_by_side(dtype) -> None:
    models = [
        *(continuous(GaussianNLL(floor), Tanh(), alpha=floor) for floor in (0.1, 0.2, 1e-6)),
        *(continuous(Quantile(levels), Tanh()) for levels in [(0.5, 0.9), (0.9, 0.5), (0.2, 0.5)]),
        continuous(GaussianNLL(), ELU()),
    ]
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    for weights in (None, rng.exponential(size=9)):
        assert_members_alone(plain_layout((3, 6, 4)), models, X, y, weights, dtype)


def test_members_may_differ_in_each_layer() -> None:
    rng = np.random.default_rng(3)
    case = Case("classification", "log_loss", "multiclass", 4)
    names = HIDDEN_ACTIVATIONS
    models = [
        case.model(tuple(ACTIVATIONS[names[(i + shift) % len(names)]]() for shift in (0, 5, 9)))
        for i in range(len(names))
    ]
    X, y = rng.normal(size=(7, 3)), case.targets(rng, 7)
    assert_members_alone(plain_layout((3, 5, 4, 3, 4)), models, X, y)


def test_networks_without_hidden_layers_side_by_side() -> None:
    rng = np.random.default_rng(4)
    case = Case("classification", "", "multilabel", 3)
    models = [case.model(loss=loss, alpha=0.1) for loss in (LogLoss(), Hinge(), Focal(), Hinge())]
    assert_members_alone(
        plain_layout((5, 3)), models, rng.normal(size=(7, 5)), case.targets(rng, 7)
    )


def test_equal_members_give_equal_bits() -> None:
    rng = np.random.default_rng(5)
    layout = plain_layout((3, 6, 1))
    params = np.repeat(random_params(rng, layout), 4, axis=0)
    X, y = rng.normal(size=(9, 3)), (rng.random((9, 1)) < 0.4).astype(float)
    losses, gradient = loss_and_gradient(layout, [binary(LogLoss())] * 4, params, X, y)
    assert_array_equal(losses, losses[0])
    assert_array_equal(gradient, np.broadcast_to(gradient[0], gradient.shape))


@pytest.mark.parametrize("kind", ["nan", "inf"])
def test_a_member_that_is_not_finite_changes_no_bit_of_the_others(kind: str) -> None:
    rng = np.random.default_rng(6)
    layout = plain_layout((3, 6, 2))
    models = [
        continuous(Huber(0.3), alpha=0.1),
        continuous(Huber(0.6)),
        continuous(Huber(0.9)),
        continuous(SquaredError(), Tanh()),
    ]
    params = random_params(rng, layout, 4)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=(9, 2))
    expected = loss_and_gradient(layout, models, params, X, y)
    params[1] = float(kind)
    with np.errstate(invalid="ignore"):
        actual = loss_and_gradient(layout, models, params, X, y)
    for result, reference in zip(actual, expected, strict=True):
        assert_array_equal(result[[0, 2, 3]], reference[[0, 2, 3]])
    assert not np.isfinite(actual[0][1])


def test_a_link_beside_other_hyperparameters_of_its_activation() -> None:
    models = [
        continuous(SquaredLogError(), Tanh()),
        continuous(SquaredLogError(), Tanh(), Softplus(2.0)),
    ]
    rng = np.random.default_rng(7)
    layout = plain_layout((3, 6, 2))
    X, y = rng.normal(size=(9, 3)), rng.gamma(2.0, size=(9, 2))
    params = random_params(rng, layout, 2)
    for bias in (0.0, -30.0):  # far out, only the loss with its own link goes on
        params[:, -2:] = bias
        losses, gradient = loss_and_gradient(layout, models, params, X, y)
        for i, model in enumerate(models):
            alone = loss_and_gradient(layout, [model], params[i : i + 1], X, y)
            assert_allclose(losses[i], alone[0][0], rtol=1e-10)
            assert_allclose(gradient[i], alone[1][0], rtol=1e-10, atol=1e-13)
