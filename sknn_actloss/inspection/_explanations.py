"""What predictions owe to the columns of a table: gradients, integrated gradients, importances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from sknn_actloss.core import Backward, as_rows
from sknn_actloss.estimators import BaseMLP
from sknn_actloss.inspection._front import Front, explained, members_of
from sknn_actloss.inspection._path import Function, mean_gradient
from sknn_actloss.inspection._responses import Response, columns_of, response_of
from sknn_actloss.inspection._tables import as_table, baseline_table


def input_gradients(
    estimator: Any, X: Any, *, response_method: str = "auto", target: Any = None
) -> np.ndarray:
    r"""Return the derivative of predictions with respect to the columns of X, row by row.

    .. math:: \frac{\partial f(x)}{\partial x_j}

    The network is differentiated exactly, by its backward pass and in double precision. Steps in
    front of it that are affine on the rows of X (scalers, PCA, ...) count exactly as well; the
    slopes of others, and of the encoder of an estimator for tables, are central differences of
    these steps alone. Columns that do not hold numbers have no derivative.

    Parameters
    ----------
    estimator : estimator
        Fitted: a network, or a Pipeline, a search or an estimator for tables that holds one, or a
        committee of these.
    X : array-like, sparse matrix or data frame of shape (n_samples, n_columns)
        Rows, as for ``predict``.
    response_method : {"auto", "predict", "predict_proba", "decision_function"}, default="auto"
        What is differentiated: "auto" is ``predict`` of a regressor (before predictions are
        clipped), and of a classifier ``predict_proba``, or ``decision_function`` where there are
        no probabilities.
    target : object, default=None
        A class, the index of a label, or that of a target of a regression; ``None`` for all. Two
        classes have one response, that of the second one.

    Returns
    -------
    gradients : ndarray of shape (n_samples, n_columns) or (n_samples, n_columns, n_responses)
        The second shape where there are several classes, labels or targets and ``target`` is
        ``None``. NaN for columns without numbers.

    Raises
    ------
    TypeError
        If the estimator is none of these.
    ValueError
        If it has no such method or target, or X is no table.

    See Also
    --------
    integrated_gradients : Parts of the distance between a prediction and that of a baseline.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.inspection import input_gradients
    >>> X = np.random.RandomState(0).normal(scale=(1, 10), size=(50, 2))
    >>> line = MLPRegressor((), solver="lbfgs", alpha=0, random_state=0)
    >>> model = make_pipeline(StandardScaler(), line).fit(X, 3 * X[:, 0] - X[:, 1] / 2)
    >>> input_gradients(model, X[:2]).round(2)
    array([[ 3. , -0.5],
           [ 3. , -0.5]])
    """
    if members := members_of(estimator):
        own = partial(input_gradients, X=X, target=target)
        return _mean_of(members, own, response_method)
    network, prepare = explained(estimator)
    front = Front(prepare, as_table(X).in_double())
    function = _function(network, response_method, target)
    return _by_row(front.to_columns(function.gradient(front.inputs)))


def integrated_gradients(
    estimator: Any,
    X: Any,
    baseline: Any = None,
    *,
    response_method: str = "auto",
    target: Any = None,
    tol: float = 0.005,
) -> np.ndarray:
    r"""Return the parts that columns have in the distance of predictions from that of a baseline.

    .. math:: (x_j - x'_j) \int_0^1 \frac{\partial f(x' + t (x - x'))}{\partial x_j}\, dt

    Over the columns they add up to :math:`f(x) - f(x')` (completeness). The path is straight in
    what the network takes in, and its gradients are those of the backward pass. The integral is a
    sum over pieces of the path, which are halved until each is complete in itself.

    Attributions of inputs go back to the columns of X: to those of an input in proportion to how
    much of its distance from the baseline goes back when a column alone takes the value of the
    baseline. For affine steps this is the integrated gradient with respect to the columns; the
    levels of a category, the bins of a number and the parts of a date are added up.

    Parameters
    ----------
    estimator : estimator
        Fitted: a network, or a Pipeline, a search or an estimator for tables that holds one, or a
        committee of these.
    X : array-like, sparse matrix or data frame of shape (n_samples, n_columns)
        Rows, as for ``predict``.
    baseline : None, float, array-like or data frame, default=None
        What rows are compared with: a number for all columns, one row, or as many rows as X has.
        ``None`` is a row of the (lower) medians of X, and of the most frequent value in columns
        without numbers.
    response_method : {"auto", "predict", "predict_proba", "decision_function"}, default="auto"
        What is explained, as for :func:`input_gradients`.
    target : object, default=None
        A class, label or target, as for :func:`input_gradients`.
    tol : float, default=0.005
        Largest distance from completeness, as a share of the distance that is explained.

    Returns
    -------
    attributions : ndarray of shape (n_samples, n_columns) or (n_samples, n_columns, n_responses)
        In units of the response.

    Raises
    ------
    TypeError
        If the estimator is none of these.
    ValueError
        If it has no such method or target, if X is no table, or if the baseline does not fit it.

    Warns
    -----
    UserWarning
        If ``tol`` is not reached.

    See Also
    --------
    feature_importances : Mean size of the attributions.

    References
    ----------
    M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.inspection import integrated_gradients
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor((8,), "tanh", solver="lbfgs", max_iter=50, random_state=0)
    >>> parts = integrated_gradients(model.fit(10 * X, y / 100), 10 * X, baseline=0.0)
    >>> distance = model.predict(10 * X) - model.predict(0 * X)
    >>> bool(abs(parts.sum(axis=1) - distance).max() < 0.01)
    True
    """
    if members := members_of(estimator):
        own = partial(integrated_gradients, X=X, baseline=baseline, target=target, tol=tol)
        return _mean_of(members, own, response_method)
    network, prepare = explained(estimator)
    table = as_table(X).in_double()
    front, start = Front(prepare, table), baseline_table(table, baseline).in_double()
    function, begin = _function(network, response_method, target), front.of(start)
    mean = mean_gradient(function, begin, front.inputs, tol)
    if front.matrix is not None:
        moves = np.stack(front.numbers, axis=1) - np.stack(Front(prepare, start).numbers, axis=1)
        return _by_row(moves * (mean @ front.matrix.T))
    return _by_row(front.shares(start, mean * (front.inputs - begin)))


def feature_importances(
    estimator: Any,
    X: Any,
    baseline: Any = None,
    *,
    response_method: str = "auto",
    target: Any = None,
) -> np.ndarray:
    """Return how much columns move predictions: the mean size of their integrated gradients.

    Parameters
    ----------
    estimator, X, baseline, response_method, target : optional
        As for :func:`integrated_gradients`.

    Returns
    -------
    importances : ndarray of shape (n_columns,)
        Mean absolute attribution over the rows, and over classes, labels or targets where there
        are several; in units of the response.

    Raises
    ------
    TypeError, ValueError
        As :func:`integrated_gradients` does.

    See Also
    --------
    FeatureImportanceDisplay : Their picture.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import feature_importances
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> int(feature_importances(model, X).argmax())
    2
    """
    attributions = integrated_gradients(
        estimator, X, baseline, response_method=response_method, target=target
    )
    sizes = np.abs(attributions).mean(axis=0)
    return sizes if sizes.ndim == 1 else sizes.mean(axis=1)


def _mean_of(
    members: Sequence[tuple[float, Any]], own: Callable[..., np.ndarray], response_method: str
) -> np.ndarray:
    """Return the weighted mean of what explains each member of a committee.

    Raises
    ------
    ValueError
        If the committee does not predict by a mean.
    """
    if response_method == "decision_function":
        raise ValueError(
            "response_method='decision_function' of a committee is no mean of its members'. Use "
            "'auto', or explain its estimators_ one by one."
        )
    return sum(weight * own(member, response_method=response_method) for weight, member in members)  # type: ignore[return-value]


def _function(network: BaseMLP, response_method: str, target: Any) -> Function:
    """Return what is asked for as a function of the inputs of a network."""
    response = response_of(network, response_method)
    layout, model = network._layout, network._model
    params = layout.from_attributes(vars(network), np.dtype(np.float64))
    attributes = layout.attributes(params, params.dtype)
    predictor, backward = model.predictor(layout.layer_sizes), Backward(model, layout, params)

    def read(inputs: np.ndarray) -> np.ndarray:
        return response.value(predictor(as_rows(inputs), attributes))

    sums = columns_of(network, read(np.zeros((1, layout.layer_sizes[0]))).shape[1], target)

    @np.errstate(all="ignore")
    def value(inputs: np.ndarray) -> np.ndarray:
        return sums @ read(inputs).T

    @np.errstate(all="ignore")
    def gradient(inputs: np.ndarray) -> np.ndarray:
        return np.stack([backward(inputs, partial(_pull, response, one)) for one in sums])

    return Function(value, gradient)


def _pull(response: Response, of_columns: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """Return the derivative of a sum of columns with respect to raw outputs."""
    return response.pull(raw, np.broadcast_to(of_columns, (raw.shape[1], len(of_columns))))


def _by_row(values: np.ndarray) -> np.ndarray:
    """Turn (n_sums, n_rows, n_columns) into what users get."""
    return values[0] if len(values) == 1 else np.moveaxis(values, 0, -1)
