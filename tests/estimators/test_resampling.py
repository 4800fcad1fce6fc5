"""Committees whose networks leave out rows: what they learn from, and what follows."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, TimeSeriesSplit

from sknn_actloss import Checkpoint, MLPClassifier, MLPRegressor
from sknn_actloss.activations import Logistic
from sknn_actloss.committee import Committee
from sknn_actloss.core import Model, as_rows
from sknn_actloss.estimators._out_of_fold import OutOfFold, lots, temperature_of
from sknn_actloss.losses import LogLoss, Quantile
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.training.targets import Columns

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, CLASSES = make_classification(90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
NUMBERS = np.sin(X[:, 0]) + X[:, 1] / 2
LABELS = make_multilabel_classification(90, 5, n_classes=3, random_state=0)[1]
WEIGHTS = np.random.RandomState(0).uniform(0.5, 2, size=90)
RESAMPLE = pytest.mark.parametrize("resample", ["folds", "bootstrap"])
BASE = {"hidden_layer_sizes": 6, "batch_size": 30, "max_iter": 4, "random_state": 0}


def classifier(n_members=3, resample="folds", calibrate=None, **parameters):
    committee = Committee(n_members, resample, calibrate)
    return MLPClassifier(n_members=committee, **BASE | parameters)


def regressor(n_members=3, resample="folds", **parameters):
    return MLPRegressor(n_members=Committee(n_members, resample), **BASE | parameters)


def folds_of(model):
    """Return for each network the rows that it has left out."""
    found = model._out_of_fold
    return [found.rows[held] for held in found.held.T]


SETTINGS = {
    "plain": {},
    "regularised": {"alpha": 1.0, "l1": 0.1, "weight_decay": 0.01},
    "batch norm": {"normalization": "batch"},
    "layer norm": {"normalization": "layer", "feature_scale": True},
    "average": {"weight_averaging": "ema", "normalization": "batch"},
    "float32": {"dtype": "float32"},
}


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_network_is_one_that_learns_from_weights_of_zero(name, weight, container):
    settings = {"shuffle": False, "restore_best": True} | SETTINGS[name]
    rows = container(X)
    model = regressor(**settings).fit(rows, NUMBERS, sample_weight=weight)
    left_out = folds_of(model)[0]
    weights = np.ones(90) if weight is None else weight.copy()
    judged = {} if weight is None else {"sample_weight_val": weight[left_out]}
    weights[left_out] = 0
    # The first network of a committee draws the weights that a single one draws.
    alone = MLPRegressor(**BASE | settings, monitor="loss")
    alone.fit(rows, NUMBERS, weights, X_val=rows[left_out], y_val=NUMBERS[left_out], **judged)
    member, rtol = model.members_[0], 1e-3 if name == "float32" else 1e-9
    assert_allclose(member.coefs_[0], alone.coefs_[0], rtol=rtol, atol=rtol)
    assert_allclose(member.validation_loss_curve_, alone.validation_loss_curve_, rtol=rtol)
    assert_allclose(member.loss_curve_, alone.loss_curve_, rtol=rtol)


def test_every_row_is_left_out_once_and_classes_are_spread():
    model = classifier(5).fit(X, CLASSES)
    folds = folds_of(model)
    assert_array_equal(np.sort(np.concatenate(folds)), np.arange(90))
    for rows in folds:
        assert np.bincount(CLASSES[rows]).min() >= 5
    folds = folds_of(regressor(4).fit(X, NUMBERS))
    assert_array_equal(np.sort(np.concatenate(folds)), np.arange(90))


def test_bootstrap_leaves_out_about_a_third():
    model = regressor(20, "bootstrap", max_iter=1).fit(X, NUMBERS)
    sizes = [len(rows) for rows in folds_of(model)]
    assert 0.25 * 90 < np.mean(sizes) < 0.48 * 90
    assert not np.isnan(model.oof_prediction_).any()
    few = regressor(2, "bootstrap", max_iter=1).fit(X, NUMBERS)
    counts = np.zeros(90, int)
    for rows in folds_of(few):
        counts[rows] += 1
    assert_array_equal(np.isnan(few.oof_prediction_), counts == 0)


@RESAMPLE
def test_out_of_fold_predictions_are_those_of_the_networks_that_left_a_row_out(resample):
    for model, y in ((regressor(4, resample), NUMBERS), (classifier(4, resample), CLASSES)):
        model.fit(X, y)
        is_regressor = isinstance(model, MLPRegressor)
        method = "predict" if is_regressor else "predict_proba"
        said = [getattr(member, method)(X) for member in model.members_]
        total, counts = np.zeros_like(said[0]), np.zeros(90)
        for rows, own in zip(folds_of(model), said, strict=True):
            total[rows] += own[rows]
            counts[rows] += 1
        held = counts > 0
        expected = (total.T / np.maximum(counts, 1)).T
        assert_allclose(model.oof_prediction_[held], expected[held], rtol=1e-10)
        assert np.isnan(model.oof_prediction_[~held]).all()
        if is_regressor:
            score = r2_score(y[held], expected[held])
        else:
            score = accuracy_score(y[held], expected[held].argmax(axis=1))
        assert model.oof_score_ == pytest.approx(score)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_the_score_out_of_fold_is_that_of_the_predictions_whatever_classes_weigh(weights):
    model = classifier(class_weight={0: 5.0, 1: 1.0, 2: 0.5}).fit(X, CLASSES, sample_weight=weights)
    labels = model.oof_prediction_.argmax(axis=1)
    assert model.oof_score_ == pytest.approx(accuracy_score(CLASSES, labels, sample_weight=weights))


def test_each_network_keeps_its_best_epoch():
    settings = {"learning_rate_init": 0.3, "max_iter": 12}
    for model in (classifier(**settings), classifier(**settings, monitor="accuracy")):
        model.fit(X, CLASSES)
        for member, rows in zip(model.members_, folds_of(model), strict=True):
            probabilities = member.predict_proba(X[rows])
            if model.monitor == "score":  # which is the loss here
                found = -log_loss(CLASSES[rows], probabilities, labels=[0, 1, 2])
            else:
                found = accuracy_score(CLASSES[rows], member.predict(X[rows]))
            assert found == pytest.approx(max(member.validation_scores_))
            assert member.best_validation_score_ == pytest.approx(found)


def test_early_stopping_is_by_the_rows_left_out():
    settings = {"learning_rate_init": 0.3, "max_iter": 60, "n_iter_no_change": 2}
    model = classifier(early_stopping=True, **settings).fit(X, CLASSES)
    lengths = {member.n_iter_ for member in model.members_}
    assert len(lengths) > 1
    assert max(lengths) < 60


KINDS = {
    "binary": (CLASSES > 0, (90, 2)),
    "multiclass": (np.array(["a", "b", "c"])[CLASSES], (90, 3)),
    "multilabel": (LABELS, (90, 3)),
}


@RESAMPLE
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_classes(kind, resample):
    y, shape = KINDS[kind]
    model = classifier(6, resample).fit(X, y)
    assert model.oof_prediction_.shape == shape
    assert 0 <= model.oof_score_ <= 1
    margin = clone(model).set_params(loss="hinge").fit(X, y)
    assert margin.oof_prediction_.shape == margin.decision_function(X).shape
    assert not hasattr(margin, "predict_set")


def test_several_targets():
    y = np.column_stack([NUMBERS, X[:, 2]])
    model = regressor(3).fit(X, y)
    assert model.oof_prediction_.shape == (90, 2)
    assert model.predict_interval(X).shape == (90, 2, 2)


def test_splitters_and_groups_give_the_folds():
    groups = np.arange(90) // 10
    model = regressor(3, validation_fraction=GroupKFold(3)).fit(X, NUMBERS, groups=groups)
    for rows in folds_of(model):
        assert not set(groups[rows]) & set(groups[np.setdiff1d(np.arange(90), rows)])
    splitter = KFold(3, shuffle=True, random_state=4)
    found = folds_of(regressor(3, validation_fraction=splitter).fit(X, NUMBERS))
    for rows, (_, expected) in zip(found, splitter.split(X), strict=True):
        assert_array_equal(rows, expected)
    with pytest.raises(ValueError, match=r"3 splits.*n_members=.*4 networks"):
        regressor(4, validation_fraction=KFold(3)).fit(X, NUMBERS)


@RESAMPLE
def test_the_same_seed_gives_the_same_numbers(resample):
    model = classifier(3, resample).fit(X, CLASSES)
    again = pickle.loads(pickle.dumps(clone(model).fit(X, CLASSES)))
    assert_array_equal(again.oof_prediction_, model.oof_prediction_)
    assert_array_equal(again.predict_set(X), model.predict_set(X))


@RESAMPLE
def test_a_checkpoint_goes_on_to_the_same_bits(tmp_path, monkeypatch, resample):
    whole = regressor(3, resample, max_iter=6).fit(X, NUMBERS)
    saving = regressor(3, resample, max_iter=6, checkpoint=Checkpoint(tmp_path), verbose=True)
    lines = iter(range(7))

    def crash(*_):
        if next(lines, None) is None:
            raise RuntimeError("crash")

    with monkeypatch.context() as context:
        context.setattr("builtins.print", crash)
        with pytest.raises(RuntimeError, match="crash"):
            saving.fit(X, NUMBERS)
    saving.set_params(verbose=False).fit(X, NUMBERS)
    assert_array_equal(saving.oof_prediction_, whole.oof_prediction_)
    assert_array_equal(saving.coefs_[0], whole.coefs_[0])


@RESAMPLE
@pytest.mark.parametrize("n_calls", [2, 5, 9])
def test_a_fit_goes_on_from_before_a_member_could_not_be_judged(tmp_path, resample, n_calls):
    calls = iter(range(n_calls))

    def monitor(model, rows, y):
        if next(calls, None) is None:
            raise OSError("a passing failure")
        return model.score(rows, y)

    whole = regressor(3, resample, max_iter=6, monitor="r2").fit(X, NUMBERS)
    saving = regressor(3, resample, max_iter=6, monitor=monitor, checkpoint=Checkpoint(tmp_path))
    with pytest.raises(OSError, match="passing"):
        saving.fit(X, NUMBERS)
    calls = iter(range(1000))
    saving.fit(X, NUMBERS)
    assert [network.n_iter_ for network in saving.members_] == [6, 6, 6]
    assert_array_equal(saving.oof_prediction_, whole.oof_prediction_)


@pytest.mark.parametrize("splitter", [TimeSeriesSplit(3), ShuffleSplit(3, random_state=0)])
def test_rows_on_neither_side_of_a_split_are_not_learnt_from(splitter):
    others = np.setdiff1d(np.arange(90), np.concatenate(next(splitter.split(X))))
    changed = NUMBERS.copy()
    changed[others] += 100
    model = regressor(3, validation_fraction=splitter, shuffle=False)
    first, second = (clone(model).fit(X, y).members_[0] for y in (NUMBERS, changed))
    assert_array_equal(first.predict(X), second.predict(X))


def test_bootstrap_takes_no_folds_and_no_groups():
    model = regressor(3, "bootstrap", validation_fraction=GroupKFold(3), early_stopping=True)
    with pytest.raises(ValueError, match=r"GroupKFold.* gives folds, but .*Set resample='folds'"):
        model.fit(X, NUMBERS, groups=np.arange(90) // 10)
    for resample, remedy in (("folds", "Set valid"), ("bootstrap", "Set resample='folds' and v")):
        with pytest.raises(ValueError, match=rf"does not use them\. {remedy}.*GroupKFold\(3\)"):
            regressor(3, resample).fit(X, NUMBERS, groups=np.arange(90))


def test_searches_reach_the_fields():
    grid = {"n_members__resample": [None, "folds"], "n_members__n_members": [2, 3]}
    search = StackedGridSearchCV(MLPRegressor(n_members=2, **BASE), grid, cv=2).fit(X, NUMBERS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert isinstance(search.best_params_["n_members__n_members"], int)


def test_a_committee_without_resampling_is_its_number():
    spec = MLPRegressor(n_members=Committee(3), **BASE).fit(X, NUMBERS)
    number = MLPRegressor(n_members=3, **BASE).fit(X, NUMBERS)
    assert_array_equal(spec.predict(X), number.predict(X))
    assert not hasattr(spec, "oof_prediction_")
    assert not hasattr(spec, "predict_interval")
    with pytest.raises(AttributeError, match="no attribute") as caught:
        _ = number.predict_interval
    assert "Committee(8, resample='folds')" in str(caught.value.__cause__)


def test_temperature_is_less_than_that_of_networks_by_themselves():
    noisy = np.where(np.random.RandomState(1).uniform(size=90) < 0.3, (CLASSES + 1) % 3, CLASSES)
    settings = {"max_iter": 60, "learning_rate_init": 0.05, "restore_best": False}
    plain = classifier(3, **settings).fit(X, noisy)
    model = classifier(3, calibrate="temperature", **settings).fit(X, noisy)
    assert model.temperature_ > 1.1
    assert_allclose(model.coefs_[-1] * model.temperature_, plain.coefs_[-1], rtol=1e-10)
    assert_allclose(model.decision_function(X).shape, plain.decision_function(X).shape)
    before, after = (log_loss(noisy, m.oof_prediction_) for m in (plain, model))
    assert after < before

    def loss_of_networks(temperature):
        return log_loss(noisy, softmax(np.log(plain.oof_prediction_) / temperature, axis=1))

    own = minimize_scalar(loss_of_networks, bounds=(0.1, 100), method="bounded").x
    assert_allclose(model.temperature_, own ** ((1 + 3 / 3) / 4), rtol=1e-4)


@pytest.mark.parametrize(
    ("n_rows", "sharpness", "is_clear"),
    [(4000, 0.5, True), (4000, 1.0, False), (4000, 1.3, True), (40, 1.0, False)],
)
def test_outputs_stay_where_they_are_too_sure_by_chance(n_rows, sharpness, is_clear):
    rng = np.random.RandomState(0)
    logits = rng.normal(scale=2, size=(n_rows, 1))
    y = (rng.uniform(size=(n_rows, 1)) < expit(logits)).astype(float)
    held = np.arange(n_rows)[:, None] % 2 == [0, 1]
    raw = [sharpness * logits[own] for own in held.T]
    out_of_fold = OutOfFold(np.arange(n_rows), held, raw, Columns(y), None, None, n_rows)
    found = temperature_of(out_of_fold, Model((), Logistic(), LogLoss()))
    if is_clear:
        assert_allclose(found, sharpness ** ((1 + 3 / 2) / 4), rtol=0.05)
    else:
        assert found == 1.0


def test_temperature_of_two_classes_and_of_labels():
    for y in (CLASSES > 0, LABELS):
        model = classifier(3, calibrate="temperature").fit(X, y)
        assert np.exp(-3) <= model.temperature_ <= np.exp(3)


# Coverage


def draw(kind, n_rows, rng):
    features = rng.uniform(-2, 2, size=(n_rows, 2))
    mean = np.sin(2 * features[:, 0]) + features[:, 1]
    if kind == "heteroscedastic":
        return features, mean + rng.normal(size=n_rows) * (0.2 + np.abs(features[:, 0]))
    if kind == "heavy tails":
        return features, mean + rng.standard_t(2.5, size=n_rows)
    return features, mean + rng.normal(size=n_rows)


@pytest.mark.parametrize("loss", ["squared_error", Quantile((0.05, 0.5, 0.95))], ids=str)
@pytest.mark.parametrize("resample", ["folds", "bootstrap"])
@pytest.mark.parametrize("kind", ["heteroscedastic", "heavy tails", "few rows"])
def test_intervals_cover_as_they_say(kind, resample, loss):
    found, n_rows = [], 60 if kind == "few rows" else 300
    for seed in range(6):
        rng = np.random.RandomState(seed)
        rows, y = draw(kind, n_rows, rng)
        settings = {"max_iter": 15, "learning_rate_init": 0.02, "random_state": seed}
        model = regressor(6, resample, loss=loss, **settings).fit(rows, y)
        rows, y = draw(kind, 1000, rng)
        low, high = model.predict_interval(rows, coverage=0.8).T
        found.append(np.mean((low <= y) & (y <= high)))
    assert 0.76 <= np.mean(found) <= 0.84


def test_a_higher_level_gives_wider_intervals_and_too_high_a_one_infinite_ends():
    model = regressor(3).fit(X, NUMBERS)
    widths = [np.diff(model.predict_interval(X, level)).mean() for level in (0.5, 0.8, 0.95)]
    assert widths == sorted(widths)
    assert np.isinf(model.predict_interval(X, 0.999)).all()


def test_rows_of_the_fit_have_the_lots_of_new_rows():
    model = classifier(3, "bootstrap").fit(X, CLASSES)
    for rows in (X, sparse.csr_array(X), X.astype(np.float64, order="F")):
        assert_array_equal(model._out_of_fold.lots, lots(as_rows(rows))[model._out_of_fold.rows])
    assert 0.4 < model._out_of_fold.lots.mean() < 0.6


@pytest.mark.parametrize("scale", [1, 3, -1.7])
def test_sets_cover_where_rows_repeat(scale):
    found = []
    for seed in range(4):
        rng = np.random.RandomState(seed)
        rows = scale * rng.randint(2, size=(2400, 3))
        y = (rng.uniform(size=2400) < np.where(rows[:, 0] != 0, 0.9, 0.1)).astype(int)
        settings = {"max_iter": 15, "learning_rate_init": 0.02, "random_state": seed}
        model = classifier(5, **settings).fit(rows[:400], y[:400])
        levels = [model.predict_set(rows[400:], level) for level in (0.5, 0.8, 0.9)]
        found.append([sets[np.arange(2000), y[400:]].mean() for sets in levels])
    assert np.all(np.mean(found, axis=0) > [0.47, 0.77, 0.87])


def test_sets_of_rows_do_not_depend_on_the_rows_beside_them():
    rows = np.random.RandomState(1).normal(size=(200, 5))
    rows[::3, 1] = 0.0
    model = classifier(4, dtype="float64").fit(X, CLASSES)
    sets = model.predict_set(rows, coverage=0.7)
    assert len(np.unique(sets, axis=0)) > 2
    assert_array_equal(model.predict_set(rows[::-1], coverage=0.7), sets[::-1])
    assert_array_equal(model.predict_set(rows[7:8], coverage=0.7), sets[7:8])
    assert_array_equal(model.predict_set(sparse.csr_array(rows), coverage=0.7), sets)


def test_sets_cover_as_they_say():
    found, sizes = [], []
    for seed in range(6):
        rows, y = make_classification(
            1300, 6, n_informative=5, n_classes=4, flip_y=0.2, random_state=seed, n_redundant=0
        )
        settings = {"max_iter": 15, "learning_rate_init": 0.02, "random_state": seed}
        model = classifier(5, **settings).fit(rows[:300], y[:300])
        sets = model.predict_set(rows[300:], coverage=0.8)
        found.append(sets[np.arange(1000), y[300:]].mean())
        sizes.append(sets.sum(axis=1).mean())
    assert 0.77 <= np.mean(found) <= 0.84
    assert 1 < np.mean(sizes) < 3.5


# What is refused


REFUSED = {
    "one member": ({"n_members": Committee(1, "folds")}, "n_members=8"),
    "no rows to calibrate": ({"n_members": Committee(4, None, "temperature")}, "resample"),
    "kind": ({"n_members": Committee(4, "thirds")}, "resample"),
    "warm start": ({"warm_start": True}, "warm_start=False"),
    "lbfgs": ({"solver": "lbfgs"}, "n_members=1"),
    "rows": ({"n_members": Committee(91, "folds")}, "90 rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_that_cannot_be_honoured(name):
    parameters, message = REFUSED[name]
    model = regressor().set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X, NUMBERS)


def test_further_refusals():
    with pytest.raises(ValueError, match="partial_fit does not support n_members"):
        regressor().partial_fit(X, NUMBERS)
    with pytest.raises(ValueError, match="both say"):
        regressor().fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
    for loss in ("hinge", "categorical_hinge", "modified_huber", "exponential"):
        for y in (CLASSES, CLASSES > 0, LABELS):
            with pytest.raises(ValueError, match="calibrate='temperature' needs") as caught:
                classifier(3, calibrate="temperature", loss=loss).fit(X, y)
            assert f"but loss='{loss}' with out_activation='auto' has none" in str(caught.value)
    labels = classifier(3).fit(X, LABELS)
    with pytest.raises(AttributeError) as caught:
        _ = labels.predict_set
    assert "several labels for a row" in str(caught.value.__cause__)
    plain = regressor().set_params(n_members=3).fit(X, NUMBERS)
    with pytest.raises(AttributeError, match="predict_interval") as caught:
        plain.set_params(n_members=Committee(3, "folds")).predict_interval(X)
    assert "The fit leaves no rows out" in str(caught.value.__cause__)
    assert plain.fit(X, NUMBERS).set_params(n_members=3).predict_interval(X).shape == (90, 2)
    only = np.eye(90)[0]
    with pytest.raises(ValueError, match="without rows"):
        regressor().fit(X, NUMBERS, sample_weight=only)
    with pytest.raises(ValueError, match=r"coverage=1\.5"):
        regressor().fit(X, NUMBERS).predict_interval(X, 1.5)


def test_a_class_with_fewer_rows_than_networks():
    y = np.where(np.arange(90) < 2, "rare", np.where(CLASSES > 0, "a", "b"))
    model = classifier(4).fit(X, y)
    assert model.oof_prediction_.shape == (90, 3)


def test_intervals_of_quantiles_far_apart_are_points_and_never_cross():
    # Quantiles that start far outside and hardly learn: the level asks for less than their middle.
    rows = np.random.RandomState(0).uniform(-1, 1, size=(60, 2))
    y = np.where(rows[:, 0] > 0, 1.0, -1.0) * np.where(np.arange(60) % 6, 0.01, 50.0)
    loss = Quantile((0.1, 0.5, 0.9))
    model = regressor(4, loss=loss, max_iter=1, random_state=0).fit(rows, y)
    low, high = model.predict_interval(rows, 0.1).T
    assert np.all(low <= high)
    assert np.any(low == high)
    assert np.all(np.diff(model.predict_interval(rows, 0.9)) > 0)
