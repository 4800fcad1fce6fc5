"""Stacked searches over a few drawn candidates, compared with scikit-learn's searches."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV

from sknn_actloss.model_selection import StackedGridSearchCV, StackedRandomizedSearchCV

from .data import Data, sane_data
from .draws import Draw
from .outcomes import Outcome, demand, outcome_of
from .parameters import ESTIMATORS, SANE, sane_parameters
from .predictions import dense

#: Searches of scikit-learn, the stacked ones in their place, and what they are given beside a grid.
KINDS: dict[str, tuple[type, type, dict[str, Any]]] = {
    "grid": (GridSearchCV, StackedGridSearchCV, {}),
    "random": (RandomizedSearchCV, StackedRandomizedSearchCV, {"n_iter": 3, "random_state": 0}),
}
SCORINGS = {
    "classification": [None, "accuracy", "neg_log_loss", ["accuracy", "f1_macro"]],
    "regression": [None, "r2", "neg_mean_absolute_error", ["r2", "neg_max_error"]],
}
#: Parameters that are of no use to a search, or that end it at some time of day.
_NOT_SEARCHED = ("checkpoint", "max_time", "random_state", "verbose")


@dataclass(frozen=True)
class SearchCase:
    """A search over a few candidates.

    Parameters
    ----------
    task : {"classification", "regression"}
    params : dict
        Parameters of the estimator.
    grid : dict
        Values of some others.
    data : Data
    kind : str
        Key of the table of searches.
    scoring : str, list or None
    """

    task: str
    params: dict[str, Any]
    grid: dict[str, list[Any]]
    data: Data = field(default_factory=Data)
    kind: str = "grid"
    scoring: Any = None

    def run(self) -> Outcome:
        """Search in both ways, and compare."""
        return outcome_of(self._run, set(SANE[self.task]))

    def _run(self) -> str:
        expected_kind, kind, options = KINDS[self.kind]
        expected, refusal = _attempt(lambda: self._search(expected_kind, options))
        found, own_refusal = _attempt(lambda: self._search(kind, options))
        demand(refusal == own_refusal, f"{own_refusal!r} instead of {refusal!r}")
        if expected is not None:
            _compare(found, expected, self.data.make(self.task).X_new)
        return refusal

    def _search(self, kind: type, options: dict[str, Any]) -> Any:
        made = self.data.make(self.task)
        estimator = ESTIMATORS[self.task](**copy.deepcopy(self.params))
        refit = "r2" if self.task == "regression" else "accuracy"
        search = kind(
            estimator,
            copy.deepcopy(self.grid),
            scoring=self.scoring,
            refit=refit if isinstance(self.scoring, list) else True,
            cv=KFold(2),
            **options,
        )
        return search.fit(made.X, made.y, **made.options)


def _attempt(search: Callable[[], Any]) -> tuple[Any, str]:
    """Return a fitted search, or how it was refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return search(), ""
        except ValueError as error:
            return None, str(error).partition("\n")[0]


def _compare(found: Any, expected: Any, X: Any) -> None:
    names = [name for name in expected.cv_results_ if not name.endswith("_time")]
    demand(set(names) <= set(found.cv_results_), f"columns {list(found.cv_results_)}")
    for name in names:
        pair = found.cv_results_[name], expected.cv_results_[name]
        if name.startswith("param"):
            same = repr(pair[0]) == repr(pair[1])
        else:
            same = np.allclose(*pair, rtol=1e-6, atol=1e-12, equal_nan=True)
        demand(same, f"{name}: {pair[0]} instead of {pair[1]}")
    demand(found.best_index_ == expected.best_index_, "another candidate is the best")
    predicted, desired = (dense(search.predict(X)) for search in (found, expected))
    same = np.array_equal(predicted, desired)
    if desired.dtype.kind == "f":
        same = np.allclose(predicted, desired, rtol=1e-6)
    demand(same, f"predict: {predicted} instead of {desired}")


def search_case(draw: Draw) -> SearchCase:
    """Return a search over up to four candidates."""
    task = draw.choice(list(ESTIMATORS))
    params = _for_search(sane_parameters(draw, task, draw.choice([0.1, 0.3])))
    grid = {}
    for name in draw.some([name for name in SANE[task] if name not in _NOT_SEARCHED], 2):
        first, second = (sane_parameters(draw, task, 1.0) for _ in range(2))
        grid[name] = [own[name] for own in (first, second) if name in own] or [params["loss"]]
    if "loss" in grid:
        grid["loss"].append(params["loss"])
    grid = {name: values for name, values in grid.items() if values != [params["loss"]]}
    data = replace(
        sane_data(draw, task),
        n_rows=draw.choice([8, 12, 20, 30]),
        weights=draw.choice(["none", "none", "uniform", "zeros"]),
        validation=False,
        groups=False,
        positive=task == "regression",
    )
    if data.target == "bool":
        data = replace(data, target="float64" if task == "regression" else "int")
    kind = draw.choice(KINDS)
    return SearchCase(
        task, params, grid or {"alpha": [0.1, 1.0]}, data, kind, draw.choice(SCORINGS[task])
    )


def _for_search(params: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in params.items() if n not in _NOT_SEARCHED} | {"random_state": 0}
