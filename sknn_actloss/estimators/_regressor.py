"""The regressor."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, overload

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from sknn_actloss._sklearn import Names, available_if, fit_context
from sknn_actloss.estimators import _types as accepts
from sknn_actloss.estimators._availability import check_std, has_out_of_fold, has_quantiles
from sknn_actloss.estimators._base import FLOATS, BaseMLP, check_finite, check_score, single_column
from sknn_actloss.estimators._continuous import Continuous
from sknn_actloss.estimators._docs import documented
from sknn_actloss.estimators._mean_and_std import MeanAndStd, squeezed
from sknn_actloss.estimators._out_of_fold import check_coverage, intervals
from sknn_actloss.estimators._refusals import refuse_dates, refuse_gaps, refuse_text
from sknn_actloss.estimators._settings import loss_of, takes_partial_fit
from sknn_actloss.estimators._validation import Request
from sknn_actloss.losses import LOSSES, LossSpec


@documented
class MLPRegressor(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor with activation, loss and learning rate to choose.

    A superset of :class:`sklearn.neural_network.MLPRegressor`: with the parameters that
    scikit-learn has, the same ``random_state`` gives the same numbers.

    Parameters
    ----------
    {architecture}
    loss : str or Loss, default="squared_error"
        What training minimises, summed over outputs and averaged over rows; "squared_error",
        also by the names "mse" and "mean_squared_error", is half the mean square, as in
        scikit-learn; ``SquaredError().report(y_true, y_pred)`` is the mean square itself. One of
        {regression_losses}, an instance such as ``Huber(delta=2.0)``, or
        ``FunctionLoss(value)``. ``Quantile((0.1, 0.5, 0.9))`` fits several quantiles at once,
        "gaussian_nll" mean and variance.
    target_scaling : {{"standard", "robust"}} or None, default=None
        Whether networks learn targets less their mean and divided by their standard deviation
        ("standard"), or less their median and divided by a scale from their quartiles
        ("robust"), each column by itself and with sample weights. Predictions, standard
        deviations, quantiles and scores are in the units of y all the same; losses, ``tol`` and
        what a loss has in units of the target, such as ``Huber(delta)``, are on the new scale. A
        warm start and ``partial_fit`` keep the scale of the first fit. Not for losses that go by
        the zero of the targets, such as "poisson".
    {training}

    Attributes
    ----------
    {attributes}
    target_center_, target_scale_ : ndarray of shape (n_targets,)
        What is taken from the targets, and what they are divided by, with ``target_scaling``.

    See Also
    --------
    MLPClassifier : The classifier.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_actloss import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     MLPRegressor((10,), "tanh", loss="huber", solver="lbfgs", alpha=10, random_state=0),
    ... )
    >>> round(model.fit(X[:300], y[:300]).score(X[300:], y[300:]), 1)
    0.4
    """

    target_center_: np.ndarray
    target_scale_: np.ndarray

    _task: ClassVar[str] = "regression"

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [Names(*LOSSES["regression"].names), LossSpec],
        "target_scaling": [Names("standard", "robust"), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: accepts.Sizes = (100,),
        activation: accepts.Activations = "relu",
        *,
        out_activation: accepts.OutputActivation = "auto",
        loss: accepts.RegressionLoss = "squared_error",
        target_scaling: accepts.TargetScaling = None,
        solver: accepts.Solver = "adam",
        alpha: float = 0.0001,
        batch_size: accepts.Count = "auto",
        learning_rate: accepts.LearningRate = "constant",
        learning_rate_init: accepts.Rate = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: accepts.RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: accepts.Switch = False,
        validation_fraction: Any = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: accepts.Initializer = "sklearn",
        weight_decay: float | None = None,
        dtype: accepts.DType = "auto",
        dropout: accepts.Dropout = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        gradient_clip: float | None = None,
        normalization: accepts.Normalization = None,
        skip_connections: bool = False,
        feature_scale: accepts.FeatureScale = False,
        weight_averaging: accepts.Averaging = None,
        n_members: accepts.Members = 1,
        monitor: accepts.Metric = "score",
        restore_best: accepts.Switch = "auto",
        max_time: float | None = None,
        checkpoint: accepts.Checkpoint = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.out_activation = out_activation
        self.loss = loss
        self.target_scaling = target_scaling
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.weight_init = weight_init
        self.weight_decay = weight_decay
        self.dtype = dtype
        self.dropout = dropout
        self.l1 = l1
        self.max_norm = max_norm
        self.gradient_clip = gradient_clip
        self.normalization = normalization
        self.skip_connections = skip_connections
        self.feature_scale = feature_scale
        self.weight_averaging = weight_averaging
        self.n_members = n_members
        self.monitor = monitor
        self.restore_best = restore_best
        self.max_time = max_time
        self.checkpoint = checkpoint

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        *,
        groups: Any = None,
    ) -> Self:
        """Fit the network to data and targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets, within the domain of the loss.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; an integer weight is worth as many copies of the row.
        X_val : {array-like, sparse matrix, data frame} of shape (n_val, n_features), default=None
            Rows to judge the network by after each epoch, in place of those that
            ``validation_fraction`` sets aside. Without early stopping they are looked at only,
            and ``restore_best=True`` goes by them.
            The steps of a Pipeline see them with ``transform_input=["X_val"]`` only.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, for a splitter as ``validation_fraction``.

        Returns
        -------
        self : MLPRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, the data or the weights are invalid, if settings or arguments
            contradict each other, or if the first epoch diverges.
        """
        return self._fit(X, y, Request(sample_weight, X_val, y_val, sample_weight_val, groups))

    @available_if(takes_partial_fit)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go through the data once, from where the weights and the solver stand.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : MLPRegressor
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, the data or the weights are invalid, or if what is asked for needs all
            rows at once, as early stopping does.
        """
        return self._fit(X, y, Request(sample_weight), incremental=True)

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
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        return_std : bool, default=False
            Whether to return the standard deviations of the targets as well.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            What the loss leads to: the mean for "squared_error" and "gaussian_nll", the median
            for "absolute_error" and several quantiles, and so on.
        std : ndarray of the shape of ``y``
            Standard deviations, with ``return_std=True``.

        Raises
        ------
        ValueError
            With ``return_std=True``, if the loss knows no variance.
        """
        outputs = self._outputs(X, activated=True)
        predicted = check_finite(self._targets.predict(self._model, outputs), self, "predictions")
        if not return_std:
            return squeezed(predicted)
        std = check_std(self._targets.std(self._model, outputs), self)
        return MeanAndStd((squeezed(predicted), squeezed(std)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions.

        Parameters
        ----------
        X, y, sample_weight : array-like
            Rows, their targets and weights, as in :meth:`fit`.

        Returns
        -------
        score : float
            1 at best.

        Raises
        ------
        ValueError
            If R² is beyond the largest number.
        """
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return check_score(super().score(X, y, sample_weight), self, X, y)

    @available_if(has_quantiles)
    def predict_quantiles(self, X: Any) -> np.ndarray:
        """Predict the quantiles of the targets, for a loss of several quantiles.

        Quantiles are sorted within each row and target, so that they do not cross, and
        :meth:`predict` is the column of the median.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        quantiles : ndarray of shape (n_samples, n_levels) or (n_samples, n_targets, n_levels)
            The columns follow the levels in ascending order, in whatever order the loss has them.
        """
        outputs = self._outputs(X, activated=True)
        quantiles = check_finite(self._targets.quantiles(self._model, outputs), self, "quantiles")
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles

    @available_if(has_out_of_fold)
    def predict_interval(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict intervals that hold the target of a row with some probability.

        Needs a committee that leaves out rows, ``n_members=Committee(8, resample="folds")``. The
        intervals come from how far its networks are off for rows that they have left out, with a
        loss of several quantiles from how far targets lie outside the quantiles nearest to the
        ends.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        coverage : float in (0, 1), default=0.9
            Share of rows whose target is to be in their interval. For rows like those of the fit
            it is at least ``1 - 2 * (1 - coverage)`` in theory, and ``coverage`` as a rule.

        Returns
        -------
        intervals : ndarray of shape (n_samples, 2) or (n_samples, n_targets, 2)
            Lower and upper ends, infinite where there are too few rows for so high a level.

        References
        ----------
        R. F. Barber, E. J. Candès, A. Ramdas and R. J. Tibshirani, "Predictive inference with
        the jackknife+", Annals of Statistics 49, 2021.
        """
        level, outputs = check_coverage(coverage), self._outputs(X, activated=True)
        found = intervals(self._out_of_fold, self._model, outputs, level)
        found = self._targets.decode_several(found)
        return found[:, 0] if found.shape[1] == 1 else found

    # scikit-learn adds up numbers to see whether they are finite.
    @np.errstate(invalid="ignore")
    def _validate(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        if sparse.issparse(y):
            raise TypeError("y is sparse, but targets must be dense. Convert it with y.toarray().")
        refuse_dates(y)
        refuse_text(y)
        refuse_gaps(y)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=True,
            dtype=FLOATS,
            reset=reset,
        )
        return X, single_column(y.astype(np.float64) if y.dtype.kind in "SU" else y)

    def _find_targets(self, y: Any, anew: bool, incremental: bool, classes: Any) -> Continuous:
        if sparse.issparse(y):
            raise TypeError("y is sparse, which a regression does not take; pass y.toarray().")
        return Continuous() if anew else self._targets

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        try:
            loss = loss_of(self)
        except (TypeError, ValueError):
            return tags
        positive_only = loss.for_targets("continuous", "").target_domain.low >= 0
        tags.target_tags.positive_only = positive_only
        # scikit-learn's checks of several outputs use targets of both signs.
        tags.target_tags.multi_output = not positive_only
        return tags
