"""TabularClassifier and TabularRegressor: tables in, predictions out, alone and in searches."""

import pickle
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, PredefinedSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from tables import columns

from sknn_actloss import Committee, MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from sknn_actloss.inspection import diagnose, find_learning_rate
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)
from sknn_actloss.tabular import TableEncoder, _defaults as defaults
from sknn_actloss.tabular._defaults import complete, default_network
from sknn_actloss.tabular._race import Contender, winner
from sknn_actloss.tabular._repeats import given

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

TABLE = pd.DataFrame(columns(120))
LABELS = np.where(TABLE["color"].isin(["red"]) ^ TABLE["open"], "yes", "no")
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2, len(TABLE))
TARGETS = 100 + 20 * TABLE["count"].to_numpy() + 50 * TABLE["open"].to_numpy()
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 40, "learning_rate_init": 0.02}


def classifier(**parameters):
    return TabularClassifier(network=MLPClassifier(**SMALL | parameters), random_state=0)


def regressor(**parameters):
    return TabularRegressor(network=MLPRegressor(**SMALL | parameters), random_state=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [classifier(), regressor()], ids=["classes", "numbers"])
def test_checks_of_scikit_learn(estimator):
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}


# What a fit does


def test_a_fit_is_that_of_the_network_to_what_the_encoder_gives():
    model = classifier().fit(TABLE, LABELS)
    encoded = model.encoder_.transform(TABLE)
    assert_array_equal(model.predict(TABLE), model.network_.predict(encoded))
    assert_array_equal(model.predict_proba(TABLE), model.network_.predict_proba(encoded))
    assert_array_equal(model.classes_, ["no", "yes"])
    assert model.score(TABLE, LABELS) > 0.9
    assert model.n_features_in_ == 5
    assert_array_equal(model.feature_names_in_, TABLE.columns)


def test_defaults_learn_from_a_table_of_all_kinds():
    model = TabularClassifier(random_state=0, network=None)
    model.set_params(network__hidden_layer_sizes=(32,))
    assert model.fit(TABLE, LABELS).score(TABLE, LABELS) > 0.8
    assert model.network_.n_members.n_members == 8


def test_grids_reach_parts_that_are_none():
    model = TabularRegressor().set_params(
        network__activation="tanh", encoder__numbers__n_bins=5, encoder__max_categories=3
    )
    assert model.network.activation == "tanh"
    assert model.network.max_iter == "auto"
    assert model.encoder.numbers.n_bins == 5
    assert model.encoder.target_type == "continuous"


def test_a_failed_fit_leaves_the_earlier_one():
    model = classifier().fit(TABLE, LABELS)
    before = model.predict_proba(TABLE)
    with pytest.raises(ValueError, match="Column 'count' of X holds infinity"):
        model.fit(TABLE.assign(count=np.inf), LABELS)
    assert_array_equal(model.predict_proba(TABLE), before)


def test_encoder_and_network_take_seed_time_and_verbosity(capsys):
    model = classifier(max_iter=2).set_params(max_time=1e-9, verbose=True)
    model.fit(TABLE, LABELS)
    assert model.network_.n_iter_ == 1
    assert "Iteration 1" in capsys.readouterr().out
    assert model.encoder_.random_state == model.network_.random_state == 0
    assert model.network.random_state is None
    own = classifier(random_state=7).fit(TABLE, LABELS)
    assert own.network_.random_state == 7


def test_other_encoders_will_do():
    X, y = load_iris(return_X_y=True)
    model = classifier().set_params(encoder=StandardScaler()).fit(X, y)
    assert_allclose(model.encoder_.mean_, X.mean(axis=0))


def test_copies_and_pickles_predict_the_same():
    model = regressor().fit(TABLE, TARGETS)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(TABLE), model.predict(TABLE))
    assert not hasattr(clone(model), "network_")


# Rows


@pytest.mark.parametrize("kind", ["apart", "joined"])
def test_repeated_rows_are_rows_of_their_weight(kind):
    repeats = np.arange(len(TABLE)) % 3
    often = TABLE.loc[TABLE.index.repeat(repeats)].sample(frac=1, random_state=0)
    model = regressor().set_params(repeats=kind)
    repeated = clone(model).fit(often, TARGETS[often.index])
    weighted = clone(model).fit(TABLE, TARGETS, sample_weight=repeats)
    assert_allclose(weighted.predict(TABLE), repeated.predict(TABLE), rtol=1e-6)
    n_rows = repeats.sum() if kind == "apart" else np.count_nonzero(repeats)
    assert repeated.network_.t_ == weighted.network_.t_ == 40 * n_rows


