"""Converters of this package's estimators for skl2onnx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sknn_actloss.export._committees import KINDS, networks_of, predictions_of, prepared_by
from sknn_actloss.export._encoders import OWN, encoded, steps_of
from sknn_actloss.export._onnx_nodes import Nodes
from sknn_actloss.export._onnx_tables import columns_of, read_table
from sknn_actloss.export._onnx_types import computing_dtype, is_float, prepared, tensor
from sknn_actloss.export._predictions import Prediction, Predictions
from sknn_actloss.export._values import Value, cast, concatenate
from sknn_actloss.model_selection import (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.tabular import TableEncoder
from sknn_actloss.tabular._reading import Reading

SEARCHES = (
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)

#: What outputs are called, by method; ``predict`` has the names that skl2onnx gives.
OUTPUTS = {
    "predict_proba": "probabilities",
    "decision_function": "scores",
    "predict_quantiles": "quantiles",
    "std": "std",
}


class Arrangement(BaseEstimator):
    """Columns of several inputs side by side, in one data type.

    Parameters
    ----------
    indices : sequence of int or None, default=None
        Which columns; all by default.
    dtype : dtype or None, default=None
        By default double precision where an input has it.
    """

    def __init__(self, indices: Sequence[int] | None = None, dtype: Any = None) -> None:
        self.indices = indices
        self.dtype = dtype


def register_onnx_converters(*subclasses: type) -> None:
    """Tell skl2onnx how to convert the estimators of this package.

    They can then be parts of whatever ``skl2onnx.to_onnx`` converts. Importing
    ``sknn_actloss.export`` does this where skl2onnx is installed. What was registered for these
    estimators before is replaced, such as the converters of scikit-learn's networks, which know
    neither normalisation nor skip connections.

    Their options in ``skl2onnx.to_onnx`` are ``outputs``, as in :func:`to_onnx`, and
    ``raw_scores``, for scores of ``decision_function`` in place of probabilities, a column for each
    class. ``zipmap`` is accepted, since skl2onnx sets it for the ends of Pipelines;
    probabilities are arrays in any case.

    Parameters
    ----------
    *subclasses : type
        Subclasses of estimators of this package, which predict as these do.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    See Also
    --------
    to_onnx : Converts an estimator of this package alone.

    Examples
    --------
    >>> from sknn_actloss.export import register_onnx_converters
    >>> register_onnx_converters()  # doctest: +SKIP
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "ONNX models need skl2onnx; install it by pip install 'sknn-actloss[onnx]'."
        ) from error
    options = {"zipmap": [True, False], "raw_scores": [True, False], "outputs": None}
    predictor: dict[str, Any] = {"shape_fct": _fix_predictions, "convert_fct": _convert_predictor}
    encoder = {"shape_fct": _fix_encoded, "convert_fct": _convert_encoder, "parser": _parse_encoder}
    reading = {"shape_fct": _fix_reading, "convert_fct": _convert_reading}
    arrangement = {"shape_fct": _fix_arrangement, "convert_fct": _convert_arrangement}
    entries: list[tuple[type, dict[str, Any]]] = [
        *(
            (kind, predictor | {"parser": _parse_predictor, "options": options})
            for kind in (*KINDS, *subclasses)
        ),
        *((kind, predictor | {"parser": _parse_search, "options": options}) for kind in SEARCHES),
        *((kind, encoder) for kind in OWN),
        (TableEncoder, encoder | {"parser": _parse_table}),
        (Reading, reading),
        (Arrangement, arrangement),
    ]
    for kind, functions in entries:
        update_registered_converter(kind, _alias(kind), **functions)


def _alias(kind: type) -> str:
    return f"SknnActloss{kind.__name__}"


# Predictors


