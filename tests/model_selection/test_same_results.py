"""Stacked searches give what scikit-learn's searches give over the same estimator."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Self
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import loguniform, uniform
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import FitFailedWarning, UnsetMetadataPassedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.metrics import accuracy_score, f1_score, make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import CELU, ELU, HIDDEN_ACTIVATIONS, LeakyReLU
from sknn_actloss.averaging import AVERAGES, EMA
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.initializers import INITIALIZERS, He
from sknn_actloss.losses import LOSSES, Focal, GaussianNLL, Huber, Quantile, SquaredError
from sknn_actloss.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV
from sknn_actloss.model_selection._stacked import StackedSearch
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm
from sknn_actloss.schedules import SCHEDULES, Cosine, Step
from sknn_actloss.solvers import SGD, SOLVERS, Adam, AdamW, RMSprop

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the"),
    pytest.mark.filterwarnings("ignore:Scoring failed"),
]

X, Y = load_iris(return_X_y=True)
X, Y = X[::2], Y[::2]
NAMES = np.array(["setosa", "versicolor", "virginica"], dtype=object)[Y]
TARGETS = np.sin(X[:, 0]) + X[:, 2] / 4
TWO_TARGETS = np.stack([TARGETS, X[:, 1] / 3], axis=1)
LABELLED = make_multilabel_classification(80, 6, n_classes=3, random_state=0)
MIXED = pd.DataFrame(X[:, :2], columns=["length", "width"]).assign(
    colour=np.array(["red", "green", "blue"])[np.arange(len(X)) % 3],
    size=(10 * X[:, 3]).astype(int).astype(str),
)
LISTS = X.tolist(), NAMES.tolist()
WORDS = [f"w{a:.0f} v{b:.0f} u{c:.0f}" for a, b, c in X[:, :3]]
WEIGHT = np.random.RandomState(0).uniform(0.1, 2, len(X))
ZEROS = np.random.RandomState(0).randint(0, 3, len(X)).astype(float)
GROUPS = np.arange(len(X)) % 7
HALF = (np.arange(len(X)) < len(X) // 2).astype(float)
OWN_SPLITS = [
    (np.arange(0, 60, 2), np.arange(1, 30)),
    (np.arange(10, 75), np.arange(20)),
    (np.arange(40), np.arange(20, 75)),
]

CACHE = tempfile.TemporaryDirectory()
BASE = {"max_iter": 4, "batch_size": 20, "learning_rate_init": 0.02, "random_state": 0}


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (5,)} | BASE | parameters)


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**{"hidden_layer_sizes": (5,)} | BASE | parameters)


def scaled(network: Any, *steps: tuple[str, Any], **options: Any) -> Pipeline:
    return Pipeline([*(steps or [("scaler", StandardScaler())]), ("mlp", network)], **options)


def nested(network: Any) -> Pipeline:
    inner = Pipeline([("scaler", MinMaxScaler()), ("mlp", network)])
    return Pipeline([("first", StandardScaler()), ("inner", inner)])


def mixed(network: Any) -> Pipeline:
    columns = make_column_transformer(
        (StandardScaler(), ["length", "width"]), (OneHotEncoder(), ["colour"])
    )
    return scaled(network, ("columns", columns))


def accuracy(estimator: Any, X: Any, y: Any) -> float:
    return accuracy_score(y, estimator.predict(X))


def look_at_steps(estimator: Pipeline, X: Any, y: Any) -> float:
    scaler, mlp = estimator.named_steps["scaler"], estimator.named_steps["mlp"]
    return scaler.mean_.sum() + np.abs(mlp.coefs_[0]).sum() + len(mlp.loss_curve_) + mlp.alpha


def look_at_columns(estimator: Any, X: pd.DataFrame, y: Any) -> float:
    reds = (X["colour"] == "red").to_numpy()
    return accuracy_score(np.asarray(y)[reds], estimator.predict(X)[reds])


def several(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    prediction = estimator.predict(X)
    return {
        "accuracy": accuracy_score(y, prediction),
        "f1": f1_score(y, prediction, average="macro"),
    }


def fussy(estimator: Any, X: Any, y: Any) -> float:
    if X[0, 0] < 5:
        raise ValueError("first row is too short")
    return estimator.score(X, y)


def most_regular(results: dict[str, Any]) -> int:
    return int(np.argmax(results["param_alpha"].astype(float)))


def doubled(X: np.ndarray) -> np.ndarray:
    return 2 * X


class Patient(MLPClassifier):
    """Fits for longer than it was told to."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        self.max_iter += 2
        return super().fit(X, y, sample_weight)


