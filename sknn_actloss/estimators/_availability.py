"""What an estimator can return, which depends on its loss and its members."""

from __future__ import annotations

import numpy as np

from sknn_actloss.committee import Committee
from sknn_actloss.estimators._base import BaseMLP, check_finite
from sknn_actloss.estimators._settings import parameters_of
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


def has_out_of_fold(estimator: BaseMLP) -> bool:
    """Whether there are predictions out of fold; raises AttributeError where there are none."""
    spec = parameters_of(estimator)["n_members"]
    asks = isinstance(spec, Committee) and spec.resample is not None
    if hasattr(estimator, "_out_of_fold") or (asks and not hasattr(estimator, "coefs_")):
        return True
    which = "The fit" if asks else f"n_members={spec!r}"
    raise AttributeError(
        f"{which} leaves no rows out of the training of some networks, by which predictions "
        "could be judged. Set n_members=Committee(8, resample='folds') and fit."
    )


def has_sets(estimator: BaseMLP) -> bool:
    """Whether sets of classes can be predicted; raises AttributeError where they cannot."""
    if hasattr(estimator, "_targets") and estimator._targets.kind == "multilabel":
        raise AttributeError(
            "predict_set is for rows of one class each, but y has had several labels for a row. "
            "Use predict_proba."
        )
    return has_out_of_fold(estimator) and has_probabilities(estimator)


def has_quantiles(estimator: BaseMLP) -> bool:
    """Whether the loss gives several quantiles; raises AttributeError where it does not."""
    if not estimator._has_head(QuantileHead):
        loss = parameters_of(estimator)["loss"]
        raise AttributeError(
            f"predict_quantiles is not available with loss={loss!r}. Set a loss of several "
            "quantiles, such as loss=Quantile((0.1, 0.5, 0.9)), and fit."
        )
    return True


def check_std(std: np.ndarray | None, estimator: BaseMLP) -> np.ndarray:
    """Return standard deviations that are known and finite; raises ValueError for others."""
    if std is None:
        loss = parameters_of(estimator)["loss"]
        raise ValueError(
            f"return_std=True needs a loss that knows the variance of the targets, or several "
            f"members that differ, but this estimator has loss={loss!r} and n_members=1. "
            "Use loss='gaussian_nll', n_members > 1, or return_std=False."
        )
    return check_finite(std, estimator, "standard deviations")
