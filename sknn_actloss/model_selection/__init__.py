"""Searches over parameters that train the whole grid at once, and committees of networks."""

from sknn_actloss.model_selection._committee_classifier import CommitteeClassifier
from sknn_actloss.model_selection._committee_regressor import CommitteeRegressor
from sknn_actloss.model_selection._halving import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sknn_actloss.model_selection._search import StackedGridSearchCV, StackedRandomizedSearchCV

__all__ = [
    "CommitteeClassifier",
    "CommitteeRegressor",
    "StackedGridSearchCV",
    "StackedHalvingGridSearchCV",
    "StackedHalvingRandomSearchCV",
    "StackedRandomizedSearchCV",
]
