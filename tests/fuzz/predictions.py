"""What a fitted estimator says, looked at from all sides."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit

from .outcomes import demand, demand_finite

#: Fitted attributes that are numbers in any case.
NUMBERS = ("coefs_", "intercepts_", "loss_curve_", "learning_rate_curve_")


def check_fitted(estimator: Any) -> None:
    """Look at the attributes of a fitted network."""
    for name in NUMBERS:
        for part in getattr(estimator, name, []):
            demand_finite(part, name)


def check_predictions(estimator: Any, X: Any, is_classifier: bool) -> dict[str, np.ndarray]:
    """Look at all that an estimator predicts, and return it by method."""
    check = _check_classifier if is_classifier else _check_regressor
    found = check(estimator, X)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    for name, values in found.items():
        demand(values.shape[0] == n_rows, f"{name} has shape {values.shape}")
    return found


def _check_classifier(estimator: Any, X: Any) -> dict[str, np.ndarray]:
    predicted = estimator.predict(X)
    found = {"predict": dense(predicted), "decision_function": estimator.decision_function(X)}
    demand_finite(found["decision_function"], "decision_function")
    _demand_dtype(found["decision_function"], estimator)
    is_labels = sparse.issparse(predicted) or predicted.ndim == 2
    if not is_labels:
        demand(np.isin(predicted, estimator.classes_).all(), "predict gives other classes")
        _check_decisions(found["decision_function"], predicted, estimator.classes_)
    if hasattr(estimator, "predict_proba"):
        found["predict_proba"] = estimator.predict_proba(X)
        _check_probabilities(found["predict_proba"], is_labels)
        found["predict_log_proba"] = estimator.predict_log_proba(X)
        demand(not np.isnan(found["predict_log_proba"]).any(), "NaN of predict_log_proba")
    if hasattr(estimator, "predict_set"):
        found["predict_set"] = estimator.predict_set(X)
        demand(found["predict_set"].dtype == bool, "predict_set is not of bool")
    return found


def _check_probabilities(probabilities: np.ndarray, is_labels: bool) -> None:
    demand_finite(probabilities, "predict_proba")
    inside = probabilities.min() >= 0 and probabilities.max() <= 1 + 1e-6
    demand(inside, f"predict_proba: {probabilities}")
    if not is_labels:
        total = probabilities.sum(axis=1)
        demand(np.allclose(total, 1, atol=1e-5), f"predict_proba adds up to {total}")


def _check_decisions(scores: np.ndarray, predicted: np.ndarray, classes: np.ndarray) -> None:
    """The class that is predicted has the highest score, but for ties by rounding.

    Outputs are compared, and they saturate.
    """
    if len(classes) == 1:
        return
    if scores.ndim == 1:
        scores = np.column_stack([np.zeros_like(scores), scores])
    chosen = np.take_along_axis(scores, np.searchsorted(classes, predicted)[:, None], axis=1)
    highest = scores.max(axis=1, keepdims=True)
    agrees = chosen >= highest - 1e-6 * np.maximum(np.abs(highest), 1)
    ties = expit(chosen) >= expit(highest) - 1e-6
    demand(np.all(agrees | ties), "predict and decision_function differ")


def _check_regressor(estimator: Any, X: Any) -> dict[str, np.ndarray]:
    found = {"predict": estimator.predict(X)}
    demand_finite(found["predict"], "predict")
    _demand_dtype(found["predict"], estimator)
    if hasattr(estimator, "predict_quantiles"):
        found["predict_quantiles"] = estimator.predict_quantiles(X)
        demand_finite(found["predict_quantiles"], "predict_quantiles")
        crossing = np.diff(found["predict_quantiles"], axis=-1).min(initial=0)
        demand(crossing >= 0, "quantiles cross")
    if hasattr(estimator, "predict_interval"):
        found["predict_interval"] = estimator.predict_interval(X, 0.5)
        low, high = np.moveaxis(found["predict_interval"], -1, 0)
        demand(np.all(low <= high), f"interval from {low} to {high}")
    try:
        found["predict"], found["std"] = estimator.predict(X, return_std=True)
    except ValueError as error:
        demand("return_std=True needs a loss" in str(error), str(error))
        return found
    demand_finite(found["std"], "std")
    demand(np.all(found["std"] >= 0), "std below zero")
    return found


def dense(values: Any) -> np.ndarray:
    """Return an array of what may be sparse."""
    return values.toarray() if sparse.issparse(values) else values


def _demand_dtype(values: np.ndarray, estimator: Any) -> None:
    """Numbers are of the type of the weights, or of float64 with a scale of targets."""
    network = getattr(estimator, "network_", estimator)
    scaled = getattr(network, "target_scaling", None) is not None
    dtype = np.float64 if scaled else network.coefs_[0].dtype
    demand(values.dtype == dtype, f"predictions of {values.dtype} by weights of {dtype}")
