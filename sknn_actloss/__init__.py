"""Multi-layer perceptrons for scikit-learn with activation, loss and learning rate to choose."""

from sknn_actloss import (
    activations,
    averaging,
    dropout,
    feature_scale,
    initializers,
    losses,
    normalization,
    schedules,
    solvers,
)
from sknn_actloss._config import config_context, get_config, set_config
from sknn_actloss._version import __version__
from sknn_actloss.committee import Committee
from sknn_actloss.estimators import MLPClassifier, MLPRegressor, from_sklearn, to_sklearn
from sknn_actloss.monitor import Monitor
from sknn_actloss.persistence import Checkpoint, CheckpointError
from sknn_actloss.tabular import TabularClassifier, TabularRegressor

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "Committee",
    "MLPClassifier",
    "MLPRegressor",
    "Monitor",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
    "activations",
    "averaging",
    "config_context",
    "dropout",
    "feature_scale",
    "from_sklearn",
    "get_config",
    "initializers",
    "losses",
    "normalization",
    "schedules",
    "set_config",
    "solvers",
    "to_sklearn",
]
