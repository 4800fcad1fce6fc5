"""A user's own function as a loss."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from loss_cases import value_and_gradient
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sknn_actloss._component import stackable
from sknn_actloss.losses import BoundLoss, FunctionLoss, SquaredError


def cauchy(y, p):
    return np.log1p((p - y) ** 2)


def cauchy_slope(y, p):
    return 2 * (p - y) / (1 + (p - y) ** 2)


def absolute(y, p):
    return np.abs(p - y)


def in_place(y, p):
    p -= y
    p *= p
    return p


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(20, 3)), rng.normal(size=(2, 20, 3))


def formulas(*functions) -> BoundLoss:
    return FunctionLoss(*functions).for_targets("continuous", "identity")


@pytest.mark.parametrize("functions", [(cauchy,), (cauchy, cauchy_slope)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_gradient(functions, dtype: type, sample) -> None:
    y, p = (array.astype(dtype) for array in sample)
    out = np.empty_like(p)
    value = value_and_gradient(formulas(*functions), y, p, out)
    assert value.dtype == dtype
    assert_allclose(value, cauchy(y, p).sum(axis=-1), rtol=1e-5)
    assert_allclose(out, cauchy_slope(y, p), rtol=1e-4 if dtype == np.float32 else 1e-13)
    of_prediction = np.empty_like(p[0])
    formulas(*functions).gradient_of_prediction(y, p[0], of_prediction)
    assert_array_equal(of_prediction, out[0])
    assert_array_equal(formulas(*functions).value_of_prediction(y, p[0]), value[0])


def test_functions_see_rows_of_targets_and_predictions(sample) -> None:
    shapes = []

    def remember(y, p):
        shapes.append((y.shape, p.shape, y.dtype, p.dtype))
        return p

    formulas(remember).value(*sample)
    assert shapes == [((40, 3), (40, 3), np.float64, np.float64)]


def test_functions_may_work_in_place_on_predictions(sample) -> None:
    y, p = sample
    before = p.copy()
    out = np.empty_like(p)
    value = value_and_gradient(formulas(in_place), y, p, out)
    assert_allclose(value, ((p - y) ** 2).sum(axis=-1))
    assert_allclose(out, 2 * (p - y))
    assert_array_equal(p, before)


def test_targets_are_read_only(sample) -> None:
    def spoil(y, p):
        y *= 2
        return p

    y, p = sample
    with pytest.raises(ValueError, match="read-only"):
        formulas(spoil).value(y, p[:1])
    with pytest.raises(ValueError, match="read-only"):
        formulas(spoil).check(y, p[0])


def test_mean_of_rows(sample) -> None:
    y, p = sample
    weight = np.arange(20.0)
    expected = np.average(cauchy(y, p[0]).sum(axis=1), weights=weight)
    assert FunctionLoss(cauchy)(y, p[0], weight) == pytest.approx(expected)
    assert FunctionLoss(in_place)([1, 0], [0.5, 0.5]) == 2 * SquaredError()([1, 0], [0.5, 0.5])


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ((lambda y, p: p[:, 0],), r"value\(y, p\).*shape.*\(40, 3\).*\(40,\)"),
        ((cauchy, lambda y, p: 1.0), r"gradient\(y, p\).*shape.*\(40, 3\).*\(\)"),
    ],
)
def test_wrong_shapes(functions, message: str, sample) -> None:
    y, p = sample
    with pytest.raises(ValueError, match=message):
        value_and_gradient(formulas(*functions), y, p, np.empty_like(p))


@pytest.mark.parametrize("functions", [(cauchy,), (in_place,), (absolute, lambda y, p: p)])
def test_check_passes(functions, sample) -> None:
    y, p = sample
    formulas(*functions).check(y[:4], p[0, :4])
    SquaredError().check(y[:4], p[0, :4])


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ((absolute,), r"complex step.*FunctionLoss\(value, gradient=\.\.\.\)"),
        ((lambda y, p: p - p.mean(axis=0),), "not elementwise"),
        ((lambda y, p: p.sum(axis=1),), r"shape.*\(4, 3\).*\(4,\)"),
        ((lambda y, p: p / 0,), "not finite"),
        ((cauchy, lambda y, p: np.zeros(4)), r"shape.*\(4, 3\).*\(4,\)"),
    ],
)
def test_check_finds(functions, message: str, sample) -> None:
    y, p = sample
    with pytest.raises(ValueError, match=message):
        formulas(*functions).check(y[:4], p[0, :4])


def test_component() -> None:
    loss = FunctionLoss(cauchy, cauchy_slope)
    assert eval(repr(loss)) == loss
    for other in (clone(loss), pickle.loads(pickle.dumps(loss))):
        assert other == loss
    assert loss.get_params() == {"value": cauchy, "gradient": cauchy_slope}
    assert loss.set_params(gradient=None) == FunctionLoss(cauchy)
    assert not stackable(formulas(cauchy), formulas(absolute))
    with pytest.raises(TypeError, match="value"):
        FunctionLoss()


def test_fields_shadow_no_method() -> None:
    assert not hasattr(FunctionLoss, "value")
    assert FunctionLoss.gradient is None
    assert FunctionLoss(cauchy)([0.0], [1.0]) == np.log(2)
