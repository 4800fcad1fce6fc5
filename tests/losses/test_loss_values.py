"""Values against exact arithmetic, scikit-learn's losses and its metrics."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from loss_cases import instances, value_and_gradient
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn import metrics
from sklearn._loss import loss as reference

from sknn_actloss._interval import NONNEGATIVE, REALS
from sknn_actloss.losses import (
    AbsoluteError,
    AbsolutePercentageError,
    CategoricalHinge,
    Exponential,
    Focal,
    Gamma,
    Hinge,
    Huber,
    LogLoss,
    LossSpec,
    ModifiedHuber,
    Poisson,
    Quantile,
    SquaredError,
    SquaredLogError,
    Tweedie,
)


def tweedie(y, raw, power):
    p = mp.exp(raw)
    if power == 0:
        return (p - y) ** 2 / 2
    if power == 1:
        return p - y + (y * (mp.log(y) - raw) if y else 0)
    if power == 2:
        return raw - mp.log(y) + y / p - 1
    k = mp.mpf(power)
    least = max(y, 0) ** (2 - k) / ((1 - k) * (2 - k))
    return least - y * p ** (1 - k) / (1 - k) + p ** (2 - k) / (2 - k)


def log_loss(y, raw, label_smoothing):
    y = y * (1 - mp.mpf(label_smoothing)) + mp.mpf(label_smoothing) / 2
    return y * mp.log1p(mp.exp(-raw)) + (1 - y) * mp.log1p(mp.exp(raw))


def focal(y, raw, gamma, alpha):
    margin = raw if y else -raw
    weight = 1 if alpha is None else alpha if y else 1 - alpha
    return weight * mp.log1p(mp.exp(-margin)) / (1 + mp.exp(margin)) ** mp.mpf(gamma)


def huber(y, raw, delta):
    d = abs(raw - y)
    return d**2 / 2 if d <= delta else delta * (d - mp.mpf(delta) / 2)


def quantile(y, raw, quantile):
    return max(quantile * (y - raw), (mp.mpf(quantile) - 1) * (y - raw))


def squared_log_error(y, raw):
    return (mp.log1p(mp.log1p(mp.exp(raw))) - mp.log1p(max(y, mp.mpf(1e-5)))) ** 2


FORMULAS = {
    "SquaredError": lambda y, raw: (raw - y) ** 2 / 2,
    "AbsoluteError": lambda y, raw: abs(raw - y),
    "Huber": huber,
    "LogCosh": lambda y, raw: mp.log(mp.cosh(raw - y)),
    "Quantile": quantile,
    "EpsilonInsensitive": lambda y, raw, epsilon: max(0, abs(raw - y) - epsilon),
    "SquaredEpsilonInsensitive": lambda y, raw, epsilon: max(0, abs(raw - y) - epsilon) ** 2,
    "AbsolutePercentageError": lambda y, raw: 100 * abs(raw - y) / max(abs(y), mp.mpf(1e-5)),
    "SquaredLogError": squared_log_error,
    "Poisson": lambda y, raw: tweedie(y, raw, 1),
    "Gamma": lambda y, raw: tweedie(y, raw, 2),
    "Tweedie": tweedie,
    "LogLoss": log_loss,
    "Focal": focal,
    "Hinge": lambda y, raw: max(0, 1 - y * raw),
    "SquaredHinge": lambda y, raw: max(0, 1 - y * raw) ** 2,
    "ModifiedHuber": lambda y, raw: max(0, 1 - y * raw) ** 2 if y * raw >= -1 else -4 * y * raw,
    "Exponential": lambda y, raw: mp.exp(-y * raw),
    "CategoricalHinge": lambda y, raw: max(0, 1 - (2 * y - 1) * raw),
}
RAW = np.array([-1e4, -100.0, -60.0, -12.0, -2.0, -0.25, 0.0, 0.0625, 0.75, 3.0, 40.0, 100.0, 1e4])


def exact_targets(loss: LossSpec, kind: str) -> tuple[float, ...]:
    if kind == "binary":
        return loss.for_targets(kind, "").encoding
    positive = (1.5, 300.0)
    domain = loss.for_targets(kind, "").target_domain
    if domain == REALS:
        return (-20.5, -0.125, 0.0, *positive)
    return (0.0, *positive) if domain == NONNEGATIVE else positive


def exact(loss: LossSpec, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values and derivatives at RAW, rounded to float64 at the end."""
    formula, parameters = FORMULAS[type(loss).__name__], loss.get_params()
    with mp.workdps(60):
        pairs = [
            [
                (formula(mp.mpf(t), mp.mpf(r), **parameters), slope(formula, t, r, parameters))
                for r in RAW
            ]
            for t in y
        ]
        return tuple(np.array(pairs, dtype=float).transpose(2, 0, 1))


