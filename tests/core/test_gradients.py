"""The gradient of whole networks is the derivative of their loss."""

from __future__ import annotations

import numpy as np
import pytest
from network_cases import (
    CASES,
    OTHERS,
    SHAPES,
    Case,
    differentiate,
    loss_and_gradient,
    random_params,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn_actloss.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    HIDDEN_ACTIVATIONS,
    FunctionActivation,
    LeakyReLU,
    Logistic,
    Softmax,
    Softplus,
    Squareplus,
)
from sknn_actloss.core import Network, as_rows, plain_layout
from sknn_actloss.losses import (
    LOSSES,
    TARGET_KINDS,
    EpsilonInsensitive,
    Focal,
    FunctionLoss,
    GaussianNLL,
    Huber,
    LogLoss,
    Loss,
    Quantile,
    SquaredEpsilonInsensitive,
    Tweedie,
)

N_FEATURES, N_ROWS = 3, 6
STEP = 2e-4
RTOL = 1e-6
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def directional_derivatives(layout, model, params, direction, batch):
    """Return the derivative along a direction from both sides, the left and the right alone."""
    left2, left, here, right, right2 = (
        loss_and_gradient(layout, [model], params + k * STEP * direction, *batch)[0][0]
        for k in (-2, -1, 0, 1, 2)
    )
    both = (8 * (right - left) - (right2 - left2)) / (12 * STEP)
    from_left = (3 * here - 4 * left + left2) / (2 * STEP)
    from_right = (4 * right - 3 * here - right2) / (2 * STEP)
    return both, from_left, from_right


def check_gradient(case, model, hidden=(4, 3), weighted=False, loss=None, n_directions=1):
    """Compare the gradient with central differences, at a sample without a kink nearby."""
    layout = plain_layout((N_FEATURES, *hidden, case.n_targets * model.loss.outputs_per_target))
    n_compared = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(N_ROWS, N_FEATURES))
        y = case.targets(rng, N_ROWS, loss)
        params = random_params(rng, layout)
        weights = rng.exponential(size=N_ROWS) if weighted else None
        batch = (X, y, weights, 4.5 if weighted else float(N_ROWS))
        losses, gradient = loss_and_gradient(layout, [model], params, *batch)
        # Half of the direction is the gradient, lest all terms of the product cancel.
        direction = rng.normal(size=params.shape)
        direction /= np.linalg.norm(direction)
        direction += gradient / np.linalg.norm(gradient)
        both, left, right = directional_derivatives(layout, model, params, direction, batch)
        assert np.isfinite(both)
        rounding = 1e-13 * abs(losses[0]) / STEP
        if abs(left - right) > 0.1 * RTOL * abs(both) + rounding:
            continue
        assert np.vdot(gradient, direction) == pytest.approx(both, rel=RTOL, abs=rounding), (
            f"{model}, hidden={hidden}, weighted={weighted}, seed={seed}"
        )
        n_compared += 1
        if n_compared == n_directions:
            return
    raise AssertionError(f"{model}: every sample is at a kink")


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS)
@every_case
def test_every_hidden_activation_with_every_loss(case: Case, activation: str) -> None:
    model = case.model((ACTIVATIONS[activation](),) * 2)
    for weighted in (False, True):
        check_gradient(case, model, weighted=weighted)


def test_cases_cover_the_tables() -> None:
    assert {(case.task, case.name) for case in CASES} == {
        *((task, name) for task, table in LOSSES.items() for name in table),
        *OTHERS,
    }
    assert {kind for shapes in SHAPES.values() for kind, _ in shapes} == set(TARGET_KINDS)


@every_case
def test_every_admissible_output_activation(case: Case) -> None:
    for output in case.other_outputs():
        model = case.model((ACTIVATIONS["tanh"](),), output)
        for weighted in (False, True):
            check_gradient(case, model, hidden=(4,), weighted=weighted)


