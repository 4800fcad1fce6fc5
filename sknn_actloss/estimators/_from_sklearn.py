"""Fitted networks of scikit-learn as estimators of this package."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import AdamOptimizer, SGDOptimizer, private_state
from sknn_actloss.activations import canonical_name
from sknn_actloss.core import Layout
from sknn_actloss.estimators._attributes import OptimizerState, commit
from sknn_actloss.estimators._classifier import MLPClassifier
from sknn_actloss.estimators._continuous import Continuous
from sknn_actloss.estimators._regressor import MLPRegressor
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._targets import ClassTargets, Multilabel, Targets
from sknn_actloss.schedules import Adaptive, LearningRate

#: Attributes that are the same in both packages.
SHARED = (
    "n_features_in_",
    "feature_names_in_",
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "validation_scores_",
    "best_validation_score_",
)


def from_sklearn(estimator: Any) -> MLPClassifier | MLPRegressor:
    """Return a fitted MLP of scikit-learn as one of this package.

    It has the parameters, weights, classes and curves of the original, and the state of its
    optimizer and of its random numbers: ``partial_fit``, and ``fit`` with ``warm_start=True``, go
    on with the numbers that scikit-learn would give. The original stays as it is.

    Parameters
    ----------
    estimator : sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
        Fitted.

    Returns
    -------
    estimator : MLPClassifier or MLPRegressor
        Fitted.

    Raises
    ------
    TypeError
        If the estimator is another one.
    NotFittedError
        If it is not fitted.
    ValueError
        If it has parameters that scikit-learn passes over and this package refuses.

    See Also
    --------
    to_sklearn : The way back.

    Notes
    -----
    Losses of several targets are summed here and averaged in scikit-learn; those of the curve
    are multiplied with the number of targets. scikit-learn keeps no rates: those of
    ``learning_rate_curve_`` are what its schedule gives for a single fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sknn_actloss import from_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> theirs = MLPClassifier((8,), random_state=0).partial_fit(X, y, classes=[0, 1, 2])
    >>> ours = from_sklearn(theirs).partial_fit(X, y)
    >>> bool(abs(ours.predict_proba(X) - theirs.partial_fit(X, y).predict_proba(X)).max() < 1e-9)
    True
    """
    own = _unfitted(estimator)
    check_is_fitted(estimator, "coefs_")
    settings, targets = Settings.of(own), _targets_of(estimator)
    sizes = [weights.shape[1] for weights in estimator.coefs_[:-1]]
    model = settings.model(targets.kind, estimator.n_outputs_)
    layout = model.layout(estimator.n_features_in_, sizes, estimator.n_outputs_)
    dtype = estimator.coefs_[0].dtype
    attributes = {
        name: copy.copy(vars(estimator)[name]) for name in SHARED if hasattr(estimator, name)
    }
    attributes |= targets.attributes | layout.attributes(
        _row(layout, [*estimator.coefs_, *estimator.intercepts_], dtype)[0], dtype
    )
    attributes |= {
        "_model": model,
        "_layout": layout,
        "_targets": targets,
        "out_activation_": canonical_name(model.output),
        "validation_loss_curve_": None,
    }
    commit(own, attributes | _course(estimator, settings, layout))
    return own


def _unfitted(estimator: Any) -> MLPClassifier | MLPRegressor:
    """Return an unfitted estimator of this package with the parameters of the other one."""
    kinds = {
        neural_network.MLPClassifier: MLPClassifier,
        neural_network.MLPRegressor: MLPRegressor,
    }
    for theirs, ours in kinds.items():
        if isinstance(estimator, theirs):
            # Another one draws from the same random numbers, not from those that follow.
            return ours(**copy.deepcopy(estimator.get_params(deep=False)))
    raise TypeError(
        "estimator must be a fitted MLPClassifier or MLPRegressor of sklearn.neural_network, got "
        f"{estimator!r}. Of a Pipeline or search, pass the network: pipeline[-1], "
        "search.best_estimator_."
    )


def _targets_of(estimator: Any) -> Targets:
    binarizer = private_state(estimator).get("binarizer")
    if binarizer is None:
        return Continuous()
    if binarizer.y_type_.startswith("multilabel"):
        return Multilabel(copy.deepcopy(binarizer))
    return ClassTargets.of(binarizer.classes_)


def _row(layout: Layout, arrays: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """Return a row (1, row_size) of what scikit-learn lists as weights and then biases."""
    n_layers = layout.n_layers
    found = {"coefs_": arrays[:n_layers], "intercepts_": arrays[n_layers:]}
    return layout.from_attributes(found, dtype)


def _course(estimator: Any, settings: Settings, layout: Layout) -> dict[str, Any]:
    """Return what an estimator of this package keeps of its training."""
    # Losses of several targets are means over these in scikit-learn.
    factor = 1 if hasattr(estimator, "classes_") else estimator.n_outputs_
    if not settings.solver.stochastic:
        loss = factor * estimator.loss_
        return {"t_": 0, "loss_": loss, "best_loss_": loss, "loss_curve_": []}
    state, best = private_state(estimator), estimator.best_loss_
    losses = [factor * loss for loss in estimator.loss_curve_]
    scores = estimator.validation_scores_
    rates = settings.schedule.simulate(
        len(losses),
        1,
        estimator.t_ / max(len(losses), 1),
        losses if scores is None else np.negative(scores),
        learning_rate_init=settings.learning_rate_init,
        tol=settings.tol,
        n_iter_no_change=settings.n_iter_no_change,
    )
    return {
        "t_": estimator.t_,
        "loss_": losses[-1],
        "best_loss_": None if best is None else factor * best,
        "loss_curve_": losses,
        "learning_rate_curve_": rates.tolist(),
        "learning_rate_init_": settings.learning_rate_init,
        "_no_improvement_count": state["no_improvement_count"],
        # The score on rows that the estimator has set aside by itself.
        "_monitored": None if scores is None else ("score", 0),
        "_optimizer": _optimizer(estimator, settings, layout),
    }


def _optimizer(estimator: Any, settings: Settings, layout: Layout) -> OptimizerState:
    theirs, dtype = private_state(estimator)["optimizer"], estimator.coefs_[0].dtype
    rate = LearningRate(settings.schedule, theirs.learning_rate_init, samples=estimator.t_)
    rate.epoch = len(estimator.loss_curve_)
    if isinstance(theirs, AdamOptimizer):
        # Here the moments are kept without their factors.
        moments = {
            "m": _row(layout, theirs.ms, dtype) / dtype.type(1 - theirs.beta_1),
            "v": _row(layout, theirs.vs, dtype) / dtype.type(1 - theirs.beta_2),
        }
        rate.step = theirs.t
        return OptimizerState(settings.solver, {"step": theirs.t, **moments}, rate)
    rate.reductions = _reductions(theirs) if isinstance(settings.schedule, Adaptive) else 0
    rate.current = theirs.learning_rate
    return OptimizerState(
        settings.solver, {"velocity": _row(layout, theirs.velocities, dtype)}, rate
    )


def _reductions(optimizer: SGDOptimizer) -> int:
    """Return how often the schedule "adaptive" has divided the rate by five."""
    ratio = optimizer.learning_rate_init / optimizer.learning_rate
    return round(math.log(ratio, 5))
