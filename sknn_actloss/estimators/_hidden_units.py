"""Estimators as transformers: what hidden units put out, as features for something else."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import available_if, in_container

#: Rows that go through a network together.
BLOCK_SIZE = 4096


def has_hidden_layers(estimator: HiddenUnits) -> bool:
    """Whether there are hidden units; raises AttributeError where there are none."""
    if not estimator._hidden_layer_sizes():
        raise AttributeError(
            "transform gives what hidden units put out, and hidden_layer_sizes=() has none. Give "
            "the network a hidden layer."
        )
    return True


# Not a TransformerMixin itself, to whose subclasses goes what names the last layer's units only.
class HiddenUnits:
    """Gives estimators ``transform``, the outputs of the units of a hidden layer."""

    @available_if(has_hidden_layers)
    def transform(self, X: Any, hidden_layer: int = -1) -> np.ndarray:
        """Return what the units of a hidden layer put out.

        That is what the next layer takes in: after the activation, with what a skip connection
        adds. The members of a committee come one after another.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows, as for ``predict``.
        hidden_layer : int, default=-1
            The layer, counted from 0; negative numbers count from the last one.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_units), or (n_samples, n_members * n_units)
            A data frame where ``set_output`` asks for one.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        check_is_fitted(self)
        names = self.get_feature_names_out(hidden_layer=hidden_layer)
        return in_container(self._hidden_outputs(X, hidden_layer), X, self, names)

    @available_if(has_hidden_layers)
    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Fit, and return what the units of the last hidden layer put out.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **fit_params : dict
            Further arguments of ``fit``.

        Returns
        -------
        outputs : ndarray of shape (n_samples, n_units), or (n_samples, n_members * n_units)
            As :meth:`transform` gives them.
        """
        return super().fit_transform(X, y, **fit_params)  # type: ignore[misc]

    def get_feature_names_out(
        self, input_features: Any = None, hidden_layer: int = -1
    ) -> np.ndarray:
        """Return the names of the columns that :meth:`transform` gives.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, as the names come from that of the class.
        hidden_layer : int, default=-1
            The layer, as for :meth:`transform`.

        Returns
        -------
        names : ndarray of str objects of shape (n_columns,)
            Such as ``mlpclassifier0``, ``mlpclassifier1``.
        """
        check_is_fitted(self)
        prefix, n_columns = type(self).__name__.lower(), self._n_columns(hidden_layer)
        return np.array([f"{prefix}{index}" for index in range(n_columns)], dtype=object)

    @abstractmethod
    def _hidden_layer_sizes(self) -> tuple[int, ...]:
        """Return the units of each hidden layer, of the fitted network or of one to be fitted."""

    @abstractmethod
    def _hidden_outputs(self, X: Any, hidden_layer: int) -> np.ndarray:
        """Return the outputs (n_samples, n_columns) of a layer."""

    @abstractmethod
    def _n_columns(self, hidden_layer: int) -> int:
        """Return how many columns there are for a layer."""


def index_of(hidden_layer: Any, sizes: tuple[int, ...]) -> int:
    """Return the index of a hidden layer, counted from 0.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    n_layers = len(sizes)
    if not isinstance(hidden_layer, int | np.integer) or not -n_layers <= hidden_layer < n_layers:
        raise ValueError(
            f"hidden_layer={hidden_layer!r} is not an integer from {-n_layers} to {n_layers - 1}; "
            f"the network has {n_layers} hidden layer(s)."
        )
    return int(hidden_layer) % n_layers
