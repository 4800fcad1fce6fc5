"""L-BFGS through SciPy on the flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, sparse

from sknn_actloss._calls import run
from sknn_actloss.core import Network, as_rows


class BestIterate:
    """The objective for SciPy, which remembers where it started and the best it was shown.

    Parameters
    ----------
    network : Network
        A stack of one network, float64.
    X, y, sample_weight
        All training rows.
    """

    def __init__(
        self,
        network: Network,
        X: np.ndarray | sparse.csr_array,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
    ) -> None:
        self._network = network
        self.start = network.params[0].copy()
        self._targets = y, sample_weight
        self._total = float(len(y) if sample_weight is None else sample_weight.sum())
        self._program = network.bind(as_rows(X), y, sample_weight, self._total, slice(0, len(y)))
        self.loss = np.inf
        self.params: np.ndarray | None = None

    def __call__(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Return loss and gradient."""
        self._network.params[0] = params
        run(self._program)
        loss = float(self._network.losses(*self._targets)[0]) / self._total
        if loss < self.loss:
            self.loss, self.params = loss, params.copy()
        return loss, self._network.gradient[0].copy()


def minimize(
    objective: BestIterate,
    start: np.ndarray,
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
    max_corrections: int,
    callback: Callable[[np.ndarray, float], bool],
) -> optimize.OptimizeResult:
    """Minimise the loss over all rows.

    Parameters
    ----------
    objective : BestIterate
        Loss and gradient.
    start : ndarray of shape (n_params,)
        Initial parameters.
    max_iter, max_fun, tol, max_corrections
        Iterations and evaluations at most, tolerance of the projected gradient, and memory.
    callback : callable
        Called with the parameters and the loss of each iterate; returning True stops.
    """

    def on_iterate(intermediate_result: optimize.OptimizeResult) -> None:
        if callback(intermediate_result.x, float(intermediate_result.fun)):
            raise StopIteration

    with np.errstate(over="ignore", invalid="ignore"):
        return optimize.minimize(
            objective,
            start,
            method="L-BFGS-B",
            jac=True,
            callback=on_iterate,
            options={
                "maxfun": max_fun,
                "maxiter": max_iter,
                "gtol": tol,
                "maxcor": max_corrections,
            },
        )