class Lenient(MLPClassifier):
    """Has a score of its own."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return 1 + super().score(X, y, sample_weight)


class LogTargets(Pipeline):
    """Learns logarithms of targets."""

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        return super().fit(X, np.log(y), **params)

    def predict(self, X: Any, **params: Any) -> np.ndarray:
        return np.exp(super().predict(X, **params))


@dataclass
class Setting:
    """What a search is made of and fitted to."""

    estimator: Any
    grid: Any
    data: tuple[Any, Any] = (X, Y)
    fit: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def search(self, kind: type) -> Any:
        """Return a fitted search of a kind."""
        options = {"cv": 2, "return_train_score": True} | self.options
        return kind(self.estimator, self.grid, **options).fit(*self.data, **self.fit)


REGRESSION = (X, TARGETS)
RATES = {"learning_rate_init": [0.005, 0.05], "activation": ["relu", "tanh"]}
ALPHAS = {"alpha": [0.0, 0.1, 1.0]}
PIPE_ALPHAS = {"mlp__alpha": [0.0, 1.0]}
EARLY = {"early_stopping": True, "validation_fraction": 0.2}

SETTINGS = {
    # Regularisation, normalisation, averages, committees, validation
    "dropout": Setting(
        classifier(hidden_layer_sizes=(6, 6)),
        {"dropout": [0.0, 0.3, (0.1, 0.2, 0.0), FallingDropout(0.3)], **ALPHAS},
    ),
    "bounds": Setting(
        regressor(),
        {"l1": [0.0, 0.1], "max_norm": [None, 1.0], "gradient_clip": [None, 0.1]},
        REGRESSION,
    ),
    "layers": Setting(
        classifier(hidden_layer_sizes=(6, 6)),
        {
            "normalization": [None, "batch", "layer", BatchNorm(momentum=0.5)],
            "skip_connections": [False, True],
            "dropout": [0.0, 0.2],
        },
        options={"scoring": "neg_log_loss"},
    ),
    "averages": Setting(
        regressor(normalization="batch"),
        {"weight_averaging": [None, "ema", "swa", EMA(0.5)], **ALPHAS},
        REGRESSION,
    ),
    "members": Setting(classifier(), {"n_members": [1, 2], "dropout": [0.0, 0.2]}),
    "a rate for each candidate": Setting(
        scaled(classifier(normalization="layer")),
        {"mlp__learning_rate_init": ["auto", 0.01], "mlp__solver": ["sgd", "adam"]},
    ),
    "monitors": Setting(
        classifier(**EARLY, max_iter=12, n_iter_no_change=2),
        {
            "monitor": ["score", "loss", "balanced_accuracy"],
            "restore_best": ["auto", False],
            "early_stopping": [True, "auto"],
        },
    ),
    "several quantiles": Setting(
        regressor(),
        {"loss": [Quantile((0.1, 0.5, 0.9)), "gaussian_nll", "huber"], "dropout": [0.0, 0.1]},
        REGRESSION,
    ),
    # Estimators and Pipelines
    "classifier": Setting(classifier(), RATES),
    "regressor": Setting(regressor(), RATES, REGRESSION),
    "no parameters": Setting(classifier(), {}),
    "equal candidates": Setting(regressor(), {"alpha": [0.1, 0.1, 0.1, 0.1]}, REGRESSION),
    "pipeline": Setting(scaled(classifier()), {f"mlp__{name}": RATES[name] for name in RATES}),
    "pipeline of one step": Setting(Pipeline([("mlp", classifier())]), PIPE_ALPHAS),
    "nested pipeline": Setting(
        nested(regressor()),
        {"inner__mlp__alpha": [0, 1], "inner__scaler": ["passthrough", RobustScaler()]},
        REGRESSION,
        options={"scoring": "neg_mean_absolute_error"},
    ),
    "parameters of a step": Setting(
        scaled(regressor(), ("select", SelectKBest(f_regression))),
        {"select__k": [1, 3], **PIPE_ALPHAS},
        REGRESSION,
    ),
    "steps replaced": Setting(
        scaled(classifier()),
        {"scaler": [StandardScaler(), "passthrough", MinMaxScaler()], **PIPE_ALPHAS},
    ),
    "all steps replaced": Setting(
        scaled(classifier()),
        {"steps": [[("a", MinMaxScaler()), ("mlp", classifier(alpha=1))], [("mlp", classifier())]]},
    ),
    "the network replaced": Setting(
        scaled(classifier()),
        {"mlp": [classifier(hidden_layer_sizes=(3,)), classifier(loss="hinge")], **PIPE_ALPHAS},
    ),
    "a nested pipeline replaced": Setting(
        nested(classifier()),
        {
            "inner": [
                Pipeline([("scaler", StandardScaler()), ("mlp", classifier())]),
                Pipeline([("mlp", classifier(alpha=1))]),
            ],
            "inner__mlp__activation": ["relu", "tanh"],
        },
    ),
    "a nested pipeline with other names": Setting(
        nested(classifier()),
        {"inner": [Pipeline([("mlp", classifier())]), Pipeline([("network", classifier())])]},
    ),
    "a step that works in place": Setting(
        scaled(classifier(), ("scaler", StandardScaler(copy=False))),
        {"mlp__learning_rate_init": [0.01, 0.05, 0.1]},
        # Without refit, which works on the rows of all other settings in place.
        options={"scoring": accuracy, "return_train_score": False, "refit": False},
    ),
    "functions as steps": Setting(
        scaled(classifier(), ("function", FunctionTransformer())),
        {"function__func": [None, doubled, lambda X: X - 3, lambda X: X + 3], **PIPE_ALPHAS},
    ),
    "memory": Setting(
        scaled(classifier(), memory=joblib.Memory(CACHE.name, verbose=0)),
        {"scaler__with_mean": [True, False], **PIPE_ALPHAS},
    ),
    "steps that cross-fit": Setting(
        scaled(classifier(), ("encoder", TargetEncoder(random_state=0))),
        {"encoder__smooth": [1.0, 10.0], **PIPE_ALPHAS},
        (MIXED[["colour", "size"]], (Y > 0).astype(int)),
    ),
    "steps that cross-fit targets": Setting(
        scaled(regressor(), ("encoder", TargetEncoder(random_state=0))),
        PIPE_ALPHAS,
        (MIXED[["colour", "size"]], TARGETS),
        options={"scoring": lambda estimator, X, y: estimator.score(X, y)},
    ),
    "pipeline with predictions of its own": Setting(
        LogTargets([("scaler", StandardScaler()), ("mlp", regressor())]),
        PIPE_ALPHAS,
        (X, np.exp(TARGETS)),
        options={"scoring": "r2"},
    ),
    # Stopping, weights
    "early stopping": Setting(classifier(max_iter=20, n_iter_no_change=2, **EARLY), RATES),
    "early stopping of regressors": Setting(regressor(max_iter=15, **EARLY), RATES, REGRESSION),
    "early stopping as parameter": Setting(
        regressor(n_iter_no_change=2, max_iter=15),
        {"early_stopping": [True, False], "validation_fraction": [0.2, 0.3], "alpha": [0, 1]},
        REGRESSION,
    ),
    "what is monitored": Setting(
        classifier(max_iter=15, n_iter_no_change=2, **EARLY),
        {"monitor": ["score", "loss", "neg_log_loss", accuracy], "loss": ["log_loss", "hinge"]},
    ),
    "a monitor that fails": Setting(
        classifier(**EARLY), {"monitor": ["score", "roc_auc"], "activation": ["relu", "tanh"]}
    ),
    "monitors without early stopping": Setting(classifier(), {"monitor": ["score", "loss"]}),
    "the best epoch": Setting(
        regressor(max_iter=15, learning_rate_init=0.1, **EARLY),
        {"restore_best": [True, False, "auto"], "early_stopping": [True, False, "auto"]},
        REGRESSION,
    ),
    "splitters of validation rows": Setting(
        classifier(early_stopping=True, max_iter=10),
        {"validation_fraction": [0.2, KFold(4), ShuffleSplit(1), StratifiedKFold(3)]},
    ),
    "validation rows given to fit": Setting(
        classifier(max_iter=15, n_iter_no_change=2, early_stopping=True),
        {"monitor": ["score", "loss"], **RATES},
        fit={"X_val": X[:20], "y_val": Y[:20], "sample_weight_val": WEIGHT[:20]},
    ),
    "validation rows in a pipeline": Setting(
        scaled(regressor(restore_best=True)),
        PIPE_ALPHAS,
        REGRESSION,
        {"mlp__X_val": X[:20], "mlp__y_val": TARGETS[:20]},
    ),
    "as many validation rows as rows": Setting(
        classifier(restore_best=True), RATES, fit={"X_val": X, "y_val": Y}
    ),
    "a limit of time": Setting(classifier(), {"max_time": [None, 1e-9, 1e6], **RATES}),
    "weights": Setting(classifier(), RATES, fit={"sample_weight": WEIGHT}),
    "weights as a list": Setting(
        regressor(), RATES, REGRESSION, {"sample_weight": WEIGHT.tolist()}
    ),
    "weights that are zero": Setting(
        regressor(), RATES, REGRESSION, {"sample_weight": ZEROS}, {"scoring": "r2"}
    ),
    "weights and early stopping": Setting(
        classifier(**EARLY), RATES, fit={"sample_weight": ZEROS}, options={"error_score": -1}
    ),
    "weights that leave nothing of a fold": Setting(
        regressor(), ALPHAS, REGRESSION, {"sample_weight": HALF}, {"cv": KFold(2)}
    ),
    "no weights": Setting(classifier(), ALPHAS, fit={"sample_weight": None}),
    "weights in a pipeline": Setting(
        scaled(classifier()), PIPE_ALPHAS, fit={"mlp__sample_weight": WEIGHT}
    ),
    "weights of several steps": Setting(
        nested(classifier()),
        {"inner__mlp__alpha": [0, 1]},
        fit={"first__sample_weight": WEIGHT, "inner__mlp__sample_weight": ZEROS},
    ),
    "balanced classes": Setting(classifier(class_weight="balanced"), RATES),
    "weights of classes": Setting(
        classifier(class_weight={0: 1, 1: 5, 2: 0.5}), RATES, fit={"sample_weight": WEIGHT}
    ),
    "weights of classes as parameter": Setting(
        classifier(), {"class_weight": [None, "balanced", {0: 3.0}], **ALPHAS}
    ),
    # Scores
    "scorer by name": Setting(classifier(), RATES, options={"scoring": "neg_log_loss"}),
    "scorer of decisions": Setting(
        scaled(classifier()), PIPE_ALPHAS, (X, Y == 1), options={"scoring": "roc_auc"}
    ),
    "several scorers": Setting(
        classifier(), RATES, options={"scoring": ["neg_log_loss", "accuracy"], "refit": "accuracy"}
    ),
    "several scorers of a pipeline": Setting(
        scaled(regressor()),
        PIPE_ALPHAS,
        REGRESSION,
        {"mlp__sample_weight": WEIGHT},
        {
            "scoring": {
                "r2": "r2",
                "mae": make_scorer(mean_absolute_error, greater_is_better=False),
            },
            "refit": "mae",
        },
    ),
    "several scorers, one a function": Setting(
        scaled(classifier()),
        PIPE_ALPHAS,
        options={"scoring": {"own": look_at_steps, "accuracy": "accuracy"}, "refit": "own"},
    ),
    "several scorers without refit": Setting(
        classifier(), RATES, options={"scoring": ("accuracy", "f1_macro"), "refit": False}
    ),
    "a function that returns several scores": Setting(
        classifier(), RATES, options={"scoring": several, "refit": "f1"}
    ),
    "a function that returns several scores, without refit": Setting(
        classifier(), RATES, options={"scoring": several, "refit": False}
    ),
    "a function that returns several scores, and failures": Setting(
        classifier(), {"alpha": [0, -1, 1]}, options={"scoring": several, "refit": "f1"}
    ),
    "a function that returns several scores, and a failure first": Setting(
        classifier(), {"alpha": [-1, 0, 1]}, options={"scoring": several, "refit": "f1"}
    ),
    "a scorer that looks at steps": Setting(
        scaled(classifier()),
        {"scaler__with_std": [True, False], "mlp__alpha": [0, 1]},
        options={"scoring": look_at_steps},
    ),
    "a scorer that looks at columns": Setting(
        mixed(classifier()), PIPE_ALPHAS, (MIXED, Y), options={"scoring": look_at_columns}
    ),
    "scores that fail on a fold": Setting(
        classifier(), RATES, options={"scoring": fussy, "cv": KFold(4), "error_score": -2.5}
    ),
    "scores that fail for lack of a class": Setting(
        classifier(),
        ALPHAS,
        options={
            "scoring": ["neg_log_loss", "accuracy", "roc_auc_ovr"],
            "cv": KFold(3),
            "refit": "accuracy",
        },
    ),
    "a loss without probabilities": Setting(
        scaled(classifier()),
        {"mlp__loss": ["log_loss", "hinge", "squared_error"]},
        options={"scoring": "neg_log_loss"},
    ),
    "refit by a function": Setting(
        regressor(), ALPHAS, REGRESSION, options={"refit": most_regular}
    ),
    "no refit": Setting(regressor(), RATES, REGRESSION, options={"refit": False}),
    "no training scores": Setting(classifier(), RATES, options={"return_train_score": False}),
    "a score of its own": Setting(Lenient(**classifier().get_params()), RATES),
    # Data
    "labels that are text": Setting(classifier(), RATES, (X, NAMES)),
    "two classes that are text": Setting(
        scaled(classifier(loss="exponential")), PIPE_ALPHAS, (X, np.where(Y == 1, "yes", "no"))
    ),
    "labels that are series": Setting(
        classifier(), RATES, (MIXED[["length", "width"]], pd.Series(NAMES, dtype="category"))
    ),
    "multilabel": Setting(classifier(), RATES, LABELLED, options={"scoring": "f1_macro"}),
    "sparse labels": Setting(classifier(), RATES, (LABELLED[0], sparse.csr_array(LABELLED[1]))),
    "several targets": Setting(regressor(), RATES, (X, TWO_TARGETS)),
    "CSR": Setting(classifier(), RATES, (sparse.csr_array(X), Y)),
    "CSC": Setting(regressor(), RATES, (sparse.csc_matrix(X), TARGETS)),
    "sparse rows from a step": Setting(
        scaled(classifier(), ("words", TfidfVectorizer())),
        {"words__min_df": [1, 5], **PIPE_ALPHAS},
        (WORDS, LISTS[1]),
    ),
    "frame of mixed columns": Setting(
        mixed(regressor()),
        {"columns__standardscaler": ["drop", MinMaxScaler()], **PIPE_ALPHAS},
        (MIXED, pd.Series(TARGETS)),
    ),
    "frames between steps": Setting(
        scaled(classifier(), ("scaler", StandardScaler().set_output(transform="pandas"))),
        {"scaler__with_mean": [True, False], **PIPE_ALPHAS},
        (pl.DataFrame(X, schema=list("abcd")), pl.Series(NAMES)),
    ),
    "lists": Setting(classifier(), RATES, LISTS),
    "integers": Setting(regressor(), RATES, (X.astype(int), Y)),
    "rows with NaN": Setting(
        regressor(),
        ALPHAS,
        (np.where(np.arange(len(X))[:, None] == 3, np.nan, X), TARGETS),
        options={"cv": KFold(3), "refit": False},
    ),
    "targets with NaN": Setting(
        regressor(),
        ALPHAS,
        (X, np.where(np.arange(len(X)) == 3, np.nan, TARGETS)),
        options={"cv": KFold(3), "refit": False},
    ),
    # Splits
    "groups": Setting(classifier(), RATES, fit={"groups": GROUPS}, options={"cv": GroupKFold(3)}),
    "groups and weights": Setting(
        scaled(classifier()),
        PIPE_ALPHAS,
        fit={"groups": GROUPS, "mlp__sample_weight": WEIGHT},
        options={"cv": GroupKFold(3)},
    ),
    "a list of splits": Setting(regressor(), RATES, REGRESSION, options={"cv": OWN_SPLITS}),
    "masks as splits": Setting(
        classifier(), RATES, options={"cv": [(GROUPS != 3, GROUPS == 3), (GROUPS < 4, GROUPS > 2)]}
    ),
    "splits that overlap and leave rows out": Setting(
        scaled(regressor()),
        PIPE_ALPHAS,
        REGRESSION,
        options={"cv": ShuffleSplit(3, test_size=0.3, train_size=0.4, random_state=0)},
    ),
    "splits in a random order": Setting(
        classifier(), RATES, options={"cv": StratifiedKFold(3, shuffle=True, random_state=1)}
    ),
    "a single split": Setting(classifier(), RATES, options={"cv": ShuffleSplit(1, random_state=0)}),
    # Grids
    "shapes": Setting(
        classifier(), {"hidden_layer_sizes": [(4,), (3, 3), (), 5], "batch_size": [10, "auto"]}
    ),
    "data types": Setting(classifier(), {"dtype": ["auto", "float32", "float64"], **ALPHAS}),
    "solvers": Setting(regressor(), {"solver": list(SOLVERS)}, REGRESSION),
    "L-BFGS beside others": Setting(
        scaled(classifier()), {"mlp__solver": ["lbfgs", "adam", "sgd"], **PIPE_ALPHAS}
    ),
    "a list of grids": Setting(
        scaled(classifier()),
        [
            {"mlp__solver": ["sgd"], "mlp__momentum": [0.1, 0.8]},
            {"mlp__solver": ["adam"], "mlp__beta_1": [0.5], "scaler": [MinMaxScaler()]},
            {"mlp__loss": ["focal"], "mlp__loss__gamma": [0.5, 3.0]},
        ],
    ),
    "seeds": Setting(classifier(), {"random_state": [0, 1, 2], "activation": ["relu", "tanh"]}),
    "seeds as generators": Setting(
        classifier(random_state=np.random.RandomState(5)),
        [ALPHAS, {"random_state": [np.random.RandomState(5), 5]}],
    ),
    "weight_init": Setting(
        regressor(), {"weight_init": [*INITIALIZERS, He(distribution="normal")]}, REGRESSION
    ),
    "parameters of a loss": Setting(
        regressor(loss="huber"), {"loss__delta": [0.1, 1, 2.5], "alpha": [0, 1]}, REGRESSION
    ),
    "parameters of components": Setting(
        scaled(regressor(activation=LeakyReLU(), learning_rate=Step(), solver=SGD())),
        {
            "mlp__activation__negative_slope": [0.01, 0.3],
            "mlp__learning_rate__step_size": [1, 2],
            "mlp__solver__momentum": [0.5, 0.9],
        },
        REGRESSION,
    ),
    "parameters of components by name": Setting(
        regressor(solver="sgd"),
        {
            "activation": ["leaky_relu"],
            "activation__negative_slope": [0.01, 0.3],
            "learning_rate": ["step"],
            "learning_rate__gamma": [0.1, 0.5],
            "solver__momentum": [0.1, 0.9],
        },
        REGRESSION,
    ),
    "solver instances": Setting(
        classifier(), {"solver": [Adam(), Adam(beta_1=0.5), AdamW(), SGD(momentum=0.3), RMSprop()]}
    ),
    "component instances": Setting(
        regressor(),
        {
            "loss": [SquaredError(), Huber(0.5), Quantile(0.2), Quantile((0.2, 0.8)), "mae"],
            "activation": [ELU(), ELU(0.5), CELU(2.0)],
        },
        REGRESSION,
        options={"scoring": "neg_mean_absolute_error"},
    ),
    "losses": Setting(
        classifier(), {"loss": ["log_loss", "hinge", Focal(1.0), "categorical_hinge", "mse"]}
    ),
    "losses of several outputs": Setting(
        regressor(early_stopping=True),
        {
            "loss": [Quantile((0.9, 0.5, 0.1)), Quantile((0.5, 0.9)), GaussianNLL(), "mse"],
            "alpha": [0.0, 1.0],
        },
        REGRESSION,
    ),
    "activations of layers": Setting(
        classifier(hidden_layer_sizes=(4, 4)),
        {"activation": [["relu", "tanh"], ["tanh", "relu"], "relu", ["gelu", ELU()]]},
    ),
    "schedules": Setting(
        classifier(max_iter=6),
        {"learning_rate": [*SCHEDULES, Cosine(), 0.1, Step(2, 0.5)], "learning_rate_init": [0.001]},
    ),
    "schedules of SGD": Setting(
        regressor(max_iter=8, solver="sgd", n_iter_no_change=1, tol=1e-2),
        {"learning_rate": list(SCHEDULES), "learning_rate_init": [0.01, 0.1]},
        REGRESSION,
    ),
    "patience": Setting(
        regressor(),
        {"max_iter": [2, 12], "tol": [1e-4, 0.1], "n_iter_no_change": [1, np.inf]},
        REGRESSION,
    ),
    # Failures and the rest
    "a rate that diverges": Setting(regressor(), {"learning_rate_init": [0.01, 1e300]}, REGRESSION),
    "a rate that diverges later": Setting(
        regressor(solver="sgd", max_iter=10),
        {"learning_rate_init": [0.01, 1.5, 30.0], "loss": ["squared_error", "huber"]},
        REGRESSION,
    ),
    "invalid values": Setting(
        classifier(),
        [
            {"alpha": [0, -1, np.nan]},
            {"hidden_layer_sizes": [(0,), None, 2.5, (3, "a")]},
            {"solver": [None, "newton"], "loss": ["log_loss", "huber"]},
            {"max_iter": [0, None], "early_stopping": [True, "no"]},
            {"random_state": ["seed"]},
            {"class_weight": [{7: 1}]},
        ],
        options={"error_score": -1},
    ),
    "invalid values of batch_size": Setting(classifier(), {"batch_size": [20, None]}),
    "invalid values of dtype": Setting(classifier(), {"dtype": ["float64", "float65"]}),
    "invalid steps": Setting(
        scaled(classifier()), {"scaler": [StandardScaler(), classifier()], **PIPE_ALPHAS}
    ),
    "steps that fail": Setting(
        scaled(regressor(), ("select", SelectKBest(f_regression))),
        {"select__k": [2, -1], **PIPE_ALPHAS},
        REGRESSION,
    ),
    "a loss that does not go with the targets": Setting(
        regressor(), {"loss": ["squared_error", "poisson", "gamma"]}, (X, TARGETS - 1)
    ),
    "warm start": Setting(classifier(warm_start=True), RATES),
    "no shuffling": Setting(classifier(shuffle=False), {"random_state": [0, 1], **RATES}),
    "a fit of its own": Setting(Patient(**classifier().get_params()), RATES),
    "fits that warn": Setting(
        classifier(), {"batch_size": [20, 1000], "max_iter": [2, 30], "tol": [1e-4, 1.0]}
    ),
}


def assert_same_columns(actual: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(actual) == list(expected)
    for name, values in expected.items():
        found = actual[name]
        if name.endswith("_time"):
            assert found.shape == values.shape
        elif name == "params":
            assert found == values
        elif name.startswith("param_"):
            assert found.dtype == values.dtype
            assert_array_equal(np.ma.getmaskarray(found), np.ma.getmaskarray(values))
            assert repr(found.tolist()) == repr(values.tolist())
        elif name.startswith("rank_"):
            assert_array_equal(found, values)
        else:
            assert_allclose(found, values, rtol=1e-6, atol=1e-12, err_msg=name)


def assert_same_search(actual: Any, expected: Any, X: Any) -> None:
    assert_same_columns(actual.cv_results_, expected.cv_results_)
    names = [name for name in vars(expected) if name.endswith("_")]
    assert sorted(names) == sorted(name for name in vars(actual) if name.endswith("_"))
    for name in ("best_index_", "best_params_", "n_splits_", "multimetric_"):
        assert getattr(actual, name, None) == getattr(expected, name, None)
    assert str(actual.scorer_) == str(expected.scorer_)
    for name in ("n_features_in_", "feature_names_in_", "classes_"):
        assert hasattr(actual, name) == hasattr(expected, name)
        if hasattr(expected, name):
            assert_array_equal(getattr(actual, name), getattr(expected, name))
    if hasattr(expected, "best_score_"):
        assert_allclose(actual.best_score_, expected.best_score_, rtol=1e-6)
    if not hasattr(expected, "best_estimator_"):
        return
    assert type(actual.best_estimator_) is type(expected.best_estimator_)
    for method in ("predict_proba", "predict"):
        assert hasattr(actual, method) == hasattr(expected, method)
    desired = expected.predict(X)
    if np.asarray(desired).dtype.kind == "f":
        assert_allclose(actual.predict(X), desired, rtol=1e-6)
    elif sparse.issparse(desired):
        assert_array_equal(actual.predict(X).toarray(), desired.toarray())
    else:
        assert_array_equal(actual.predict(X), desired)
    if hasattr(expected, "predict_proba"):
        desired = expected.predict_proba(X)
        rtol = 1e-4 if desired.dtype == np.float32 else 1e-6
        assert_allclose(actual.predict_proba(X), desired, rtol=rtol)


def searched(setting: Setting, kind: type) -> tuple[Any, set[tuple[type, str]]]:
    """Return a fitted search, and what it warned of but for failures, which quote tracebacks."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search = setting.search(kind)
    notes = {(w.category, str(w.message)) for w in caught if w.category is not FitFailedWarning}
    return search, {note for note in notes if not note[1].startswith("Scoring failed")}


