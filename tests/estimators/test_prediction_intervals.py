"""Several quantiles, and mean and variance, from one network."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPRegressor
from sknn_actloss.activations import ReLU
from sknn_actloss.losses import LOSSES, GaussianNLL, Quantile
from sknn_actloss.model_selection import CommitteeRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS = (0.1, 0.5, 0.9)
#: The standard normal quantile of 0.9.
Z = 1.2816
X = np.random.RandomState(0).normal(size=(80, 3))
Y = np.column_stack([X[:, 0] + 0.3 * X[:, 1] ** 2, np.exp(0.3 * X[:, 2])])
TARGETS = {"vector": Y[:, 0], "matrix": Y}
every_shape = pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)


def model(loss, **parameters):
    return MLPRegressor(6, **{"loss": loss, "max_iter": 5, "random_state": 0} | parameters)


# Calibration


def noisy(rng, n_rows):
    """Return rows whose noise grows with the distance from zero."""
    x = rng.uniform(-3, 3, size=n_rows)
    return x[:, None], np.sin(x) + (0.1 + 0.2 * np.abs(x)) * rng.standard_normal(n_rows)


def band(fitted, rows):
    if hasattr(fitted, "predict_quantiles"):
        return fitted.predict_quantiles(rows)[:, [0, -1]].T
    mean, std = fitted.predict(rows, return_std=True)
    return mean - Z * std, mean + Z * std


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("loss", [Quantile(LEVELS), GaussianNLL()], ids=repr)
def test_the_band_from_10_to_90_percent_covers_80_percent(loss, seed, dtype):
    rng = np.random.default_rng(seed)
    fitted = MLPRegressor(
        (32,),
        loss=loss,
        learning_rate="cosine",
        learning_rate_init=0.01,
        max_iter=60,
        n_iter_no_change=np.inf,
        dtype=dtype,
        random_state=seed,
    )
    fitted.fit(*noisy(rng, 3000))
    rows, y = noisy(rng, 10_000)
    low, high = band(fitted, rows)
    assert 0.77 <= np.mean((low <= y) & (y <= high)) <= 0.83
    calm = np.abs(rows[:, 0]) < 1
    for part in (calm, ~calm):
        assert 0.72 <= np.mean((low <= y)[part] & (y <= high)[part]) <= 0.88
    assert np.mean((high - low)[~calm]) > 1.5 * np.mean((high - low)[calm])


# Several quantiles


@every_shape
def test_quantiles_are_sorted_and_the_prediction_is_their_median(y):
    fitted = model(Quantile(LEVELS)).fit(X, y)
    quantiles = fitted.predict_quantiles(X)
    assert quantiles.shape == (*y.shape, 3)
    assert np.all(np.diff(quantiles, axis=-1) >= 0)
    assert fitted.n_outputs_ == 3 * fitted.predict(X[:1]).size
    np.testing.assert_array_equal(fitted.predict(X), quantiles[..., 1])


def test_the_prediction_is_the_sorted_median_where_quantiles_cross():
    fitted = model(Quantile(LEVELS)).fit(X, Y[:, 0])
    fitted.intercepts_[-1][:] = [1.0, 3.0, 2.0]
    fitted.coefs_[-1][:] = 0
    np.testing.assert_array_equal(fitted.predict_quantiles(X[:2]), [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(fitted.predict(X[:2]), [2, 2])
    assert fitted.score(X, np.full(len(X), 2.0)) == 1.0


@every_shape
@pytest.mark.parametrize("levels", [[0.9, 0.1, 0.5], np.array([0.5, 0.9, 0.1])], ids=str)
def test_the_order_of_levels_changes_nothing(levels, y):
    expected = model(Quantile(LEVELS)).fit(X, y).predict_quantiles(X)
    np.testing.assert_array_equal(model(Quantile(levels)).fit(X, y).predict_quantiles(X), expected)


def test_outputs_start_at_the_quantiles_of_each_target():
    fitted = model(Quantile((0.9, 0.5)), learning_rate_init=1e-12).fit(X, Y)
    expected = [np.quantile(column, q, method="inverted_cdf") for column in Y.T for q in (0.5, 0.9)]
    np.testing.assert_allclose(fitted.intercepts_[-1], expected, atol=1e-9)


def test_a_number_and_a_sequence_of_the_median_are_the_same_network():
    one, several = model(Quantile(0.5)).fit(X, Y), model(Quantile([0.5])).fit(X, Y)
    np.testing.assert_array_equal(one.predict(X), several.predict(X))
    np.testing.assert_array_equal(several.predict_quantiles(X)[..., 0], several.predict(X))


def test_quantiles_go_through_output_activations_but_no_softmax():
    fitted = model(Quantile(LEVELS), out_activation="softplus", max_iter=50).fit(X, Y)
    assert fitted.predict_quantiles(X).min() > 0
    with pytest.raises(ValueError, match=r"does not go with loss=Quantile.*add up to one.*'auto'"):
        model(Quantile(LEVELS), out_activation="softmax").fit(X, Y)


@pytest.mark.parametrize("loss", ["squared_error", "gaussian_nll", Quantile(0.9)], ids=repr)
def test_quantiles_need_a_loss_that_has_them(loss):
    for regressor in (model(loss), model(loss).fit(X, Y)):
        assert not hasattr(regressor, "predict_quantiles")
        with pytest.raises(AttributeError) as caught:
            regressor.predict_quantiles(X)
        assert f"not available with loss={loss!r}" in str(caught.value.__cause__)
        assert "loss=Quantile((0.1, 0.5, 0.9))" in str(caught.value.__cause__)
    with pytest.raises(NotFittedError):
        model(Quantile(LEVELS)).predict_quantiles(X)


def test_wrong_levels_are_refused_by_fit():
    with pytest.raises(ValueError, match=r"'quantile' parameter of Quantile.*\(0\.1, 0\.9\)"):
        model(Quantile((0.1, 0.9))).fit(X, Y)


# Mean and variance


@every_shape
def test_standard_deviations_come_on_demand(y):
    fitted = model(GaussianNLL(0.01)).fit(X, y)
    mean, std = fitted.predict(X, return_std=True)
    assert mean.shape == std.shape == y.shape
    assert std.min() > 0.1
    np.testing.assert_array_equal(fitted.predict(X), mean)
    raw = ReLU()(X @ fitted.coefs_[0] + fitted.intercepts_[0]) @ fitted.coefs_[1]
    raw = (raw + fitted.intercepts_[1]).reshape(*y.shape, 2)
    np.testing.assert_allclose(mean, raw[..., 0])
    np.testing.assert_allclose(std, np.sqrt(np.exp(raw[..., 1]) + 0.01))


def test_outputs_start_at_mean_and_variance_of_each_target():
    weight = np.linspace(0, 1, len(X))
    fitted = model("gaussian_nll", learning_rate_init=1e-12).fit(X, Y, weight)
    mean = np.average(Y, axis=0, weights=weight)
    variance = np.average((Y - mean) ** 2, axis=0, weights=weight)
    expected = np.column_stack([mean, np.log(variance)]).ravel()
    np.testing.assert_allclose(fitted.intercepts_[-1], expected, atol=1e-9)


@pytest.mark.parametrize(
    "loss", [*(name for name in LOSSES["regression"] if name != "gaussian_nll"), Quantile(LEVELS)]
)
def test_other_losses_know_no_deviation(loss):
    fitted = model(loss).fit(X, np.exp(Y))
    with pytest.raises(ValueError, match=r"return_std=True needs .* Use loss='gaussian_nll'"):
        fitted.predict(X, return_std=True)
    assert fitted.predict(X, return_std=False).shape == Y.shape
    with pytest.raises(NotFittedError):
        model("gaussian_nll").predict(X, return_std=True)


@pytest.mark.parametrize("output", ["exp", "softmax", "leaky_relu", np.sin], ids=str)
def test_mean_and_variance_go_through_no_other_output_activation(output):
    with pytest.raises(ValueError, match=r"does not go with loss=GaussianNLL.*'identity'"):
        model("gaussian_nll", out_activation=output).fit(X, Y)
    fitted = model("gaussian_nll", out_activation="identity").fit(X, Y)
    np.testing.assert_array_equal(fitted.predict(X), model("gaussian_nll").fit(X, Y).predict(X))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets_without_noise_or_far_from_one_end_in_finite_numbers(dtype, solver):
    far = (1e4 + 1e3 * Y[:, 0], 1e-3 * Y[:, 0]) if solver != "sgd" else ()
    for y in (np.full(len(X), 3.0), X[:, 0], *far):
        fitted = model("gaussian_nll", dtype=dtype, solver=solver, max_iter=100).fit(X, y)
        mean, std = fitted.predict(X, return_std=True)
        assert np.isfinite(mean).all()
        assert 0 < std.min() <= std.max() < 1e6


# Both


def outputs(fitted):
    if hasattr(fitted, "predict_quantiles"):
        return fitted.predict_quantiles(X)
    return np.stack(fitted.predict(X, return_std=True))


both = pytest.mark.parametrize("loss", [Quantile(LEVELS), GaussianNLL()], ids=repr)


@both
@every_shape
def test_scores_are_those_of_the_prediction(loss, y):
    fitted = model(loss, max_iter=30, early_stopping=True, validation_fraction=0.3).fit(X, y)
    assert fitted.score(X, y) == pytest.approx(r2_score(y, fitted.predict(X)))
    assert max(fitted.validation_scores_) == fitted.best_validation_score_ <= 1
    assert len(fitted.validation_scores_) == len(fitted.loss_curve_)


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_have_the_data_type_of_the_weights(loss, dtype):
    fitted = model(loss).fit(X.astype(dtype), Y)
    assert fitted.predict(X).dtype == outputs(fitted).dtype == dtype


@both
def test_clone_pickle_and_parameters_set_afterwards(loss):
    fitted = model(clone(loss)).fit(X, Y)
    expected = outputs(fitted)
    np.testing.assert_array_equal(outputs(pickle.loads(pickle.dumps(fitted))), expected)
    np.testing.assert_array_equal(outputs(clone(fitted).fit(X, Y)), expected)
    field = next(iter(loss.get_params()))
    fitted.set_params(**{f"loss__{field}": 0.3})
    np.testing.assert_array_equal(outputs(fitted), expected)


@both
def test_training_goes_on(loss):
    whole = model(loss, max_iter=4, shuffle=False).fit(X, Y)
    parts = model(loss, shuffle=False)
    for _ in range(4):
        parts.partial_fit(X, Y)
    np.testing.assert_allclose(outputs(parts), outputs(whole))
    again = model(loss, max_iter=2, shuffle=False, warm_start=True).fit(X, Y).fit(X, Y)
    assert len(again.loss_curve_) == 4


@both
def test_in_a_pipeline_a_search_and_a_committee(loss):
    pipeline = make_pipeline(StandardScaler(), model(loss)).fit(X, Y[:, 0])
    field = next(iter(loss.get_params()))
    values = {"quantile": [LEVELS, (0.2, 0.5), 0.7], "min_variance": [1e-6, 0.1]}[field]
    search = GridSearchCV(pipeline, {f"mlpregressor__loss__{field}": values}, cv=2)
    assert np.isfinite(search.fit(X, Y[:, 0]).cv_results_["mean_test_score"]).all()
    if field == "min_variance":
        mean, std = pipeline.predict(X, return_std=True)
        assert mean.shape == std.shape == (80,)
    committee = CommitteeRegressor([model(loss), model("mse")], random_state=0).fit(X, Y)
    members = [member.predict(X) for member in committee.estimators_]
    np.testing.assert_allclose(committee.predict(X), np.mean(members, axis=0))


@both
def test_settings_that_converge_do_so_without_a_warning(loss):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fitted = model(loss, max_iter=2000, learning_rate_init=0.02, tol=1e-3).fit(X, Y)
    assert fitted.score(X, Y) > 0.7


@pytest.mark.parametrize("n_members", [1, 2])
def test_deviations_are_finite_where_variances_overflow(n_members):
    fitted = model(GaussianNLL(), n_members=n_members).fit(X, Y[:, 0])
    fitted.intercepts_[1][..., 1] = 800.0
    mean, std = fitted.predict(X, return_std=True)
    assert np.all(np.isfinite(mean))
    middle = np.median(std)
    assert np.exp(395) < middle < np.exp(405)
