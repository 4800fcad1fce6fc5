"""Solvers by name: how a step turns a gradient into new parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sknn_actloss._component import Table, resolve
from sknn_actloss.solvers._base import BoundSolver, Preset, Solver, StochasticSolver
from sknn_actloss.solvers._lbfgs import LBFGS
from sknn_actloss.solvers._moments import Adam, Adamax, AdamW, Nadam
from sknn_actloss.solvers._momentum import SGD, Lion
from sknn_actloss.solvers._squares import Adadelta, Adagrad, RMSprop

__all__ = [
    "LBFGS",
    "SGD",
    "SOLVERS",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "BoundSolver",
    "Lion",
    "Nadam",
    "RMSprop",
    "Solver",
    "StochasticSolver",
    "resolve_solver",
]

SOLVERS: Table[Solver] = Table(
    "solver",
    {
        "sgd": SGD,
        "adam": Adam,
        "adamw": AdamW,
        "amsgrad": Preset(Adam, amsgrad=True),
        "nadam": Nadam,
        "adamax": Adamax,
        "rmsprop": RMSprop,
        "adagrad": Adagrad,
        "adadelta": Adadelta,
        "lion": Lion,
        "lbfgs": LBFGS,
    },
)


def resolve_solver(
    spec: str | Solver, parameters: Mapping[str, Any] | None = None, parameter: str = "solver"
) -> Solver:
    """Turn a name or an instance into a checked solver.

    Parameters
    ----------
    spec : str or Solver
        What the user gave.
    parameters : mapping of str to object, optional
        Parameters of the estimator; a solver given by name takes those which it lists in
        ``estimator_parameters``. An instance has its own.
    parameter : str, default="solver"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    solver : Solver
        An instance whose values are checked.

    See Also
    --------
    Solver : Base of solvers.

    Examples
    --------
    >>> from sknn_actloss.solvers import resolve_solver
    >>> resolve_solver("sgd", {"momentum": 0.5, "nesterovs_momentum": True})
    SGD(momentum=0.5, nesterovs_momentum=True, fan_in_reference=None)
    """
    arguments = {}
    if isinstance(spec, str) and spec in SOLVERS:
        names = SOLVERS[spec].estimator_parameters  # type: ignore[attr-defined]
        arguments = {name: value for name, value in (parameters or {}).items() if name in names}
    return resolve(SOLVERS, spec, Solver, parameter, **arguments)
