"""What there is to train: validated data, and the networks to train on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sknn_actloss.core import ATTRIBUTE_NAMES, Layout, Model


@dataclass(frozen=True, eq=False)
class Data:
    """Validated data, whatever the parameters of an estimator.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_outputs)
        Encoded targets.
    y : ndarray or CSR of shape (n_samples,) or (n_samples, n_outputs)
        Validated targets before they are encoded.
    given : tuple
        X and y as they were given to fit.
    attributes : dict
        What validation and encoding have left behind on a new estimator.
    """

    X: np.ndarray | sparse.csr_array
    targets: np.ndarray
    y: Any
    given: tuple[Any, Any]
    attributes: dict[str, Any]


@dataclass
class Problem:
    """Validated data and the network to train on them.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features), or None
        The rows; ``None`` where another problem holds them.
    y : ndarray of shape (n_samples, n_outputs)
        Encoded targets in the data type of the computation.
    sample_weight : ndarray of shape (n_samples,) or None
    layout : Layout
    model : Model
    params : ndarray of shape (n_members, n_row)
        Where training starts, in the data type of the computation.
    dtype : dtype
        Data type of the fitted weights.
    random_state : RandomState
    fresh : bool
        Whether training starts from initial weights.
    given : Any
        X as it was given to fit; ``None`` where another problem holds it.
    """

    X: np.ndarray | sparse.csr_array | None
    y: np.ndarray
    sample_weight: np.ndarray | None
    layout: Layout
    model: Model
    params: np.ndarray
    dtype: np.dtype
    random_state: np.random.RandomState
    fresh: bool
    given: Any = None

    def attributes(self, params: np.ndarray) -> dict[str, list[np.ndarray]]:
        """Return ``coefs_``, ``intercepts_`` and the like as views of parameters.

        Parameters
        ----------
        params : ndarray of shape (n_row,) or (n_members, n_row)
            A network, or the members of a committee, whose axis the views keep in front.
        """
        return self.layout.attributes(params, self.dtype)


def set_weights(estimator: Any, problem: Problem, params: np.ndarray) -> None:
    """Set ``coefs_``, ``intercepts_`` and the like in place of earlier ones."""
    for name in (*ATTRIBUTE_NAMES, "members_"):
        vars(estimator).pop(name, None)
    vars(estimator).update(problem.attributes(params))
