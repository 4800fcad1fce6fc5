"""Weights of rows by their classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn_actloss._numeric import as_floats


def class_weights(
    spec: Any, classes: list[Any], index: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return the weight of each row by its class.

    Parameters
    ----------
    spec : dict or "balanced"
        Weights of classes, one where they are not given; or "balanced", which gives all classes
        that have a row with a weight above zero the same total.
    classes : list
        Class labels.
    index : ndarray of int of shape (n_samples,)
        Position of each row's class.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights by which "balanced" counts rows.
    """
    if isinstance(spec, list):
        raise ValueError(
            f"class_weight={spec!r} is a list, which goes with multilabel targets only. "
            "Pass a dict or 'balanced'."
        )
    if isinstance(spec, Mapping):
        return _listed(spec, classes)[index]
    if not (isinstance(spec, str) and spec == "balanced"):
        raise ValueError(f"class_weight={spec!r} must be a dict of weights, or 'balanced'.")
    return _balanced(np.bincount(index, sample_weight, len(classes)))[index]


def label_weights(spec: Any, targets: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """Return the product of the weights that the states 0 and 1 of all labels give to a row.

    Parameters
    ----------
    spec : list of dict or "balanced"
        One dict for each label, or "balanced" for each.
    targets : ndarray of shape (n_samples, n_labels)
        Indicators of labels.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights by which "balanced" counts rows.
    """
    n_labels = targets.shape[1]
    specs = [spec] * n_labels if isinstance(spec, str) else spec
    if not isinstance(specs, list) or len(specs) != n_labels:
        raise ValueError(
            f"class_weight={spec!r} does not go with {n_labels} labels. Pass 'balanced', or a "
            "list of one dict such as {0: 1, 1: 5} for each label."
        )
    factors = [
        class_weights(own, [0, 1], label.astype(int), sample_weight)
        for own, label in zip(specs, targets.T, strict=True)
    ]
    with np.errstate(over="ignore"):  # for the fit to complain about
        return np.prod(factors, axis=0)


def _balanced(counts: np.ndarray) -> np.ndarray:
    present = counts > 0
    with np.errstate(over="ignore", invalid="ignore"):  # for the fit to complain about
        share = counts.sum() / max(present.sum(), 1)
        return np.divide(share, counts, out=np.zeros(len(counts)), where=present)


def _listed(spec: Mapping[Any, float], classes: list[Any]) -> np.ndarray:
    unknown = [label for label in spec if label not in classes]
    # As in scikit-learn, a class that is not in the data is no mistake if all others are given.
    if unknown and any(label not in spec for label in classes):
        raise ValueError(
            f"class_weight={spec!r} has labels {unknown}, which are not among the classes "
            f"{classes}."
        )
    weights = as_floats([spec.get(label, 1.0) for label in classes])
    if weights is None or weights.ndim > 1 or not np.all((weights >= 0) & (weights < np.inf)):
        raise ValueError(f"class_weight={spec!r} must hold finite weights of at least zero.")
    return weights
