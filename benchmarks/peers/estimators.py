"""Our classifier and scikit-learn's, with the same arguments."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning

import sknn_actloss
from benchmarks._data import Shape
from benchmarks._rounds import Job
from sknn_actloss.estimators import JointFit


def ours(shape: Shape, X: Any, y: np.ndarray, **parameters: Any) -> Job:
    """Return a fit of this package."""
    return _job(sknn_actloss.MLPClassifier, shape, X, y, parameters)


def scikit_learn(shape: Shape, X: Any, y: np.ndarray, **parameters: Any) -> Job:
    """Return a fit of scikit-learn."""
    return _job(neural_network.MLPClassifier, shape, X, y, parameters)


#: The two by the names that reports give them.
ESTIMATORS = {"sknn-actloss": ours, "scikit-learn": scikit_learn}


def stacked(
    shape: Shape, X: np.ndarray, y: np.ndarray, rates: np.ndarray, alphas: np.ndarray
) -> Job:
    """Return a training of a network for each rate and penalty, which returns their losses."""
    settings = list(zip(rates.tolist(), alphas.tolist(), strict=True))

    def fit() -> np.ndarray:
        networks = [
            unfitted(sknn_actloss.MLPClassifier, shape, learning_rate_init=rate, alpha=alpha)
            for rate, alpha in settings
        ]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            JointFit(networks, X, y).train()
        return np.array([network.loss_curve_ for network in networks])

    return fit


def unfitted(classifier: type, shape: Shape, **parameters: Any) -> Any:
    """Return a classifier whose fit goes through all epochs of a shape."""
    return classifier(
        shape.hidden,
        batch_size=shape.batch,
        max_iter=shape.epochs,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
        **parameters,
    )


def _job(classifier: type, shape: Shape, X: Any, y: np.ndarray, parameters: dict[str, Any]) -> Job:
    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return unfitted(classifier, shape, **parameters).fit(X, y)

    return fit