def slope(formula, y, raw, parameters):
    step = mp.mpf("1e-15")
    above, below = (formula(mp.mpf(y), mp.mpf(raw) + h, **parameters) for h in (step, -step))
    return (above - below) / (2 * step)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("loss", "kind"),
    [(loss, "continuous") for loss in instances("regression") if loss.outputs_per_target == 1]
    + [(loss, "binary") for loss in instances("classification")],
    ids=lambda value: str(value).split(" at ")[0],
)
def test_exact_values_and_derivatives(loss: LossSpec, kind: str, dtype: type) -> None:
    targets = exact_targets(loss, kind)
    formulas = loss.for_targets(kind, "")
    raw = np.tile(RAW.astype(dtype), len(targets))[:, np.newaxis]
    y = np.repeat(np.array(targets, dtype=dtype), len(RAW))[:, np.newaxis]
    gradient = np.empty_like(raw)
    formulas.gradient(y, raw, gradient)
    size = (1 + np.abs(raw)) * (1 + np.abs(y))
    for found, true in zip((formulas.value(y, raw), gradient), exact(loss, targets), strict=True):
        assert_close(found.ravel(), true.ravel(), size.ravel())


def assert_close(found: np.ndarray, true: np.ndarray, size: np.ndarray) -> None:
    """Compare numbers that a data type holds; where it overflows, the sign."""
    floats = np.finfo(found.dtype)
    fits = np.abs(true) < floats.max
    error = np.abs(found[fits] - true[fits])
    assert np.all(error <= floats.eps * (500 * np.abs(true[fits]) + 8 * size[fits]))
    assert_array_equal(found[~fits], np.copysign(np.inf, true[~fits]))


def assert_same(loss: LossSpec, kind: str, half: reference.BaseLoss, y: np.ndarray) -> None:
    """Compare with a loss of scikit-learn by raw outputs, constants included."""
    n_outputs = half.n_classes if half.is_multiclass else 1
    raw = np.random.default_rng(0).normal(size=(len(y), n_outputs))
    encoded = np.eye(n_outputs)[y.astype(int)] if half.is_multiclass else y[:, np.newaxis]
    loss = loss.for_targets(kind, loss.natural_output(kind))
    expected = half.loss(y, raw, None) + half.constant_to_optimal_zero(y, None)
    gradient = np.empty_like(raw)
    value = value_and_gradient(loss, encoded, raw, gradient)
    assert_allclose(value, expected, atol=1e-14)
    slopes = half.gradient(y, raw, None).reshape(raw.shape)
    assert_allclose(gradient, slopes, atol=1e-14)


