"""The attributes of a fitted estimator, and the one place that sets them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from sknn_actloss.core import ATTRIBUTE_NAMES, Layout
from sknn_actloss.schedules import LearningRate
from sknn_actloss.solvers import Solver
from sknn_actloss.training import REMEDY, Course, Member

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed."
)

#: Attributes that not every fit has: those of an earlier one must not stay.
OPTIONAL = (
    *ATTRIBUTE_NAMES,
    "feature_names_in_",
    "target_center_",
    "target_scale_",
    "members_",
    "oof_prediction_",
    "oof_score_",
    "temperature_",
    "_out_of_fold",
    "learning_rate_curve_",
    "learning_rate_init_",
    "_optimizer",
    "_monitored",
    "_no_improvement_count",
    "_scored_by",
    "_workspace",
    "score_curve_",
)

#: Fields of a course that a warm start or partial_fit takes from the fitted estimator.
COURSE_ATTRIBUTES = {
    "loss_curve": "loss_curve_",
    "rate_curve": "learning_rate_curve_",
    "best_loss": "best_loss_",
    "no_improvement_count": "_no_improvement_count",
}

#: Those of them that go on where the same quantity is monitored.
VALIDATION_ATTRIBUTES = {
    "validation_scores": "validation_scores_",
    "validation_losses": "validation_loss_curve_",
    "best_score": "best_validation_score_",
}

#: The one that goes on where the same quantity is recorded for the training rows.
SCORE_ATTRIBUTES = {"training_scores": "score_curve_"}

#: What a committee has from its members: means of numbers, of curves, and the largest of counts.
MEANS = ("loss_", "best_loss_", "best_validation_score_", "learning_rate_init_")
CURVES = (
    "loss_curve_",
    "validation_loss_curve_",
    "validation_scores_",
    "learning_rate_curve_",
    "score_curve_",
)
LARGEST = ("n_iter_", "t_")


@dataclass
class OptimizerState:
    """What ``partial_fit`` goes on from.

    Parameters
    ----------
    solver : Solver
    state : dict
        What the solver remembers.
    rate : LearningRate
        Where the rate stands.
    average : dict
        The average of the weights, and the weights to go on from.
    streams : list of Generator or None
        Sources of dropout masks.
    """

    solver: Solver = field(metadata={"saved": False})
    state: dict[str, Any]
    rate: LearningRate
    average: dict[str, Any] = field(default_factory=dict)
    streams: Sequence[np.random.Generator] | None = None

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return self.rate.learning_rate


@dataclass(frozen=True, eq=False)
class Template:
    """An estimator that lacks nothing but the parameters of its networks.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        With all attributes but these.
    attributes : dict
        Those attributes: of features, classes, and the network's shape.
    layout : Layout
        What a row of parameters means.
    dtype : dtype
        Data type of fitted weights.
    """

    estimator: Any
    attributes: dict[str, Any]
    layout: Layout
    dtype: np.dtype

    def fitted_attributes(self, params: np.ndarray) -> dict[str, Any]:
        """Return all attributes that predictions need.

        Parameters
        ----------
        params : ndarray of shape (row_size,) or (n_members, row_size)
            A network, or the members of a committee.
        """
        return self.attributes | self.layout.attributes(params, self.dtype)

    def fitted(self, params: np.ndarray) -> Any:
        """Return an estimator that predicts with the parameters."""
        estimator = copy.copy(self.estimator)
        commit(estimator, self.fitted_attributes(params))
        return estimator


def commit(estimator: Any, attributes: Mapping[str, Any]) -> None:
    """Set all attributes of a fitted estimator at once, in place of those of an earlier fit."""
    for name in OPTIONAL:
        if name not in attributes:
            vars(estimator).pop(name, None)
    vars(estimator).update(attributes)


def network_attributes(
    member: Member,
    n_rows: int,
    streams: Sequence[np.random.Generator] | None,
    earlier: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what a trained network says of its training.

    Parameters
    ----------
    member : Member
    n_rows : int
        Rows that it has gone through in all fits.
    streams : list of Generator or None
        Sources of its dropout masks.
    earlier : mapping of str to object
        Attributes of the fit that it went on from.
    """
    course = member.state.course
    attributes = {"n_iter_": course.n_epochs, "loss_curve_": course.loss_curve}
    attributes |= dict.fromkeys(VALIDATION_ATTRIBUTES.values())
    if member.training_judge is not None:
        attributes |= {
            "score_curve_": course.training_scores,
            "_scored_by": member.training_judge.monitor,
        }
    if member.state.outcome == "interrupted":
        attributes["_interrupted"] = True
    if member.spec.solver.stochastic:
        return attributes | {"t_": n_rows} | _stochastic_attributes(member, streams)
    loss = {"loss_": (course.loss_curve or [course.best_loss])[-1], "best_loss_": course.best_loss}
    if not np.isfinite(course.best_loss):
        loss |= {name: earlier[name] for name in loss if name in earlier}
    return attributes | {"t_": 0} | loss


