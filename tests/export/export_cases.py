"""Fitted estimators with every component of the tables, and committees and labels of all kinds.

Tests take some of their combinations, and all of them where SKNN_ACTLOSS_EXPORT=all is set.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from functools import cache
from itertools import count, product
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss._interval import NONNEGATIVE, POSITIVE
from sknn_actloss.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    HIDDEN_ACTIVATIONS,
    LeakyReLU,
    Logistic,
    Softmax,
    Softplus,
    Squareplus,
    Tanh,
)
from sknn_actloss.losses import LOSSES, Quantile
from sknn_actloss.normalization import NORMALIZATIONS

VARIANTS = [
    CELU(2.5),
    ELU(0.5),
    GELU(approximate=True),
    LeakyReLU(0.3),
    Logistic(slope=2.0),
    Softplus(beta=3.0),
    Squareplus(b=0.5),
    Tanh(slope=0.5),
]
LOSSES_TO_EXPORT = {
    "regression": [*LOSSES["regression"], Quantile((0.9, 0.1, 0.5))],
    "classification": list(LOSSES["classification"]),
}
SHAPES = {
    "regression": [("continuous", 1), ("continuous", 2)],
    "classification": [("binary", 1), ("multiclass", 3), ("multilabel", 2)],
}
ALL = os.environ.get("SKNN_ACTLOSS_EXPORT") == "all"
N_ROWS, N_FEATURES = 24, 3
RNG = np.random.RandomState(0)
X = RNG.normal(size=(N_ROWS, N_FEATURES))
#: Rows that saturate what saturates.
X_FAR = 20 * X[:4]


class Case(NamedTuple):
    """An estimator to be fitted.

    Attributes
    ----------
    name : str
    kind : type
        Its class.
    parameters : dict
    y : ndarray
        Targets.
    """

    name: str
    kind: type
    parameters: dict[str, Any]
    y: np.ndarray

    def fitted(self) -> Any:
        defaults = {
            "hidden_layer_sizes": (4,),
            "max_iter": 2,
            "learning_rate_init": 0.05,
            "random_state": 0,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self.kind(**(defaults | self.parameters)).fit(X, self.y)


def targets(kind: str, n_targets: int, domain: Any) -> np.ndarray:
    rng = np.random.RandomState(n_targets)
    if kind == "multiclass":
        return rng.permutation(np.arange(N_ROWS) % n_targets)
    if kind != "continuous":
        y = rng.randint(2, size=(N_ROWS, n_targets))
        return y[:, 0] if kind == "binary" else y
    y = X[:, :n_targets] + rng.normal(size=(N_ROWS, n_targets))
    y = np.abs(y) + 0.1 if domain in (POSITIVE, NONNEGATIVE) else y
    return y[:, 0] if n_targets == 1 else y


def activations() -> Iterator[Case]:
    """Yield every hidden activation with normalisations in both data types."""
    y = targets("continuous", 1, None)
    normalizations = [None, *NORMALIZATIONS]
    combinations = product([*HIDDEN_ACTIVATIONS, *VARIANTS], normalizations, ["float32", "float64"])
    for number, (activation, normalization, dtype) in enumerate(combinations):
        parameters = {
            "hidden_layer_sizes": (4, 4),
            "activation": activation,
            "normalization": normalization,
            "dtype": dtype,
            "skip_connections": number % 4 < 2,
            "feature_scale": number % 3 == 0,
            "n_members": 1 + number % 2,
            "dropout": 0.1 * (number % 5 == 0),
        }
        if ALL or number % 3 == 0:
            yield Case(f"{activation}-{normalization}-{dtype}", MLPRegressor, parameters, y)


def losses(task: str) -> Iterator[Case]:
    """Yield every loss with every kind of targets and output activations that it admits."""
    number = count()
    for spec, (kind, n_targets) in product(LOSSES_TO_EXPORT[task], SHAPES[task]):
        loss = LOSSES[task][spec]() if isinstance(spec, str) else spec
        y = targets(kind, n_targets, loss.for_targets(kind, "").target_domain)
        admitted = outputs(loss, kind, n_targets * loss.outputs_per_target)
        other = admitted[next(number) % len(admitted)]
        for output in admitted if ALL else ["auto", other]:
            parameters = {"loss": loss, "out_activation": output}
            parameters["n_members"] = (1, 3)[next(number) % 2]
            estimator = MLPClassifier if task == "classification" else MLPRegressor
            yield Case(f"{loss}-{kind}{n_targets}-{output}", estimator, parameters, y)


def outputs(loss: Any, kind: str, n_outputs: int) -> list[str]:
    """Return the output activations that a loss admits."""
    found = []
    for name, make in ACTIVATIONS.items():
        domain = loss.for_targets(kind, name).prediction_domain
        is_constant = make is Softmax and n_outputs == 1
        if make().range.within(domain) and not is_constant and not loss.objection(name):
            found.append(name)
    return found


def others() -> Iterator[Case]:
    """Yield labels of all kinds, committees that leave out rows, and scaled targets."""
    codes = targets("multiclass", 3, None)
    several = targets("multilabel", 2, None)
    labels = {
        "int8": codes.astype(np.int8) - 2,
        "uint64": codes.astype(np.uint64),
        "large": codes.astype(np.int64) * 2**40,
        "text": np.array(["été", 'two "words"', "??/\\\n*/"])[codes],
        "object": np.array(["a", "b  c", "d"], dtype=object)[codes],
        "float": codes * 2.0,
        "bool": codes > 0,
        "two texts": np.array(["no", "yes"])[(codes > 0).astype(int)],
        "one class": np.zeros(N_ROWS, int),
        "labels": several.astype(bool),
    }
    folds = Committee(3, resample="folds")
    calibrated = Committee(3, resample="folds", calibrate="temperature")
    numbers = 1e4 + 300 * targets("continuous", 2, None)
    for name, y in labels.items():
        for n_members in (1, 2):
            yield Case(f"{name}-{n_members}", MLPClassifier, {"n_members": n_members}, y)
    yield Case("temperature", MLPClassifier, {"n_members": calibrated}, codes)
    yield Case("folds", MLPRegressor, {"n_members": folds}, numbers / 1e4)
    for scaling, loss, dtype in product(
        ["standard", "robust"],
        ["squared_error", "gaussian_nll", Quantile((0.2, 0.5, 0.7))],
        ["float32", "float64"],
    ):
        parameters = {"target_scaling": scaling, "loss": loss, "dtype": dtype, "n_members": 2}
        yield Case(f"{scaling}-{loss}-{dtype}", MLPRegressor, parameters, numbers)
    yield Case("no hidden layer", MLPClassifier, {"hidden_layer_sizes": ()}, codes)
    yield Case("wide", MLPRegressor, {"hidden_layer_sizes": (70, 60)}, numbers[:, 0] / 1e4)


GROUPS = {
    "activations": lambda: list(activations()),
    "regression": lambda: list(losses("regression")),
    "classification": lambda: list(losses("classification")),
    "others": lambda: list(others()),
}


@cache
def fitted(group: str) -> list[tuple[str, Any]]:
    """Return names and fitted estimators of a group of cases."""
    return [(case.name, case.fitted()) for case in GROUPS[group]()]


def expected(estimator: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each method that is exported gives in Python, with rows in front."""
    found = {
        name: getattr(estimator, name)(rows)
        for name in ("predict", "predict_proba", "decision_function", "predict_quantiles")
        if hasattr(estimator, name)
    }
    with contextlib.suppress(TypeError, ValueError):
        found["std"] = estimator.predict(rows, return_std=True)[1]
    return found
