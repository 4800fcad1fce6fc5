"""Pickles say which version has made them, and another version warns."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline

from sknn_actloss import MLPClassifier, MLPRegressor, __version__, _pickling
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((40, 3))
Y = (X[:, 0] > 0).astype(int)
NETWORK = MLPClassifier((3,), max_iter=3, random_state=0)
ESTIMATORS = [
    NETWORK,
    MLPRegressor((3,), max_iter=3, n_members=2, random_state=0),
    CommitteeClassifier([NETWORK]),
    StackedGridSearchCV(NETWORK, {"alpha": [0, 1]}, cv=2),
    StackedHalvingGridSearchCV(NETWORK, {"alpha": [0, 1]}, cv=2),
    make_pipeline(TableEncoder(), NETWORK),
    make_pipeline(PiecewiseLinearEncoder(), NETWORK),
]


def name_of(estimator):
    return type(estimator[0] if hasattr(estimator, "steps") else estimator).__name__


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_another_version_is_warned_of(estimator, monkeypatch):
    fitted = clone(estimator).fit(X, Y)
    text = pickle.dumps(fitted)
    with warnings.catch_warnings(action="error"):
        again = pickle.loads(text)
        copy.deepcopy(fitted)
    assert_array_equal(again.predict(X), fitted.predict(X))
    assert not any("version" in name for name in vars(again))
    monkeypatch.setattr(_pickling, "__version__", "9.9.9")
    with pytest.warns(InconsistentVersionWarning) as caught:
        assert_array_equal(pickle.loads(text).predict(X), fitted.predict(X))
    messages = [str(warning.message) for warning in caught]
    assert any(message.startswith(f"{name_of(estimator)} was pickled by") for message in messages)
    assert all(f"sknn_actloss {__version__}, and this is 9.9.9." in message for message in messages)


def test_a_pickle_that_lacks_something_says_so():
    fitted = clone(NETWORK).fit(X, Y)
    state = fitted.__getstate__()
    for name in ("_sknn_actloss_version", "feature_scale", "_layout"):
        del state[name]
    old = object.__new__(MLPClassifier)
    with pytest.warns(InconsistentVersionWarning, match="lacks the parameters feature_scale"):
        old.__setstate__(state)
    with pytest.raises(AttributeError, match=r"another version of .*'_layout'.*Fit it"):
        old.predict(X)


def test_what_was_pickled_before_fit_fits():
    text = pickle.dumps(NETWORK)
    assert pickle.loads(text).fit(X, Y).loss_curve_ == clone(NETWORK).fit(X, Y).loss_curve_
