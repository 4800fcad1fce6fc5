"""Fitted estimators of this package as networks of scikit-learn, where it has such."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import AdamOptimizer, SGDOptimizer, set_private_state
from sknn_actloss.activations import ACTIVATIONS, Activation, canonical_name
from sknn_actloss.core import Layout
from sknn_actloss.estimators._base import BaseMLP
from sknn_actloss.estimators._from_sklearn import SHARED
from sknn_actloss.estimators._settings import Settings
from sknn_actloss.estimators._targets import Multilabel
from sknn_actloss.losses import Head, LogLoss, Poisson, ProbabilityHead, SquaredError
from sknn_actloss.normalization import BatchNorm
from sknn_actloss.schedules import Adaptive, Constant, InvScaling
from sknn_actloss.solvers import LBFGS, SGD, Adam

ACTIVATION_NAMES = ("identity", "logistic", "tanh", "relu")

#: Output activations by kind of targets, with the loss that makes scikit-learn take them.
OUTPUTS = {
    "continuous": {"identity": "squared_error", "exp": "poisson"},
    "binary": {"logistic": "log_loss"},
    "multiclass": {"softmax": "log_loss"},
    "multilabel": {"logistic": "log_loss"},
}

LOSSES = {"squared_error": SquaredError(), "poisson": Poisson(), "log_loss": LogLoss()}
SOLVERS = {"adam": Adam, "sgd": SGD, "lbfgs": LBFGS}
SCHEDULES = {"constant": Constant, "invscaling": InvScaling, "adaptive": Adaptive}

#: Parameters that scikit-learn lacks and that leave training alone at their defaults.
LACKING = (
    "class_weight",
    "weight_init",
    "dtype",
    "dropout",
    "l1",
    "max_norm",
    "gradient_clip",
    "weight_averaging",
    "monitor",
    "restore_best",
    "max_time",
    "checkpoint",
    "normalization",
    "feature_scale",
    "target_scaling",
)


def to_sklearn(estimator: Any, *, predictions_only: bool = False) -> Any:
    """Return a fitted estimator as scikit-learn's class of that name.

    It has the parameters, weights, classes and curves of the original, and the state of its
    optimizer and random numbers, so that training goes on with the same numbers. The original
    stays as it is.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Fitted, without what scikit-learn does not have: other activations, losses, output
        activations, solvers, schedules, regularisation or committees.
    predictions_only : bool, default=False
        Whether it is enough that predictions are the same. What concerns training alone, as
        solver, schedule, dropout and averages of weights do, then keeps scikit-learn's defaults;
        ``feature_scale``, ``target_scaling`` and batch normalisation become part of the weights.

    Returns
    -------
    estimator : sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
        Fitted.

    Raises
    ------
    TypeError
        If the estimator is another one.
    NotFittedError
        If it is not fitted.
    ValueError
        If scikit-learn cannot express it; the message names everything that stands in the way.

    See Also
    --------
    from_sklearn : The way back.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier, to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> to_sklearn(model)
    MLPClassifier(alpha=1, hidden_layer_sizes=(8,), random_state=0, solver='lbfgs')
    >>> model = MLPClassifier((8,), "gelu", n_members=2, max_iter=500, random_state=0).fit(X, y)
    >>> to_sklearn(model)
    Traceback (most recent call last):
    ValueError: scikit-learn's MLPClassifier has no activation='gelu', n_members=2.
    """
    if not isinstance(estimator, BaseMLP):
        raise TypeError(
            f"estimator must be a fitted MLPClassifier or MLPRegressor of sknn_actloss, got "
            f"{estimator!r}. Of a Pipeline or search, pass the network: pipeline[-1], "
            "search.best_estimator_; of an estimator for tables, network_."
        )
    check_is_fitted(estimator, "coefs_")
    settings = Settings.of(estimator)
    obstacles = list(_of_network(estimator, settings.given))
    if not predictions_only:
        obstacles += _of_training(estimator, settings)
    if obstacles:
        names = ", ".join(dict.fromkeys(obstacles))
        raise ValueError(f"scikit-learn's {type(estimator).__name__} has no {names}.")
    kind = getattr(neural_network, type(estimator).__name__)
    theirs = kind(**_parameters(estimator, settings, kind, predictions_only))
    vars(theirs).update(_attributes(estimator))
    best = {"best_coefs": theirs.coefs_, "best_intercepts": theirs.intercepts_}
    set_private_state(theirs, **best, **_private_state(estimator, settings, predictions_only))
    return theirs


def _of_network(estimator: BaseMLP, given: Mapping[str, Any]) -> Iterator[str]:
    """Yield what scikit-learn's networks do not compute."""
    model, kind = estimator._model, estimator._targets.kind
    hidden = {_name(activation) for activation in model.activations}
    if not (len(hidden) <= 1 and hidden <= set(ACTIVATION_NAMES)):
        yield f"activation={given['activation']!r}"
    if not _hands_on(model.loss.head, kind, estimator.n_outputs_):
        yield f"loss={given['loss']!r}"
    elif model.output_name not in OUTPUTS[kind]:
        yield f"output activation {estimator.out_activation_!r} for {kind} targets"
    elif kind == "continuous" and "target_scale_" in vars(estimator) and model.output_name == "exp":
        yield f"target_scaling={given['target_scaling']!r}"
    if hasattr(estimator, "members_"):
        yield f"n_members={given['n_members']!r}"
    if model.normalization is not None and type(model.normalization) is not BatchNorm:
        yield f"normalization={given['normalization']!r}"
    sizes = estimator._layout.layer_sizes[1:-1]
    if model.skip_connections and any(a == b for a, b in pairwise(sizes)):
        yield "skip_connections=True"


