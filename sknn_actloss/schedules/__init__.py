"""Learning rate schedules by name."""

from __future__ import annotations

from collections.abc import Callable

from sknn_actloss._component import Component, Table, resolve
from sknn_actloss.schedules._base import LearningRate, ScaledSchedule, Schedule
from sknn_actloss.schedules._epochwise import (
    Constant,
    CosineRestarts,
    Exponential,
    InvScaling,
    MultiStep,
    Step,
)
from sknn_actloss.schedules._feedback import Adaptive, ReduceOnPlateau
from sknn_actloss.schedules._function import FunctionSchedule
from sknn_actloss.schedules._horizon import Cosine, CosineCycles, Linear, OneCycle, Polynomial
from sknn_actloss.schedules._progress import Progress

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineCycles",
    "CosineRestarts",
    "Exponential",
    "FunctionSchedule",
    "InvScaling",
    "LearningRate",
    "Linear",
    "MultiStep",
    "OneCycle",
    "Polynomial",
    "Progress",
    "ReduceOnPlateau",
    "ScaledSchedule",
    "Schedule",
    "Step",
    "resolve_schedule",
]

SCHEDULES: Table[Schedule] = Table(
    "learning rate schedule",
    {
        "constant": Constant,
        "invscaling": InvScaling,
        "adaptive": Adaptive,
        "step": Step,
        "multistep": MultiStep,
        "exponential": Exponential,
        "linear": Linear,
        "polynomial": Polynomial,
        "cosine": Cosine,
        "cosine_restarts": CosineRestarts,
        "cosine_cycles": CosineCycles,
        "one_cycle": OneCycle,
        "reduce_on_plateau": ReduceOnPlateau,
    },
)


def resolve_schedule(
    spec: str | Schedule | Callable[[int], float],
    power_t: float = 0.5,
    parameter: str = "learning_rate",
) -> Schedule:
    """Turn a name, an instance or a plain function into a checked schedule.

    Parameters
    ----------
    spec : str, Schedule or callable
        What the user gave; a function takes the step and returns the factor to the initial rate.
    power_t : float, default=0.5
        The estimator's parameter, which ``"invscaling"`` takes.
    parameter : str, default="learning_rate"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    schedule : Schedule
        An instance whose values are checked.

    See Also
    --------
    Schedule : Base of schedules.

    Examples
    --------
    >>> from sknn_actloss.schedules import resolve_schedule
    >>> resolve_schedule("invscaling", power_t=0.3)
    InvScaling(power_t=0.3)
    """
    if callable(spec) and not isinstance(spec, type | Component):
        spec = FunctionSchedule(spec)
    arguments = {"power_t": power_t} if isinstance(spec, str) and spec == "invscaling" else {}
    return resolve(SCHEDULES, spec, Schedule, parameter, **arguments)