def test_softmax_is_among_the_other_outputs_of_several_regression_targets() -> None:
    case = Case("regression", "squared_error", "continuous", 3)
    assert any(isinstance(output, Softmax) for output in case.other_outputs())


def test_softmax_with_squared_error_takes_the_jacobian() -> None:
    case, rng = Case("classification", "squared_error", "multiclass", 4), np.random.default_rng(0)
    model = case.model(alpha=0.0)
    assert isinstance(model.output, Softmax)
    raw, y = rng.normal(size=(1, 4)), case.targets(rng, 1)
    layout = plain_layout((1, 4))
    drawn = {"coefs_": [np.zeros((1, 4))], "intercepts_": [raw[0]]}
    params = layout.initial(drawn, np.float64)
    _, gradient = loss_and_gradient(layout, [model], params, np.zeros((1, 1)), y)
    p = np.exp(raw[0]) / np.exp(raw[0]).sum()
    jacobian = np.diag(p) - np.outer(p, p)
    assert_allclose(
        layout.views(gradient).of("intercepts_")[0][0, 0], jacobian @ (p - y[0]), rtol=1e-12
    )


@pytest.mark.parametrize("hidden", [(), (5,), (2, 3, 4), (1, 1)], ids=str)
@every_case
def test_every_depth(case: Case, hidden: tuple[int, ...]) -> None:
    names = ("tanh", "gelu", "softplus")
    model = case.model(tuple(ACTIVATIONS[name]() for name in names[: len(hidden)]))
    check_gradient(case, model, hidden=hidden)


@pytest.mark.parametrize(
    "activation",
    [
        LeakyReLU(0.3),
        ELU(2.0),
        CELU(0.5),
        GELU(approximate=True),
        Softplus(3.0),
        Squareplus(1.0),
        FunctionActivation(np.sin),
        FunctionActivation(np.cbrt, lambda z: 1 / (3 * np.cbrt(z) ** 2)),
    ],
    ids=repr,
)
def test_hyperparameters_of_activations(activation) -> None:
    case = Case("regression", "squared_error", "continuous", 3)
    check_gradient(case, case.model((activation, activation)), n_directions=3)


def cauchy(y, p):
    return np.log1p((p - y) ** 2)


@pytest.mark.parametrize(
    "loss",
    [
        Huber(0.3),
        Quantile(0.9),
        Quantile([0.5]),
        Quantile(np.linspace(0.05, 0.95, 7)),
        GaussianNLL(0.5),
        EpsilonInsensitive(0.5),
        SquaredEpsilonInsensitive(0.0),
        *(Tweedie(power) for power in (-1.5, 0, 1, 1.1, 2, 3.0)),
        LogLoss(label_smoothing=0.2),
        Focal(gamma=0.5, alpha=0.25),
        FunctionLoss(cauchy),
    ],
    ids=repr,
)
def test_hyperparameters_of_losses(loss) -> None:
    task = min(loss.tasks)
    for kind, n_targets in SHAPES[task]:
        case = Case(task, "", kind, n_targets)
        model = case.model((ACTIVATIONS["tanh"](),), loss=loss)
        check_gradient(case, model, hidden=(4,), weighted=True, loss=loss)


class SignedPair(Loss):
    """Targets of -1 and +1 with two outputs for each of them."""

    tasks = frozenset({"classification"})
    encoding = (-1.0, 1.0)
    outputs_per_target = 2

    def value(self, y, raw):
        return np.sum(np.log1p(np.exp(-np.repeat(y, 2, axis=-1) * raw)), axis=-1)

    def gradient(self, y, raw, out):
        signs = np.repeat(y, 2, axis=-1)
        np.divide(-signs, 1 + np.exp(signs * raw), out=out)


@pytest.mark.parametrize("n_targets", [1, 3])
def test_targets_of_both_signs_with_several_outputs_for_each(n_targets: int) -> None:
    case = Case("classification", "", "multilabel", n_targets)
    check_gradient(case, case.model((ACTIVATIONS["tanh"](),), loss=SignedPair()), hidden=(4,))