def _hands_on(head: Head, kind: str, n_outputs: int) -> bool:
    """Whether predictions or probabilities are activated outputs as they are."""
    outputs = np.full((1, 1, n_outputs), 0.5)
    if kind == "continuous":
        return head.point(outputs) is outputs
    return isinstance(head, ProbabilityHead) and head.probabilities(outputs) is outputs


def _of_training(estimator: BaseMLP, settings: Settings) -> Iterator[str]:
    """Yield what scikit-learn does not do in training."""
    given, defaults = settings.given, inspect.signature(type(estimator)).parameters
    for name in LACKING:
        if name in given and not _is(given[name], defaults[name].default):
            yield f"{name}={given[name]!r}"
    if settings.loss not in [LOSSES[name] for name in OUTPUTS[estimator._targets.kind].values()]:
        yield f"loss={given['loss']!r}"
    if _solver_name(settings) == "":
        yield f"solver={given['solver']!r}"
    if _schedule_name(settings) == "":
        yield f"learning_rate={given['learning_rate']!r} with solver={given['solver']!r}"
    if settings.weight_decay:
        yield f"weight_decay={settings.weight_decay:g}"
    if given["early_stopping"] == "auto":
        yield "early_stopping='auto'"
    share = given["validation_fraction"]
    if not (isinstance(share, float) and 0 < share < 1):
        yield f"validation_fraction={share!r}"


def _parameters(
    estimator: BaseMLP, settings: Settings, kind: type, predictions_only: bool
) -> dict[str, Any]:
    """Return the parameters of scikit-learn's class."""
    model, given = estimator._model, settings.given
    known = inspect.signature(kind).parameters
    names = ("hidden_layer_sizes", "random_state") if predictions_only else known
    found = {name: copy.deepcopy(given[name]) for name in names if name in known and name in given}
    found["hidden_layer_sizes"] = estimator._layout.layer_sizes[1:-1]
    if model.activations:
        found["activation"] = canonical_name(model.activations[0])
    if "loss" in known:
        found["loss"] = OUTPUTS[estimator._targets.kind][model.output_name]
    if predictions_only:
        return found
    solver = settings.solver
    fields = {name: getattr(solver, name) for name in solver.estimator_parameters}
    schedule = {"solver": _solver_name(settings), "learning_rate": _schedule_name(settings)}
    if isinstance(settings.schedule, InvScaling):
        fields["power_t"] = settings.schedule.power_t
    if solver.stochastic:
        fields["learning_rate_init"] = estimator.learning_rate_init_
    return found | fields | schedule


def _attributes(estimator: BaseMLP) -> dict[str, Any]:
    """Return the public attributes of scikit-learn's estimator."""
    own = vars(estimator)
    names = (*SHARED, "classes_", "t_")
    found = {name: copy.copy(own[name]) for name in names if name in own}
    # Losses of several targets are means over these in scikit-learn.
    factor = estimator.n_outputs_ if estimator._targets.kind == "continuous" else 1
    found |= {"loss_": estimator.loss_ / factor, "out_activation_": estimator._model.output_name}
    if "_optimizer" in own:
        best = estimator.best_loss_
        found["loss_curve_"] = [loss / factor for loss in estimator.loss_curve_]
        found["best_loss_"] = None if best is None else best / factor
    coefs, intercepts = _weights(estimator)
    return found | {"coefs_": coefs, "intercepts_": intercepts}


