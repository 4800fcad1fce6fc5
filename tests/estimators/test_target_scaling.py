"""Networks that learn scaled targets predict, score and go on in the units of the targets."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import Committee, MLPRegressor
from sknn_actloss.estimators import JointFit
from sknn_actloss.estimators._target_scale import NORMAL_IQR, TargetScale
from sknn_actloss.inspection import diagnose, find_learning_rate
from sknn_actloss.losses import LOSSES, FunctionLoss, Huber, Loss, Quantile, Tweedie
from sknn_actloss.model_selection import (
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)
from sknn_actloss.model_selection._plan import Candidate, stacks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
UNIT = np.column_stack([X[:, 0] + 0.3 * X[:, 1] ** 2, np.exp(0.3 * X[:, 2])])
#: Far from unit scale, each column in its own way.
Y = UNIT * [1e4, 1e-5] + [1e6, -2.0]
TARGETS = {"vector": Y[:, 0], "matrix": Y}
WEIGHTS = RNG.randint(0, 4, 90)
SCALINGS = ["standard", "robust"]
LEVELS = Quantile((0.1, 0.5, 0.9))
FROM_ZERO = ["poisson", "gamma", "tweedie", "squared_log_error", "absolute_percentage_error"]
OTHERS = [*(name for name in LOSSES["regression"] if name not in FROM_ZERO), LEVELS]
every_shape = pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
every_scaling = pytest.mark.parametrize("scaling", SCALINGS)


def model(scaling="standard", **parameters):
    parameters = {"max_iter": 8, "learning_rate_init": 0.01, "random_state": 0} | parameters
    return MLPRegressor(6, target_scaling=scaling, **parameters)


def scaled(fitted, y):
    return (y - fitted.target_center_.squeeze()) / fitted.target_scale_.squeeze()


def unscaled(fitted, y):
    return y * fitted.target_scale_.squeeze() + fitted.target_center_.squeeze()


# Centre and scale


def test_standard_is_mean_and_standard_deviation():
    scale = TargetScale.of("standard", Y)
    reference = StandardScaler().fit(Y)
    assert_allclose(scale.center, reference.mean_, rtol=1e-12)
    assert_allclose(scale.scale, reference.scale_, rtol=1e-9)


def test_robust_is_median_and_quartiles_as_of_a_normal_distribution():
    scale = TargetScale.of("robust", np.random.RandomState(0).normal(5.0, 3.0, 20_000))
    assert_allclose([scale.center, scale.scale], [[5.0], [3.0]], rtol=0.02)
    scale = TargetScale.of("robust", np.array([1.0, 2.0, 3.0, 4.0, 1e9]))
    assert_allclose([scale.center, scale.scale], [[3.0], [2 / NORMAL_IQR]])


@every_scaling
def test_integer_weights_are_copies_of_rows(scaling):
    weighted = TargetScale.of(scaling, Y, WEIGHTS)
    copied = TargetScale.of(scaling, np.repeat(Y, WEIGHTS, axis=0))
    assert_allclose(weighted.center, copied.center, rtol=1e-12)
    assert_allclose(weighted.scale, copied.scale, rtol=1e-9)


@every_scaling
@pytest.mark.parametrize("value", [0.0, 0.1, -7e200, 1e17, 5e-324])
def test_constant_targets_have_a_scale_of_one(scaling, value):
    scale = TargetScale.of(scaling, np.full(7, value))
    assert_array_equal([scale.center, scale.scale], [[value], [1.0]])


def test_without_quartiles_robust_takes_the_standard_deviation():
    y = np.repeat([0.0, 8.0], [9, 1])
    scale = TargetScale.of("robust", y)
    assert_allclose([scale.center, scale.scale], [[0.0], [y.std()]])


@every_scaling
@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_extreme_targets_are_scaled_in_silence(scaling, size):
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        scale = TargetScale.of(scaling, UNIT * size, np.full(len(UNIT), 1e308))
        assert_allclose(scale.scale / size, TargetScale.of(scaling, UNIT).scale)


def test_rows_without_weight_do_not_count():
    weights = np.repeat([1.0, 0.0], [45, 45])
    y = np.where(weights > 0, Y[:, 0], 1e300)
    scale = TargetScale.of("standard", y, weights).scale
    assert_allclose(scale, Y[:45, :1].std(axis=0), rtol=1e-9)


# One fit


@every_shape
def test_it_is_a_transformed_target(y):
    reference = TransformedTargetRegressor(model(None), transformer=StandardScaler()).fit(X, y)
    fitted = model().fit(X, y)
    assert_allclose(fitted.predict(X), reference.predict(X), rtol=1e-10)
    assert_allclose(fitted.loss_curve_, reference.regressor_.loss_curve_, rtol=1e-7)


@every_shape
@every_scaling
@pytest.mark.parametrize("parameters", [{}, {"n_members": 3}, {"solver": "lbfgs"}], ids=str)
def test_units_do_not_matter(y, scaling, parameters):
    unit = UNIT[:, 0] if y.ndim == 1 else UNIT
    fitted, plain = (model(scaling, **parameters).fit(X, own) for own in (y, unit))
    assert_allclose(scaled(fitted, fitted.predict(X)), scaled(plain, plain.predict(X)), atol=1e-4)
    assert_allclose(fitted.score(X, y), plain.score(X, unit), rtol=1e-4)


@every_shape
@pytest.mark.parametrize("parameters", [{"loss": "gaussian_nll"}, {"n_members": 3}], ids=str)
def test_standard_deviations(y, parameters):
    fitted = model(**parameters).fit(X, y)
    plain = model(None, **parameters).fit(X, scaled(fitted, y))
    mean, std = fitted.predict(X, return_std=True)
    assert_array_equal(mean, fitted.predict(X))
    expected = plain.predict(X, return_std=True)[1] * fitted.target_scale_.squeeze()
    assert_allclose(std, expected, rtol=1e-9)


@every_shape
def test_quantiles(y):
    fitted = model(loss=LEVELS).fit(X, y)
    quantiles = fitted.predict_quantiles(X)
    assert quantiles.shape == (*y.shape, 3)
    assert_array_equal(quantiles[..., 1], fitted.predict(X))
    assert np.all(np.diff(quantiles) >= 0)
    plain = model(None, loss=LEVELS).fit(X, scaled(fitted, y)).predict_quantiles(X)
    assert_allclose(quantiles[..., 0], unscaled(fitted, plain[..., 0]), rtol=1e-9)


@every_shape
@pytest.mark.parametrize("loss", ["squared_error", LEVELS], ids=str)
def test_rows_left_out_and_intervals(y, loss):
    own = {"n_members": Committee(3, resample="folds"), "loss": loss}
    fitted = model(**own).fit(X, y)
    plain = model(None, **own).fit(X, scaled(fitted, y))
    for found, expected in (
        (fitted.oof_prediction_, plain.oof_prediction_),
        (fitted.predict_interval(X)[..., 0], plain.predict_interval(X)[..., 0]),
        (fitted.predict_interval(X)[..., 1], plain.predict_interval(X)[..., 1]),
    ):
        assert_allclose(found, unscaled(fitted, expected), rtol=1e-9)
    assert_allclose(fitted.oof_score_, plain.oof_score_, rtol=1e-9)


def test_fields_of_losses_are_in_scaled_units():
    fitted = model(loss=Huber(0.5)).fit(X, Y[:, 0])
    wide = model(None, loss=Huber(0.5)).fit(X, scaled(fitted, Y[:, 0]))
    assert_allclose(fitted.loss_curve_, wide.loss_curve_, rtol=1e-9)


def test_float32_networks_predict_targets_that_float32_cannot_hold():
    fitted = model(dtype="float32").fit(X, UNIT * 1e200)
    assert fitted.coefs_[0].dtype == np.float32
    predicted = fitted.predict(X)
    assert np.all(np.isfinite(predicted))
    assert np.abs(predicted).max() > 1e199


@every_scaling
def test_weights_are_copies_of_rows_in_a_fit(scaling):
    common = {"solver": "lbfgs", "max_iter": 100, "alpha": 0.0}
    weighted = model(scaling, **common).fit(X, Y, WEIGHTS)
    copied = model(scaling, **common).fit(*(np.repeat(a, WEIGHTS, axis=0) for a in (X, Y)))
    assert_allclose(weighted.target_scale_, copied.target_scale_, rtol=1e-9)
    assert_allclose(weighted.loss_curve_[:5], copied.loss_curve_[:5], rtol=1e-6)


@pytest.mark.parametrize("loss", FROM_ZERO)
def test_losses_that_need_the_zero_are_refused(loss):
    with pytest.raises(ValueError, match=f"target_scaling='robust'.*loss='{loss}'.*zero"):
        model("robust", loss=loss).fit(X, UNIT[:, 1])
    assert np.isfinite(model(None, loss=loss).fit(X, UNIT[:, 1]).loss_)


@pytest.mark.parametrize("power", [-1, 0, 1, 3])
def test_no_power_of_tweedie_may_be_shifted(power):
    with pytest.raises(ValueError, match="target_scaling='standard'"):
        model(loss=Tweedie(power)).fit(X, UNIT[:, 1])


@pytest.mark.parametrize("loss", OTHERS, ids=str)
def test_all_other_losses_are_taken(loss):
    fitted = model(loss=loss, max_iter=150).fit(X, Y[:, 0])
    assert fitted.score(X, Y[:, 0]) > 0.8


def test_losses_of_users():
    class Own(Loss):
        def value(self, y, raw):
            return ((raw - y) ** 2).sum(axis=-1)

        def gradient(self, y, raw, out):
            np.multiply(2, raw - y, out=out)

    class Relative(Own):
        takes_shifts = False

    for loss in (Own(), FunctionLoss(lambda y, p: (p - y) ** 2)):
        assert model(loss=loss, max_iter=150).fit(X, Y[:, 0]).score(X, Y[:, 0]) > 0.8
    with pytest.raises(ValueError, match=r"target_scaling='standard'.*Relative"):
        model(loss=Relative()).fit(X, Y[:, 0])


def test_bounded_outputs_are_refused():
    with pytest.raises(ValueError, match=r"target_scaling='standard'.*out_activation='softplus'"):
        model(out_activation="softplus").fit(X, Y)


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match=r"'target_scaling' parameter .* Got 'minmax'"):
        model("minmax").fit(X, Y)


def test_no_scaling_leaves_no_attribute():
    fitted = model().fit(X, Y)
    assert not hasattr(fitted.set_params(target_scaling=None).fit(X, Y), "target_scale_")


# Validation rows, callbacks and scorers


@pytest.mark.parametrize("monitor", ["score", "loss", "neg_mean_absolute_error"])
def test_validation_rows_are_judged_in_their_units(monitor):
    y, rows = Y[:, 0], slice(60, None)
    common = {"monitor": monitor, "restore_best": True}
    fitted = model(**common).fit(X[:60], y[:60], X_val=X[rows], y_val=y[rows])
    best = max(fitted.validation_scores_)
    assert best == fitted.best_validation_score_
    if monitor == "score":
        assert_allclose(fitted.score(X[rows], y[rows]), best, rtol=1e-6)
    elif monitor == "loss":
        residual = scaled(fitted, y[rows]) - scaled(fitted, fitted.predict(X[rows]))
        assert_allclose(-best, np.mean(residual**2) / 2, rtol=1e-6)
    else:
        assert_allclose(-best, mean_absolute_error(y[rows], fitted.predict(X[rows])), rtol=1e-9)


def test_early_stopping_is_that_of_scaled_targets():
    y = Y[:, 0]
    fitted = model(early_stopping=True, max_iter=40).fit(X, y)
    plain = model(None, early_stopping=True, max_iter=40).fit(X, scaled(fitted, y))
    assert_allclose(fitted.validation_scores_, plain.validation_scores_, rtol=1e-6)


def test_validation_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"2 column\(s\).*target_scaling='standard'.* 1"):
        model().fit(X, Y[:, 0], X_val=X, y_val=Y)


def test_callbacks_see_models_that_predict_in_units_of_the_targets():
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")

    class Scores:
        def __init__(self):
            self.scores = []

        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                self.scores.append(fitted_estimator.score(X, Y))

    scores = Scores()
    fitted = model().set_callbacks(scores).fit(X, Y)
    assert_allclose(scores.scores[-1], fitted.score(X, Y))


# Later fits


@pytest.mark.parametrize("incremental", [False, True])
def test_the_scale_of_the_first_fit_is_kept(incremental):
    fitted = model(warm_start=True).fit(X[:45], Y[:45])
    first = fitted.target_center_.copy(), fitted.target_scale_.copy()
    (fitted.partial_fit if incremental else fitted.fit)(X[45:], Y[45:] * 3)
    assert_array_equal([fitted.target_center_, fitted.target_scale_], first)
    fitted.set_params(warm_start=False).fit(X[45:], Y[45:] * 3)
    assert np.all(fitted.target_scale_ > 2 * first[1])


def test_the_first_call_of_partial_fit_decides():
    streamed, fitted = model(), model(max_iter=1)
    assert_array_equal(
        streamed.partial_fit(X, Y, WEIGHTS).predict(X), fitted.fit(X, Y, WEIGHTS).predict(X)
    )
    before = streamed.target_scale_
    assert_array_equal(streamed.partial_fit(X[:9], Y[:9]).target_scale_, before)


@pytest.mark.parametrize(
    ("first", "second"), [("standard", "robust"), (None, "robust"), ("robust", None)]
)
@pytest.mark.parametrize("incremental", [False, True])
def test_another_scaling_cannot_go_on(first, second, incremental):
    fitted = model(first, warm_start=True).fit(X, Y)
    before = fitted.predict(X)
    fitted.set_params(target_scaling=second)
    with pytest.raises(ValueError, match=f"target_scaling={first!r}.*target_scaling={second!r}"):
        (fitted.partial_fit if incremental else fitted.fit)(X, Y)
    assert_array_equal(fitted.predict(X), before)


def test_targets_of_another_shape_cannot_go_on():
    with pytest.raises(ValueError, match=r"column\(s\)"):
        model().fit(X, Y).partial_fit(X, Y[:, 0])


def test_pickles_and_members_predict_alike():
    fitted = model(n_members=2).fit(X, Y)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))
    members = [member.predict(X) for member in fitted.members_]
    assert_allclose(np.mean(members, axis=0), fitted.predict(X), rtol=1e-9)


# Searches, committees, pipelines, inspection


def test_stacked_searches_equal_grid_search():
    grid = {
        "mlpregressor__target_scaling": [None, *SCALINGS],
        "mlpregressor__loss": ["squared_error", "huber", "poisson"],
        "mlpregressor__alpha": [1e-4, 1.0],
    }
    pipeline = make_pipeline(StandardScaler(), model(None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = (
            kind(pipeline, grid, cv=3, scoring=["r2", "neg_mean_absolute_error"], refit="r2")
            for kind in (GridSearchCV, StackedGridSearchCV)
        )
        theirs.fit(X, Y[:, 0] ** 2)
        ours.fit(X, Y[:, 0] ** 2)
    for name in ("mean_test_r2", "mean_test_neg_mean_absolute_error"):
        assert_allclose(ours.cv_results_[name], theirs.cv_results_[name], rtol=1e-9)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_params_["mlpregressor__target_scaling"] in SCALINGS


def test_networks_of_one_scaling_share_a_stack():
    networks = [model(scaling) for scaling in (None, "standard", "robust", "standard")]
    joint = JointFit(networks, X, Y)
    assert joint.stacks == [[0], [1, 3], [2]]
    joint.train()
    for network in networks:
        assert_array_equal(network.predict(X), clone(network).fit(X, Y).predict(X))


def test_a_search_plans_stacks_of_one_scaling():
    plan = [
        Candidate(index, {}, model(scaling)) for index, scaling in enumerate(["robust", None] * 2)
    ]
    cut = stacks(plan, lambda network: 9, 1)
    assert [[candidate.index for candidate in part] for part in cut] == [[0, 2], [1, 3]]


def test_searches_pass_weights_on_to_the_scale():
    grid = {"target_scaling": SCALINGS, "alpha": [1e-4, 1.0]}
    theirs, ours = (
        kind(model(None), grid, cv=3).fit(X, Y[:, 0], sample_weight=WEIGHTS)
        for kind in (GridSearchCV, StackedGridSearchCV)
    )
    scores = (search.cv_results_["mean_test_score"] for search in (ours, theirs))
    assert_allclose(*scores, rtol=1e-9)
    assert_array_equal(ours.best_estimator_.target_scale_, theirs.best_estimator_.target_scale_)


def test_committees_of_searches_and_halving():
    grid = {"target_scaling": [None, "standard"], "alpha": [1e-4, 1.0]}
    search = StackedGridSearchCV(model(None, max_iter=30), grid, cv=3, committee_size=2)
    assert search.fit(X, Y[:, 0]).committee_.score > 0
    assert search.score(X, Y[:, 0]) > 0
    halving = StackedHalvingGridSearchCV(model(None, max_iter=30), grid, cv=3, min_resources=3)
    assert halving.fit(X, Y[:, 0]).best_params_["target_scaling"] == "standard"
    committee = CommitteeRegressor([model("standard"), model("robust"), model(None)]).fit(X, Y)
    members = [member.predict(X) for member in committee.estimators_]
    assert_allclose(committee.predict(X), np.mean(members, axis=0))


def test_the_finder_and_the_diagnosis_see_scaled_targets():
    y = Y[:, 0]
    fitted = model().fit(X, y, WEIGHTS)
    own, plain = model(), model(None)
    found = find_learning_rate(own, X, y, WEIGHTS)
    expected = find_learning_rate(plain, X, scaled(fitted, y), WEIGHTS)
    assert_allclose(found.losses, expected.losses, rtol=1e-6)
    report = diagnose(fitted, X, y)
    same = diagnose(plain.fit(X, scaled(fitted, y), WEIGHTS), X, scaled(fitted, y))
    assert_allclose(report.course.loss, same.course.loss, rtol=1e-6)


def test_the_rate_is_found_on_scaled_targets():
    fitted = model(learning_rate_init="auto").fit(X, Y[:, 0])
    plain = model(None, learning_rate_init="auto").fit(X, scaled(fitted, Y[:, 0]))
    assert_allclose(fitted.learning_rate_init_, plain.learning_rate_init_, rtol=1e-6)


def test_convergence_is_told_as_without():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model().fit(X, Y)
    assert [w.category for w in caught] == [ConvergenceWarning]
