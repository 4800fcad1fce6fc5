"""A committee that averages predictions, quantiles and moments."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, overload

import numpy as np
from sklearn.base import (
    RegressorMixin,
)
from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import available_if
from sknn_actloss.estimators import (
    BaseMLP,
    MeanAndStd,
    MLPRegressor,
    loss_of,
)
from sknn_actloss.model_selection._committee import Committee, documented
from sknn_actloss.model_selection._pipeline import (
    fitted_network,
)
from sknn_actloss.model_selection._predictions import offers


def _first_has_quantiles(committee: CommitteeRegressor) -> bool:
    if committee._first is None:
        raise AttributeError("predict_quantiles needs members; see the error of fit.")
    return offers(getattr(committee, "estimators_", [committee._first])[0], "predict_quantiles")


def _levels(member: Any) -> tuple[float, ...]:
    loss = loss_of(fitted_network(member))
    return tuple(np.sort(np.ravel(getattr(loss, "quantile", ()))).tolist())


def _mean_and_std(member: Any, X: Any) -> tuple[np.ndarray, np.ndarray]:
    try:
        return member.predict(X, return_std=True)
    except ValueError:  # its loss knows no variance; what else is wrong is raised again
        mean = member.predict(X)
        return mean, np.zeros_like(mean)


@documented
class CommitteeRegressor(RegressorMixin, Committee):
    """Networks that predict by their mean.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    StackedGridSearchCV : Finds members and weights with ``committee_size``.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.model_selection import CommitteeRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> members = [MLPRegressor((4,), alpha=alpha, solver="lbfgs") for alpha in (1.0, 10.0)]
    >>> model = CommitteeRegressor(members, weights=[1, 3], random_state=0)
    >>> len(model.get_params()["estimators"])
    2
    """

    _kind: ClassVar[type[BaseMLP]] = MLPRegressor

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...
    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict(self, X: Any, return_std: bool) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...
    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        r"""Return the weighted mean of the members' predictions.

        The standard deviation is that of the mixture of the members, with weights w:

        .. math:: \sigma^2 = \sum_m w_m (\sigma_m^2 + (\mu_m - \mu)^2)

        Members whose loss knows no variance count as certain.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        return_std : bool, default=False
            Whether to return the standard deviations of the targets as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted targets.
        std : ndarray of the shape of ``y``
            Standard deviations, with ``return_std=True``.
        """
        if not return_std:
            return self._average("predict", X)
        check_is_fitted(self)
        moments = [_mean_and_std(member, X) for member in self.estimators_]
        means, stds = (np.stack(part) for part in zip(*moments, strict=True))
        mean = np.average(means, axis=0, weights=self.weights_)
        variance = np.average(stds**2 + (means - mean) ** 2, axis=0, weights=self.weights_)
        return MeanAndStd((mean, np.sqrt(variance)))

    @available_if(_first_has_quantiles)
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Return the weighted mean of the members' quantiles, whose levels are the same.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_levels) or (n_samples, n_targets, n_levels)
            The columns follow the levels in ascending order.

        Raises
        ------
        ValueError
            If members have other levels.
        """
        levels = {_levels(member) for member in self.estimators_}
        if len(levels) > 1:
            raise ValueError(
                f"predict_quantiles needs members of the same levels, but theirs are "
                f"{', '.join(map(str, sorted(levels)))}. Give all members the same loss."
            )
        return self._average("predict_quantiles", X)

    def __sklearn_tags__(self) -> Any:
        return self._like_first(super().__sklearn_tags__())
