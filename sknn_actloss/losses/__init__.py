"""Loss functions: what training minimises, by name or as an instance."""

from __future__ import annotations

from typing import Any

from sknn_actloss._component import Table, resolve
from sknn_actloss.losses._base import Loss
from sknn_actloss.losses._bound import BoundLoss
from sknn_actloss.losses._focal import Focal
from sknn_actloss.losses._function import FunctionLoss
from sknn_actloss.losses._gaussian import GaussianNLL
from sknn_actloss.losses._heads import GaussianHead, Head, ProbabilityHead, QuantileHead
from sknn_actloss.losses._log_loss import LogLoss
from sknn_actloss.losses._margin import (
    CategoricalHinge,
    Exponential,
    Hinge,
    ModifiedHuber,
    SquaredHinge,
)
from sknn_actloss.losses._positive import Gamma, Poisson, SquaredLogError, Tweedie
from sknn_actloss.losses._quantile import Quantile
from sknn_actloss.losses._regression import (
    AbsoluteError,
    AbsolutePercentageError,
    EpsilonInsensitive,
    Huber,
    LogCosh,
    SquaredEpsilonInsensitive,
    SquaredError,
)
from sknn_actloss.losses._spec import TARGET_KINDS, LossSpec

__all__ = [
    "LOSSES",
    "TARGET_KINDS",
    "AbsoluteError",
    "AbsolutePercentageError",
    "BoundLoss",
    "CategoricalHinge",
    "EpsilonInsensitive",
    "Exponential",
    "Focal",
    "FunctionLoss",
    "Gamma",
    "GaussianHead",
    "GaussianNLL",
    "Head",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "LossSpec",
    "ModifiedHuber",
    "Poisson",
    "ProbabilityHead",
    "Quantile",
    "QuantileHead",
    "SquaredEpsilonInsensitive",
    "SquaredError",
    "SquaredHinge",
    "SquaredLogError",
    "Tweedie",
    "resolve_loss",
]

LOSSES: dict[str, Table[LossSpec]] = {
    "regression": Table(
        "regression loss",
        {
            "squared_error": SquaredError,
            "absolute_error": AbsoluteError,
            "huber": Huber,
            "log_cosh": LogCosh,
            "quantile": Quantile,
            "gaussian_nll": GaussianNLL,
            "epsilon_insensitive": EpsilonInsensitive,
            "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
            "absolute_percentage_error": AbsolutePercentageError,
            "squared_log_error": SquaredLogError,
            "poisson": Poisson,
            "gamma": Gamma,
            "tweedie": Tweedie,
        },
        {
            "mse": "squared_error",
            "mean_squared_error": "squared_error",
            "mae": "absolute_error",
            "mean_absolute_error": "absolute_error",
            "mape": "absolute_percentage_error",
            "mean_absolute_percentage_error": "absolute_percentage_error",
            "msle": "squared_log_error",
            "mean_squared_log_error": "squared_log_error",
            "mean_squared_logarithmic_error": "squared_log_error",
        },
        extend=Loss,
    ),
    "classification": Table(
        "classification loss",
        {
            "log_loss": LogLoss,
            "focal": Focal,
            "squared_error": SquaredError,
            "hinge": Hinge,
            "squared_hinge": SquaredHinge,
            "modified_huber": ModifiedHuber,
            "exponential": Exponential,
            "categorical_hinge": CategoricalHinge,
        },
        {
            "cross_entropy": "log_loss",
            "nll": "log_loss",
            "logistic": "log_loss",
            "binary_crossentropy": "log_loss",
            "categorical_crossentropy": "log_loss",
            "sparse_categorical_crossentropy": "log_loss",
            "mse": "squared_error",
            "mean_squared_error": "squared_error",
            "hinge_loss": "hinge",
        },
        extend=Loss,
    ),
}


def resolve_loss(spec: Any, task: str, parameter: str = "loss") -> LossSpec:
    """Turn a name or an instance into a checked loss for the task.

    Parameters
    ----------
    spec : str or LossSpec
        What the user gave.
    task : {"regression", "classification"}
        What the estimator does.
    parameter : str, default="loss"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    loss : LossSpec
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If the loss is unknown or made for another task (the message lists those that fit), or a
        field is out of range.
    TypeError
        If ``spec`` is neither a name nor an instance.

    See Also
    --------
    LossSpec : Base of losses.

    Examples
    --------
    >>> from sknn_actloss.losses import resolve_loss
    >>> resolve_loss("huber", "regression")
    Huber(delta=1.0)
    """
    table = LOSSES[task]
    loss = resolve(table, spec, LossSpec, parameter)
    if task not in loss.tasks:
        raise ValueError(
            f"{parameter}={loss!r} is not a {table.kind}. Valid names are: "
            f"{', '.join(table.names)}."
        )
    return loss