def _weights(estimator: BaseMLP) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return weights and biases that take in all that is affine besides them."""
    own = vars(estimator)
    coefs, intercepts = (
        [array.copy() for array in own[name]] for name in ("coefs_", "intercepts_")
    )
    if "feature_scale_" in own:
        coefs[0] *= estimator.feature_scale_[:, None]
    norm = estimator._model.normalization
    if norm is not None:
        moments = zip(estimator.running_means_, estimator.running_variances_, strict=True)
        for layer, (mean, variance) in enumerate(moments):
            factor = estimator.normalization_scales_[layer] / np.sqrt(variance + norm.epsilon)
            coefs[layer] *= factor
            intercepts[layer] -= mean
            intercepts[layer] *= factor
            intercepts[layer] += estimator.normalization_offsets_[layer]
    if "target_scale_" in own:
        # In double precision: targets may be beyond what the network computes in.
        coefs[-1] = coefs[-1] * estimator.target_scale_
        intercepts[-1] = intercepts[-1] * estimator.target_scale_ + estimator.target_center_
    return coefs, intercepts


def _private_state(
    estimator: BaseMLP, settings: Settings, predictions_only: bool
) -> dict[str, Any]:
    """Return what scikit-learn's estimator keeps to itself."""
    state, targets = {}, estimator._targets
    if isinstance(targets, Multilabel):
        state["binarizer"] = copy.deepcopy(targets.binarizer)
    elif targets.kind != "continuous":
        state["binarizer"] = LabelBinarizer().fit(estimator.classes_)
    if predictions_only or "_optimizer" not in vars(estimator):
        return state
    state["no_improvement_count"] = estimator._no_improvement_count
    return state | {"optimizer": _optimizer(estimator, settings)}


def _optimizer(estimator: BaseMLP, settings: Settings) -> AdamOptimizer | SGDOptimizer:
    own, solver, layout = estimator._optimizer, settings.solver, estimator._layout
    params, rate = [*estimator.coefs_, *estimator.intercepts_], own.rate
    if isinstance(solver, Adam):
        theirs = AdamOptimizer(
            params, rate.learning_rate_init, solver.beta_1, solver.beta_2, solver.epsilon
        )
        if own.state:
            theirs.t = own.state["step"]
            theirs.ms = _as_list(layout, own.state["m"] * (1 - solver.beta_1))
            theirs.vs = _as_list(layout, own.state["v"] * (1 - solver.beta_2))
        return theirs
    theirs = SGDOptimizer(
        params,
        rate.learning_rate_init,
        _schedule_name(settings),
        solver.momentum,  # type: ignore[attr-defined]
        solver.nesterovs_momentum,  # type: ignore[attr-defined]
        getattr(settings.schedule, "power_t", 0.5),
    )
    theirs.learning_rate = own.learning_rate
    if own.state:
        theirs.velocities = _as_list(layout, own.state["velocity"].copy())
    return theirs


def _as_list(layout: Layout, row: np.ndarray) -> list[np.ndarray]:
    """Return weights and then biases of a row (1, n_params)."""
    found = layout.attributes(row[0], row.dtype)
    return [*found["coefs_"], *found["intercepts_"]]


def _name(activation: Activation) -> str:
    """Return the name of a built-in activation, ``""`` for any other."""
    name = canonical_name(activation)
    return name if name and activation == ACTIVATIONS[name]() else ""


def _solver_name(settings: Settings) -> str:
    """Return scikit-learn's name of a solver, ``""`` where it has none like it."""
    solver = settings.solver
    for name, kind in SOLVERS.items():
        own = {
            parameter: getattr(solver, parameter, None)
            for parameter in kind.estimator_parameters  # type: ignore[attr-defined]
        }
        if type(solver) is kind and solver == kind(**own):
            return name
    return ""


def _schedule_name(settings: Settings) -> str:
    """Return scikit-learn's name of a schedule, ``""`` where it has none like it."""
    schedule, is_sgd = settings.schedule, isinstance(settings.solver, SGD)
    for name, kind in SCHEDULES.items():
        own = {"power_t": schedule.power_t} if isinstance(schedule, InvScaling) else {}
        if type(schedule) is kind and schedule == kind(**own):
            return name if is_sgd or name == "constant" else ""
    return ""


def _is(value: Any, default: Any) -> bool:
    return value is default or (type(value) is not bool and np.isscalar(value) and value == default)
