"""L-BFGS, which works on all rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sknn_actloss._sklearn import whole_number
from sknn_actloss.solvers._base import Solver


@dataclass(repr=False)
class LBFGS(Solver):
    """Limited-memory BFGS on all rows at once, by :func:`scipy.optimize.minimize`.

    Parameters
    ----------
    max_fun : int >= 1, default=15000
        Evaluations of loss and gradient at most.
    max_corrections : int >= 1, default=10
        Pairs of steps and gradient changes that approximate the Hessian.

    References
    ----------
    D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization",
    Mathematical Programming 45, 1989.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.solvers import LBFGS
    >>> X, y = load_diabetes(return_X_y=True, scaled=True)
    >>> model = MLPRegressor((), solver=LBFGS(max_corrections=20), random_state=0)
    >>> round(model.fit(X, y).score(X, y), 1)
    0.5
    """

    max_fun: int = 15000
    max_corrections: int = 10

    estimator_parameters: ClassVar[tuple[str, ...]] = ("max_fun",)
    stochastic: ClassVar[bool] = False
    formula: ClassVar[str] = "θ ← θ - α H g, H from the latest changes of θ and g"
    advice: ClassVar[str] = "up to some thousand rows: accurate, and has no rate to tune"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "max_fun": [whole_number(1)],
        "max_corrections": [whole_number(1)],
    }
