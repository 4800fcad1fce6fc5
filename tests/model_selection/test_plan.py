"""Which candidates share a stack, and how large stacks are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.losses import Quantile
from sknn_actloss.model_selection._pipeline import steps_key
from sknn_actloss.model_selection._plan import (
    NETWORK_BYTES,
    STACK_BYTES,
    Candidate,
    Shape,
    configured,
    stacks,
)

NETWORK = MLPClassifier((8,), batch_size=32, random_state=0)


def candidates(*params: dict[str, Any]) -> list[Candidate]:
    return [Candidate(i, own, configured(NETWORK, own)) for i, own in enumerate(params)]


def planned(params: list[dict[str, Any]], limit: int = 99, n_least: int = 1) -> list[list[int]]:
    cut = stacks(candidates(*params), lambda network: limit, n_least)
    return [sorted(candidate.index for candidate in part) for part in cut]


@pytest.mark.parametrize(
    "values",
    [
        {"activation": ["relu", "tanh"]},
        {"loss": ["log_loss", "focal"]},
        {"learning_rate_init": [0.1, 0.01]},
        {"learning_rate": ["constant", "cosine"]},
        {"solver": ["adam", "sgd"]},
        {"alpha": [0, 1]},
        {"max_iter": [1, 2]},
        {"monitor": ["score", "loss"]},
        {"restore_best": [True, "auto"]},
        {"hidden_layer_sizes": [(8,), (8,)]},
    ],
    ids=str,
)
def test_what_may_differ_in_a_stack(values: dict[str, list]) -> None:
    ((name, (first, second)),) = values.items()
    assert planned([{name: first}, {name: second}]) == [[0, 1]]


@pytest.mark.parametrize(
    "values",
    [
        {"hidden_layer_sizes": [(8,), (9,)]},
        {"batch_size": [32, 64]},
        {"dtype": ["float32", "float64"]},
        {"early_stopping": [True, False]},
        {"random_state": [0, 1]},
        {"class_weight": [None, "balanced"]},
        {"solver": ["lbfgs", "lbfgs"]},
        {"max_time": [60.0, 60.0]},
        {"validation_fraction": [0.1, KFold(5)]},
    ],
    ids=str,
)
def test_what_may_not(values: dict[str, list]) -> None:
    ((name, (first, second)),) = values.items()
    assert planned([{name: first}, {name: second}]) == [[0], [1]]


def test_equal_kinds_of_components_are_neighbours() -> None:
    names = ["relu", "tanh", "relu", "tanh", "relu"]
    (stack,) = stacks(candidates(*({"activation": name} for name in names)), lambda _: 9, 1)
    kinds = [candidate.network.activation for candidate in stack]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize(
    ("limit", "n_least", "sizes"),
    [(99, 1, [12]), (5, 1, [4, 4, 4]), (1, 1, [1] * 12), (99, 3, [4, 4, 4]), (99, 99, [2] * 6)],
)
def test_sizes_of_stacks(limit: int, n_least: int, sizes: list[int]) -> None:
    params = [{"alpha": alpha} for alpha in range(12)]
    assert list(map(len, planned(params, limit, n_least))) == sizes


def test_stacks_fit_the_cache_and_large_networks_train_alone() -> None:
    shape = Shape.of(np.zeros((2000, 20), np.float32), np.arange(2000) % 3, 1600, True)
    limits = [
        shape.stack_limit(MLPClassifier(sizes, batch_size=batch))
        for sizes, batch in (((32,), 32), ((100,), 32), ((100,), 200), ((256, 256), 256))
    ]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 48
    assert limits[-1] == 1
    n_params, n_signals = 20 * 100 + 100 + 100 * 3 + 3, 200 * 103
    assert limits[2] == STACK_BYTES // (4 * (4 * n_params + 2 * n_signals))
    assert 4 * (4 * n_params + 2 * n_signals) < NETWORK_BYTES


@pytest.mark.parametrize(
    ("X", "y", "has_classes", "expected"),
    [
        (np.zeros((9, 4)), np.arange(9) % 3, True, (4, 3, 8)),
        (np.zeros((9, 4), np.float32), np.arange(9) % 2, True, (4, 1, 4)),
        (np.zeros((9, 4)), np.zeros((9, 5)), False, (4, 5, 8)),
        (np.zeros((9, 4)), np.full(9, np.nan), False, (4, 1, 8)),
        ([[1, 2], [3, 4]], ["a", None], True, (2, 1, 8)),
        ("nothing", None, True, (1, 1, 8)),
    ],
)
def test_what_data_say(X: Any, y: Any, has_classes: bool, expected: tuple) -> None:
    shape = Shape.of(X, y, 9, has_classes)
    assert (shape.n_features, shape.n_targets, shape.itemsize) == expected


def test_a_loss_of_several_outputs_takes_more_room() -> None:
    shape = Shape(1000, 4, 2, 8)
    wide = [MLPRegressor((2,), loss=loss) for loss in ("mse", Quantile(np.arange(1, 10) / 10))]
    assert shape.stack_limit(wide[0]) > 2 * shape.stack_limit(wide[1])


@pytest.mark.parametrize("params", [{"batch_size": None}, {"dtype": "f"}, {"dtype": "float65"}])
def test_invalid_settings_are_left_for_the_fit_to_complain(params: dict[str, Any]) -> None:
    shape = Shape(100, 4, 1, 8)
    assert shape.stack_limit(MLPRegressor(**params)) >= 1


def test_steps_that_cannot_be_compared_equal_no_others() -> None:
    pipelines = [
        make_pipeline(FunctionTransformer(lambda X, k=k: X + k), NETWORK) for k in range(3)
    ]
    assert len({steps_key(pipeline, "mlpclassifier") for pipeline in pipelines}) == 3
    first, second = (make_pipeline(StandardScaler(), NETWORK) for _ in range(2))
    assert steps_key(first, "mlpclassifier") == steps_key(second, "mlpclassifier")
