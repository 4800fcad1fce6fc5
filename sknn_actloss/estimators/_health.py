"""What a fit complains about: layers without a living unit, and a loss that never fell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.activations import Activation
from sknn_actloss.core import as_rows, hidden_outputs
from sknn_actloss.estimators._settings import named_solver

#: Epochs before a loss that never fell is a reason to complain.
N_EPOCHS = 10

#: Relative change of a loss that is as good as none, in single precision as well.
ROUNDING = 1e-6

#: Rows that are looked at together. Those of a healthy network end with the first of such blocks.
BLOCK_SIZE = 200


def complaint(
    estimator: Any,
    X: np.ndarray | sparse.csr_array,
    rows: np.ndarray | None,
    losses: Sequence[float],
) -> str:
    """Say what is wrong with a fitted network and how to mend it, ``""`` where nothing is.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        With fitted weights.
    X : ndarray or CSR of shape (n_samples, n_features)
    rows : ndarray of int or None
        The training rows; ``None`` means all.
    losses : sequence of float
        Training loss of each epoch where the initial weights had something to learn, else empty.
    """
    dead = dead_layers(estimator, X, np.arange(X.shape[0]) if rows is None else rows)
    if dead:
        layers = f"layer{'s' * (len(dead) > 1)} {' and '.join(map(str, dead))}"
        return (
            f"All units of hidden {layers} are dead: they put out zero for every training row, "
            f"and no gradient passes. {_lower_rate(estimator)}Use activation='leaky_relu', or "
            "scale the inputs (StandardScaler)."
        )
    if never_fell(losses):
        return (
            f"The loss never fell below {losses[0]:.6g}, that of the first epoch. "
            f"{_other_rate(estimator, losses)}Scale the inputs (StandardScaler)."
        )
    return ""


def dead_layers(estimator: Any, X: np.ndarray | sparse.csr_array, rows: np.ndarray) -> list[int]:
    """Return the hidden layers, from 1, all of whose outputs are zero for all rows."""
    model, predictor = estimator._model, estimator._predictor()
    views = predictor.layout.attribute_views(vars(estimator))
    dead = {layer for layer, a in enumerate(model.activations, start=1) if can_die(a)}
    for block in _blocks(rows):
        if not dead:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            signals = hidden_outputs(as_rows(X), predictor.layers, views, block)
            dead -= {layer for layer, (a, _) in enumerate(signals, start=1) if a.any()}
    return sorted(dead)


def can_die(activation: Activation) -> bool:
    """Whether the activation is zero, and so is its slope, for all inputs that are low enough."""
    return not activation(np.linspace(-16.0, -8.0, 5).reshape(1, -1, 1)).any()


def never_fell(losses: Sequence[float]) -> bool:
    """Whether no epoch had a loss below that of the first one, rounding aside."""
    if len(losses) < N_EPOCHS:
        return False
    return losses[0] - min(losses) < ROUNDING * abs(losses[0])


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows in blocks, each of them spread over all."""
    n_blocks = -(-len(rows) // BLOCK_SIZE)
    return (rows[first::n_blocks] for first in range(n_blocks))


def _lower_rate(estimator: Any, verb: str = "Lower") -> str:
    if not named_solver(estimator, estimator.solver).stochastic:
        return ""
    name, value = rate_setting(estimator)
    return f"{verb} {name} (it is {value:g}). "


def _other_rate(estimator: Any, losses: Sequence[float]) -> str:
    moved = max(losses) - losses[0] > 1e-3 * abs(losses[0])
    return _lower_rate(estimator, "Lower" if moved else "It hardly moved at all: raise")


def rate_setting(estimator: Any) -> tuple[str, float]:
    """Return the parameter that sets the learning rate, and its value in the latest fit."""
    if isinstance(estimator.learning_rate, Real):
        return "learning_rate", float(estimator.learning_rate)
    value = estimator.learning_rate_init
    fitted = value if isinstance(value, Real) else estimator.learning_rate_init_
    return "learning_rate_init", float(fitted)
