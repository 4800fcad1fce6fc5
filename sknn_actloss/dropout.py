"""Rates of dropout, and how they may fall while training comes to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from sknn_actloss._component import Component, as_python
from sknn_actloss._sklearn import number

__all__ = ["FallingDropout", "resolve_dropout"]


@dataclass(repr=False)
class FallingDropout(Component):
    r"""Dropout at full rates up to the middle of the horizon, which then falls to zero.

    .. math:: p = p_0 \begin{cases} 1 & u < \tfrac{1}{2} \\
        \tfrac{1}{2} (1 + \cos(\pi (2u - 1))) & u \ge \tfrac{1}{2} \end{cases}

    where u goes from 0 to 1 at the horizon of ``max_iter`` epochs, epoch by epoch. Beyond it, as
    in ``partial_fit`` that goes on, nothing is left out.

    Parameters
    ----------
    rate : float in [0, 1), default=0.15
        Share of the outputs of hidden units that is left out at first.
    input_rate : float in [0, 1), default=0.0
        Share of the input features that is left out at first.

    See Also
    --------
    sknn_actloss.MLPClassifier : Takes it as ``dropout``.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sknn_actloss.dropout import FallingDropout
    >>> [round(FallingDropout(0.2).share(u), 2) for u in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 0.5, 0.0]
    """

    rate: float = 0.15
    input_rate: float = 0.0

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "rate": [number(0, 1, "left")],
        "input_rate": [number(0, 1, "left")],
    }

    def share(self, u: float) -> float:
        """Return the share of the first rates that is left.

        Parameters
        ----------
        u : float
            Share of the way to the horizon.

        Returns
        -------
        share : float
            From 1 in the first half to 0 at the horizon.
        """
        fallen = min(max(2 * u - 1, 0.0), 1.0)
        return (1 + math.cos(math.pi * fallen)) / 2


def resolve_dropout(spec: Any, n_hidden: int, parameter: str = "dropout") -> tuple[float, ...]:
    """Return the first rate of the inputs and of each hidden layer, nothing where all are zero.

    Parameters
    ----------
    spec : float, sequence of float or FallingDropout
        What the user gave.
    n_hidden : int
        Number of hidden layers.
    parameter : str, default="dropout"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    rates : tuple of float
        That of the inputs first; empty where all are zero.

    Raises
    ------
    ValueError
        If there is a rate out of range, or too many or too few of them.

    See Also
    --------
    FallingDropout : Rates that fall.

    Examples
    --------
    >>> from sknn_actloss.dropout import resolve_dropout
    >>> resolve_dropout(0.2, n_hidden=2)
    (0.0, 0.2, 0.2)
    """
    rates = _all_rates(spec, n_hidden, parameter)
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"{parameter}={spec!r} must hold rates of at least 0 and below 1.")
    return tuple(map(float, rates)) if any(rates) else ()


def _all_rates(spec: Any, n_hidden: int, parameter: str) -> tuple[float, ...]:
    if isinstance(spec, FallingDropout):
        spec.validate()
        return spec.input_rate, *(spec.rate,) * n_hidden
    spec = as_python(spec)
    if isinstance(spec, Real):
        return 0.0, *(spec,) * n_hidden  # type: ignore[arg-type]
    if len(spec) in (n_hidden, n_hidden + 1):
        return *(0.0,) * (n_hidden + 1 - len(spec)), *spec
    raise ValueError(
        f"{parameter}={spec!r} has {len(spec)} entries, but hidden_layer_sizes has {n_hidden}. "
        f"Give a single rate, one for each hidden layer, or one more in front for the inputs."
    )
