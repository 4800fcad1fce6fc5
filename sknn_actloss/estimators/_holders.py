"""Estimators that prepare rows and hand them to a network, which is one of their parameters."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator, TransformerMixin, clone

from sknn_actloss.estimators._base import BaseMLP


class Recorder(TransformerMixin, BaseEstimator):
    """Stands in for a network and keeps what it is given to fit.

    Parameters
    ----------
    is_default : bool, default=False
        Whether there was no network in its place, so that there is a default.
    """

    def __init__(self, is_default: bool = False) -> None:
        self.is_default = is_default

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> Self:
        """Keep rows and arguments."""
        self.X_, self.y_, self.fit_params_ = X, y, fit_params
        return self

    def transform(self, X: Any) -> Any:
        """Return the rows as they come."""
        return X

    def predict(self, X: Any) -> Any:
        """Do nothing: those who hold a regressor look for the method before they fit it.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError

    def __sklearn_is_fitted__(self) -> bool:
        return True


class NetworkHolder(ABC):
    """Base of estimators with a parameter ``network``, which learns from what they prepare.

    What trains the networks of several estimators at once fits a holder with a
    :class:`Recorder` as network, and puts a trained one in its stead.

    Attributes
    ----------
    encoder_ : transformer
        Prepares rows.
    network_ : BaseMLP
        The fitted network.
    """

    encoder_: Any
    network: Any
    network_: Any

    #: Parameter that holds the network.
    network_name: ClassVar[str] = "network"

    @abstractmethod
    def unfitted_encoder(self) -> Any:
        """Return a copy of what is to prepare rows.

        Returns
        -------
        encoder : transformer
            Not fitted.
        """

    @abstractmethod
    def unfitted_network(self) -> BaseMLP:
        """Return a copy of the network to be fitted, as far as it is known without rows.

        Returns
        -------
        network : BaseMLP
            Not fitted.
        """

    @abstractmethod
    def completed(self, network: BaseMLP, y: Any) -> BaseMLP:
        """Set what a network leaves open until there are targets, and return it.

        Parameters
        ----------
        network : BaseMLP
            The network, not fitted.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets that it is to learn from.

        Returns
        -------
        network : BaseMLP
            The same.
        """

    def with_network(self, network: Any) -> Self:
        """Return a fitted copy that shares all but the network.

        Parameters
        ----------
        network : BaseMLP
            A fitted network.

        Returns
        -------
        holder : estimator
            The copy.
        """
        other = copy.copy(self)
        other.network, other.network_ = clone(network, safe=False), network
        return other

    def for_prepared_rows(self) -> Self:
        """Return a fitted copy that takes rows as they are once they are prepared.

        Returns
        -------
        holder : estimator
            The copy.
        """
        other = copy.copy(self)
        other.encoder_ = Recorder()
        return other
