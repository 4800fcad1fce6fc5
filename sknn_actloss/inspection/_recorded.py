"""What fits have recorded, with the names and units in which it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators import BaseMLP
from sknn_actloss.inspection._naming import label
from sknn_actloss.losses import resolve_loss

Curves = Mapping[str, Sequence[float]]


def check_has_losses(name: str, network: Any, solver: Any) -> None:
    """Raise an error where a network is not fitted, or its fit has recorded no losses."""
    check_is_fitted(network)
    if not len(getattr(network, "loss_curve_", ())):
        raise ValueError(
            f"The fit of {name} has recorded no losses (solver={solver!r}); "
            "scikit-learn's networks do so with 'sgd' and 'adam', those of this package always."
        )


def recorded(networks: Mapping[str, Any], attribute: str) -> dict[str, Sequence[float]]:
    """Return an attribute of the networks that have it."""
    found = {name: getattr(network, attribute, None) for name, network in networks.items()}
    return {name: curve for name, curve in found.items() if curve is not None and len(curve)}


def best_epoch(network: Any) -> int | None:
    """Return the best epoch by what validation has watched, ``None`` without validation."""
    quality = getattr(network, "validation_scores_", None)
    losses = getattr(network, "validation_loss_curve_", None)
    if quality is None and losses is not None:
        quality = np.negative(losses)
    if quality is None or not np.isfinite(quality).any():
        return None
    # A warm start whose monitor is another one validates its own epochs only.
    earlier = max(0, len(network.loss_curve_) - len(quality))
    return earlier + int(np.nanargmax(quality)) + 1


def kept_epoch(network: Any, restore_best: bool | str) -> int:
    """Return the epoch whose weights a fit has kept."""
    if restore_best == "auto":
        # Only where patience goes by validation rows is there no best training loss.
        restore_best = getattr(network, "best_loss_", 0.0) is None
    if not restore_best:
        return len(network.loss_curve_)
    return best_epoch(network) or int(np.nanargmin(network.loss_curve_)) + 1


def metric_in_full(network: Any, metric: Any) -> Any:
    """Return a metric by its name as a scorer, for which "score" is short."""
    if isinstance(metric, str) and metric == "score":
        return "accuracy" if is_classifier(network) else "r2"
    return metric


def score_name(network: Any, metric: Any) -> str:
    """Return what a metric is called on an axis."""
    name = label(metric_in_full(network, metric))
    return "R²" if name == "r2" else name


@dataclass(frozen=True)
class ReportedLoss:
    """How the losses of a fit are reported.

    Parameters
    ----------
    factor : float
        What they are multiplied with.
    name : str
        What they are called then.
    kind : tuple
        The same for losses that can be compared.
    """

    factor: float
    name: str
    kind: tuple[str, Any]

    @classmethod
    def of(cls, network: Any, given: Mapping[str, Any]) -> ReportedLoss:
        """Find it for a fitted network and its parameters."""
        task = "classification" if is_classifier(network) else "regression"
        loss = resolve_loss(given["loss"], task)
        n_targets = network.n_outputs_ // loss.outputs_per_target
        name, scaling = loss.report_name or label(given["loss"]), given.get("target_scaling")
        return cls(
            loss.report_scale(_target_kind(network), n_targets),
            f"{name} of scaled targets" if scaling else name,
            (repr(loss), scaling),
        )


def final_score(estimator: Any, metric: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """Return the score of a fitted estimator on rows given."""
    is_default = isinstance(metric, str) and metric == "score"
    scorer = check_scoring(estimator, None if is_default else metric)
    weights = {} if sample_weight is None else {"sample_weight": sample_weight}
    return float(scorer(estimator, X, y, **weights))


def common(texts: Sequence[str], otherwise: str) -> str:
    """Return the text if all are the same."""
    return texts[0] if len(set(texts)) == 1 else otherwise


def step_name(solver: Any) -> str:
    """Return what a curve counts."""
    is_stochastic = getattr(solver, "stochastic", solver != "lbfgs")
    return "epoch" if is_stochastic else "iteration"


def _target_kind(network: Any) -> str:
    if not is_classifier(network):
        return "continuous"
    if isinstance(network, BaseMLP):
        return network._targets.kind
    # That of scikit-learn has sigmoids side by side for several labels only.
    is_multilabel = network.out_activation_ == "logistic" and network.n_outputs_ > 1
    return "multilabel" if is_multilabel else "multiclass"
