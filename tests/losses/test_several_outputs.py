"""Losses with several outputs for each target: several quantiles, mean and variance."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from loss_cases import value_and_gradient
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sknn_actloss._component import stackable
from sknn_actloss.losses import GaussianNLL, Head, Quantile, QuantileHead, SquaredError

LEVELS = (0.1, 0.5, 0.9)
NOT_LEVELS = {
    "no median": (0.1, 0.9),
    "twice": (0.5, 0.5, 0.9),
    "zero": (0.0, 0.5),
    "one": (0.5, 1.0),
    "nan": (0.5, np.nan),
    "empty": (),
    "text": ("low", "high"),
    "matrix": np.array([[0.1, 0.5]]),
    "no dimension": np.array(0.5),
}


# Several quantiles


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_several_quantiles_are_the_sum_of_single_ones(n_targets: int, dtype: type) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20, n_targets)).astype(dtype)
    raw = rng.normal(size=(2, 20, n_targets, 3)).astype(dtype)
    gradient = np.empty_like(raw).reshape(2, 20, -1)
    value = value_and_gradient(Quantile(LEVELS), y, raw.reshape(2, 20, -1), gradient)
    single, total = np.empty_like(raw), 0
    for index, level in enumerate(LEVELS):
        part = np.empty((2, 20, n_targets), dtype)
        total = total + value_and_gradient(Quantile(level), y, raw[..., index], part)
        single[..., index] = part
    assert_allclose(value, total, rtol=1e-6 if dtype == np.float32 else 1e-14)
    assert_array_equal(gradient, single.reshape(gradient.shape))


@pytest.mark.parametrize("levels", [LEVELS, [0.9, 0.1, 0.5], np.array([0.5, 0.9, 0.1])], ids=repr)
def test_levels_come_in_any_order_and_outputs_in_the_ascending_one(levels) -> None:
    loss = Quantile(levels)
    loss.validate()
    assert loss.quantile is levels
    assert loss.levels == LEVELS
    assert loss.outputs_per_target == 3
    assert loss.for_targets("continuous", "identity") == Quantile(LEVELS)
    y = np.random.default_rng(1).normal(size=(99, 2))
    initial = loss.initial_prediction(y, np.ones(99)).reshape(2, 3)
    assert_array_equal(initial.T, np.quantile(y, LEVELS, axis=0, method="inverted_cdf"))


def test_a_number_is_one_quantile() -> None:
    for number in (0.3, np.float32(0.3)):
        loss, prediction = Quantile(number), np.ones((4, 2))
        assert (loss.levels, loss.outputs_per_target) == ((), 1)
        assert loss.head.point(prediction) is prediction


def test_crossing_quantiles_are_sorted_and_the_point_is_the_median_among_them() -> None:
    prediction = np.array([[3.0, 1.0, 2.0, 4.0, 5.0, 6.0], [1.0, 2.0, 3.0, 6.0, 5.0, 4.0]])
    loss = Quantile((0.9, 0.1, 0.5))
    expected = [[[1, 2, 3], [4, 5, 6]]] * 2
    assert_array_equal(loss.head.quantiles(prediction), expected)
    assert_array_equal(loss.head.quantiles(prediction[None]), [expected])
    assert_array_equal(loss.head.point(prediction), [[2, 5], [2, 5]])
    assert_array_equal(Quantile((0.5, 0.6)).head.point(np.array([[9.0, 8.0]])), [[8.0]])


def test_sorting_never_takes_quantiles_farther_from_the_truth() -> None:
    rng = np.random.default_rng(2)
    truth = np.sort(rng.normal(size=(50, 5)), axis=1)
    prediction = truth + rng.normal(size=(50, 5))
    loss = Quantile((0.1, 0.3, 0.5, 0.7, 0.9))
    distance = np.abs(loss.head.quantiles(prediction)[:, 0] - truth).sum(axis=1)
    assert np.all(distance <= np.abs(prediction - truth).sum(axis=1) + 1e-12)


@pytest.mark.parametrize("n_levels", [3, 9, 19, 99])
def test_the_median_of_an_even_grid_is_found_despite_rounding(n_levels: int) -> None:
    loss = Quantile(np.linspace(0, 1, n_levels + 2)[1:-1])
    loss.validate()
    row = np.arange(float(n_levels))[None]
    assert_array_equal(loss.head.point(row), [[n_levels // 2]])
    steps = Quantile(np.cumsum(np.full(n_levels, 1 / (n_levels + 1))))
    steps.validate()
    assert_array_equal(steps.head.point(row), [[n_levels // 2]])


@pytest.mark.parametrize("levels", NOT_LEVELS.values(), ids=NOT_LEVELS)
def test_what_are_no_levels(levels) -> None:
    with pytest.raises(ValueError, match=r"'quantile' parameter of Quantile must be a .*0\.5"):
        Quantile(levels).validate()


def test_losses_of_equal_levels_stack() -> None:
    assert stackable(Quantile(LEVELS), Quantile(LEVELS))
    assert not stackable(Quantile(LEVELS), Quantile((0.2, 0.5, 0.9)))
    assert not stackable(Quantile(LEVELS), Quantile(0.5))
    assert stackable(GaussianNLL(), GaussianNLL(0.1))


# Mean and variance


def gaussian_nll(y, mean, s, min_variance):
    variance = mp.exp(s) + mp.mpf(min_variance)
    return (mp.log(2 * mp.pi * variance) + (y - mean) ** 2 / variance) / 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("min_variance", [1e-6, 0.5])
def test_exact_likelihoods_and_derivatives(min_variance: float, dtype: type) -> None:
    means, logarithms = [-100.0, -2.0, 0.25, 3.0, 1e4], [-1e4, -30.0, -4.0, 0.0, 0.5, 20.0, 80.0]
    raw = np.array([(mean, s) for mean in means for s in logarithms], dtype)
    y = np.full((len(raw), 1), 0.25, dtype)
    gradient = np.empty_like(raw)
    value = value_and_gradient(GaussianNLL(min_variance), y, raw, gradient)
    with mp.workdps(80):
        step = mp.mpf("1e-25")
        for row, (mean, s) in enumerate(raw.tolist()):

            def loss(a, b, mean=mean, s=s):
                return gaussian_nll(0.25, mean + mp.mpf(a), s + mp.mpf(b), min_variance)

            slopes = [
                (loss(a * step, b * step) - loss(-a * step, -b * step)) / (2 * step)
                for a, b in ((1, 0), (0, 1))
            ]
            tolerance = 100 * float(np.finfo(dtype).eps)
            assert value[row] == pytest.approx(float(loss(0, 0)), rel=tolerance, abs=tolerance)
            for found, slope in zip(gradient[row], slopes, strict=True):
                assert found == pytest.approx(float(slope), rel=tolerance, abs=tolerance)


def test_the_value_is_the_negative_logarithm_of_the_density() -> None:
    rng = np.random.default_rng(3)
    y, raw = rng.normal(size=(20, 2)), rng.normal(size=(20, 4))
    loss = GaussianNLL(0.01)
    mean, deviation = loss.head.point(raw), np.sqrt(loss.head.variance(raw))
    expected = -stats.norm.logpdf(y, mean, deviation).sum(axis=1)
    assert_allclose(loss.value(y, raw), expected)
    assert_array_equal(mean, raw[:, [0, 2]])
    assert_allclose(deviation**2, np.exp(raw[:, [1, 3]]) + 0.01)


def test_value_and_gradient_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    y, raw = rng.normal(size=(20, 2)), rng.normal(size=(20, 4))
    gradient = np.empty_like(raw)
    value = value_and_gradient(GaussianNLL(0.01), y, raw, gradient)
    outputs = torch.tensor(raw, requires_grad=True)
    variance = outputs[:, 1::2].exp() + 0.01
    reference = torch.nn.GaussianNLLLoss(full=True, reduction="none")
    losses = reference(outputs[:, ::2], torch.tensor(y), variance).sum(dim=1)
    losses.sum().backward()
    assert_allclose(value, losses.detach().numpy(), rtol=1e-12)
    assert_allclose(gradient, outputs.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_residuals_and_variances_far_out_stay_finite() -> None:
    loss, y = GaussianNLL(), np.array([[1e15], [0.0], [0.0]], np.float32)
    raw = np.array([[-1e15, -1e4], [0.0, 1e4], [1e15, 1e30]], np.float32)
    out = np.empty_like(raw)
    assert np.isfinite(value_and_gradient(loss, y, raw, out)).all()
    assert np.isfinite(out[1:]).all()
    assert_array_equal(loss.head.variance(raw)[:, 0], np.array([1e-6, np.inf, np.inf], np.float32))


def test_constant_targets_start_at_a_variance_of_one() -> None:
    y = np.column_stack([np.full(4, 3.1), [0.0, 0.0, 2.0, 2.0]])
    initial = GaussianNLL().initial_prediction(y, np.ones(4))
    assert_allclose(initial, [3.1, 0.0, 1.0, 0.0], atol=1e-12)
    initial = GaussianNLL().initial_prediction(10 * y, np.ones(4))
    assert_allclose(initial, [31, 0.0, 10.0, np.log(100)], atol=1e-12)


# The contract


def test_what_the_outputs_of_a_target_stand_for() -> None:
    prediction = np.arange(12.0).reshape(2, 6)
    assert SquaredError().head.point(prediction) is prediction
    assert SquaredError().head.variance(prediction) is None
    assert not isinstance(SquaredError().head, QuantileHead)
    assert Quantile(LEVELS).head.variance(prediction) is None
    assert Quantile((0.9, 0.1, 0.5)).head == QuantileHead(LEVELS)
    assert Quantile(LEVELS).head_kind is QuantileHead
    assert Quantile(0.5).head_kind is Head
    assert GaussianNLL().head.point(prediction).shape == (2, 3)
    assert GaussianNLL().head.variance(prediction[None]).shape == (1, 2, 3)


def test_output_activations_that_spoil_what_outputs_mean() -> None:
    for output in ("exp", "softmax", ""):
        assert "logarithms of variances" in GaussianNLL().objection(output)
        assert SquaredError().objection(output) == Quantile(0.3).objection(output) == ""
    assert GaussianNLL().objection("identity") == Quantile(LEVELS).objection("exp") == ""
    assert "add up to one" in Quantile(LEVELS).objection("softmax")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_deviations_are_right_where_variances_overflow(dtype) -> None:
    logarithm = 1.4 * np.log(np.finfo(dtype).max)
    raw = np.array([[0.0, logarithm], [0.0, -np.inf], [0.0, 1e30]], dtype)
    found = GaussianNLL(0.25).head.deviation(raw)[:, 0]
    assert found.dtype == dtype
    assert_allclose(found[:2], [np.exp(logarithm / 2), 0.5], rtol=1e-4)
    assert np.isfinite(found[2])
    assert SquaredError().head.deviation(raw) is None
