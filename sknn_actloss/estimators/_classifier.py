"""The classifier."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import validate_data

from sknn_actloss._sklearn import Names, available_if, check_partial_fit_first_call, fit_context
from sknn_actloss.core import as_rows
from sknn_actloss.estimators import _types as accepts
from sknn_actloss.estimators._availability import has_probabilities, has_sets
from sknn_actloss.estimators._base import FLOATS, BaseMLP, check_finite, single_column
from sknn_actloss.estimators._docs import documented
from sknn_actloss.estimators._out_of_fold import check_coverage, label_sets, lots
from sknn_actloss.estimators._refusals import (
    refuse_columns_of_classes,
    refuse_gaps,
    refuse_mixed_types,
)
from sknn_actloss.estimators._settings import takes_partial_fit
from sknn_actloss.estimators._targets import ClassTargets
from sknn_actloss.estimators._validation import Request
from sknn_actloss.losses import LOSSES, LossSpec


@documented
class MLPClassifier(ClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier with activation, loss and learning rate to choose.

    A superset of :class:`sklearn.neural_network.MLPClassifier`: with the parameters that
    scikit-learn has, the same ``random_state`` gives the same numbers.

    Parameters
    ----------
    {architecture}
    loss : str or Loss, default="log_loss"
        What training minimises, summed over outputs and averaged over rows. One of
        {classification_losses}, an instance such as ``Focal(gamma=1.0)``, or
        ``FunctionLoss(value)``.
    class_weight : dict, list of dict or "balanced", default=None
        Weights of the classes, multiplied with ``sample_weight``. "balanced" weighs classes
        inversely to their frequency, counted by ``sample_weight``; ``partial_fit``, which sees
        no frequencies, refuses it. A list of one dict for each label serves multilabel targets.
    {training}

    Attributes
    ----------
    classes_ : ndarray or list of ndarray of shape (n_classes,)
        Class labels.
    {attributes}

    See Also
    --------
    MLPRegressor : The regressor.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_actloss import MLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     MLPClassifier((30,), "tanh", loss="hinge", learning_rate="linear", max_iter=50,
    ...                   learning_rate_init=0.01, n_iter_no_change=50, tol=0, random_state=0),
    ... )
    """

    classes_: np.ndarray

    _task: ClassVar[str] = "classification"

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [Names(*LOSSES["classification"].names), LossSpec],
        "class_weight": [Names("balanced"), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: accepts.Sizes = (100,),
        activation: accepts.Activations = "relu",
        *,
        out_activation: accepts.OutputActivation = "auto",
        loss: accepts.ClassificationLoss = "log_loss",
        class_weight: accepts.ClassWeight = None,
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
        self.class_weight = class_weight
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
        """Fit the network to data and classes.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or a 0/1 indicator matrix of labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; an integer weight is worth as many copies of the row.
        X_val : {array-like, sparse matrix, data frame} of shape (n_val, n_features), default=None
            Rows to judge the network by after each epoch, in place of those that
            ``validation_fraction`` sets aside. Without early stopping they are looked at only,
            and ``restore_best=True`` goes by them.
            The steps of a Pipeline see them with ``transform_input=["X_val"]`` only.
        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes or labels, all of which occur in ``y``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows, multiplied with ``class_weight``.
        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, for a splitter as ``validation_fraction``.

        Returns
        -------
        self : MLPClassifier
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go through the data once, from where the weights and the solver stand.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes or labels; not all of them need to occur.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; needed in the first call.

        Returns
        -------
        self : MLPClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, the data or the weights are invalid, if ``classes`` is empty or lacks
            some of ``y``, or if what is asked for needs all rows at once, as early stopping does.
        """
        if classes is not None and np.size(classes) == 0:
            raise ValueError("classes is empty; give all classes that y may have, or None.")
        return self._fit(X, y, Request(sample_weight), incremental=True, classes=classes)

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes or labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable classes, or labels as zeros and ones.
        """
        outputs = self._outputs(X, activated=True)
        return self._targets.predict(self._model, outputs)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores by which classes are chosen: the highest, or those above zero.

        For losses on probabilities these are the raw outputs in front of the sigmoid or
        softmax, for margin losses the outputs. A committee takes the mean outputs for margin
        losses, and otherwise the logarithms of averaged probabilities, or of their odds where
        classes are not compared with each other.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        scores : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            One column for two classes, which is left out.
        """
        raw = self._outputs(X, activated=False)
        scores = check_finite(self._targets.scores(self._model, raw), self, "scores")
        return scores.ravel() if scores.shape[1] == 1 else scores

    @available_if(has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of classes or labels.

        Available for losses with probabilities only. Rows of one-against-rest outputs are
        normalised.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            The columns are in the order of ``classes_``.
        """
        outputs = self._outputs(X, activated=True)
        return self._targets.probabilities(self._model, outputs)

    @available_if(has_sets)
    @np.errstate(all="ignore")
    def predict_set(self, X: Any, coverage: float = 0.9) -> np.ndarray:
        """Predict sets of classes that hold the class of a row with some probability.

        Needs a committee that leaves out rows, ``n_members=Committee(8, resample="folds")``.
        Sets are adaptive: where the network is in doubt they are larger. Whether a class at the
        border belongs to a set is drawn by lot, so that the share of rows whose class is in their
        set is about ``coverage``, and not more; a set may be empty. The lot of a row follows from
        its values: it is the same in every call, whatever rows stand beside it.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.
        coverage : float in (0, 1), default=0.9
            Share of rows whose class is to be in their set. For rows like those of the fit it
            is at least ``1 - 2 * (1 - coverage)`` in theory, and ``coverage`` as a rule.

        Returns
        -------
        sets : ndarray of bool of shape (n_samples, n_classes)
            Which of ``classes_`` belong to the set of each row.

        References
        ----------
        Y. Romano, M. Sesia and E. J. Candès, "Classification with valid and adaptive coverage",
        NeurIPS 2020.
        """
        level, rows = check_coverage(coverage), as_rows(self._rows_to_predict(X))
        raw = self._outputs_of(rows, activated=False)
        return label_sets(self._out_of_fold, self._targets, self._model, raw, lots(rows), level)

    @available_if(has_probabilities)
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
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    # scikit-learn adds up numbers to see whether they are finite.
    @np.errstate(invalid="ignore")
    def _validate(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        refuse_gaps(y)
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=FLOATS,
            reset=reset,
        )
        refuse_mixed_types(y)
        refuse_columns_of_classes(y)
        return X, single_column(y)

    def _find_targets(self, y: Any, anew: bool, incremental: bool, classes: Any) -> ClassTargets:
        if classes is not None:
            refuse_mixed_types(classes, "classes")
        if incremental and check_partial_fit_first_call(self, classes):
            is_multilabel = type_of_target(y).startswith("multilabel")
            targets = ClassTargets.of(y if is_multilabel else classes)
        elif incremental or not anew:
            targets = self._targets
        else:
            return ClassTargets.of(y)
        targets.check_seen(y, incremental)
        return targets

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
