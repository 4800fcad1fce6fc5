"""Which methods an estimator has: those whose loss and members give what they return."""

from __future__ import annotations

from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._settings import parameters_of, resamples
from sknn_actloss.losses import LOSSES, ProbabilityHead, QuantileHead


def has_probabilities(estimator: BaseMLP) -> bool:
    """Whether the loss gives probabilities; raises AttributeError where it does not."""
    if not estimator._has_head(ProbabilityHead):
        table = LOSSES["classification"]
        names = [name for name in table if issubclass(table[name]().head_kind, ProbabilityHead)]
        loss = parameters_of(estimator)["loss"]
        raise AttributeError(
            f"predict_proba is not available with loss={loss!r}. "
            f"Losses with probabilities are: {', '.join(names)}."
        )
    return True


def has_sets(estimator: BaseMLP) -> bool:
    """Whether sets of classes can be predicted; raises AttributeError where they cannot."""
    if hasattr(estimator, "_targets") and estimator._targets.kind == "multilabel":
        raise AttributeError(
            "predict_set is for rows of one class each, but y has had several labels for a row. "
            "Use predict_proba."
        )
    return resamples(estimator) and has_probabilities(estimator)


def has_quantiles(estimator: BaseMLP) -> bool:
    """Whether the loss gives several quantiles; raises AttributeError where it does not."""
    if not estimator._has_head(QuantileHead):
        loss = parameters_of(estimator)["loss"]
        raise AttributeError(
            f"predict_quantiles is not available with loss={loss!r}. Set a loss of several "
            "quantiles, such as loss=Quantile((0.1, 0.5, 0.9)), and fit."
        )
    return True
