"""Fits that do not take place: a fitted estimator and rows as training sees them, a range test."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.committee import Committee
from sknn_actloss.estimators._base import BaseMLP, check_data, draft_of
from sknn_actloss.estimators._fit import Fit
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._setup import Setup
from sknn_actloss.estimators._validation import Request
from sknn_actloss.schedules import Constant
from sknn_actloss.training import RangeTest, try_rates


@np.errstate(all="ignore")
def reopen(estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None) -> tuple[Settings, Fit]:
    """Set up the network of a fitted estimator on rows, as if training went on there.

    The estimator stays as it is, and no random number is drawn.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        A fitted estimator.
    X, y, sample_weight
        Rows, targets and weights as for ``fit``. Not all classes need to occur.

    Returns
    -------
    settings : Settings
        The parameters of the estimator, checked.
    fit : Fit
        The rows, the encoded targets and a copy of the fitted parameters.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If rows or targets are not like those of the fit.
    """
    check_is_fitted(estimator, "coefs_")
    draft, settings = draft_of(estimator), Settings.of(estimator)
    looked_at = replace(settings, warm_start=True, early_stopping=False, batch_size="auto")
    data = check_data(draft, looked_at, X, y, incremental=True)
    setup = Setup(draft, looked_at, data, Request(sample_weight), draft._checked_rows)
    return settings, setup.fit(range_test=False)


@np.errstate(all="ignore")
def range_test(
    estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None, **rates: Any
) -> RangeTest:
    """Test learning rates as ``fit`` with ``learning_rate_init="auto"`` would.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        An unfitted estimator, which stays as it is.
    X, y, sample_weight : as in ``fit``
    **rates
        Arguments of :func:`~sknn_actloss.training.try_rates`.

    Raises
    ------
    ValueError
        If parameters or data are invalid, or if the solver has no learning rate.
    """
    estimator._validate_params()
    draft = draft_of(estimator)
    draft.set_params(learning_rate="constant", learning_rate_init="auto")
    settings = Settings.of(draft)
    # Without a seed it is NumPy's global generator. The first of a committee stands for all.
    random_state = copy.deepcopy(check_random_state(settings.random_state))
    single: dict[str, Any] = {"committee": Committee(1), "schedule": Constant()}
    settings = replace(settings, random_state=random_state, **single)
    data = check_data(draft, settings, X, y, sample_weight)
    request = Request(sample_weight)
    fit = Setup(draft, settings, data, request, draft._checked_rows).fit(range_test=False)
    run = fit.run
    return try_rates(run.task, fit.members[0], run.params, **rates)
