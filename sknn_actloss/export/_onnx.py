"""Fitted estimators as ONNX models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scipy import sparse

from sknn_actloss.export._committees import last_step
from sknn_actloss.export._onnx_converters import register_onnx_converters
from sknn_actloss.export._onnx_tables import initial_types
from sknn_actloss.export._subjects import checked


def to_onnx(
    estimator: Any,
    X_sample: Any = None,
    *,
    outputs: Sequence[str] | None = None,
    target_opset: int | None = None,
) -> Any:
    """Return a fitted estimator as an ONNX model.

    The model computes in single precision, or in double where ``X_sample`` and the fit are in
    double. A classifier puts out ``label`` and ``probabilities``, or ``scores`` where its loss
    has no probabilities; a regressor ``variable``, and ``quantiles`` or ``std`` where its loss has
    them. All of them have a row for each row of the input; probabilities are an array and not a
    list of dictionaries (``zipmap``).

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`~sknn_actloss.MLPClassifier`, :class:`~sknn_actloss.MLPRegressor`,
        :class:`~sknn_actloss.TabularClassifier` or :class:`~sknn_actloss.TabularRegressor`; a
        Pipeline that ends in one, of steps that skl2onnx knows; a search over such estimators or a
        committee of them.
    X_sample : ndarray or DataFrame of shape (n_samples, n_features), default=None
        Rows from which the types of the inputs are taken: an array makes one input ``X`` of its
        data type, a DataFrame an input for each column, which has its name. By default there is
        one input of single precision; for estimators of tables that hold strings, one for each
        column.
    outputs : sequence of str, default=None
        Methods to export instead of the usual ones: "predict", "predict_proba",
        "decision_function", "predict_quantiles", and "std" for ``predict`` with ``return_std``.
    target_opset : int, default=None
        Version of ONNX' operators, at least 13. By default the newest that skl2onnx knows.

    Returns
    -------
    model : onnx.ModelProto
        Save it by ``onnx.save(model, "model.onnx")``.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.
    NotFittedError
        If the estimator is not fitted.
    NotImplementedError
        If a component cannot be expressed, such as a user's function; the message names it.
    TypeError
        If the estimator is none of the above, or X_sample is sparse.
    ValueError
        If there is no such output, or ``target_opset`` is too low.

    See Also
    --------
    register_onnx_converters : For networks within other estimators of scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(X, y)
    >>> [output.name for output in to_onnx(model).graph.output]  # doctest: +SKIP
    ['label', 'probabilities']
    """
    estimator = checked(estimator)
    register_onnx_converters(type(last_step(estimator)))
    import skl2onnx

    if sparse.issparse(X_sample):
        raise TypeError(
            "X_sample is sparse, but inputs of ONNX models are dense. Pass X_sample.toarray()."
        )
    if target_opset is not None and target_opset < 13:
        raise ValueError(f"target_opset={target_opset} is too low; take 13 or higher, or None.")
    names = None if outputs is None else _names(outputs)
    return skl2onnx.to_onnx(
        estimator,
        initial_types=initial_types(estimator, X_sample),
        options={id(last_step(estimator)): {"outputs": names, "zipmap": False}},
        target_opset=target_opset,
    )


def _names(outputs: Sequence[str]) -> tuple[str, ...]:
    if isinstance(outputs, str) or len(outputs) == 0:
        raise ValueError(f"outputs={outputs!r} must be a list of methods, such as ['predict'].")
    return tuple(outputs)
