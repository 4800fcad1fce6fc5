"""Parameters that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from sknn_actloss._interval import REALS
from sknn_actloss.activations import Activation
from sknn_actloss.committee import Committee
from sknn_actloss.core import Model
from sknn_actloss.losses import BoundLoss, ProbabilityHead
from sknn_actloss.normalization import Normalization
from sknn_actloss.schedules import Constant, Schedule
from sknn_actloss.solvers import AdamW, Solver

#: scikit-learn's default of ``learning_rate_init``.
DEFAULT_RATE = 0.001


def check_lbfgs(
    given: Mapping[str, Any],
    solver: Solver,
    schedule: Schedule,
    normalization: Normalization | None,
    committee: Committee,
) -> None:
    """Refuse what L-BFGS cannot follow.

    Parameters
    ----------
    given : mapping of str to object
        The parameters of the estimator.
    solver, schedule, normalization, committee
        Those of them that have been resolved.

    Raises
    ------
    ValueError
        That names the parameter, its value and the remedy.
    """
    if solver.stochastic:
        return
    if given["checkpoint"] is not None:
        raise ValueError(
            f"solver='lbfgs' takes no checkpoint={given['checkpoint']!r}: SciPy does not go on "
            "from the middle of a minimisation. Set checkpoint=None, or use a stochastic solver "
            "such as 'adam'."
        )
    for setting, remedy in _conflicts_with_lbfgs(given, schedule, normalization, committee):
        raise ValueError(
            f"solver='lbfgs' takes no {setting}: it works on all rows at once and finds its "
            f"own step lengths. Set {remedy}, or use a stochastic solver such as 'adam'."
        )


def _conflicts_with_lbfgs(
    given: Mapping[str, Any],
    schedule: Schedule,
    normalization: Normalization | None,
    committee: Committee,
) -> list[tuple[str, str]]:
    """Return settings that need steps, and what to set instead."""
    has_schedule = schedule != Constant() or isinstance(given["learning_rate"], Real)
    has_moments = normalization is not None and normalization.has_moments
    conflicting = {
        "early_stopping": (given["early_stopping"] not in (False, "auto"), "False"),
        "learning_rate": (has_schedule, "'constant'"),
        "dropout": (np.any(given["dropout"]), "0"),
        "l1": (given["l1"], "0"),
        "n_members": (committee.n_members > 1, "1"),
        "normalization": (has_moments, "'layer'"),
        "learning_rate_init": (isinstance(given["learning_rate_init"], str), f"{DEFAULT_RATE}"),
    }
    for name in ("weight_decay", "max_norm", "gradient_clip", "weight_averaging"):
        conflicting[name] = given[name], "None"
    return [
        (f"{name}={given[name]!r}", f"{name}={remedy}")
        for name, (conflicts, remedy) in conflicting.items()
        if conflicts
    ]


def check_resampling(given: Mapping[str, Any], committee: Committee) -> None:
    """Refuse to go on from weights of networks that leave out rows.

    Raises
    ------
    ValueError
        If ``warm_start`` is set: what a network has learnt may be of rows left out now.
    """
    if committee.resample is not None and given["warm_start"]:
        raise ValueError(
            f"warm_start=True and n_members={committee!r} contradict each other: networks would "
            "go on from weights that have learnt from rows which they leave out now. Set "
            "warm_start=False, or resample=None."
        )


def check_calibration(given: Mapping[str, Any], committee: Committee, model: Model) -> None:
    """Refuse a temperature where no probabilities come from a softmax or a logistic function.

    Raises
    ------
    ValueError
        That names the parameters.
    """
    has_probabilities = isinstance(model.loss.head, ProbabilityHead)
    if committee.calibrate is None or (
        has_probabilities and model.output_name in ("softmax", "logistic")
    ):
        return
    raise ValueError(
        f"calibrate={committee.calibrate!r} needs probabilities from a softmax or logistic output, "
        f"but loss={given['loss']!r} with out_activation={given['out_activation']!r} has none. Set "
        "calibrate=None, or a loss such as 'log_loss'."
    )


def check_decay(given: Mapping[str, Any], solver: Solver) -> float:
    """Return the decoupled decay of the weights, which a solver may have by itself.

    Raises
    ------
    ValueError
        If the estimator and its solver both set one.
    """
    own, decay = solver.decoupled_decay, given["weight_decay"]
    if decay is None:
        return float(own)
    if own and not isinstance(given["solver"], str):
        raise ValueError(
            f"weight_decay={decay} and solver={solver!r} both set a decay. Leave the "
            f"estimator's weight_decay at None, or use {AdamW.__name__}(weight_decay=0)."
        )
    return float(decay)


def check_scaling(given: Mapping[str, Any], loss: BoundLoss, output: Activation) -> None:
    """Refuse scaled targets where their zero means something, or where outputs cannot reach them.

    Raises
    ------
    ValueError
        That names both parameters.
    """
    scaling = f"target_scaling={given['target_scaling']!r}"
    if not loss.takes_shifts:
        raise ValueError(
            f"{scaling} does not go with loss={given['loss']!r}, which goes by the zero of the "
            "targets. Set target_scaling=None, or use a loss such as 'squared_error'."
        )
    if output.range != REALS:
        raise ValueError(
            f"{scaling} does not go with out_activation={given['out_activation']!r}: scaled "
            f"targets lie on both sides of zero, and its range is {output.range}. Set "
            "target_scaling=None, or out_activation='auto'."
        )