@every_case
def test_one_class_against_the_rest(case: Case) -> None:
    if case.kind == "multiclass" and isinstance(case.model().output, Softmax):
        check_gradient(case, case.model((ACTIVATIONS["tanh"](),), Logistic()), hidden=(4,))


@pytest.mark.parametrize("weighted", [False, True])
@every_case
def test_sparse_rows_give_what_dense_rows_give(case: Case, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(N_ROWS, N_FEATURES)) * (rng.random((N_ROWS, N_FEATURES)) < 0.5)
    y = case.targets(rng, N_ROWS)
    weights = rng.exponential(size=N_ROWS) if weighted else None
    for hidden in ((), (4, 3)):
        layout = plain_layout((N_FEATURES, *hidden, case.n_outputs))
        params = random_params(rng, layout, 2)
        models = [case.model((ACTIVATIONS["relu"](),) * len(hidden), alpha=a) for a in (0, 0.3)]
        dense = loss_and_gradient(layout, models, params, X, y, weights)
        csr = loss_and_gradient(layout, models, params, sparse.csr_array(X), y, weights)
        for actual, expected in zip(csr, dense, strict=True):
            assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)


def test_loss_is_that_of_the_rows_and_the_penalty_of_the_weights() -> None:
    case, rng = Case("regression", "squared_error", "continuous", 2), np.random.default_rng(0)
    layout = plain_layout((3, 4, 2))
    X, y, w = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), rng.exponential(size=5)
    params = random_params(rng, layout)
    (first, second), (bias, last) = (
        layout.views(params).of("coefs_"),
        layout.views(params).of("intercepts_"),
    )
    residual = np.tanh(X @ first[0] + bias[0]) @ second[0] + last[0] - y
    penalty = 0.15 * sum(np.sum(weights**2) for weights in (first, second))
    models = [case.model((ACTIVATIONS["tanh"](),), alpha=0.3)]
    losses, _ = loss_and_gradient(layout, models, params, X, y)
    assert losses == pytest.approx((np.sum(residual**2) / 2 + penalty) / 5, rel=1e-13)
    losses, _ = loss_and_gradient(layout, models, params, X, y, w, 7.0)
    rows = np.sum(residual**2, axis=1) / 2
    assert losses == pytest.approx((w @ rows + penalty) / 7, rel=1e-13)


@every_case
def test_loss_is_the_mean_that_the_loss_itself_gives(case: Case) -> None:
    rng = np.random.default_rng(8)
    layout = plain_layout((3, 4, case.n_outputs))
    for output in [None, *case.other_outputs()]:
        X, y, params = rng.normal(size=(9, 3)), case.targets(rng, 9), random_params(rng, layout)
        model = case.model((ACTIVATIONS["tanh"](),), output, alpha=0.0)
        losses, _ = loss_and_gradient(layout, [model], params, X, y)
        raw = Network(layout, [model], params, 9).raw_outputs(as_rows(X))
        prediction = model.output(raw)[0]
        encoded = 2 * y - 1 if model.loss.encoding == (-1.0, 1.0) else y
        rows = model.loss.value_of_prediction(encoded, prediction)
        assert losses[0] == pytest.approx(rows.mean(), rel=1e-10), output
        if output is None:
            expected = case.loss(y, prediction, target_kind=case.kind)
            assert losses[0] == pytest.approx(expected, rel=1e-10)


def test_a_weight_of_two_is_a_row_twice() -> None:
    rng = np.random.default_rng(1)
    weights = np.array([1.0, 2.0, 0.0, 3.0, 1.0])
    repeats = weights.astype(int)
    for case in CASES:
        layout = plain_layout((3, 4, case.n_outputs))
        X, y = rng.normal(size=(5, 3)), case.targets(rng, 5)
        params, models = random_params(rng, layout), [case.model((ACTIVATIONS["elu"](),))]
        weighted = loss_and_gradient(layout, models, params, X, y, weights, 7.0)
        rows = np.repeat(X, repeats, axis=0), np.repeat(y, repeats, axis=0)
        repeated = loss_and_gradient(layout, models, params, *rows)
        for actual, expected in zip(weighted, repeated, strict=True):
            assert_allclose(actual, expected, rtol=1e-10, atol=1e-12, err_msg=str(case))


