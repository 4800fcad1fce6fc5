"""TabularClassifier and TabularRegressor: tables as they come, in one call."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, overload

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score

from sknn_actloss._sklearn import available_if
from sknn_actloss.estimators import (
    BaseMLP,
    MeanAndStd,
    MLPClassifier,
    MLPRegressor,
    Recorder,
)
from sknn_actloss.tabular._defaults import default_network
from sknn_actloss.tabular._docs import documented
from sknn_actloss.tabular._repeats import Rows
from sknn_actloss.tabular._table import TableEncoder
from sknn_actloss.tabular._tabular import Tabular, if_network_has


@documented
class TabularClassifier(ClassifierMixin, Tabular):
    """Classifier of tables as they come: numbers, categories, dates and gaps.

    {what}

    Parameters
    ----------
    encoder : transformer or None, default=None
        What turns a table into inputs; ``None`` is ``TableEncoder()``.
    network : MLPClassifier or None, default=None
        What learns from them; ``None`` is a committee with defaults for tables.
        {network}
        ``calibrate="auto"`` is "temperature" where the loss is "log_loss".
    {parameters}

    Attributes
    ----------
    classes_ : ndarray or list of ndarray of shape (n_classes,)
        Class labels.
    {attributes}

    See Also
    --------
    TabularRegressor : The regressor.
    TableEncoder : What is done to columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss import MLPClassifier, TabularClassifier
    >>> X = np.array([[1.0, "red"], [2.0, "blue"], [None, "red"], [4.0, "blue"]], dtype=object)
    >>> model = TabularClassifier(network=MLPClassifier((8,), "tanh", alpha=0), random_state=0)
    >>> model.set_params(network__solver="lbfgs").fit(X, ["a", "b", "a", "b"]).predict(X).tolist()
    ['a', 'b', 'a', 'b']
    """

    _kind: ClassVar[type[BaseMLP]] = MLPClassifier
    _default_parts: ClassVar = {
        "encoder": TableEncoder,
        "network": lambda: default_network(MLPClassifier),
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Tabular._parameter_constraints,
        "network": [MLPClassifier, Recorder, None],
    }

    def __init__(
        self,
        encoder: Any = None,
        network: Any = None,
        *,
        random_state: Any = None,
        max_time: float | None = None,
        verbose: bool | int = False,
        repeats: str = "apart",
    ) -> None:
        self.encoder = encoder
        self.network = network
        self.random_state = random_state
        self.max_time = max_time
        self.verbose = verbose
        self.repeats = repeats

    @property
    def classes_(self) -> Any:
        """Class labels."""
        return self.network_.classes_

    @available_if(if_network_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores by which classes are chosen, as the network gives them.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            One column for two classes, which is left out.
        """
        return self._delegated("decision_function", X)

    @available_if(if_network_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of classes or labels.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The columns are in the order of ``classes_``.
        """
        return self._delegated("predict_proba", X)

    @available_if(if_network_has("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of :meth:`predict_proba`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            As for :meth:`predict_proba`.
        """
        return self._delegated("predict_log_proba", X)

    @available_if(if_network_has("predict_set"))
    def predict_set(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return sets of classes that hold the true one in a share of all cases.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        coverage : float, default=0.9
            The share, in (0, 1).

        Returns
        -------
        sets : ndarray of bool, shape (n_samples, n_classes)
            Whether a class is in the set of a row.
        """
        return self._delegated("predict_set", X, coverage=coverage)


@documented
class TabularRegressor(RegressorMixin, Tabular):
    """Regressor of tables as they come: numbers, categories, dates and gaps.

    {what}

    Parameters
    ----------
    encoder : transformer or None, default=None
        What turns a table into inputs; ``None`` is ``TableEncoder(target_type="continuous")``.
    network : MLPRegressor or None, default=None
        What learns from them; ``None`` is a committee with defaults for tables.
        {network}
        ``target_scaling="auto"`` is "robust" for losses that outliers matter less to, ``None`` for
        those that go by the zero of the targets, and "standard" otherwise.
    clip_predictions : bool, default=True
        Whether predictions stay within the range of the targets of ``fit``.
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    TabularClassifier : The classifier.
    TableEncoder : What is done to columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss import MLPRegressor, TabularRegressor
    >>> X = np.array([[1.0, "red"], [2.0, "blue"], [None, "red"], [4.0, "blue"]], dtype=object)
    >>> model = TabularRegressor(network=MLPRegressor((8,), "tanh", alpha=0), random_state=0)
    >>> model.set_params(network__solver="lbfgs").fit(X, [1, 2, 3, 4]).predict(X).round(1).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """

    _kind: ClassVar[type[BaseMLP]] = MLPRegressor
    _default_parts: ClassVar = {
        "encoder": lambda: TableEncoder(target_type="continuous"),
        "network": lambda: default_network(MLPRegressor),
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Tabular._parameter_constraints,
        "network": [MLPRegressor, Recorder, None],
        "clip_predictions": ["boolean"],
    }

    def __init__(
        self,
        encoder: Any = None,
        network: Any = None,
        *,
        clip_predictions: bool = True,
        random_state: Any = None,
        max_time: float | None = None,
        verbose: bool | int = False,
        repeats: str = "apart",
    ) -> None:
        self.encoder = encoder
        self.network = network
        self.clip_predictions = clip_predictions
        self.random_state = random_state
        self.max_time = max_time
        self.verbose = verbose
        self.repeats = repeats

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...
    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def predict(self, X: Any, return_std: bool) -> np.ndarray | tuple[np.ndarray, np.ndarray]: ...
    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict the targets.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        return_std : bool, default=False
            Whether to return the standard deviations of the targets as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predictions, clipped to the range of the targets of ``fit`` with ``clip_predictions``.
        std : ndarray of the shape of ``y``
            Standard deviations, with ``return_std=True``.
        """
        if not return_std:
            return self._clipped(self._delegated("predict", X))
        mean, std = self._delegated("predict", X, return_std=True)
        return MeanAndStd((self._clipped(mean), std))

    @available_if(if_network_has("predict_quantiles"))
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the quantiles of the targets, for a loss of several quantiles.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_levels) or (n_samples, n_targets, n_levels)
            Not clipped.
        """
        return self._delegated("predict_quantiles", X)

    @available_if(if_network_has("predict_interval"))
    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Return intervals that hold the target in a share of all cases.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table.
        coverage : float, default=0.9
            The share, in (0, 1).

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper ends; not clipped.
        """
        return self._delegated("predict_interval", X, coverage=coverage)

    @property
    def oof_prediction_(self) -> np.ndarray:
        """Predictions by networks that have not learned from a row."""
        return self._clipped(super().oof_prediction_)

    @property
    def oof_score_(self) -> float:
        """Score of these predictions."""
        if self.clip_predictions and self._clipped_score is not None:
            return self._clipped_score
        return super().oof_score_

    def _note(self, rows: Rows) -> None:
        y = np.asarray(rows.y, np.float64)
        self._target_range = y.min(axis=0), y.max(axis=0)
        said = getattr(self.network_, "oof_prediction_", None)
        self._clipped_score = None if said is None else self._score_of_clipped(said, y, rows)

    def _score_of_clipped(self, said: np.ndarray, y: np.ndarray, rows: Rows) -> float | None:
        """Return the score of predictions out of fold, ``None`` where clipping changes none."""
        clipped = np.clip(said, *self._target_range)
        known = ~np.isnan(said).reshape(len(said), -1).any(axis=1)
        if np.array_equal(clipped[known], said[known]):
            return None
        weights = rows.sample_weight
        own = None if weights is None else np.asarray(weights)[known]
        return r2_score(y[known], clipped[known], sample_weight=own)

    def _clipped(self, predicted: np.ndarray) -> np.ndarray:
        return np.clip(predicted, *self._target_range) if self.clip_predictions else predicted