@pytest.mark.parametrize(
    ("loss", "half"),
    [
        (SquaredError(), reference.HalfSquaredError()),
        (Poisson(), reference.HalfPoissonLoss()),
        (Gamma(), reference.HalfGammaLoss()),
        (Huber(delta=0.7), reference.HuberLoss(delta=0.7)),
        *(
            (Tweedie(power), reference.HalfTweedieLoss(power=power))
            for power in (-1, 0, 1, 1.5, 2, 3)
        ),
    ],
    ids=lambda value: str(value).split(" at ")[0],
)
def test_half_deviances(loss: LossSpec, half: reference.BaseLoss) -> None:
    assert_same(loss, "continuous", half, np.random.default_rng(1).gamma(2.0, size=50))


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_pinball(quantile: float) -> None:
    y = np.random.default_rng(2).normal(size=50)
    assert_same(Quantile(quantile), "continuous", reference.PinballLoss(quantile=quantile), y)
    assert_same(AbsoluteError(), "continuous", reference.AbsoluteError(), y)


def test_likelihoods() -> None:
    y = np.random.default_rng(3).integers(3, size=50).astype(float)
    assert_same(LogLoss(), "multiclass", reference.HalfMultinomialLoss(n_classes=3), y)
    assert_same(LogLoss(), "binary", reference.HalfBinomialLoss(), np.minimum(y, 1))


def test_exponential_loss() -> None:
    rng = np.random.default_rng(4)
    y, raw = rng.integers(2, size=50).astype(float), rng.normal(size=50)
    half = reference.ExponentialLoss()
    assert Exponential()(y, raw) == pytest.approx(half.loss(y, raw, None).mean())
    assert_allclose(Exponential().head.probabilities(raw), half.predict_proba(raw)[:, 1])


REGRESSION_METRICS = [
    (SquaredError(), lambda *args, **kw: metrics.mean_squared_error(*args, **kw) / 2),
    (AbsoluteError(), metrics.mean_absolute_error),
    (SquaredLogError(), metrics.mean_squared_log_error),
    (
        AbsolutePercentageError(),
        lambda *args, **kw: 100 * metrics.mean_absolute_percentage_error(*args, **kw),
    ),
    (Quantile(0.7), lambda *args, **kw: metrics.mean_pinball_loss(*args, alpha=0.7, **kw)),
]


@pytest.mark.parametrize(
    ("loss", "metric"), REGRESSION_METRICS, ids=[str(loss) for loss, _ in REGRESSION_METRICS]
)
def test_regression_metrics(loss: LossSpec, metric) -> None:
    y, p = np.random.default_rng(5).gamma(2.0, size=(2, 50, 2)) + 0.1
    weight = np.random.default_rng(6).random(50)
    assert loss(y, p, weight) == pytest.approx(2 * metric(y, p, sample_weight=weight))


@pytest.mark.parametrize("power", [-1, 0, 1, 1.5, 2, 3])
def test_deviances(power: float) -> None:
    y, p = np.random.default_rng(7).gamma(2.0, size=(2, 50))
    expected = metrics.mean_tweedie_deviance(y, p, power=power) / 2
    assert Tweedie(power)(y, p) == pytest.approx(expected)


def test_power_zero_takes_negative_predictions() -> None:
    assert Tweedie(0)([1.0, -1.0], [-1.0, -1.0]) == 1.0


def test_classification_metrics() -> None:
    rng = np.random.default_rng(8)
    y, raw = rng.integers(3, size=50), rng.normal(size=(50, 3))
    one_hot, p = np.eye(3)[y], softmax(raw, axis=1)
    assert LogLoss()(one_hot, p) == pytest.approx(metrics.log_loss(y, p))
    assert SquaredError()(one_hot, p) == pytest.approx(np.mean(np.sum((p - one_hot) ** 2, 1)) / 2)
    assert CategoricalHinge()(one_hot, raw) == pytest.approx(metrics.hinge_loss(y, raw))


