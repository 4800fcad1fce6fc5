"""Multi-layer perceptrons for scikit-learn with activation, loss and learning rate to choose."""

from sknn_actloss import activations, initializers, losses, schedules, solvers
from sknn_actloss.estimators import MLPClassifier, MLPRegressor

__version__ = "0.1.0"

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "__version__",
    "activations",
    "initializers",
    "losses",
    "schedules",
    "solvers",
]
