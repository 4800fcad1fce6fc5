"""Parameters of the two estimators that a user may reasonably write, and that go together."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, ShuffleSplit

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss._interval import REALS
from sknn_actloss.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS, resolve_activation
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, BoundLoss, FunctionLoss, GaussianNLL, resolve_loss
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.persistence import Checkpoint
from sknn_actloss.schedules import SCHEDULES, FunctionSchedule
from sknn_actloss.solvers import LBFGS, SOLVERS, AdamW

from .components import instance_of, one_of
from .draws import Draw, between, orders, whole
from .functions import fading, negative_error, square, swish

ESTIMATORS = {"classification": MLPClassifier, "regression": MLPRegressor}

#: Stands for a folder that each run has for itself.
FOLDER = "<folder>"

_HIDDEN = one_of(ACTIVATIONS, list(HIDDEN_ACTIVATIONS))


def _rows_of(n_rows: int) -> list[tuple[list[int], list[int]]]:
    return [(list(range(n_rows)), list(range(n_rows)))]


#: Values of each parameter of both estimators; ``hidden_layer_sizes`` is drawn in any case.
SHARED: dict[str, list[Any]] = {
    "hidden_layer_sizes": [(), (3,), [4], (4, 4), (5, 3, 2), 6, np.array([3, 2]), (1,)],
    "activation": [_HIDDEN, _HIDDEN, _HIDDEN, swish, square, np.tanh],
    "out_activation": ["auto", one_of(ACTIVATIONS)],
    "solver": [one_of(SOLVERS)],
    "alpha": [0.0, 0, 1e-4, 1.0, 10, orders(1e-6, 10)],
    "batch_size": ["auto", 1, 2, 3, 8, 32, 200, np.int64(5)],
    "learning_rate": [one_of(SCHEDULES), instance_of(FunctionSchedule), fading, 0.01, 1e-4],
    "learning_rate_init": [0.001, "auto", orders(1e-6, 0.3), np.float32(0.01)],
    "power_t": [0.5, 0, 1, between(0, 2)],
    "max_iter": [1, 2, 3, 5],
    "shuffle": [True, False, np.True_],
    "random_state": [whole(0, 99), whole(0, 99), None],
    "tol": [1e-4, 0, 0.1, 1e-10],
    "verbose": [False],
    "warm_start": [False, True],
    "momentum": [0.9, 0, 1.0, between(0, 1)],
    "nesterovs_momentum": [True, False],
    "early_stopping": [False, True, "auto"],
    "validation_fraction": [
        *(0.1, 0.3, 0.5, 2, 3),
        KFold(2),
        ShuffleSplit(1, test_size=0.3),
        _rows_of(4),
    ],
    "beta_1": [0.9, 0.0, between(0, 0.999)],
    "beta_2": [0.999, 0, between(0, 0.9999)],
    "epsilon": [1e-8, 1e-3, orders(1e-12, 1)],
    "n_iter_no_change": [10, 1, 2, np.inf],
    "max_fun": [15000, 1, 3],
    "weight_init": [one_of(INITIALIZERS)],
    "weight_decay": [None, 0.0, 0.01, 1, orders(1e-6, 10)],
    "dtype": ["auto", "float32", "float64"],
    "dropout": [0.0, 0, 0.2, 0.9, instance_of(FallingDropout), between(0, 0.95)],
    "l1": [0.0, 1e-4, 1, orders(1e-6, 10)],
    "max_norm": [None, 1.0, 3, 0.1],
    "gradient_clip": [None, 1, 0.1, 10.0],
    "normalization": [None, one_of(NORMALIZATIONS)],
    "skip_connections": [False, True],
    "feature_scale": [False, True, instance_of(FeatureScale)],
    "weight_averaging": [None, one_of(AVERAGES)],
    "n_members": [1, 2, 3, instance_of(Committee)],
    "monitor": ["score", "loss", negative_error],
    "restore_best": ["auto", True, False],
    "max_time": [None, 1000.0],
    "checkpoint": [None, Checkpoint(FOLDER), Checkpoint(FOLDER, None, 1e-9, False)],
}

SANE: dict[str, dict[str, list[Any]]] = {
    "classification": SHARED
    | {
        "loss": [one_of(LOSSES["classification"]), instance_of(FunctionLoss)],
        "class_weight": [None, "balanced"],
        "monitor": [*SHARED["monitor"], "balanced_accuracy", "f1_macro"],
    },
    "regression": SHARED
    | {
        "loss": [one_of(LOSSES["regression"]), instance_of(FunctionLoss)],
        "target_scaling": [None, "standard", "robust"],
        "monitor": [*SHARED["monitor"], "neg_mean_absolute_error", "r2"],
    },
}

#: What keeps fits short.
BRIEF = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}

#: Parameters that L-BFGS refuses unless they are at their defaults.
_NOT_FOR_LBFGS = (
    *("early_stopping", "learning_rate", "learning_rate_init", "dropout", "l1", "n_members"),
    *("weight_decay", "max_norm", "gradient_clip", "weight_averaging", "checkpoint", "monitor"),
)


def sane_parameters(draw: Draw, task: str, share: float) -> dict[str, Any]:
    """Return parameters that go together, as far as that can be said without data.

    Parameters
    ----------
    draw : Draw
    task : {"classification", "regression"}
    share : float
        Share of the parameters that are not left at their defaults.
    """
    params = {
        name: draw.value(values)
        for name, values in SANE[task].items()
        if draw.chance(share) or name in ("hidden_layer_sizes", "loss")
    }
    params = BRIEF | copy.deepcopy(params)
    if "out_activation" in params:
        params["out_activation"] = draw.value(_outputs(params["loss"], task))
    return _agreeing(params, task)


def is_lbfgs(params: dict[str, Any]) -> bool:
    """Whether the solver works on all rows at once."""
    solver = params.get("solver")
    return solver == "lbfgs" or isinstance(solver, LBFGS)


def leaves_out_rows(params: dict[str, Any]) -> bool:
    """Whether networks of a committee leave out rows of their own."""
    committee = params.get("n_members")
    return isinstance(committee, Committee) and committee.resample is not None


def positive_targets(params: dict[str, Any]) -> bool:
    """Whether the loss asks for targets above zero."""
    return _bound(params["loss"], "regression").target_domain != REALS


def _bound(loss: Any, task: str) -> BoundLoss:
    kind = {"classification": "multiclass", "regression": "continuous"}[task]
    return resolve_loss(loss, task).for_targets(kind, "")


def _outputs(loss: Any, task: str) -> list[Any]:
    """Return output activations whose range lies in the domain of a loss."""
    if isinstance(loss, GaussianNLL) or loss == "gaussian_nll":
        return ["auto", "identity"]
    domain = _bound(loss, task).prediction_domain
    fitting = [name for name in HIDDEN_ACTIVATIONS if ACTIVATIONS[name]().range.within(domain)]
    return ["auto", *fitting, one_of(ACTIVATIONS, fitting)]


def _takes_scaling(params: dict[str, Any]) -> bool:
    """Whether targets may be scaled: the loss does not go by their zero, nor the output."""
    output = params.get("out_activation", "auto")
    output = resolve_activation("identity" if output == "auto" else output)
    return _bound(params["loss"], "regression").takes_shifts and output.range == REALS


def _agreeing(params: dict[str, Any], task: str) -> dict[str, Any]:
    """Return parameters without those that contradict others."""
    dropped = set()
    if is_lbfgs(params):
        dropped |= set(_NOT_FOR_LBFGS)
        if params.get("normalization") not in (None, "layer", "layer_norm"):
            dropped.add("normalization")
    if isinstance(params.get("learning_rate"), float):
        dropped.add("learning_rate_init")
    if isinstance(params.get("solver"), AdamW):
        dropped.add("weight_decay")
    committee = params.get("n_members")
    if leaves_out_rows(params):
        dropped |= {"warm_start", "monitor"}
    if isinstance(committee, Committee) and (task == "regression" or committee.resample is None):
        committee.calibrate = None
    if "target_scaling" in params and not _takes_scaling(params):
        dropped.add("target_scaling")
    if "monitor" in params and not params.get("early_stopping"):
        params["early_stopping"] = True
    return {name: value for name, value in params.items() if name not in dropped}