def _stochastic_attributes(
    member: Member, streams: Sequence[np.random.Generator] | None
) -> dict[str, Any]:
    """Return what only a training by steps has."""
    state, course, rate = member.state, member.state.course, member.state.rate
    attributes = {}
    if member.judge is not None:
        validated = VALIDATION_ATTRIBUTES.items()
        attributes = {name: getattr(course, own) for own, name in validated}
    if state.kept_score is not None:
        attributes["best_validation_score_"] = state.kept_score
    best_loss = course.best_loss if state.kept_loss is None else state.kept_loss
    return attributes | {
        "loss_": course.loss_curve[-1] if course.loss_curve else np.inf,
        "best_loss_": None if member.spec.early_stopping else best_loss,
        "learning_rate_curve_": course.rate_curve,
        "learning_rate_init_": rate.learning_rate_init,
        "_no_improvement_count": course.no_improvement_count,
        "_optimizer": OptimizerState(
            member.spec.solver, state.solver, rate, state.average, streams
        ),
    }


def was_interrupted(estimator: Any) -> bool:
    """Whether Ctrl-C has ended the fit of an estimator."""
    networks = getattr(estimator, "members_", [estimator])
    return any(getattr(network, "_interrupted", False) for network in networks)


def final_params(member: Member, dtype: np.dtype) -> np.ndarray:
    """Return the parameters that training has come to.

    Raises
    ------
    ValueError
        If none was finite, in the data type of fitted weights.
    Exception
        What judging the network failed with.
    """
    if member.state.error is not None:
        raise member.state.error
    params = member.state.params
    with np.errstate(over="ignore"):
        if params is not None and np.isfinite(params.astype(dtype, copy=False)).all():
            return params
    if not member.spec.solver.stochastic:
        raise ValueError(f"{NON_FINITE} {REMEDY}")
    raise ValueError(
        f"{NON_FINITE} The learning rate was {member.state.rate.current:g}. "
        f"Lower learning_rate_init. {REMEDY}"
    )


def continued_course(
    earlier: Mapping[str, Any], course: Course, with_validation: bool, with_scores: bool
) -> Course:
    """Return a course that goes on from that of an earlier fit.

    Parameters
    ----------
    earlier : mapping of str to object
        Attributes of the network fitted earlier, if there is one.
    course : Course
        A new one.
    with_validation : bool
        Whether the same is monitored on the same rows.
    with_scores : bool
        Whether the same is recorded for the training rows.
    """
    names = COURSE_ATTRIBUTES | (VALIDATION_ATTRIBUTES if with_validation else {})
    names |= SCORE_ATTRIBUTES if with_scores else {}
    found = {name: earlier.get(attribute) for name, attribute in names.items()}
    known = {name: copy.copy(value) for name, value in found.items() if value is not None}
    return replace(course, **known)


def committee_attributes(
    members: Sequence[Mapping[str, Any]], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a committee has from the attributes of its members.

    Parameters
    ----------
    members : sequence of mapping of str to object
        Attributes of each.
    earlier : mapping of str to object
        Attributes of the committee whose curves all members have gone on from, if there is one.
    """
    merges: tuple[tuple[tuple[str, ...], Callable[..., Any]], ...]
    merges = ((MEANS, _mean), (LARGEST, max))
    merged = {
        name: merge([member[name] for member in members])
        for names, merge in merges
        for name in names
    }
    curves = {name: [member[name] for member in members] for name in CURVES if name in members[0]}
    return merged | {name: _longer(earlier.get(name), own) for name, own in curves.items()}


def _longer(known: list[float] | None, curves: Sequence[list[float] | None]) -> list[float] | None:
    """Return the mean of curves, of which that of their first epochs may be known."""
    if not known or None in curves or {len(curve) for curve in curves} != {len(known) + 1}:
        return _mean_curve(curves)
    return known + _mean_curve([curve[len(known) :] for curve in curves])


def _mean(values: Sequence[float | None]) -> float | None:
    if None in values:
        return None
    # The mean of equal numbers may differ from them by rounding.
    return float(values[0] if len(set(values)) == 1 else np.mean(values))


def _mean_curve(curves: Sequence[list[float] | None]) -> list[float] | None:
    """Return the mean of curves, where one that has ended counts with its last value."""
    if None in curves or not all(curves):
        return None if None in curves else []
    epochs = zip_longest(*curves)
    last = [curve[-1] for curve in curves]
    filled = [[v if v is not None else end for v, end in zip(e, last, strict=True)] for e in epochs]
    with np.errstate(over="ignore"):
        mean = np.mean(filled, axis=1)
        # The sum may be too large for a number where the mean is not.
        parts = np.sum(np.divide(filled, len(curves)), axis=1)
    return np.where(np.isfinite(mean), mean, parts).tolist()
