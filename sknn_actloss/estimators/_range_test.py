"""The range test of a fit that does not take place."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from sklearn.utils import check_random_state

from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._fitting import Training
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._validation import NOTHING, partition
from sknn_actloss.training import RangeTest


def range_test(
    estimator: BaseMLP, X: Any, y: Any, sample_weight: Any = None, **rates: Any
) -> RangeTest:
    """Test learning rates as ``fit`` with ``learning_rate_init="auto"`` would.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        An unfitted estimator, used up.
    X, y, sample_weight : as in ``fit``
    **rates
        Arguments of :meth:`Training.range_test`.

    Raises
    ------
    ValueError
        If parameters or data are invalid, or if the solver has no learning rate.
    """
    estimator._validate_params()
    # Without a seed it is NumPy's global generator.
    random_state = copy.deepcopy(check_random_state(estimator.random_state))
    estimator.set_params(
        random_state=random_state, learning_rate="constant", learning_rate_init="auto"
    )
    settings = Settings.of(estimator, estimator._task)
    data = estimator._checked(X, y, incremental=False)
    problem = estimator._problem(settings, data, sample_weight, incremental=False)
    # The first member of a committee stands for all.
    problem = replace(problem, params=problem.params[:1])
    rows = partition(estimator, data, problem, sample_weight, NOTHING)
    training = Training.of(estimator, replace(settings, learning_rate_init=1.0), problem, rows)
    return training.range_test(**rates)
