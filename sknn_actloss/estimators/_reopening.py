"""A fitted estimator and rows as the network and the encoded targets that training works with."""

from __future__ import annotations

import copy
from typing import Any

from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._problem import Problem
from sknn_actloss.estimators._settings import Settings


def reopen(
    estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None
) -> tuple[Settings, Problem]:
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
    problem : Problem
        The rows, the encoded targets and a copy of the fitted parameters.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If rows or targets are not like those of the fit.
    """
    check_is_fitted(estimator, "coefs_")
    copied = copy.copy(estimator)
    copied.warm_start = True
    settings = Settings.of(copied, copied._task)
    data = copied._checked(X, y, incremental=True)
    return settings, copied._problem(settings, data, sample_weight, incremental=False)
