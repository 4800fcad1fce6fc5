"""Quantiles, intervals, sets and standard deviations through Pipelines and searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import available_if
from sknn_actloss.model_selection._pipeline import last_step


def predicted(estimator: Any, method: str, X: Any, **options: Any) -> Any:
    """Return what a method of the end of a Pipeline gives for rows that its steps prepare.

    Parameters
    ----------
    estimator : estimator
        A fitted one; those that are no Pipelines are asked themselves.
    method : str
    X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
    **options
        Go on to the method.
    """
    while isinstance(estimator, Pipeline):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        estimator = estimator.steps[-1][1]
    return getattr(estimator, method)(X, **options)


def offers(estimator: Any, method: str) -> bool:
    """Whether the end of a Pipeline has a method; raises AttributeError where it does not."""
    last = last_step(estimator)
    if isinstance(last, TransformedTargetRegressor) and not hasattr(last, method):
        raise AttributeError(
            f"TransformedTargetRegressor has no {method}, and hands on no more than predictions. "
            "Scale the targets within the network, by MLPRegressor(target_scaling='standard')."
        )
    getattr(last, method)
    return True


def _if_best_offers(method: str) -> Callable[[Any], bool]:
    def check(search: Any) -> bool:
        if not search.refit:
            raise AttributeError(
                f"{type(search).__name__} has no {method} with refit=False, as there is no best "
                "estimator; set refit=True."
            )
        return offers(getattr(search, "best_estimator_", search.estimator), method)

    return check


class BestPredicts:
    """Predictions of a search's best estimator that scikit-learn's searches do not know."""

    best_estimator_: Any

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...
    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict(self, X: Any, return_std: bool) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...
    @available_if(_if_best_offers("predict"))
    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict with the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        return_std : bool, default=False
            Whether to return standard deviations as well, from a regressor that has them.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets or labels.
        std : ndarray of the shape of ``y``
            Standard deviations, with ``return_std=True``.
        """
        check_is_fitted(self)
        options = {"return_std": True} if return_std else {}
        return self.best_estimator_.predict(X, **options)

    @available_if(_if_best_offers("predict_quantiles"))
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict quantiles with the best estimator, where its loss has several.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_levels) or (n_samples, n_targets, n_levels)
            The columns follow the levels in ascending order.
        """
        return self._of_best("predict_quantiles", X)

    @available_if(_if_best_offers("predict_interval"))
    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict intervals with the best estimator, where its networks leave out rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        coverage : float in (0, 1), default=0.9
            Share of rows whose target is to be in their interval.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper ends.
        """
        return self._of_best("predict_interval", X, coverage=coverage)

    @available_if(_if_best_offers("predict_set"))
    def predict_set(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict sets of classes with the best estimator, where its networks leave out rows.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        coverage : float in (0, 1), default=0.9
            Share of rows whose class is to be in their set.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            Which classes belong to the set of each row.
        """
        return self._of_best("predict_set", X, coverage=coverage)

    def _of_best(self, method: str, X: Any, **options: Any) -> np.ndarray:
        check_is_fitted(self)
        return predicted(self.best_estimator_, method, X, **options)
