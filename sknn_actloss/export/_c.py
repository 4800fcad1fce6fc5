"""Fitted estimators as one file of C."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import indent
from typing import Any

import numpy as np

from sknn_actloss._version import __version__
from sknn_actloss.export._c_code import Body, Constants
from sknn_actloss.export._c_text import TYPES, array, comment, literals, string
from sknn_actloss.export._committees import (
    last_step,
    networks_of,
    predictions_of,
    prepared_by,
    steps_in_front,
)
from sknn_actloss.export._encoders import encoded
from sknn_actloss.export._predictions import Prediction, Predictions
from sknn_actloss.export._subjects import checked
from sknn_actloss.export._values import Value, cast
from sknn_actloss.tabular import TableEncoder

#: What arguments of the functions are called, by method.
ARGUMENTS = {
    "predict": "prediction",
    "predict_proba": "probabilities",
    "decision_function": "scores",
    "predict_quantiles": "quantiles",
    "std": "deviations",
}


def to_c(estimator: Any, name: str = "model") -> str:
    """Return a fitted estimator as a file of C99 that depends on math.h only.

    The functions take one row, allocate nothing and keep nothing: several threads may call them.
    They compute in the data type of the fit. ``name_predict`` of a classifier returns the index
    of a class in ``name_classes``, -1 where a feature is infinite or NaN, which Python refuses;
    all other functions write numbers to their last argument, NaN in that case (-1 for labels).

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`~sknn_actloss.MLPClassifier`, :class:`~sknn_actloss.MLPRegressor` or
        committee of them; a Pipeline of scalers and such an estimator; or a search or committee
        whose members are one of these.
    name : str, default="model"
        What the names of all functions and arrays begin with.

    Returns
    -------
    source : str
        The file. Declarations stand at its top: ``name_predict``, for a classifier with
        probabilities ``name_predict_proba`` and ``name_decision_function``, for a regressor with
        such a loss ``name_predict_quantiles`` or ``name_std``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    NotImplementedError
        If a component or a step has no formula in C; the message names it.
    TypeError
        If the estimator is none of the above.
    ValueError
        If the name is not one for C.

    See Also
    --------
    to_onnx : Exports more, for those who have a runtime.

    Examples
    --------
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.export import to_c
    >>> network = MLPRegressor((2,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [0, 1])
    >>> print(next(line for line in to_c(network).splitlines() if line.startswith("void")))
    void model_predict(const double *x, double *prediction);
    """
    _check_name(name)
    return _File(checked(estimator), name).source


class _File:
    """A file of C.

    Parameters
    ----------
    estimator : estimator
        A fitted one.
    prefix : str
        What all names begin with.
    """

    def __init__(self, estimator: Any, prefix: str) -> None:
        self._estimator, self._prefix = estimator, prefix
        end, n_features = last_step(estimator), estimator.n_features_in_
        paths = [[*steps_in_front(estimator), *steps] for steps in prepared_by(end)]
        dtypes = [network.coefs_[0].dtype for network in networks_of(end)]
        self._dtype = np.dtype(np.float64) if any(paths) else np.result_type(*dtypes)
        takes_gaps = any(isinstance(step, TableEncoder) for steps in paths for step in steps)
        self._check = "has_no_infinity" if takes_gaps else "is_finite"
        self._x = Value("input", (), n_features, self._dtype, detail="x")
        inputs = [
            cast(_prepared(steps, self._x), dtype)
            for steps, dtype in zip(paths, dtypes, strict=True)
        ]
        self._predictions: Predictions = predictions_of(end, inputs, np.float64)
        self._constants = Constants(prefix)

    @property
    def source(self) -> str:
        """The whole file."""
        found = {name: self._predictions.method(name) for name in self._predictions.names}
        functions = [
            *(self._raw_function(index) for index in range(len(self._predictions.raw))),
            *(self._function(name, prediction) for name, prediction in found.items()),
        ]
        declarations = [f"{self._signature(name, one)};" for name, one in found.items()]
        classes = found["predict"].classes
        parts = [
            self._introduction(found),
            "#include <math.h>\n",
            "\n".join([*self._sizes(found, classes), *declarations]) + "\n",
            _definition_of_classes(self._prefix, classes),
            self._constants.source,
            *functions,
        ]
        return "\n".join(filter(None, parts))

    def _introduction(self, found: dict[str, Prediction]) -> str:
        lines = [
            f"{type(self._estimator).__name__} by sknn_actloss {__version__}: call these "
            "functions with one row of features.",
            "A class or label is -1 and a number NAN where a feature is not finite.",
        ]
        names = getattr(self._estimator, "feature_names_in_", [])
        lines += [f"x[{index}]: {comment(str(name))}" for index, name in enumerate(names)]
        return "/* " + "\n * ".join(lines) + "\n */\n"

    def _sizes(self, found: dict[str, Prediction], classes: np.ndarray | None) -> list[str]:
        sizes = {"n_features": self._x.width}
        if classes is not None:
            sizes["n_classes"] = len(classes)
        shown = ", ".join(f"{self._prefix}_{name} = {size}" for name, size in sizes.items())
        declared = [f"enum {{ {shown} }};"]
        if classes is not None:
            declared.append(
                f"extern {_type_of_classes(classes)} {self._prefix}_classes[{len(classes)}];"
            )
        return declared

    def _signature(self, name: str, prediction: Prediction) -> str:
        x = f"const {TYPES[self._dtype]} *x"
        if prediction.classes is not None:
            return f"int {self._prefix}_{name}({x})"
        real = TYPES[prediction.value.dtype]
        size = f" /* [{prediction.value.width}] */" if prediction.value.width > 1 else ""
        return f"void {self._prefix}_{name}({x}, {real} *{ARGUMENTS[name]}{size})"

    def _raw_function(self, index: int) -> str:
        value = self._predictions.raw[index]
        body = Body(self._constants, {value: "raw"}, {self._x: "x"})
        arguments = f"const {TYPES[self._dtype]} *x, {TYPES[value.dtype]} *raw"
        return _defined(
            f"static void {self._raw_name(index)}({arguments})", body.declarations, body.lines
        )

    def _raw_name(self, index: int) -> str:
        return f"{self._prefix}_outputs{index}"

    def _function(self, name: str, prediction: Prediction) -> str:
        value, raw = prediction.value, self._predictions.raw
        is_class = prediction.classes is not None
        target = "code" if is_class else ARGUMENTS[name]
        known = {self._x: "x"} | {one: f"raw{index}" for index, one in enumerate(raw)}
        body = Body(self._constants, {value: target}, known)
        declarations = [
            *(
                f"{TYPES[one.dtype]} raw{index}[{one.width * one.members}];"
                for index, one in enumerate(raw)
            ),
            *body.declarations,
            *["int code[1];"] * is_class,
        ]
        check = self._constants.helper(self._check, TYPES[self._dtype])
        lines = [
            f"if (!{check}({self._x.width}, x))" + (" {" if not is_class else ""),
            *_refused(target, value, is_class),
            *(f"{self._raw_name(index)}(x, raw{index});" for index in range(len(raw))),
            *body.lines,
            *["return code[0];"] * is_class,
        ]
        return _defined(self._signature(name, prediction), declarations, lines)


def _declared(value: Value, name: str) -> str:
    return f"{TYPES[value.dtype]} {name}[{value.width * value.members}];"


def _refused(target: str, value: Value, is_class: bool) -> list[str]:
    """Return what is done where a feature is not finite."""
    if is_class:
        return ["    return -1;"]
    nothing = "-1" if value.dtype.kind == "i" else "NAN"
    if value.width == 1:
        return [f"    {target}[0] = {nothing};", "    return;", "}"]
    return [
        f"    for (i = 0; i < {value.width}; ++i)",
        f"        {target}[i] = {nothing};",
        "    return;",
        "}",
    ]


def _defined(signature: str, declarations: Sequence[str], lines: Sequence[str]) -> str:
    text = "\n".join(lines)
    counters = [name for name in "im" if f"({name} = " in text]
    declared = [f"int {', '.join(counters)};"] if counters else []
    inner = "\n".join([*declared, *declarations, *lines])
    return f"{signature}\n{{\n{indent(inner, '    ')}\n}}\n"


def _definition_of_classes(prefix: str, classes: np.ndarray | None) -> str:
    if classes is None:
        return ""
    is_number = classes.dtype.kind in "iubf"
    items = literals(classes) if is_number else map(string, map(str, classes))
    return array(f"{_type_of_classes(classes)} {prefix}_classes[{len(classes)}]", items)


def _type_of_classes(classes: np.ndarray) -> str:
    kind = classes.dtype.kind
    if kind == "f":
        return "const double"
    if kind not in "iub":
        return "const char *const"
    if kind == "b" or max(abs(int(label)) for label in classes) < 2**31:
        return "const int"
    return "const unsigned long long" if kind == "u" else "const long long"


def _prepared(steps: Sequence[Any], x: Value) -> Value:
    for step in steps:
        x = encoded(step, x)
    return x


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(
            f"name={name!r} must be a name for C: a letter, and then letters, digits or "
            "underscores, such as 'model'."
        )
