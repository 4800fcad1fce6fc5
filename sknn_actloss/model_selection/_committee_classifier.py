"""A committee that averages probabilities."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import (
    ClassifierMixin,
)
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators import (
    BaseMLP,
    MLPClassifier,
    loss_of,
    parameters_of,
)
from sknn_actloss.model_selection._committee import Committee, documented
from sknn_actloss.model_selection._pipeline import (
    fitted_network,
    network_name,
    network_of,
)


@documented
class CommitteeClassifier(ClassifierMixin, Committee):
    """Networks that classify by their averaged probabilities.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}
    classes_ : ndarray of shape (n_classes,)
        Class labels.

    See Also
    --------
    StackedGridSearchCV : Finds members and weights with ``committee_size``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.model_selection import CommitteeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [MLPClassifier((8,), name, solver="lbfgs") for name in ("relu", "tanh")]
    >>> model = CommitteeClassifier(members, weights=[2, 1], random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape, model.weights_.round(2).tolist()
    ((150, 3), [0.67, 0.33])
    """

    _kind: ClassVar[type[BaseMLP]] = MLPClassifier

    def _check_member(self, index: int, member: Any) -> None:
        super()._check_member(index, member)
        network = network_of(member, network_name(member))
        if not hasattr(network, "predict_proba"):
            loss_of(network)  # raises where it is no loss at all
            loss = parameters_of(network)["loss"]
            raise ValueError(
                f"estimators[{index}] has loss={loss!r}, which gives no probabilities "
                "to average. Take a loss such as 'log_loss'."
            )

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        check_is_fitted(self)
        return self.estimators_[0].classes_

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the weighted mean of the members' probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The columns are in the order of ``classes_``.
        """
        return self._average("predict_proba", X)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            As for :meth:`predict_proba`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, or the labels above one half.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable classes, or labels as zeros and ones.
        """
        probabilities = self.predict_proba(X)
        return self._first_targets.decide(probabilities)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores by which classes are chosen: the highest, or those above zero.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            Logarithms of :meth:`predict_proba`, or of the odds for two classes and for labels.
        """
        probabilities = self.predict_proba(X)
        scores = self._first_targets.log_odds(probabilities)
        return scores.ravel() if scores.shape[1] == 1 else scores

    @property
    def _first_targets(self) -> Any:
        """How the first member, like all others, reads classes from probabilities."""
        return fitted_network(self.estimators_[0])._targets

    def __sklearn_tags__(self) -> Any:
        return self._like_first(super().__sklearn_tags__())
