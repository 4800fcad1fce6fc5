"""What stands in front of a network, from a table to its inputs, and the way back to columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import BaseSearchCV
from sknn_actloss.estimators import BaseMLP, NetworkHolder
from sknn_actloss.inspection._networks import find_network
from sknn_actloss.inspection._tables import Table

#: How exactly a front has to agree with an affine function on all rows to be one.
TOLERANCE = 1e-9


def members_of(estimator: Any) -> list[tuple[float, Any]]:
    """Return weights and members of a committee of estimators, also within a search.

    Empty for any other estimator.
    """
    while isinstance(estimator, BaseSearchCV):
        check_is_fitted(estimator)
        estimator = estimator.best_estimator_
    fitted = vars(estimator)
    if "estimators_" not in fitted or "weights_" not in fitted:
        return []
    return list(zip(fitted["weights_"].tolist(), fitted["estimators_"], strict=True))


def explained(estimator: Any) -> tuple[BaseMLP, Callable[[Any], np.ndarray]]:
    """Return the fitted network of an estimator, and what makes its inputs of a table.

    Raises
    ------
    TypeError
        If there is no network of this package, or something around it changes its predictions.
    NotFittedError
        If it is not fitted.
    """
    found = find_network(estimator, own=True)
    for outer in found.around:
        if not isinstance(outer, Pipeline | NetworkHolder | BaseSearchCV):
            raise TypeError(
                f"{type(outer).__name__} makes something else of what its network predicts. "
                "Explain the network in it, or a Pipeline, a search or an estimator for tables."
            )
        check_is_fitted(outer)
    check_is_fitted(found.network, "coefs_")

    def prepare(X: Any) -> np.ndarray:
        for outer in found.around:
            if isinstance(outer, Pipeline) and len(outer) > 1:
                X = outer[:-1].transform(X)
            elif isinstance(outer, NetworkHolder):
                X = _in_double(outer.encoder_).transform(X)
        if not found.around:
            X = found.network._rows_to_predict(X)
        return X.toarray() if sparse.issparse(X) else np.asarray(X)

    return found.network, prepare


def _in_double(encoder: Any) -> Any:
    return encoder.in_double() if hasattr(encoder, "in_double") else encoder


@dataclass(frozen=True)
class Front:
    """Everything in front of a network, as a function of some rows of a table.

    Parameters
    ----------
    prepare : callable
        Makes inputs of the network of the contents of a table, row by row.
    table : Table
        The rows.
    """

    prepare: Callable[[Any], np.ndarray]
    table: Table

    @cached_property
    def inputs(self) -> np.ndarray:
        """What the network takes in, (n_rows, n_inputs), in double precision."""
        return self.of(self.table)

    def of(self, table: Table) -> np.ndarray:
        """Return what the network takes in for another table."""
        return self.prepare(table.contents).astype(np.float64, copy=False)

    @cached_property
    def numbers(self) -> list[np.ndarray | None]:
        """The columns in double precision, ``None`` for those without numbers."""
        return [self.table.numbers(index) for index in range(self.table.shape[1])]

    @cached_property
    def matrix(self) -> np.ndarray | None:
        """Derivative (n_columns, n_inputs) of an affine front, ``None`` for any other.

        A front is affine that agrees with an affine function on all rows.
        """
        if any(column is None or not np.all(np.isfinite(column)) for column in self.numbers):
            return None
        X = np.stack(self.numbers, axis=1)
        n_columns = X.shape[1]
        scales, first = np.array([_scale(column) for column in X.T]), X[:1]
        probes = self.table.rows(np.zeros(1 + n_columns, dtype=int))
        for index, scale in enumerate(scales):
            values = np.full(1 + n_columns, X[0, index])
            values[1 + index] += scale
            probes = probes.replace(index, values)
        try:
            found = self.of(probes)
        except (ValueError, TypeError):  # a step that does not take such numbers
            return None
        matrix = (found[1:] - found[0]) / scales[:, None]
        error = np.abs(found[0] + (X - first) @ matrix - self.inputs)
        return matrix if np.all(error <= TOLERANCE * (1 + np.abs(self.inputs).max())) else None

    def to_columns(self, gradient: np.ndarray) -> np.ndarray:
        """Return derivatives with respect to the columns, given those with respect to inputs.

        Where the front is not affine, central differences of it alone give its derivative.

        Parameters
        ----------
        gradient : ndarray of shape (n_sums, n_rows, n_inputs)

        Returns
        -------
        derivative : ndarray of shape (n_sums, n_rows, n_columns)
            NaN for columns without numbers.
        """
        if self.matrix is not None:
            return gradient @ self.matrix.T
        slopes = [self._slope(index) for index in range(self.table.shape[1])]
        return np.stack([(gradient * slope).sum(axis=-1) for slope in slopes], axis=-1)

    def _slope(self, index: int) -> np.ndarray | float:
        """Return the derivative (n_rows, n_inputs) of the inputs with respect to a column."""
        values = self.numbers[index]
        if values is None:
            return np.nan
        precision = np.finfo(self.prepare(self.table.contents[:1]).dtype).eps
        step = _scale(values) * float(precision) ** (1 / 3)
        try:
            high, low = (self.of(self.table.replace(index, values + s)) for s in (step, -step))
        except (ValueError, TypeError):  # levels that are coded as numbers
            return np.nan
        return (high - low) / (2 * step)

    def shares(self, baseline: Table, attributions: np.ndarray) -> np.ndarray:
        """Return what columns have of the attributions of inputs.

        The attribution of an input goes to the columns in proportion to how much of its distance
        from the baseline goes back when a column alone takes the value of the baseline.

        Parameters
        ----------
        baseline : Table
            What the rows are compared with.
        attributions : ndarray of shape (n_sums, n_rows, n_inputs)

        Returns
        -------
        shares : ndarray of shape (n_sums, n_rows, n_columns)
        """
        moves = [
            self.inputs - self.of(self.table.replace(index, baseline))
            for index in range(self.table.shape[1])
        ]
        total = np.sum(moves, axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            per_move = np.where(total != 0, attributions / total, 0.0)
        return np.stack([(per_move * move).sum(axis=-1) for move in moves], axis=-1)


def _scale(values: np.ndarray) -> float:
    """Return the spread of a column, or its size where it is constant."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return 1.0
    return float(known.std() or np.abs(known).max() or 1.0)