@pytest.mark.parametrize(
    "weights", [[0.5, 0.5, 2.0], [100, 100, 401], [1, 1, 5]], ids=["parts", "very many", "many"]
)
def test_other_weights_are_no_numbers_of_rows(weights):
    model = regressor(max_iter=1)
    rows = model._rows([[1.0], [1.0], [2.0]], np.array([1, 1, 2]), np.array(weights), None)
    assert_array_equal(np.asarray(rows.X)[rows.index], [[1.0], [1.0], [2.0]])
    assert_array_equal(rows.sample_weight[rows.index], weights)


@pytest.mark.parametrize("factor", [1, 2, 3, 100])
def test_a_common_factor_of_whole_weights_does_not_count(factor):
    model = regressor(max_iter=3, n_members=Committee(3, "folds"))
    plain = clone(model).fit(TABLE, TARGETS)
    weighted = clone(model).fit(TABLE, TARGETS, sample_weight=np.full(len(TABLE), factor))
    assert_array_equal(weighted.oof_prediction_, plain.oof_prediction_)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_the_score_out_of_fold_is_that_of_clipped_predictions(weights):
    y = (np.median(TARGETS) < TARGETS).astype(float)
    model = regressor(n_members=Committee(3, "folds")).fit(TABLE, y, sample_weight=weights)
    said = model.oof_prediction_
    assert said.min() == 0.0
    assert model.oof_score_ == pytest.approx(r2_score(y, said, sample_weight=weights), rel=1e-5)
    assert model.oof_score_ != pytest.approx(model.network_.oof_score_, rel=1e-5)
    model.set_params(clip_predictions=False)
    assert model.oof_score_ == model.network_.oof_score_


FOLDS = np.arange(len(TABLE)) % 4


@pytest.mark.parametrize(
    "splitter",
    [PredefinedSplit(FOLDS), TimeSeriesSplit(4), list(PredefinedSplit(FOLDS).split())],
    ids=lambda splitter: type(splitter).__name__,
)
def test_splitters_that_go_by_order_need_the_rows_as_they_are(splitter):
    model = regressor(max_iter=2, n_members=Committee(4, "folds"), validation_fraction=splitter)
    with pytest.raises(ValueError, match=r"goes by the order .* Set repeats='given'"):
        model.fit(TABLE, TARGETS)
    model.set_params(repeats="given").fit(TABLE, TARGETS)
    held = ~np.isnan(model.oof_prediction_)
    expected = np.isin(np.arange(len(TABLE)), np.concatenate([v for _, v in splits(splitter)]))
    assert_array_equal(held, expected)


def splits(splitter):
    return splitter if isinstance(splitter, list) else splitter.split(TABLE)


def test_rows_are_found_again_where_they_have_become_several():
    X, weights = np.array([[3.0], [1.0], [3.0], [2.0]]), np.array([2, 1, 1, 0])
    rows = regressor()._rows(X, X.ravel(), weights, None)
    assert_array_equal(np.sort(rows.X, axis=0), [[1.0], [3.0], [3.0], [3.0]])
    assert rows.sample_weight is None
    assert rows.index[3] == -1
    assert_array_equal(rows.X[rows.index[:3]], X[:3])


@pytest.mark.parametrize("kind", [list, np.asarray, pd.DataFrame])
def test_rows_are_the_same_in_every_container(kind):
    X = [[1.0, "a"], [2.0, "b"], [1, "a"], [None, "b"], [np.nan, "b"], [1.0, "b"]]
    X = np.array(X, dtype=object) if kind is np.asarray else kind(X)
    model = regressor(max_iter=1).set_params(repeats="joined").fit(X, [1, 2, 1.0, 3, 3, 4])
    assert model.network_.t_ == 4


def test_rows_of_other_groups_and_targets_stay_apart():
    X, y, groups = [[1.0], [1.0], [1.0], [2.0]], [0, 0, 1, 1], [1, 2, 1, 1]
    for own, n_distinct in ((None, 3), (groups, 4)):
        network = MLPClassifier((2,), max_iter=1, early_stopping=True, n_members=1)
        network.set_params(validation_fraction=KFold(2))
        model = TabularClassifier(FunctionTransformer(), network, repeats="joined")
        rows = model._rows(X, np.array(y), None, own)
        assert len(rows.X) == n_distinct
        assert_array_equal(np.asarray(rows.X)[rows.index], X)


