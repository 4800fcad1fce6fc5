"""Rows that are set aside: by count, by pairs, by splitters that err, and where it cannot be."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedShuffleSplit

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.estimators import _settings
from sknn_actloss.model_selection import StackedGridSearchCV

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((60, 3))
Y = X[:, 0]
TRAIN, VAL = np.arange(45), np.arange(45, 60)
BASE = {"hidden_layer_sizes": (4,), "max_iter": 6, "random_state": 0, "batch_size": 15}


def regressor(**parameters):
    return MLPRegressor(**BASE | parameters)


def early(spec, **parameters):
    return regressor(early_stopping=True, validation_fraction=spec, **parameters)


def mask(rows):
    return np.isin(np.arange(60), rows)


@pytest.mark.parametrize(
    "pairs",
    [
        [(TRAIN, VAL)],
        ((TRAIN.tolist(), VAL.tolist()), (VAL, TRAIN)),
        [[mask(TRAIN), mask(VAL)]],
        list(PredefinedSplit(np.where(mask(VAL), 0, -1)).split()),
    ],
    ids=["arrays", "lists", "masks", "of a splitter"],
)
def test_pairs_of_rows(pairs):
    found = early(pairs).fit(X, Y)
    expected = early(PredefinedSplit(np.where(mask(VAL), 0, -1))).fit(X, Y)
    assert found.validation_scores_ == expected.validation_scores_
    assert found.loss_curve_ == expected.loss_curve_
    assert clone(found).fit(X, Y).loss_curve_ == found.loss_curve_


def test_a_count_of_rows():
    found, expected = early(15).fit(X, Y), early(0.25).fit(X, Y)
    assert found.validation_scores_ == expected.validation_scores_
    search = StackedGridSearchCV(
        early(15), {"validation_fraction": [10, 0.25, [(TRAIN[:30], VAL)]]}
    )
    with pytest.raises(ValueError, match="to 47 or as masks"):
        search.set_params(error_score="raise").fit(X, Y)


def test_pairs_are_the_folds_of_a_committee():
    pairs = list(KFold(3).split(X))
    found, expected = (
        regressor(n_members=Committee(3, resample="folds"), validation_fraction=spec).fit(X, Y)
        for spec in (pairs, KFold(3))
    )
    assert_array_equal(found.predict(X), expected.predict(X))


class Says:
    """A splitter that says what it is told."""

    def __init__(self, *pair):
        self.pair = pair

    def split(self, X, y=None, groups=None):
        yield self.pair


WRONG = {
    "none": (None, None),
    "text": ("a", "b"),
    "one array": (np.arange(9),),
    "three arrays": (TRAIN, VAL, VAL),
    "validation rows beyond": (TRAIN, np.arange(50, 62)),
    "training rows beyond": (np.arange(50, 62), VAL),
    "negative rows": (np.arange(-3, 30), VAL),
    "numbers": (TRAIN / 2, VAL),
    "short mask": (mask(TRAIN), mask(VAL)[:50]),
    "table": (TRAIN[:, None], VAL),
    "ragged": ([[1], [2, 3]], VAL),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize(
    "settings", [{"early_stopping": True}, {"n_members": Committee(2, "folds")}]
)
def test_wrong_splits_are_named(name, settings):
    for spec in (Says(*WRONG[name]), [WRONG[name]]):
        with pytest.raises(ValueError, match=r"validation_fraction=.* must give pairs of training"):
            regressor(validation_fraction=spec, **settings).fit(X, Y)


@pytest.mark.parametrize("spec", [True, "half", KFold, {1: 2}, -3, 0.5 + 1j, None])
def test_what_is_no_split_is_named(spec):
    with pytest.raises(ValueError, match="validation_fraction"):
        early(spec).fit(X, Y)


@pytest.mark.parametrize("spec", [60, 1000, 1, 0, 0.001])
def test_too_many_or_too_few_rows_are_named(spec):
    with pytest.raises(ValueError, match="validation_fraction"):
        early(spec).fit(X, Y)


def test_messages_know_the_labels():
    names = np.where(np.arange(60) == 0, "fraud", "fair")
    with pytest.raises(ValueError, match=r"validation_fraction=0.1 cannot be set aside.*'fraud'"):
        MLPClassifier(**BASE, early_stopping=True).fit(X, names)


def test_classes_of_which_no_row_is_left_are_named():
    classes = np.repeat(["a   ", "b", "c"], 20)
    classes[VAL[0]] = "rare"
    shuffled = {"early_stopping": True, "validation_fraction": 30}
    for seed in range(8):
        model = MLPClassifier(**BASE | shuffled | {"random_state": seed})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            model.fit(X, classes)
        warned = [w for w in caught if "all rows of the classes ['rare']" in str(w.message)]
        assert len(warned) <= 1
        if warned:
            break
    assert warned


AUTO = {
    "one row of a class": (MLPClassifier, np.where(np.arange(60) == 0, "fraud", "fair"), None, {}),
    "one row with a weight": (MLPRegressor, Y, np.where(np.arange(60) == 7, 1.0, 0.0), {}),
    "nothing to set aside": (MLPRegressor, Y, None, {"validation_fraction": 0.0}),
    "too few to set aside": (MLPRegressor, Y, None, {"validation_fraction": 0.01}),
    "too many": (MLPRegressor, Y, None, {"validation_fraction": 100}),
    "wrong pairs": (MLPRegressor, Y, None, {"validation_fraction": [(TRAIN, VAL + 60)]}),
    "a committee": (MLPRegressor, Y, None, {"validation_fraction": 0.0, "n_members": 2}),
}


@pytest.mark.parametrize("name", AUTO)
def test_auto_fits_whatever_false_fits(name, monkeypatch):
    monkeypatch.setattr(_settings, "AUTO_ROWS", 50)
    kind, y, weight, settings = AUTO[name]
    expected = kind(**BASE | settings).fit(X, y, sample_weight=weight)
    with pytest.warns(UserWarning, match="early_stopping='auto' sets no rows aside"):
        found = kind(**BASE | settings, early_stopping="auto").fit(X, y, sample_weight=weight)
    assert found.loss_curve_ == expected.loss_curve_
    assert_array_equal(found.predict(X), expected.predict(X))
    assert found.validation_scores_ is None


def test_auto_sets_aside_what_it_can(monkeypatch):
    monkeypatch.setattr(_settings, "AUTO_ROWS", 50)
    found, expected = (
        regressor(early_stopping=early_stopping).fit(X, Y) for early_stopping in ("auto", True)
    )
    assert found.validation_scores_ == expected.validation_scores_


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"early_stopping": True, "validation_fraction": KFold(3)}, "validation_fraction=KFold"),
        ({"n_members": Committee(2, resample="folds")}, r"n_members=Committee\(n_members=2"),
    ],
)
def test_who_cannot_split_is_named(settings, match):
    with pytest.raises(ValueError, match=f"{match}.* cannot split 2 rows: "):
        MLPClassifier(**BASE | {"batch_size": 2} | settings).fit(X[:2], [0, 1])


def test_classes_of_one_side_only_are_named():
    X, y = np.arange(60.0).reshape(60, 1), np.array(["a", "b", "c"])[np.arange(60) // 20]
    y = np.where(np.arange(60) < 2, "rare", y)
    network = MLPClassifier((3,), max_iter=2, early_stopping=True)
    cases = {
        "sets aside no rows of the classes ['rare']": (np.arange(50), np.r_[8, 28, 55]),
        "sets aside all rows of the classes ['rare'] and sets aside no rows of the classes ['c']": (
            np.arange(2, 60),
            np.r_[0, 1, 8, 28],
        ),
    }
    for text, pair in cases.items():
        network.set_params(validation_fraction=[pair])
        with pytest.warns(UserWarning, match=re.escape(text)):
            network.fit(X, y)
    network.set_params(validation_fraction=0.1, random_state=0)
    with pytest.warns(UserWarning, match=r"'rare'\], since a split of more than two classes is"):
        network.fit(X, y)
    for spec in (StratifiedShuffleSplit(1, test_size=0.5, random_state=0), 0.5):
        y = np.where(y == "rare", "a", y)
        with warnings.catch_warnings(action="error"):
            warnings.simplefilter("ignore", ConvergenceWarning)
            network.set_params(validation_fraction=spec).fit(X, y)