def _parse_predictor(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    operator = scope.declare_local_operator(_alias(type(model)), model)
    for steps in prepared_by(model):
        variable = _arranged(scope, prepared(scope, steps, inputs))
        variable.is_prepared = True
        operator.inputs.append(variable)
    for name, prediction in _predictions(scope, operator, _inputs_of(operator)):
        operator.outputs.append(scope.declare_local_variable(name, _type_of(prediction)))
    return operator.outputs


def _parse_search(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    scope.add_options(id(model.best_estimator_), scope.get_options(model, {}))
    return prepared(scope, [model.best_estimator_], inputs)


def _fix_predictions(operator: Any) -> None:
    found = _predictions(operator.scope_inst, operator, _inputs_of(operator))
    for variable, (_, prediction) in zip(operator.outputs, found, strict=True):
        variable.type = _type_of(prediction)


def _convert_predictor(scope: Any, operator: Any, container: Any) -> None:
    nodes, inputs = Nodes(scope, container), _inputs_of(operator)
    pairs = zip(inputs, _variables_of(operator), strict=True)
    known = {x: nodes.cast(variable.full_name, x.dtype) for x, variable in pairs}
    found = _predictions(scope, operator, inputs)
    for variable, (_, prediction) in zip(operator.outputs, found, strict=True):
        name = nodes.computed(prediction.value, known)
        if prediction.classes is not None:
            classes = nodes.constant(_labels(prediction.classes))
            name = nodes.add("Gather", classes, nodes.reshaped(name, [-1]))
        elif len(prediction.shape) > 1:
            name = nodes.reshaped(name, [-1, *prediction.shape])
        container.add_node("Identity", [name], [variable.full_name])


def _predictions(
    scope: Any, operator: Any, inputs: Sequence[Value]
) -> list[tuple[str, Prediction]]:
    """Return what an operator puts out, by name."""
    model = operator.raw_operator
    pairs = zip(inputs, networks_of(model), strict=True)
    features = [cast(x, min(x.dtype, network.coefs_[0].dtype)) for x, network in pairs]
    methods = predictions_of(model, features, max(x.dtype for x in inputs))
    options = scope.get_options(model, {"outputs": None, "raw_scores": False})
    if options["raw_scores"]:
        return [("label", methods.method("predict")), ("scores", _of_each_class(methods))]
    names = options["outputs"] or methods.usual
    return [(_output(name, found := methods.method(name)), found) for name in names]


def _inputs_of(operator: Any) -> list[Value]:
    """Return the features of each network."""
    pairs = zip(_variables_of(operator), networks_of(operator.raw_operator), strict=True)
    return [_input(variable, network.coefs_[0].shape[-2]) for variable, network in pairs]


def _variables_of(operator: Any) -> list[Any]:
    """Return the variable that each network takes in.

    Raises
    ------
    NotImplementedError
        If rows that a network needs encoded come as they are: some estimators hand them on so.
    """
    paths, variables = prepared_by(operator.raw_operator), list(operator.inputs)
    if not any(paths):
        return variables * (len(paths) if len(variables) == 1 else 1)
    if not all(getattr(variable, "is_prepared", False) for variable in variables):
        raise NotImplementedError(
            f"{type(operator.raw_operator).__name__} cannot be exported within this estimator, of "
            "which the converter passes its encoder over. Put the encoder in front, in a Pipeline, "
            "and the network alone inside."
        )
    return variables


def _of_each_class(methods: Predictions) -> Prediction:
    """Return scores with a column for each class, also where there are two."""
    found = methods.method("decision_function")
    if found.shape:
        return found
    return Prediction(concatenate([-found.value, found.value]), (2,))


def _output(method: str, prediction: Prediction) -> str:
    if method != "predict":
        return OUTPUTS[method]
    is_number = prediction.value.dtype.kind == "f"
    return "variable" if is_number else "label"


def _labels(classes: np.ndarray) -> np.ndarray:
    """Return class labels as ONNX has them.

    Raises
    ------
    NotImplementedError
        If it has none of their kind.
    """
    kind = classes.dtype.kind
    if kind in "iu" and int(classes.max()) < 2**63:
        return classes.astype(np.int64)
    if kind in "bf":
        return classes if kind == "b" else classes.astype(np.float64)
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    raise NotImplementedError(
        f"Classes such as {classes.tolist()[0]!r} of type {classes.dtype} cannot be exported to "
        "ONNX. Fit the estimator to labels that are integers of 64 bits, or strings."
    )


def _type_of(prediction: Prediction) -> Any:
    if prediction.classes is not None:
        return tensor(_labels(prediction.classes).dtype, [None])
    return tensor(prediction.value.dtype, [None, *(prediction.shape or (1,))])


# Encoders


def _parse_encoder(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    operator = scope.declare_local_operator(_alias(type(model)), model)
    operator.inputs.append(_arranged(scope, inputs))
    dtype = computing_dtype(operator.inputs[0])
    operator.outputs.append(scope.declare_local_variable("encoded", tensor(dtype, [None, None])))
    return operator.outputs


def _parse_table(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Parse the reading of columns, the encoder of each kind of them, and what joins them."""
    reading = scope.declare_local_operator(_alias(Reading), model._reading)
    reading.inputs, reading.columns = inputs, columns_of(model, inputs)
    width, encoded_columns = len(model._reading.features), []
    reading.outputs.append(scope.declare_local_variable("read", tensor(np.float64, [None, width])))
    for _, encoder, indices in model.columns_.transformers_:
        if len(indices) and not isinstance(encoder, str):
            steps = [Arrangement(indices), *steps_of(encoder)]
            encoded_columns += prepared(scope, steps, reading.outputs)
    return [_arranged(scope, encoded_columns, np.dtype(model.dtype))]


def _fix_encoded(operator: Any) -> None:
    value = encoded(operator.raw_operator, _input_of_encoder(operator))
    operator.outputs[0].type = tensor(value.dtype, [None, value.width])


def _convert_encoder(scope: Any, operator: Any, container: Any) -> None:
    nodes, x = Nodes(scope, container), _input_of_encoder(operator)
    known = {x: nodes.cast(operator.inputs[0].full_name, x.dtype)}
    name = nodes.computed(encoded(operator.raw_operator, x), known)
    container.add_node("Identity", [name], [operator.outputs[0].full_name])


def _input_of_encoder(operator: Any) -> Value:
    (variable,) = operator.inputs
    width = getattr(operator.raw_operator, "n_features_in_", None) or variable.type.shape[1]
    return _input(variable, width)


def _fix_reading(operator: Any) -> None:
    """Leave the type as it was declared."""


def _convert_reading(scope: Any, operator: Any, container: Any) -> None:
    nodes = Nodes(scope, container)
    name = read_table(nodes, operator.raw_operator, operator.columns)
    container.add_node("Identity", [name], [operator.outputs[0].full_name])


def _fix_arrangement(operator: Any) -> None:
    arrangement, widths = operator.raw_operator, [one.type.shape[1] for one in operator.inputs]
    indices = arrangement.indices
    width = len(indices) if indices is not None else sum(widths) if all(widths) else None
    operator.outputs[0].type = tensor(_dtype_of_arranged(operator), [None, width])


def _convert_arrangement(scope: Any, operator: Any, container: Any) -> None:
    nodes, dtype = Nodes(scope, container), _dtype_of_arranged(operator)
    parts = [nodes.cast(variable.full_name, dtype) for variable in operator.inputs]
    name = nodes.add("Concat", *parts, axis=1)
    if operator.raw_operator.indices is not None:
        indices = nodes.constant(np.asarray(operator.raw_operator.indices, np.int64))
        name = nodes.add("Gather", name, indices, axis=1)
    container.add_node("Identity", [name], [operator.outputs[0].full_name])


def _dtype_of_arranged(operator: Any) -> np.dtype:
    dtype = operator.raw_operator.dtype
    return np.dtype(dtype or max(map(computing_dtype, operator.inputs)))


# Variables


def _arranged(scope: Any, variables: Any, dtype: Any = None) -> Any:
    """Return a single variable of floats that has the columns of all."""
    first = variables[0]
    if len(variables) == 1 and is_float(first) and dtype in (None, computing_dtype(first)):
        return first
    return prepared(scope, [Arrangement(dtype=dtype)], variables)[0]


def _input(variable: Any, width: int) -> Value:
    return Value("input", (), width, computing_dtype(variable), detail=variable.raw_name)
