"""The network that learns from tables unless another one is asked for, and what rows decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from sknn_actloss.estimators import BaseMLP, loss_of
from sknn_actloss.losses import (
    AbsoluteError,
    EpsilonInsensitive,
    Huber,
    LogCosh,
    Quantile,
)
from sknn_actloss.solvers import Adam

#: Steps of a training, and the epochs that it has at least and at most.
N_STEPS, MIN_EPOCHS, MAX_EPOCHS = 2_000, 64, 400

#: Rows of a batch.
BATCH_SIZE = 256

#: Rows without which none are set aside to judge by.
MIN_ROWS = 40

#: Rows below which networks have double precision, which costs no time to speak of.
FEW_ROWS = 500

#: Losses to which outliers matter less than to squared errors.
ROBUST = (AbsoluteError, EpsilonInsensitive, Huber, LogCosh, Quantile)


def default_network(kind: type[BaseMLP]) -> BaseMLP:
    """Return the network for tables, with "auto" where rows decide."""
    own = {} if "target_scaling" not in kind().get_params() else {"target_scaling": "auto"}
    return kind(
        (128, 128),
        "relu",
        solver=Adam(beta_2=0.95),
        alpha=0.0,
        batch_size="auto",
        learning_rate="one_cycle",
        learning_rate_init=0.0025,
        max_iter="auto",
        tol=0.0,
        n_iter_no_change=np.inf,
        early_stopping=True,
        monitor="loss",
        dropout=0.15,
        feature_scale=True,
        n_members=8,
        **own,
    )


def complete(network: BaseMLP, y: Any) -> BaseMLP:
    """Set what rows decide, and return the network.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        Its ``max_iter``, ``batch_size``, ``dtype`` and ``target_scaling`` may be "auto"; rows are
        not set aside where there are too few of them.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets of the rows to learn from.
    """
    if network.early_stopping is True and not _may_set_aside(y):
        network.set_params(early_stopping=False, monitor="score")
    for name, rule in _RULES.items():
        if _is_auto(getattr(network, name, None)):
            network.set_params(**{name: rule(network, y)})
    return network


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _may_set_aside(y: Any) -> bool:
    if len(y) < MIN_ROWS:
        return False
    kind = type_of_target(y)
    return kind not in ("binary", "multiclass") or np.unique(y, return_counts=True)[1].min() > 1


def _batch_size(network: BaseMLP, y: Any) -> int:
    return min(BATCH_SIZE, _n_learning(network, y))


def _max_iter(network: BaseMLP, y: Any) -> int:
    n_batches = -(-_n_learning(network, y) // network.batch_size)
    return int(np.clip(-(-N_STEPS // n_batches), MIN_EPOCHS, MAX_EPOCHS))


def _dtype(network: BaseMLP, y: Any) -> str:
    return "float64" if len(y) < FEW_ROWS else "auto"


def _n_learning(network: BaseMLP, y: Any) -> int:
    share = network.validation_fraction if network.early_stopping is True else 0.0
    return max(1, int(len(y) * (1 - share)) if isinstance(share, float) else len(y) // 2)


def _target_scaling(network: BaseMLP, y: Any) -> str | None:
    loss = loss_of(network)
    if not loss.for_targets("continuous", "").takes_shifts:
        return None
    return "robust" if isinstance(loss, ROBUST) else "standard"


#: In an order in which a rule sees what it needs.
_RULES: dict[str, Callable[[BaseMLP, Any], Any]] = {
    "batch_size": _batch_size,
    "dtype": _dtype,
    "max_iter": _max_iter,
    "target_scaling": _target_scaling,
}
