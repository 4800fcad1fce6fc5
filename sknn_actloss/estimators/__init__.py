"""The scikit-learn estimators."""

from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._health import rate_setting
from sknn_actloss.estimators._problem import Problem
from sknn_actloss.estimators._range_test import range_test
from sknn_actloss.estimators._regressor import MLPRegressor
from sknn_actloss.estimators._reopening import reopen
from sknn_actloss.estimators._settings import Settings, hidden_sizes
from sknn_actloss.estimators._together import Together

__all__ = [
    "BaseMLP",
    "MLPClassifier",
    "MLPRegressor",
    "Problem",
    "Settings",
    "Together",
    "hidden_sizes",
    "range_test",
    "rate_setting",
    "reopen",
]
