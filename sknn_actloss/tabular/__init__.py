"""Tables of numbers, categories, gaps and dates: encoders, and estimators that take them."""

from sknn_actloss.tabular._estimators import TabularClassifier, TabularRegressor
from sknn_actloss.tabular._piecewise import PiecewiseLinearEncoder
from sknn_actloss.tabular._table import TableEncoder

__all__ = ["PiecewiseLinearEncoder", "TableEncoder", "TabularClassifier", "TabularRegressor"]
