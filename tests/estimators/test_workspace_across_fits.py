"""Warm starts and partial_fit go on in the room that is there already."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sknn_actloss import MLPClassifier

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] > 0).astype(int)


def model(**params):
    return MLPClassifier(
        (6,), max_iter=2, batch_size=20, tol=0, n_iter_no_change=np.inf, random_state=0, **params
    )


def fit(estimator):
    with pytest.warns(UserWarning, match="Maximum iterations"):
        return estimator.fit(X, Y)


def go_on(estimator, way):
    return fit(estimator) if way == "warm_start" else estimator.partial_fit(X, Y, classes=[0, 1])


@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_the_workspace_is_used_again(way):
    estimator = go_on(model(warm_start=way == "warm_start"), way)
    first = estimator._workspace
    assert go_on(estimator, way)._workspace is first
    estimator.set_params(batch_size=30)
    assert go_on(estimator, way)._workspace is not first


def test_a_single_fit_leaves_none():
    assert not hasattr(fit(model()), "_workspace")
    estimator = fit(model(warm_start=True)).set_params(warm_start=False)
    assert not hasattr(fit(estimator), "_workspace")


@pytest.mark.parametrize(
    "duplicate", [clone, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_duplicates_come_without(duplicate):
    estimator = fit(model(warm_start=True))
    assert not hasattr(duplicate(estimator), "_workspace")
    assert hasattr(estimator, "_workspace")


@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_the_numbers_are_those_of_new_workspaces(way):
    kept, anew = (model(warm_start=way == "warm_start", activation="gelu") for _ in range(2))
    for _ in range(3):
        go_on(kept, way)
        vars(anew).pop("_workspace", None)
        go_on(anew, way)
    for one, other in zip(
        kept.coefs_ + kept.intercepts_, anew.coefs_ + anew.intercepts_, strict=True
    ):
        assert_array_equal(one, other)
