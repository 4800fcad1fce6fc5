"""Dropout that falls to zero over the second half of a training."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV

from sknn_actloss import MLPClassifier
from sknn_actloss.core import mask_streams
from sknn_actloss.core.dropout import N_LEVELS, Dropout
from sknn_actloss.dropout import FallingDropout, resolve_dropout

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(150, 6, n_informative=4, random_state=0)
BASE = {"hidden_layer_sizes": (8, 8), "batch_size": 50, "max_iter": 8, "random_state": 0}
PATIENT = {"tol": 0.0, "n_iter_no_change": 99}


def classifier(dropout, **changes):
    return MLPClassifier(dropout=dropout, **{**BASE, **PATIENT, **changes})


def rates_in(monkeypatch, model, fit=MLPClassifier.fit):
    """Return the rate of each draw of a fit, for each member that has a mask of its own."""
    rates = []
    draw = Dropout.draw_calls

    def noted(self, n_rows):
        yield lambda: rates.append((self._limit / N_LEVELS).ravel().tolist()), ()
        yield from draw(self, n_rows)

    monkeypatch.setattr(Dropout, "draw_calls", noted)
    fit(model, X, y)
    return np.array(rates)


def test_shares():
    falling = FallingDropout()
    assert [falling.share(u) for u in (0.0, 0.3, 0.5)] == [1.0, 1.0, 1.0]
    assert falling.share(0.75) == pytest.approx(0.5)
    assert falling.share(0.6) == pytest.approx((1 + np.cos(0.2 * np.pi)) / 2)
    assert [falling.share(u) for u in (1.0, 1.7)] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("spec", "n_hidden", "rates"),
    [
        (FallingDropout(0.2, 0.1), 2, (0.1, 0.2, 0.2)),
        (FallingDropout(0.2), 0, ()),
        (FallingDropout(0.0), 3, ()),
        (FallingDropout(0, 0.5), 1, (0.5, 0.0)),
        (0.3, 1, (0.0, 0.3)),
        ((0.1, 0.3), 1, (0.1, 0.3)),
    ],
)
def test_first_rates(spec, n_hidden, rates):
    assert resolve_dropout(spec, n_hidden) == rates


def test_masks_follow_the_rate():
    falling, constant = (
        Dropout([0.6, 0.6], mask_streams(0, 1)[0], 400, 20, np.dtype(np.float32), together)
        for together in (False, True)
    )
    assert len(falling.mask) == 2
    assert len(constant.mask) == 1
    falling.go_to(np.array([0.5, 0.0]))
    for function, arguments in falling.draw_calls(400):
        function(*arguments)
    assert_allclose(np.unique(falling.mask[0]), [0.0, 1 / 0.7], rtol=1e-5)
    assert np.mean(falling.mask[0] == 0) == pytest.approx(0.3, abs=0.02)
    assert_array_equal(falling.mask[1], 1.0)


def test_rates_of_a_fit(monkeypatch):
    found = rates_in(monkeypatch, classifier(FallingDropout(0.4, 0.2)))
    u = np.repeat(np.arange(8) / 8, 9)  # three layers in three steps
    share = np.where(u < 0.5, 1.0, (1 + np.cos(np.pi * (2 * u - 1))) / 2)
    first = np.tile([0.2, 0.4, 0.4], 24)
    assert_allclose(found[:, 0], first * share, rtol=0, atol=0.5 / N_LEVELS)


def test_members_of_a_committee_share_their_masks(monkeypatch):
    model = classifier(FallingDropout(0.4), n_members=3)
    assert rates_in(monkeypatch, model).shape == (8 * 3 * 2, 1)


def test_the_first_half_is_that_of_constant_dropout():
    falling, constant = (classifier(rate, shuffle=False) for rate in (FallingDropout(0.4), 0.4))
    falling.fit(X, y)
    constant.fit(X, y)
    # The first epoch of a lower rate comes behind the middle: the middle itself is at full rate.
    assert falling.loss_curve_[:5] == constant.loss_curve_[:5]
    assert falling.loss_curve_[5] != constant.loss_curve_[5]


def test_calls_of_partial_fit_beyond_the_horizon_leave_nothing_out(monkeypatch):
    model = classifier(FallingDropout(0.4)).fit(X, y)
    found = rates_in(monkeypatch, model, MLPClassifier.partial_fit)
    assert_array_equal(found, 0.0)


def test_a_warm_start_begins_anew(monkeypatch):
    model = classifier(FallingDropout(0.4), warm_start=True).fit(X, y)
    assert rates_in(monkeypatch, model)[0] == pytest.approx(0.4, abs=1 / N_LEVELS)


def test_stored_entries_of_sparse_rows():
    model = classifier(FallingDropout(0.0, 0.5), max_iter=4)
    thin = clone(model).fit(sparse.csr_array(X), y)
    assert np.isfinite(thin.predict_proba(sparse.csr_array(X))).all()
    constant = classifier((0.5, 0.0, 0.0), max_iter=4).fit(sparse.csr_array(X), y)
    assert thin.loss_curve_[:3] == constant.loss_curve_[:3]
    assert thin.loss_curve_[3] != constant.loss_curve_[3]


def test_grids_reach_the_rates():
    grid = {"dropout__rate": [0.1, 0.5], "dropout__input_rate": [0.0, 0.1]}
    search = GridSearchCV(classifier(FallingDropout(), max_iter=3), grid, cv=2).fit(X, y)
    assert search.best_estimator_.dropout in [
        FallingDropout(a, b) for a in (0.1, 0.5) for b in (0.0, 0.1)
    ]


def test_fields_of_a_number_are_refused():
    with pytest.raises(ValueError, match="neither a name nor a component"):
        classifier(0.3).set_params(dropout__rate=0.1)