def test_binary_metrics() -> None:
    rng = np.random.default_rng(9)
    y, raw = rng.integers(2, size=50), rng.normal(size=50)
    assert LogLoss()(y, expit(raw)) == pytest.approx(metrics.log_loss(y, expit(raw)))
    assert SquaredError()(y, expit(raw)) == pytest.approx(
        metrics.brier_score_loss(y, expit(raw)) / 2
    )
    for loss in (Hinge(), CategoricalHinge()):
        assert loss(y, raw) == pytest.approx(metrics.hinge_loss(y, raw))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_loss_clips_probabilities_as_scikit_learn_does(dtype: type) -> None:
    p = np.array([[1, 0], [0, 1], [0.25, 0.75]], dtype=dtype)
    y = np.array([0, 0, 1])
    assert LogLoss()(np.eye(2)[y], p) == pytest.approx(metrics.log_loss(y, p), rel=1e-6)
    assert LogLoss()(y, p[:, 1]) == pytest.approx(metrics.log_loss(y, p), rel=1e-6)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_focal_without_gamma_is_log_loss(kind: str) -> None:
    rng = np.random.default_rng(10)
    y, raw = np.eye(3)[rng.integers(3, size=50)], rng.normal(scale=9, size=(50, 3))
    found, expected = np.empty_like(raw), np.empty_like(raw)
    focal, log_loss = (loss.for_targets(kind, "") for loss in (Focal(gamma=0), LogLoss()))
    assert_allclose(
        value_and_gradient(focal, y, raw, found),
        value_and_gradient(log_loss, y, raw, expected),
        atol=1e-14,
    )
    assert_allclose(found, expected, atol=1e-14)


def test_focal_weights() -> None:
    y, p = np.eye(3), np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.1, 0.8]])
    rows = -((1 - np.diag(p)) ** 2) * np.log(np.diag(p))
    assert Focal()(y, p) == pytest.approx(rows.mean())
    assert Focal(alpha=[0.2, 1, 2])(y, p) == pytest.approx((rows * [0.2, 1, 2]).mean())
    assert Focal(alpha=0.25)(y, p) == pytest.approx(rows.mean() / 4)
    assert Focal(gamma=0, alpha=0.25)([1, 0], [0.5, 0.5]) == pytest.approx(np.log(2) / 2)


def test_label_smoothing_spreads_targets() -> None:
    p = np.array([[0.7, 0.2, 0.1]])
    spread = np.array([0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3])
    assert LogLoss(0.1)([[1, 0, 0]], p) == pytest.approx(-np.sum(spread * np.log(p)))
    expected = -0.95 * np.log(0.7) - 0.05 * np.log(0.3)
    assert LogLoss(0.1)([1], [0.7]) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [LogLoss(), LogLoss(0.1), Focal(), Focal(0.5), CategoricalHinge()])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_classes_at_extremes(loss: LossSpec, dtype: type) -> None:
    raw = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [-1e4, -1e4, -1e4]], dtype=dtype)
    formulas = loss.for_targets("multiclass", "softmax")
    out = np.empty_like(raw)
    for y in np.eye(3, dtype=dtype):
        y = np.tile(y, (3, 1))
        value = value_and_gradient(formulas, y, raw, out)
        assert np.all(np.isfinite(value))
        assert np.all(np.abs(out) <= 2)
        assert_allclose(out.sum(axis=1), 0, atol=1e-6)
        assert_allclose(value[1], value[2])
    assert formulas.value(np.eye(3)[[1]], raw[:1]) > 1.8e4


def test_modified_huber_is_the_loss_of_sgd() -> None:
    margin = np.array([-3.0, -1.0, -0.5, 0.5, 1.0, 2.0])
    rows = ModifiedHuber().value(np.ones((6, 1)), margin[:, np.newaxis])
    assert_allclose(rows, [12, 4, 2.25, 0.25, 0, 0])


def test_crammer_singer_moves_the_strongest_rival_only() -> None:
    raw, out = np.array([[1.0, 1.0, 0.5], [3.0, 0.0, 0.0]]), np.empty((2, 3))
    y = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    CategoricalHinge().for_targets("multiclass", "").gradient(y, raw, out)
    assert_allclose(out, [[1, 0, -1], [0, 0, 0]])