@cache  # for the tests of a few settings in two jobs
def expected_search(name: str) -> tuple[Any, set[tuple[type, str]]]:
    return searched(SETTINGS[name], GridSearchCV)


def test_the_table_is_long_enough() -> None:
    assert len(SETTINGS) >= 60


#: Members of a stack at most, and which settings to try that with.
LIMITS = {2: [*SETTINGS][::4], 1: [*SETTINGS][2::4]}


@pytest.mark.parametrize("name", SETTINGS)
def test_same_results(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, notes = expected_search(name)
    for limit in (None, *(limit for limit, names in LIMITS.items() if name in names)):
        monkeypatch.setattr(StackedSearch, "_max_members", limit)
        actual, own_notes = searched(SETTINGS[name], StackedGridSearchCV)
        assert_same_search(actual, expected, SETTINGS[name].data[0])
        assert own_notes == notes, f"with {limit} members at most"


@pytest.mark.parametrize("kind", [GridSearchCV, StackedGridSearchCV])
def test_scores_that_are_not_finite_are_told_once(kind: type) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        SETTINGS["a rate that diverges"].search(kind)
    messages = [str(w.message) for w in caught]
    assert len([text for text in messages if text.startswith("One or more of the test")]) == 1


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("name", ["regressor", "steps replaced", "a rate that diverges", "seeds"])
def test_same_results_of_two_jobs(name: str, backend: str) -> None:
    setting = replace(SETTINGS[name], options={"n_jobs": 2})
    with joblib.parallel_config(backend=backend):
        actual, _ = searched(setting, StackedGridSearchCV)
    assert_same_search(actual, expected_search(name)[0], setting.data[0])


DISTRIBUTIONS = {
    "numbers": Setting(
        classifier(),
        {"learning_rate_init": loguniform(1e-3, 1), "alpha": uniform(), "loss": ["hinge", "focal"]},
        options={"n_iter": 7},
    ),
    "a pipeline": Setting(
        scaled(regressor()),
        {
            "scaler": [MinMaxScaler(), StandardScaler()],
            "mlp__hidden_layer_sizes": [(3,), (4, 2)],
            "mlp__alpha": loguniform(1e-3, 1),
        },
        REGRESSION,
        {"mlp__sample_weight": WEIGHT},
        {"n_iter": 6, "scoring": ["r2", "neg_median_absolute_error"], "refit": "r2"},
    ),
    "failures": Setting(
        regressor(solver="sgd"),
        {"learning_rate_init": loguniform(1e-2, 1e4), "activation": ["relu", "tanh"]},
        REGRESSION,
        options={"n_iter": 8},
    ),
    "a small space": Setting(classifier(), {"alpha": [0, 1]}, options={"n_iter": 10}),
    "several spaces": Setting(
        classifier(),
        [{"solver": ["sgd"], "momentum": uniform(0, 0.9)}, {"beta_1": uniform(0, 0.9)}],
        options={"n_iter": 5},
    ),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_same_results_of_random_candidates(name: str, seed: int) -> None:
    setting = DISTRIBUTIONS[name]
    setting = replace(setting, options=setting.options | {"random_state": seed})
    expected, notes = searched(setting, RandomizedSearchCV)
    actual, own_notes = searched(setting, StackedRandomizedSearchCV)
    assert_same_search(actual, expected, setting.data[0])
    assert own_notes == notes


def requesting(network: Any, **requests: bool) -> Any:
    return network.set_fit_request(**requests).set_score_request(**requests)


@pytest.mark.parametrize("requested", [True, False])
def test_same_results_with_metadata_routing(requested: bool) -> None:
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=not requested)
        setting = Setting(
            scaled(requesting(classifier(), sample_weight=requested), ("scaler", scaler)),
            {"scaler__with_mean": [True, False], **PIPE_ALPHAS},
            fit={"sample_weight": WEIGHT, "groups": GROUPS},
            options={
                "cv": GroupKFold(3),
                "scoring": make_scorer(accuracy_score).set_score_request(sample_weight=True),
            },
        )
        expected, _ = searched(setting, GridSearchCV)
        actual, _ = searched(setting, StackedGridSearchCV)
        assert_same_search(actual, expected, X)


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_same_results_with_groups_and_validation_rows_that_are_routed(in_pipeline: bool) -> None:
    early = {"early_stopping": True, "max_iter": 12, "n_iter_no_change": 2}
    with config_context(enable_metadata_routing=True):
        by_groups = classifier(validation_fraction=GroupKFold(3), **early)
        by_rows = classifier(monitor="loss", **early)
        for network, fit in (
            (by_groups.set_fit_request(groups=True), {}),
            (by_rows.set_fit_request(X_val=True, y_val=True), {"X_val": X[:9], "y_val": Y[:9]}),
        ):
            setting = Setting(
                scaled(network, transform_input=["X_val"]) if in_pipeline else network,
                PIPE_ALPHAS if in_pipeline else RATES,
                fit={"groups": GROUPS, **fit},
                options={"cv": GroupKFold(3)},
            )
            expected, _ = searched(setting, GridSearchCV)
            actual, _ = searched(setting, StackedGridSearchCV)
            assert np.isfinite(expected.cv_results_["mean_test_score"]).all()
            assert_same_search(actual, expected, X)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_iter_no_change": 1, "tol": 1.0},
        {"early_stopping": True, "n_iter_no_change": 1},
        {"early_stopping": True, "n_iter_no_change": 1, "monitor": "loss"},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    ],
    ids=str,
)
def test_verbose_networks_print_the_same(
    parameters: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    network = classifier(verbose=True, max_iter=8, **parameters)
    setting = Setting(network, {"learning_rate_init": [0.01, 1e300, 0.1]})
    expected, _ = searched(setting, GridSearchCV)
    lines = sorted(capsys.readouterr().out.splitlines())
    actual, _ = searched(setting, StackedGridSearchCV)
    assert_same_search(actual, expected, X)
    assert lines == sorted(capsys.readouterr().out.splitlines())


def some(values: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique_by=repr)


@st.composite
def small_settings(draw: st.DrawFn) -> Setting:
    is_classifier = draw(st.booleans())
    task = "classification" if is_classifier else "regression"
    several = [] if is_classifier else [Quantile((0.1, 0.5, 0.9)), Quantile((0.8, 0.5))]
    space = {
        "activation": HIDDEN_ACTIVATIONS,
        "loss": [*LOSSES[task], *several],
        "learning_rate_init": [1e-3, 0.1, 100.0],
        "hidden_layer_sizes": [(), (3,), (4, 2), (4, 4)],
        "solver": list(SOLVERS),
        "learning_rate": list(SCHEDULES),
        "weight_init": list(INITIALIZERS),
        "early_stopping": [False, True],
        "monitor": ["score", "loss", "accuracy" if is_classifier else "neg_mean_absolute_error"],
        "batch_size": [15, "auto"],
        "alpha": [0.0, 1.0],
        "dropout": [0.0, 0.3],
        "l1": [0.0, 0.1],
        "max_norm": [None, 1.0],
        "gradient_clip": [None, 0.1],
        "normalization": [None, *NORMALIZATIONS],
        "skip_connections": [False, True],
        "weight_averaging": [None, *AVERAGES],
        "restore_best": ["auto", True, False],
    }
    names = draw(st.lists(st.sampled_from(list(space)), min_size=1, max_size=3, unique=True))
    estimator = (classifier if is_classifier else regressor)(
        early_stopping=draw(st.booleans()), shuffle=draw(st.booleans())
    )
    weight = {"sample_weight": draw(st.sampled_from([WEIGHT, ZEROS]))}
    return Setting(
        estimator,
        {name: draw(some(space[name])) for name in names},
        (X, Y if is_classifier else TARGETS),
        draw(st.sampled_from([{}, weight])),
        {"cv": 2},
    )


@given(setting=small_settings(), limit=st.sampled_from([None, 3, 2]))
@settings(max_examples=25, derandomize=True, deadline=None)
def test_same_results_of_any_grid(setting: Setting, limit: int | None) -> None:
    try:
        expected, notes = searched(setting, GridSearchCV)
    except ValueError:
        with pytest.raises(ValueError, match=r"All the .* fits failed"):
            setting.search(StackedGridSearchCV)
        return
    with patch.object(StackedSearch, "_max_members", limit):
        actual, own_notes = searched(setting, StackedGridSearchCV)
    assert_same_search(actual, expected, setting.data[0])
    assert own_notes == notes


def test_weights_that_a_score_does_not_request_are_unset_in_a_pipeline_too() -> None:
    with config_context(enable_metadata_routing=True):
        network = classifier().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = scaled(network, ("scaler", scaler))
        for search in (GridSearchCV, StackedGridSearchCV):
            with pytest.raises(UnsetMetadataPassedError, match=r"not requested for .*\.score"):
                search(pipeline, PIPE_ALPHAS, error_score="raise").fit(X, Y, sample_weight=WEIGHT)
