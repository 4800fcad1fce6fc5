"""The classifier."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import logit
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn_actloss._sklearn import StrOptions, check_partial_fit_first_call, fit_context
from sknn_actloss.estimators._base import (
    FLOATS,
    BaseMLP,
    is_stochastic,
    known_head,
    mean_of_members,
    single_column,
)
from sknn_actloss.estimators._class_weight import class_weights, label_weights
from sknn_actloss.estimators._docs import documented
from sknn_actloss.estimators._validation import Request
from sknn_actloss.losses import LOSSES, LossSpec, ProbabilityHead


def has_probabilities(estimator: MLPClassifier) -> bool:
    """Whether the loss gives probabilities; raises AttributeError where it does not."""
    if not issubclass(known_head(estimator), ProbabilityHead):
        table = LOSSES["classification"]
        names = [name for name in table if issubclass(table[name]().head_kind, ProbabilityHead)]
        raise AttributeError(
            f"predict_proba is not available with loss={estimator.loss!r}. "
            f"Losses with probabilities are: {', '.join(names)}."
        )
    return True


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

    _task: ClassVar[str] = "classification"

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions(set(LOSSES["classification"].names)), LossSpec],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "log_loss",
        out_activation: Any = "auto",
        class_weight: Any = None,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float | str = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | str = False,
        validation_fraction: Any = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: Any = "sklearn",
        weight_decay: float | None = None,
        dtype: str = "auto",
        dropout: Any = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        gradient_clip: float | None = None,
        normalization: Any = None,
        skip_connections: bool = False,
        weight_averaging: Any = None,
        n_members: int = 1,
        monitor: Any = "score",
        restore_best: bool | str = "auto",
        max_time: float | None = None,
        checkpoint: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.out_activation = out_activation
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
        y_val : array-like of shape (n_val,) or (n_val, n_labels), default=None
            Their classes or labels, all of which occur in ``y``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows, multiplied with ``class_weight``.
        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, for a splitter as ``validation_fraction``.

        Returns
        -------
        self : MLPClassifier

        Raises
        ------
        ValueError
            If a parameter, the data or the weights are invalid, if settings or arguments
            contradict each other, or if the first epoch diverges.
        """
        request = Request(X_val, y_val, sample_weight_val, groups)
        return self._fit(X, y, sample_weight, incremental=False, request=request)

    @available_if(is_stochastic)
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
        """
        if classes is not None and np.size(classes) == 0:
            raise ValueError("classes is empty; give all classes that y may have, or None.")
        if check_partial_fit_first_call(self, classes):
            is_multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if is_multilabel else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes or labels.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        outputs, threshold = self._outputs(X, activated=True), self._threshold
        if len(outputs) > 1 and isinstance(self._model.loss.head, ProbabilityHead):
            prediction, threshold = self._mean_probabilities(outputs), 0.5
        else:
            prediction = mean_of_members(outputs)
        if prediction.shape[1] == 1:
            prediction = prediction.ravel()
        return self._label_binarizer.inverse_transform(prediction, threshold=threshold)

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
        """
        check_is_fitted(self, "coefs_")
        is_committee = np.ndim(self.coefs_[0]) == 3
        if is_committee and isinstance(self._model.loss.head, ProbabilityHead):
            scores = self._log_odds(self._mean_probabilities(self._outputs(X, activated=True)))
        elif self._has_raw_decisions():
            scores = mean_of_members(self._outputs(X, activated=False))
        else:
            scores = mean_of_members(self._outputs(X, activated=True)) - self._threshold
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
        """
        probabilities = self._mean_probabilities(self._outputs(X, activated=True))
        return _both_classes(probabilities) if probabilities.shape[1] == 1 else probabilities

    def _mean_probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities (n_samples, n_outputs), averaged over the members."""
        probabilities = self._model.loss.head.probabilities(outputs)
        is_softmax = self._model.output_name == "softmax" and probabilities is outputs
        if self._target_kind == "multiclass" and not is_softmax:
            probabilities = _normalised(probabilities)
        return mean_of_members(probabilities)

    def _log_odds(self, probabilities: np.ndarray) -> np.ndarray:
        function = np.log if self._target_kind == "multiclass" else logit
        with np.errstate(divide="ignore"):
            return function(probabilities)

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
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    @property
    def _target_kind(self) -> str:
        kind = self._label_binarizer.y_type_
        return "multilabel" if kind.startswith("multilabel") else kind

    @property
    def _threshold(self) -> float:
        return sum(self._model.loss.encoding) / 2

    def _has_raw_decisions(self) -> bool:
        """Whether raw outputs order the classes, or pass zero, just where predictions do."""
        output = self._model.output_name
        if output == "softmax":
            return self._target_kind == "multiclass"
        return (output, self._threshold) in (("identity", 0.0), ("logistic", 0.5))

    def _validate(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            dtype=FLOATS,
            reset=reset,
        )
        return X, single_column(y)

    def _encode(self, y: np.ndarray, incremental: bool) -> np.ndarray:
        if incremental or (self.warm_start and hasattr(self, "coefs_")):
            self._check_classes(unique_labels(y), incremental)
        else:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        return self._label_binarizer.transform(y).astype(bool)

    def _encode_validation(self, y: np.ndarray, trained: np.ndarray) -> np.ndarray:
        is_multilabel = type_of_target(y).startswith("multilabel")
        if is_multilabel != (self._target_kind == "multilabel"):
            raise ValueError(f"y_val must hold {self._target_kind} targets, as y does.")
        known = self.classes_.tolist()
        unseen = [label for label in unique_labels(y).tolist() if label not in known]
        if unseen:
            raise ValueError(f"y_val has classes {unseen}, but those of y are {known}.")
        return super()._encode_validation(y, trained)

    def _check_classes(self, found: np.ndarray, incremental: bool) -> None:
        if not incremental and set(found) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {found}"
            )
        if np.setdiff1d(found, self.classes_).size:
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {found}."
            )

    def _class_weights(
        self, targets: np.ndarray, sample_weight: np.ndarray | None, incremental: bool
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which does not see "
                "how frequent the classes are. Pass a dict of weights instead."
            )
        if self._target_kind == "multilabel":
            return label_weights(self.class_weight, targets, sample_weight)
        index = targets.argmax(axis=1) if targets.shape[1] > 1 else targets[:, 0].astype(int)
        return class_weights(self.class_weight, self.classes_.tolist(), index, sample_weight)

    def _validation_score(
        self, prediction: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> float:
        if not np.all(np.isfinite(prediction)):
            return float("nan")
        if self._target_kind == "multiclass":
            correct = prediction.argmax(axis=1) == y.argmax(axis=1)
        else:
            correct = np.all((prediction > self._threshold) == (y > 0.5), axis=1)
        return float(np.average(correct, weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _both_classes(positive: np.ndarray) -> np.ndarray:
    """Return the probabilities of both classes from those (n_samples, 1) of the second."""
    probabilities = np.empty((len(positive), 2), positive.dtype)
    probabilities[:, 1:] = positive
    np.subtract(1, positive, out=probabilities[:, :1])
    return probabilities


def _normalised(probabilities: np.ndarray) -> np.ndarray:
    total = probabilities.sum(axis=-1, keepdims=True)
    n_classes = probabilities.shape[-1]
    return np.where(total > 0, probabilities / np.where(total > 0, total, 1), 1 / n_classes)
