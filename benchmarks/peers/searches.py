"""Searches over the same candidates: our stacks, and one fit after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.model_selection import GridSearchCV, ParameterGrid

import sknn_actloss
from benchmarks._data import Shape
from benchmarks.peers.estimators import unfitted
from sknn_actloss.model_selection import StackedGridSearchCV, StackedHalvingGridSearchCV

#: Folds, and workers of one thread each.
N_SPLITS, N_JOBS = 5, 2

GRID = ParameterGrid(
    {
        "activation": ["identity", "logistic", "tanh", "relu"],
        "alpha": [1e-5, 1e-4, 1e-2],
        "learning_rate_init": [0.0003, 0.001, 0.003, 0.01],
    }
)

STACKED, HALVING = "StackedGridSearchCV", "StackedHalvingGridSearchCV"
ALONE, SCIKIT_LEARN = "GridSearchCV, ours", "GridSearchCV, scikit-learn"


def searches(shape: Shape, n_candidates: int) -> dict[str, Any]:
    """Return the unfitted searches by the names that reports give them."""
    ours = unfitted(sknn_actloss.MLPClassifier, shape)
    theirs = unfitted(neural_network.MLPClassifier, shape)
    grid = [{name: [value] for name, value in params.items()} for params in some(n_candidates)]
    options = {"cv": N_SPLITS, "n_jobs": N_JOBS, "refit": False}
    return {
        STACKED: StackedGridSearchCV(ours, grid, **options),
        HALVING: StackedHalvingGridSearchCV(ours, grid, return_train_score=False, **options),
        ALONE: GridSearchCV(ours, grid, **options),
        SCIKIT_LEARN: GridSearchCV(theirs, grid, **options),
    }


def some(n_candidates: int) -> list[dict[str, Any]]:
    """Return so many candidates drawn from the grid, the same ones in every run."""
    places = np.random.default_rng(0).permutation(len(GRID))[:n_candidates]
    return [GRID[place] for place in sorted(places.tolist())]
