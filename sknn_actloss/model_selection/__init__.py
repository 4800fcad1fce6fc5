"""Searches over parameters that train the whole grid at once."""

from sknn_actloss.model_selection._halving import (
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
)
from sknn_actloss.model_selection._search import StackedGridSearchCV, StackedRandomizedSearchCV

__all__ = [
    "StackedGridSearchCV",
    "StackedHalvingGridSearchCV",
    "StackedHalvingRandomSearchCV",
    "StackedRandomizedSearchCV",
]