def test_batches_of_fewer_rows_leave_no_trace_of_larger_ones() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(9, 3))
    for case in CASES:
        layout = plain_layout((3, 4, case.n_outputs))
        y, params = case.targets(rng, 9), random_params(rng, layout)
        models = [case.model((ACTIVATIONS["gelu"](),))]
        network = Network(layout, models, params, 9)
        for n_rows in (9, 2, 5, 1, 9, 5):
            losses = differentiate(network, X[:n_rows], y[:n_rows], None, float(n_rows))
            expected = loss_and_gradient(layout, models, params, X[:n_rows], y[:n_rows])
            assert_allclose(losses, expected[0], rtol=1e-13, err_msg=str(case))
            assert_allclose(network.gradient, expected[1], rtol=1e-11, atol=1e-13)


def test_rows_and_targets_are_left_as_they_are() -> None:
    rng = np.random.default_rng(4)
    for case in CASES:
        for output in [None, *case.other_outputs()]:
            layout = plain_layout((3, 4, case.n_outputs))
            X, y, w = rng.normal(size=(5, 3)), case.targets(rng, 5), rng.exponential(size=5)
            arrays = [X, y, w]
            copies = [array.copy() for array in arrays]
            for array in arrays:
                array.flags.writeable = False
            model = case.model((ACTIVATIONS["gelu"](),), output)
            loss_and_gradient(layout, [model], random_params(rng, layout), *arrays)
            for array, copy in zip(arrays, copies, strict=True):
                assert_array_equal(array, copy)


def test_layout_places_weights_of_all_layers_side_by_side() -> None:
    layout = plain_layout((3, 4, 2))
    assert (layout.n_layers, layout.n_weights, layout.n_params) == (2, 20, 26)
    flat = np.arange(52.0).reshape(2, 26)
    weights, biases = layout.views(flat).of("coefs_"), layout.views(flat).of("intercepts_")
    assert [array.shape for array in weights] == [(2, 3, 4), (2, 4, 2)]
    assert [array.shape for array in biases] == [(2, 1, 4), (2, 1, 2)]
    assert all(np.shares_memory(array, flat) for array in weights + biases)
    parts = [biases[0], *weights, *biases[1:]]
    rebuilt = np.concatenate([array.reshape(2, -1) for array in parts], axis=1)
    assert_array_equal(rebuilt, flat)
    assert_array_equal(layout.decaying(flat), flat[:, 4:24])
    assert_array_equal(layout.views(flat).joint, flat[:, :16].reshape(2, 4, 4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layout_flattens_what_it_has_cut(dtype) -> None:
    layout = plain_layout((3, 4, 2))
    row = np.arange(26.0)[None]
    coefs = [weights[0] for weights in layout.views(row).of("coefs_")]
    intercepts = [bias[0, 0] for bias in layout.views(row).of("intercepts_")]
    flat = layout.initial({"coefs_": coefs, "intercepts_": intercepts}, np.dtype(dtype))
    assert flat.dtype == dtype
    assert_array_equal(flat, row)
    flat[:] = 0
    assert row.any()


def test_a_model_knows_whether_the_loss_includes_its_output() -> None:
    case = Case("classification", "log_loss", "binary", 1)
    assert case.model().is_fused
    assert case.model().output_name == "logistic"
    assert not case.model(output=ACTIVATIONS["hard_sigmoid"]()).is_fused
    softplus = Case("regression", "squared_log_error", "continuous", 1)
    assert softplus.model().is_fused
    steeper = softplus.model(output=Softplus(2.0))
    assert not steeper.is_fused
    assert steeper.output_name == ""
    own = case.model(output=FunctionActivation(np.sin))
    assert not own.is_fused
