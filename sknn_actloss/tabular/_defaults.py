"""The network that learns from tables unless another one is asked for, and what rows decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknn_actloss.committee import Committee
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.estimators import BaseMLP, MLPClassifier, loss_of, parameters_of
from sknn_actloss.initializers import LeCun
from sknn_actloss.losses import AbsoluteError, EpsilonInsensitive, Huber, LogCosh, LogLoss, Quantile
from sknn_actloss.solvers import Adam

Given = dict[str, Any]

#: Steps of a training, and the epochs that it has at least and at most.
N_STEPS, MIN_EPOCHS, MAX_EPOCHS = 2_000, 64, 400

#: Share of all epochs without a better one after which a member stops. One that is best at the end
#: of the second of three cycles sees most of the third, one that overfits early is spared it.
PATIENCE = 3 / 7

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
        learning_rate_init=0.0035,
        max_iter="auto",
        tol=0.0,
        early_stopping="auto",
        n_iter_no_change="auto",
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
        Its ``max_iter``, ``n_iter_no_change``, ``batch_size``, ``dtype``, ``monitor``,
        ``target_scaling`` and the ``calibrate`` of its committee may be "auto"; there are no more
        folds than rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets of the rows to learn from.
    """
    given = parameters_of(network)
    for name, (is_open, rule) in _RULES.items():
        if name in given and is_open(given[name]):
            given[name] = rule(network, given, y)
            network.set_params(**{name: given[name]})
    return network


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _is_count(value: Any) -> bool:
    """Whether the network will not refuse it as a number of rows or epochs."""
    return isinstance(value, Integral) and int(value) >= 1


def _is_committee(value: Any) -> bool:
    return isinstance(value, Committee)


def _committee(network: BaseMLP, given: Given, y: Any) -> Committee:
    committee = given["n_members"]
    if _is_auto(committee.calibrate):
        has_temperature = (
            isinstance(loss_of(network), LogLoss) and given["out_activation"] == "auto"
        )
        committee = replace(committee, calibrate="temperature" if has_temperature else None)
    if committee.resample != "folds" or not isinstance(given["validation_fraction"], float):
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


def _batch_size(network: BaseMLP, given: Given, y: Any) -> int:
    return min(BATCH_SIZE, _n_learning(given, y))


def _dtype(network: BaseMLP, given: Given, y: Any) -> str:
    return "float64" if len(y) < FEW_ROWS else "auto"


def _max_iter(network: BaseMLP, given: Given, y: Any) -> int:
    batch_size = given["batch_size"]
    if not _is_count(batch_size):
        return MIN_EPOCHS
    n_batches = -(-_n_learning(given, y) // int(batch_size))
    return int(np.clip(-(-N_STEPS // n_batches), MIN_EPOCHS, MAX_EPOCHS))


def _n_iter_no_change(network: BaseMLP, given: Given, y: Any) -> int:
    max_iter = given["max_iter"]
    return ceil(PATIENCE * max_iter) if _is_count(max_iter) else MIN_EPOCHS


def _monitor(network: BaseMLP, given: Given, y: Any) -> str:
    is_judged = given["early_stopping"] or getattr(given["n_members"], "resample", None)
    return "loss" if is_judged else "score"


def _n_learning(given: Given, y: Any) -> int:
    """Return the rows of an epoch."""
    share = given["validation_fraction"] if given["early_stopping"] is True else 0.0
    return max(1, int(len(y) * (1 - share)) if isinstance(share, float) else len(y) // 2)


def _target_scaling(network: BaseMLP, given: Given, y: Any) -> str | None:
    loss = loss_of(network)
    if not loss.for_targets("continuous", "").takes_shifts:
        return None
    return "robust" if isinstance(loss, ROBUST) else "standard"


#: When a parameter is open and what closes it, in an order in which a rule sees what it needs.
_RULES: dict[str, tuple[Callable[[Any], bool], Callable[[BaseMLP, Given, Any], Any]]] = {
    "n_members": (_is_committee, _committee),
    "batch_size": (_is_auto, _batch_size),
    "dtype": (_is_auto, _dtype),
    "max_iter": (_is_auto, _max_iter),
    "n_iter_no_change": (_is_auto, _n_iter_no_change),
    "monitor": (_is_auto, _monitor),
    "target_scaling": (_is_auto, _target_scaling),
}
