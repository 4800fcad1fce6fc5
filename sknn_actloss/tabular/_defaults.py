"""The network that learns from tables unless another one is asked for, and what rows decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknn_actloss.committee import Committee
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.estimators import BaseMLP, MLPClassifier, loss_of
from sknn_actloss.initializers import LeCun
from sknn_actloss.losses import AbsoluteError, EpsilonInsensitive, Huber, LogCosh, LogLoss, Quantile
from sknn_actloss.solvers import Adam

#: Steps of a training, and the epochs that it has at least and at most.
N_STEPS, MIN_EPOCHS, MAX_EPOCHS = 2_000, 64, 400

#: Rows of a batch.
BATCH_SIZE = 256

#: Rows below which networks have double precision, which costs no time to speak of.
FEW_ROWS = 500

#: Losses to which outliers matter less than to squared errors.
ROBUST = (AbsoluteError, EpsilonInsensitive, Huber, LogCosh, Quantile)


def default_network(kind: type[BaseMLP]) -> BaseMLP:
    """Return the network for tables, with "auto" where loss and rows decide."""
    is_classifier = issubclass(kind, MLPClassifier)
    calibrate, own = ("auto", {}) if is_classifier else (None, {"target_scaling": "auto"})
    return kind(
        (128, 128),
        "relu",
        solver=Adam(beta_2=0.95, fan_in_reference=256.0),
        alpha=0.0,
        batch_size="auto",
        learning_rate="cosine_cycles",
        learning_rate_init=0.0025,
        max_iter="auto",
        tol=0.0,
        n_iter_no_change=np.inf,
        weight_init=LeCun("normal", bias_deviation=1.0),
        dropout=FallingDropout(0.15),
        feature_scale=True,
        n_members=Committee(8, "folds", calibrate),
        monitor="auto",
        **own,
    )


def complete(network: BaseMLP, y: Any) -> BaseMLP:
    """Set what loss and rows decide, and return the network.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        Its ``max_iter``, ``batch_size``, ``dtype``, ``monitor``, ``target_scaling`` and the
        ``calibrate`` of its committee may be "auto"; there are no more folds than rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets of the rows to learn from.
    """
    if isinstance(network.n_members, Committee):
        network.set_params(n_members=_committee(network, y))
    for name, rule in _RULES.items():
        if _is_auto(getattr(network, name, None)):
            network.set_params(**{name: rule(network, y)})
    return network


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _committee(network: BaseMLP, y: Any) -> Committee:
    committee = network.n_members
    if _is_auto(committee.calibrate):
        has_temperature = isinstance(loss_of(network), LogLoss) and network.out_activation == "auto"
        committee = replace(committee, calibrate="temperature" if has_temperature else None)
    if committee.resample != "folds" or not isinstance(network.validation_fraction, float):
        return committee
    n_members = min(committee.n_members, _most_folds(network, y))
    if n_members < 2:
        return replace(committee, resample=None, calibrate=None)
    return replace(committee, n_members=n_members)


def _most_folds(network: BaseMLP, y: Any) -> int:
    """Return the rows, or those of the largest class: so many folds each have one."""
    y = np.asarray(y)
    if y.ndim > 1 or not is_classifier(network):
        return len(y)
    return max(Counter(y.tolist()).values())


def _batch_size(network: BaseMLP, y: Any) -> int:
    return min(BATCH_SIZE, _n_learning(network, y))


def _dtype(network: BaseMLP, y: Any) -> str:
    return "float64" if len(y) < FEW_ROWS else "auto"


def _max_iter(network: BaseMLP, y: Any) -> int:
    n_batches = -(-_n_learning(network, y) // network.batch_size)
    return int(np.clip(-(-N_STEPS // n_batches), MIN_EPOCHS, MAX_EPOCHS))


def _monitor(network: BaseMLP, y: Any) -> str:
    is_judged = network.early_stopping or getattr(network.n_members, "resample", None)
    return "loss" if is_judged else "score"


def _n_learning(network: BaseMLP, y: Any) -> int:
    """Return the rows of an epoch."""
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
    "monitor": _monitor,
    "target_scaling": _target_scaling,
}
