"""The scikit-learn estimators."""

from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
