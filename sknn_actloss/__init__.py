"""Multi-layer perceptrons for scikit-learn with activation, loss and learning rate to choose."""

from sknn_actloss import (
    activations,
    averaging,
    initializers,
    losses,
    normalization,
    schedules,
    solvers,
)
from sknn_actloss.estimators import MLPClassifier, MLPRegressor

__version__ = "0.1.0"

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "__version__",
    "activations",
    "averaging",
    "initializers",
    "losses",
    "normalization",
    "schedules",
    "solvers",
]
