"""Bad input to a stacked search ends as it does in scikit-learn's search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier as TheirClassifier, MLPRegressor as TheirRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning"),
    pytest.mark.filterwarnings("ignore:One or more of the"),
    pytest.mark.filterwarnings("ignore:Scoring failed"),
]

X, Y = load_iris(return_X_y=True)
X, Y = X[::3], Y[::3]
NETWORK = MLPClassifier((3,), max_iter=2, random_state=0)
REGRESSOR = MLPRegressor((3,), max_iter=2, batch_size=10, random_state=0)
PIPELINE = Pipeline([("scaler", StandardScaler()), ("mlp", NETWORK)])
ALPHAS = {"alpha": [0, 1]}


class Forgetful(KFold):
    """Announces more splits than there are."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return self.n_splits + 1


class Broken(StandardScaler):
    """Cannot be fitted."""

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        raise RuntimeError("broken beyond repair")


def unknown(estimator: Any, X: Any, y: Any) -> float:
    raise LookupError("no such score")


def several(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    return {"first": 1.0, "second": 2.0}


@dataclass
class Mistake:
    """A search that goes wrong."""

    estimator: Any = NETWORK
    grid: Any = field(default_factory=lambda: ALPHAS)
    data: tuple[Any, ...] = (X, Y)
    fit: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def error(self, kind: type) -> Exception:
        """Return what a search of a kind ends in."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 (what it is gets compared)
            kind(self.estimator, self.grid, **{"cv": 2} | self.options).fit(*self.data, **self.fit)
        return caught.value


MISTAKES = {
    # The grid
    "no grids": Mistake(grid=[]),
    "no values": Mistake(grid={"alpha": []}),
    "a value instead of values": Mistake(grid={"alpha": 1.0}),
    "text instead of values": Mistake(grid={"activation": "relu"}),
    "no grid": Mistake(grid=None),
    "an unknown parameter": Mistake(grid={"alpha": [1], "beta": [1]}),
    "an unknown step": Mistake(PIPELINE, {"net__alpha": [1]}),
    "an unknown parameter of a step": Mistake(PIPELINE, {"mlp__beta": [1]}),
    "an unknown parameter of a component": Mistake(REGRESSOR, {"loss__delta": [1]}, (X, Y)),
    "a parameter of what is no component": Mistake(grid={"alpha__x": [1]}),
    # Parameters of the search
    "no jobs": Mistake(options={"n_jobs": 0}),
    "half a job": Mistake(options={"n_jobs": 0.5}),
    "no splits": Mistake(options={"cv": []}),
    "one split": Mistake(options={"cv": 1}),
    "too many splits": Mistake(options={"cv": KFold(51)}),
    "more splits than members of a class": Mistake(options={"cv": 18}),
    "rows that do not exist": Mistake(options={"cv": [([0, 1, 2], [3, 99])]}),
    "a name as cv": Mistake(options={"cv": "all"}),
    "an unknown scorer": Mistake(options={"scoring": "beauty"}),
    "a number as scoring": Mistake(options={"scoring": 3}),
    "no scorers": Mistake(options={"scoring": []}),
    "a scorer twice": Mistake(options={"scoring": ["accuracy", "accuracy"]}),
    "several scorers and no choice": Mistake(options={"scoring": ["accuracy", "f1_macro"]}),
    "several scorers and a wrong choice": Mistake(
        options={"scoring": ["accuracy", "f1_macro"], "refit": "precision"}
    ),
    "several scores and no choice": Mistake(options={"scoring": several}),
    "several scores and a wrong choice": Mistake(options={"scoring": several, "refit": "third"}),
    "a score that is no number": Mistake(
        options={"scoring": lambda estimator, X, y: "good", "error_score": "raise"}
    ),
    "invalid refit": Mistake(options={"refit": 1.5}),
    "a choice that is no candidate": Mistake(options={"refit": lambda results: 7}),
    "a choice that is no integer": Mistake(options={"refit": lambda results: "first"}),
    "invalid error_score": Mistake(options={"error_score": "ignore"}),
    "no error_score": Mistake(options={"error_score": None}),
    "invalid pre_dispatch": Mistake(options={"pre_dispatch": 1.5}),
    "invalid return_train_score": Mistake(options={"return_train_score": "yes"}),
    # Errors that are to be raised
    "an invalid value": Mistake(grid={"alpha": [1, -1]}, options={"error_score": "raise"}),
    "a conflict": Mistake(
        grid={"solver": ["adam", "lbfgs"], "early_stopping": [True]},
        options={"error_score": "raise"},
    ),
    "a divergence": Mistake(
        REGRESSOR,
        {"learning_rate_init": [0.1, 1e300, 0.01]},
        options={"error_score": "raise"},
    ),
    "a step that fails": Mistake(
        PIPELINE, {"scaler": [StandardScaler(), Broken()]}, options={"error_score": "raise"}
    ),
    "a score that fails": Mistake(options={"scoring": unknown, "error_score": "raise"}),
    # Data
    "no y": Mistake(data=(X,)),
    "no y of a regressor": Mistake(REGRESSOR, data=(X, None)),
    "no y of a pipeline": Mistake(PIPELINE, {"mlp__alpha": [0]}, (X,)),
    "too few targets": Mistake(data=(X, Y[:-1])),
    "no rows": Mistake(REGRESSOR, data=(X[:0], Y[:0])),
    "too few rows": Mistake(REGRESSOR, data=(X[:1], Y[:1])),
    "a vector as X": Mistake(REGRESSOR, data=(X[:, 0], Y)),
    "X of three dimensions": Mistake(data=(X[:, :, None], Y)),
    "y of three dimensions": Mistake(REGRESSOR, data=(X, np.zeros((len(X), 2, 2)))),
    "text as rows": Mistake(data=(X.astype(str).astype(object) + "a", Y)),
    "text as targets": Mistake(REGRESSOR, data=(X, Y.astype(str) + np.array("a"))),
    "numbers as classes": Mistake(data=(X, X[:, 0] + 0.05)),
    "rows that are NaN": Mistake(REGRESSOR, data=(np.full_like(X, np.nan), Y)),
    "targets that are NaN": Mistake(REGRESSOR, data=(X, np.full(len(X), np.nan))),
    "negative weights": Mistake(fit={"sample_weight": -np.ones(len(X))}),
    "too few weights": Mistake(fit={"sample_weight": np.ones(3)}),
    "unknown arguments of fit": Mistake(fit={"colour": "red"}),
    "arguments without a step": Mistake(
        PIPELINE, {"mlp__alpha": [0]}, fit={"sample_weight": np.ones(len(X))}
    ),
    "arguments of an unknown step": Mistake(
        PIPELINE, {"mlp__alpha": [0]}, fit={"net__sample_weight": np.ones(len(X))}
    ),
    # Every fit
    "invalid values only": Mistake(grid={"alpha": [-1, -2]}),
    "divergence only": Mistake(REGRESSOR, {"learning_rate_init": [1e300]}),
    "steps that fail only": Mistake(PIPELINE, {"scaler": [Broken()]}),
    "a loss that does not go with the targets": Mistake(
        REGRESSOR, {"loss": ["poisson", "gamma"]}, (X, -Y - 1.0)
    ),
}


def plain(message: str) -> str:
    """Return a message without what differs: names of searches, and tracebacks."""
    message = message.replace("Stacked", "")
    if not message.strip().startswith("All the"):
        return message
    head, _, details = message.strip().partition("Below are more details")
    groups = details.split("-" * 80)[1:]
    reasons = (part.strip().splitlines() for part in groups)
    return "\n".join([head, *(f"{lines[0]} {lines[-1]}" for lines in reasons)])


@pytest.mark.parametrize("name", MISTAKES)
def test_same_errors(name: str) -> None:
    mistake = MISTAKES[name]
    expected, error = mistake.error(GridSearchCV), mistake.error(StackedGridSearchCV)
    assert type(error) is type(expected)
    if not name.startswith("no y"):  # whose absence networks and Python tell in their own words
        assert plain(str(error)) == plain(str(expected))


@pytest.mark.parametrize("kind", [GridSearchCV, StackedGridSearchCV])
def test_a_splitter_that_miscounts(kind: type) -> None:
    with pytest.raises(ValueError, match=r"inconsistent results\. Expected 4 splits, got 3"):
        kind(NETWORK, ALPHAS, cv=Forgetful(3)).fit(X, Y)


def test_all_failures_give_the_reason() -> None:
    error = Mistake(grid={"alpha": [-1]}).error(StackedGridSearchCV)
    assert "The 'alpha' parameter of MLPClassifier must be a float in the range" in str(error)
    error = Mistake(REGRESSOR, {"learning_rate_init": [1e300]}).error(StackedGridSearchCV)
    assert "Lower learning_rate_init" in str(error)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (TheirClassifier(), "MLPClassifier"),
        (TheirRegressor(), "MLPRegressor"),
        (LogisticRegression(), "LogisticRegression"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "LogisticRegression"),
        (make_pipeline(StandardScaler(), TheirClassifier()), "MLPClassifier"),
        (make_pipeline(NETWORK, StandardScaler()), "StandardScaler"),
        (Pipeline([("scaler", StandardScaler()), ("mlp", "passthrough")]), "passthrough"),
        (Pipeline([("inner", make_pipeline(StandardScaler()))]), "StandardScaler"),
        (GridSearchCV(NETWORK, ALPHAS), "GridSearchCV"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [StackedGridSearchCV, StackedRandomizedSearchCV])
def test_other_estimators(kind: type, estimator: Any, name: str) -> None:
    with pytest.raises(TypeError, match="Pipeline that ends in one, or a Trans") as caught:
        kind(estimator, {}).fit(X, Y)
    assert name in str(caught.value)
    assert "GridSearchCV" in str(caught.value).partition("; got")[2]
    is_theirs = "scikit-learn's class of that name" in str(caught.value)
    assert is_theirs == name.startswith("MLP")


@pytest.mark.parametrize("other", [LogisticRegression(), TheirClassifier(), "passthrough", None])
def test_other_estimators_among_the_candidates(other: Any) -> None:
    search = StackedGridSearchCV(PIPELINE, {"mlp": [NETWORK, other]}, cv=2)
    with pytest.raises(TypeError, match=r"MLPRegressor of sknn_actloss.*GridSearchCV"):
        search.fit(X, Y)


@pytest.mark.parametrize("estimator", [None, "MLPClassifier", MLPClassifier, Pipeline([])], ids=str)
def test_what_is_no_estimator(estimator: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="estimator"):
        StackedGridSearchCV(estimator, ALPHAS).fit(X, Y)


@pytest.mark.parametrize("size", [0, -1, 1.5, "all"])
def test_sizes_of_a_committee(size: Any) -> None:
    with pytest.raises(ValueError, match="'committee_size' parameter of StackedGridSearchCV"):
        StackedGridSearchCV(NETWORK, ALPHAS, committee_size=size).fit(X, Y)


@pytest.mark.parametrize(
    ("space", "options"),
    [
        ({"alpha": []}, {}),
        ([], {}),
        ({"alpha": 1.0}, {}),
        ({"beta": [1, 2]}, {}),
        ({"alpha": [-1, -2]}, {}),
        (ALPHAS, {"n_iter": 0}),
        (ALPHAS, {"n_iter": 2.5}),
        (ALPHAS, {"random_state": "seed"}),
    ],
    ids=str,
)
def test_same_errors_of_random_candidates(space: Any, options: dict[str, Any]) -> None:
    mistake = Mistake(grid=space, options={"n_iter": 2, "random_state": 0} | options)
    expected = mistake.error(RandomizedSearchCV)
    error = mistake.error(StackedRandomizedSearchCV)
    assert type(error) is type(expected)
    assert plain(str(error)) == plain(str(expected))


def test_a_failed_fit_leaves_no_results() -> None:
    search = StackedGridSearchCV(NETWORK, {"alpha": [-1]}, cv=2)
    with pytest.raises(ValueError, match="All the 2 fits failed"):
        search.fit(X, Y)
    assert not hasattr(search, "cv_results_")
    assert not hasattr(search, "best_estimator_")
