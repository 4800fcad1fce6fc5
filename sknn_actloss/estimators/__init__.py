"""The scikit-learn estimators."""

from sknn_actloss.estimators._attributes import was_interrupted
from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._fit import Fit
from sknn_actloss.estimators._from_sklearn import from_sklearn
from sknn_actloss.estimators._hidden_units import HiddenUnits
from sknn_actloss.estimators._holders import NetworkHolder, Recorder
from sknn_actloss.estimators._joint import JointFit, may_be_saved
from sknn_actloss.estimators._mean_and_std import MeanAndStd
from sknn_actloss.estimators._regressor import MLPRegressor
from sknn_actloss.estimators._reopening import range_test, reopen
from sknn_actloss.estimators._settings import (
    Settings,
    component_named,
    hidden_sizes,
    loss_of,
    parameters_of,
)
from sknn_actloss.estimators._to_sklearn import to_sklearn

__all__ = [
    "BaseMLP",
    "Fit",
    "HiddenUnits",
    "JointFit",
    "MLPClassifier",
    "MLPRegressor",
    "MeanAndStd",
    "NetworkHolder",
    "Recorder",
    "Settings",
    "component_named",
    "from_sklearn",
    "hidden_sizes",
    "loss_of",
    "may_be_saved",
    "parameters_of",
    "range_test",
    "reopen",
    "to_sklearn",
    "was_interrupted",
]