def test_rows_keep_their_order_where_they_are_taken_as_given():
    X = [[3.0], [1.0], [2.0]]
    rows = regressor().set_params(repeats="given")._rows(X, np.array([1, 1, 2]), None, None)
    assert rows.X is X


def test_all_weights_zero_is_an_error():
    with pytest.raises(ValueError, match=r"(?i)sample.weights?.* (non-)?zero"):
        classifier().fit(TABLE, LABELS, sample_weight=np.zeros(len(TABLE)))


# Targets

NUMBERS = {
    "text": str,
    "bytes": lambda value: str(value).encode(),
    "Decimal": lambda value: Decimal(repr(value)),
    "Fraction": Fraction,
}


@pytest.mark.parametrize("as_objects", [False, True], ids=["typed", "objects"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_targets_that_hold_numbers_of_other_types_are_numbers(kind, as_objects):
    y = [NUMBERS[kind](value) for value in TARGETS.tolist()]
    y = np.array(y, dtype=object) if as_objects else np.array(y)
    model = regressor(n_members=Committee(3, "folds"), max_iter=3)
    plain, other = clone(model).fit(TABLE, TARGETS), clone(model).fit(TABLE, y)
    assert_array_equal(other.predict(TABLE), plain.predict(TABLE))
    assert other.predict(TABLE).dtype == np.float64
    X = TABLE[["count"]]
    for scaling in (None, "standard", "robust"):
        network = MLPRegressor((4,), target_scaling=scaling, max_iter=3, random_state=0)
        assert_array_equal(network.fit(X, y).predict(X), clone(network).fit(X, TARGETS).predict(X))


def test_sparse_labels_are_those_of_an_array():
    labels = np.stack([TARGETS > 150, LABELS == "yes"], axis=1).astype(int)
    model = classifier(max_iter=2)
    dense = clone(model).fit(TABLE, labels).predict_proba(TABLE)
    assert_array_equal(model.fit(TABLE, sparse.csr_array(labels)).predict_proba(TABLE), dense)


# Predictions


def test_predictions_stay_within_the_targets_unless_they_need_not():
    table = pd.DataFrame({"a": np.linspace(0, 1, 60)})
    model = regressor().fit(table, 1 + table["a"])
    far = pd.DataFrame({"a": [-100.0, 100.0]})
    assert np.all((model.predict(far) >= 1) & (model.predict(far) <= 2))
    free = regressor().set_params(clip_predictions=False).fit(table, 1 + table["a"])
    assert np.ptp(free.predict(far)) > 1


def test_quantiles_and_deviations_are_there_where_the_loss_has_them():
    quantiles = regressor(loss=Quantile((0.1, 0.5, 0.9))).fit(TABLE, TARGETS)
    assert quantiles.predict_quantiles(TABLE).shape == (120, 3)
    _, std = regressor(loss="gaussian_nll").fit(TABLE, TARGETS).predict(TABLE, return_std=True)
    assert np.all(std > 0)
    with pytest.raises(AttributeError, match="predict_quantiles") as caught:
        regressor().predict_quantiles(TABLE)
    assert "loss='squared_error'" in str(caught.value.__cause__.__cause__)
    assert not hasattr(classifier(loss="hinge"), "predict_proba")


@pytest.mark.parametrize("method", ["predict_set", "oof_prediction_", "oof_score_"])
def test_what_the_network_lacks_is_not_there(method):
    network = MLPClassifier((2,), max_iter=1)
    model = TabularClassifier(network=network).fit(TABLE, LABELS)
    assert hasattr(model, method) == hasattr(model.network_, method)


class OutOfFold(MLPRegressor):
    """Stands in for a network that predicts the rows that its members held out."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.oof_prediction_, self.oof_score_ = 2 * y, 0.5
        return self


def test_out_of_fold_predictions_belong_to_the_rows_given():
    y = np.array([1.0, 2.0, 1.0, 3.0, 4.0])
    X = pd.DataFrame({"a": y})
    model = TabularRegressor(network=OutOfFold((2,), max_iter=1), clip_predictions=False)
    model.fit(X, y, sample_weight=[1, 1, 1, 1, 0])
    assert_array_equal(model.oof_prediction_, [2, 4, 2, 6, np.nan])
    assert model.oof_score_ == 0.5
    clipped = model.set_params(clip_predictions=True).fit(X, y)
    assert_array_equal(clipped.oof_prediction_, [2, 4, 2, 4, 4])


# What the number of rows decides


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "max_iter", "n_members"),
    [(3, 3, 400, 3), (60, 60, 400, 8), (1_000, 256, 400, 8), (5_000, 256, 100, 8)],
)
def test_rows_decide_on_batches_epochs_and_folds(n_rows, batch_size, max_iter, n_members):
    network = complete(default_network(MLPRegressor), np.arange(n_rows) / 3)
    assert (network.batch_size, network.max_iter) == (batch_size, max_iter)
    assert network.dtype == ("float64" if n_rows < 500 else "auto")
    assert network.n_iter_no_change == -(-3 * max_iter // 7)
    assert (network.n_members.n_members, network.n_members.resample) == (n_members, "folds")


def test_networks_stop_when_rows_left_out_gain_no_more():
    X, noise = np.random.RandomState(0).normal(size=(2, 60, 1))
    model = TabularRegressor(random_state=0).set_params(network__max_iter=70)
    network = model.fit(X, noise.ravel()).network_
    counts = [member.n_iter_ for member in network.members_]
    assert min(counts) < 70
    for member in network.members_:
        best = int(np.argmax(member.validation_scores_))
        assert member.n_iter_ in (best + 1 + 31, 70)


def test_what_cannot_be_left_out_is_not():
    network = complete(default_network(MLPClassifier), np.array(["a", "b"]))
    assert (network.n_members.resample, network.n_members.calibrate) == (None, None)
    model = TabularClassifier(random_state=0).set_params(network__max_iter=2)
    assert model.fit(TABLE[:2], ["a", "b"]).predict_proba(TABLE[:2]).shape == (2, 2)


@pytest.mark.parametrize(
    ("loss", "scaling"),
    [
        ("squared_error", "standard"),
        ("gaussian_nll", "standard"),
        ("huber", "robust"),
        (Quantile(0.9), "robust"),
        ("poisson", None),
        ("squared_log_error", None),
        ("absolute_percentage_error", None),
    ],
    ids=str,
)
def test_the_loss_decides_on_the_scale_of_targets(loss, scaling):
    network = complete(default_network(MLPRegressor).set_params(loss=loss), TARGETS)
    assert network.target_scaling == scaling
    model = regressor(loss=loss, target_scaling="auto", max_iter=1)
    assert model.fit(TABLE, TARGETS).network_.target_scaling == scaling


@pytest.mark.parametrize(("loss", "calibrate"), [("log_loss", "temperature"), ("hinge", None)])
def test_the_loss_decides_on_the_temperature(loss, calibrate):
    model = TabularClassifier(random_state=0)
    model.set_params(network__loss=loss, network__max_iter=2)
    assert model.fit(TABLE, LABELS).network_.n_members.calibrate == calibrate


def test_intervals_sets_and_scores_come_from_the_rows_left_out():
    model = TabularRegressor(random_state=0).set_params(network__max_iter=20)
    intervals = model.fit(TABLE, TARGETS).predict_interval(TABLE, coverage=0.8)
    assert intervals.shape == (120, 2)
    inside = (intervals[:, 0] <= TARGETS) & (intervals[:, 1] >= TARGETS)
    assert inside.mean() > 0.7
    assert 0 < model.oof_score_ < 1
    assert_allclose(r2_score(TARGETS, model.oof_prediction_), model.oof_score_, atol=0.05)
    sets = TabularClassifier(random_state=0).set_params(network__max_iter=20).fit(TABLE, LABELS)
    assert sets.predict_set(TABLE).shape == (120, 2)
    assert sets.oof_prediction_.shape == (120, 2)


def test_a_class_of_one_row_trains():
    labels = LABELS.astype(object).copy()
    labels[0] = "rare"
    model = TabularClassifier().set_params(network__hidden_layer_sizes=(4,), network__max_iter=2)
    assert model.fit(TABLE, labels).predict_proba(TABLE).shape == (120, 3)


# Searches

GRIDS = {
    "plain": {"network__activation": ["relu", "tanh"], "network__learning_rate_init": [0.01, 0.03]},
    "encoders": {"encoder__numbers__n_bins": [4, 8], "network__activation": ["relu", "tanh"]},
}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("make", [classifier, regressor])
def test_stacked_searches_find_what_others_do(make, grid):
    y = LABELS if make is classifier else TARGETS
    model = make(max_iter=5).set_params(encoder=TableEncoder())
    model.set_params(encoder__numbers=None)
    searches = [
        kind(model, GRIDS[grid], cv=3, return_train_score=True).fit(TABLE, y)
        for kind in (GridSearchCV, StackedGridSearchCV)
    ]
    for name in ("mean_test_score", "mean_train_score"):
        theirs, ours = (search.cv_results_[name] for search in searches)
        assert_allclose(ours, theirs, rtol=1e-6)
    theirs, ours = searches
    assert ours.best_params_ == theirs.best_params_
    method = "decision_function" if make is classifier else "predict"
    assert_allclose(getattr(ours, method)(TABLE), getattr(theirs, method)(TABLE), rtol=1e-5)


class Counted(TableEncoder):
    """Notes the rows of each fit."""

    n_rows: ClassVar[list[int]] = []

    def fit_transform(self, X, y=None):
        self.n_rows.append(len(X))
        return super().fit_transform(X, y)


def test_encoders_are_fitted_once_for_each_fold():
    model = classifier(max_iter=2).set_params(encoder=Counted("passthrough"))
    Counted.n_rows.clear()
    StackedGridSearchCV(model, GRIDS["plain"], cv=3, refit=False).fit(TABLE, LABELS)
    assert Counted.n_rows == [80, 80, 80]


def test_a_network_that_is_none_and_one_within_a_pipeline_are_searched():
    grid = {"network__activation": ["relu", "tanh"], "network__max_iter": [2]}
    model = TabularRegressor(random_state=0)
    model.set_params(network__hidden_layer_sizes=(4,), network__n_members=1)
    first = StackedGridSearchCV(model, grid, cv=2).fit(TABLE, TARGETS)
    piped = make_pipeline(FunctionTransformer(), model)
    nested = {f"tabularregressor__{name}": values for name, values in grid.items()}
    second = StackedGridSearchCV(piped, nested, cv=2).fit(TABLE, TARGETS)
    scores = [search.cv_results_["mean_test_score"] for search in (first, second)]
    assert_allclose(*scores)


def test_halving_takes_epochs_that_rows_decide_on():
    model = TabularClassifier(random_state=0)
    model.set_params(network__hidden_layer_sizes=(4,), network__n_members=1)
    search = StackedHalvingGridSearchCV(
        model, {"network__alpha": [0, 1, 10]}, cv=2, resource="network__max_iter", min_resources=2
    )
    assert search.fit(TABLE, LABELS).max_resources_ == 400
    assert search.n_resources_ == [2, 6]


@pytest.mark.parametrize(
    ("kind", "make", "y"),
    [
        (CommitteeClassifier, classifier, LABELS),
        (CommitteeRegressor, regressor, TARGETS),
    ],
)
def test_committees_take_them(kind, make, y):
    members = [make(max_iter=3, activation=name) for name in ("relu", "tanh")]
    committee = kind(members).fit(TABLE, y, sample_weight=np.ones(len(TABLE)))
    alone = [clone(member).fit(TABLE, y) for member in members]
    method = "predict_proba" if kind is CommitteeClassifier else "predict"
    expected = np.mean([getattr(member, method)(TABLE) for member in alone], axis=0)
    assert_allclose(getattr(committee, method)(TABLE), expected, rtol=1e-6)
    assert np.isin(committee.predict(TABLE), y).any() or kind is CommitteeRegressor


def test_out_of_fold_committees_of_a_search():
    search = StackedGridSearchCV(classifier(max_iter=5), GRIDS["plain"], cv=2, committee_size=2)
    assert search.fit(TABLE, LABELS).committee_.score >= search.best_score_


# Inspection


def test_inspection_finds_the_network():
    model = regressor()
    suggestion = find_learning_rate(model, TABLE, TARGETS).suggestion
    pipeline = make_pipeline(model.unfitted_encoder(), model.unfitted_network())
    assert suggestion == find_learning_rate(pipeline, TABLE, TARGETS).suggestion
    assert find_learning_rate(TabularClassifier(random_state=0), TABLE, LABELS).suggestion > 0
    assert diagnose(model.fit(TABLE, TARGETS), TABLE, TARGETS).findings is not None


# Scores


def test_as_good_as_boosted_trees_on_a_small_table():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = TabularRegressor(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours = model.fit(X[:300], y[:300]).score(X[300:], y[300:])
    theirs = HistGradientBoostingRegressor(random_state=0).fit(X[:300], y[:300])
    assert ours > theirs.score(X[300:], y[300:])


# Which encoding a table gets


def contender(name, encoder, **parameters):
    network = MLPRegressor(**SMALL | {"n_members": Committee(2, "folds")} | parameters)
    return Contender(name, encoder, network.set_params(random_state=0))


INFORMED, BLIND = FunctionTransformer(), FunctionTransformer(np.zeros_like)


@pytest.mark.parametrize("encoders", [(INFORMED, BLIND), (BLIND, INFORMED)], ids=["first", "last"])
def test_the_encoding_wins_that_tells_more_of_rows_left_out(encoders):
    X, y = load_diabetes(return_X_y=True)
    rows = given(10 * X[:100], y[:100] / 100, None, None, None)
    best, encoded = winner([contender(repr(one), one) for one in encoders], rows)
    assert best.encoder is INFORMED
    assert_array_equal(encoded, rows.X)


def test_without_rows_left_out_the_first_encoding_wins():
    rows = given(np.eye(12), np.arange(12.0), None, None, None)
    contenders = [contender(repr(one), one, n_members=2) for one in (BLIND, INFORMED)]
    assert winner(contenders, rows)[0].encoder is BLIND


def test_an_encoding_that_diverges_loses():
    rows = given(np.eye(12), np.arange(12.0), None, None, None)
    wild = contender("wild", INFORMED, solver="sgd", learning_rate_init=1e200)
    with np.errstate(all="ignore"):
        assert winner([wild, contender("tame", BLIND)], rows)[0].name == "tame"


@pytest.mark.parametrize(
    "parameters",
    [{"network__hidden_layer_sizes": (8,)}, {"encoder__numbers__n_bins": 4}],
    ids=["network", "encoder"],
)
def test_parts_that_are_set_do_not_race(parameters):
    estimator = TabularClassifier(random_state=0).set_params(network__max_iter=5, **parameters)
    assert estimator.fit(TABLE, LABELS).encoding_ == "given"


def test_a_race_is_the_fit_of_its_winner():
    X, y = load_diabetes(return_X_y=True)
    raced = TabularRegressor(random_state=0).fit(X[:60], y[:60])
    alone = TabularRegressor(random_state=0)
    settings = {"bins": {"encoder__numbers__n_bins": 16}}
    settings["plain"] = {"encoder__numbers__n_bins": 1, "network__dropout": 0.0}
    alone.set_params(**settings[raced.encoding_])
    assert_array_equal(raced.predict(X), alone.fit(X[:60], y[:60]).predict(X))


@pytest.mark.parametrize("grid", [{"clip_predictions": [True, False]}, {"repeats": ["joined"]}])
def test_encodings_race_in_stacked_searches_too(grid, monkeypatch):
    monkeypatch.setattr(defaults, "MIN_EPOCHS", 8)
    monkeypatch.setattr(defaults, "N_STEPS", 8)
    found = []
    for y in (3 * TABLE["count"] + 5, 10.0 * (TABLE["count"] % 2)):
        for search in (GridSearchCV, StackedGridSearchCV):
            fitted = search(TabularRegressor(random_state=0), grid, cv=2).fit(TABLE, y)
            found.append(fitted.cv_results_["mean_test_score"])
        assert_allclose(found[-1], found[-2], rtol=1e-6)


def test_what_a_race_has_found_is_about_the_default_alone():
    model = TabularRegressor(random_state=0)
    model.encoding_ = "plain"
    dropout = model.unfitted_network().dropout
    assert model.completed(model.unfitted_network(), TARGETS).dropout == 0.0
    model.set_params(network__alpha=0.1)
    assert model.completed(model.unfitted_network(), TARGETS).dropout == dropout


def test_a_single_class_is_always_right():
    model = classifier(max_iter=2, n_members=Committee(4, "folds"))
    model.fit(TABLE, ["a"] * len(TABLE))
    assert model.oof_score_ == model.score(TABLE, ["a"] * len(TABLE)) == 1.0
    assert model.oof_prediction_.shape == model.predict_proba(TABLE).shape


@pytest.mark.parametrize("kind", ["apart", "joined", "given"])
def test_one_weight_for_all_rows(kind):
    model = regressor(max_iter=2, n_members=Committee(3, "folds")).set_params(repeats=kind)
    plain = clone(model).fit(TABLE, TARGETS)
    assert_allclose(model.fit(TABLE, TARGETS, sample_weight=2.0).oof_score_, plain.oof_score_)
