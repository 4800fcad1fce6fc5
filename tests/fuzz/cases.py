"""A drawn case: an estimator, data, and what happens to both."""

from __future__ import annotations

import pickle
import tempfile
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from sknn_actloss.persistence import Checkpoint

from .data import Data, Made, sane_data
from .draws import Draw
from .extremes import MISTAKES, extreme_changes, extreme_data
from .outcomes import Outcome, demand, outcome_of, untouched_by_failure, watched
from .parameters import (
    BRIEF,
    ESTIMATORS,
    FOLDER,
    is_lbfgs,
    leaves_out_rows,
    positive_targets,
    sane_parameters,
)
from .predictions import check_fitted, check_predictions


@dataclass(frozen=True)
class Case:
    """An estimator, data, and what happens to both.

    Parameters
    ----------
    task : {"classification", "regression"}
    params : dict
        Parameters of the estimator.
    data : Data
        What it is fitted to.
    then : tuple of str
        What comes after the first fit: methods of this class.
    changes : dict
        Parameters that are set before the call that may be refused, after a first fit if
        ``refit``.
    mistake : str
        Key of :data:`MISTAKES`: what is wrong with the data of this call.
    incremental : bool
        Whether the first call is ``partial_fit``.
    strict : bool
        Whether NumPy is asked to raise what it would warn of.
    """

    task: str
    params: dict[str, Any]
    data: Data = field(default_factory=Data)
    then: tuple[str, ...] = ()
    changes: dict[str, Any] = field(default_factory=dict)
    refit: bool = False
    mistake: str = "none"
    incremental: bool = False
    strict: bool = True

    def run(self) -> Outcome:
        """Fit and predict, and say what came of it."""
        names = _words(self.params) | _words(self.changes)
        return outcome_of(self._run, names | set(ESTIMATORS[self.task]._parameter_constraints))

    def _run(self) -> None:
        with tempfile.TemporaryDirectory() as folder, watched(self.strict):
            estimator = ESTIMATORS[self.task](**_in_folder(self.params, folder))
            if self.refit:
                estimator.fit(*Data(target="int", positive=True).make(self.task)[:2])
            estimator.set_params(**_in_folder(self.changes, folder))
            made = MISTAKES[self.mistake](self.data.make(self.task))
            first = self._begin if self.incremental else self._fit
            first(estimator, made)
            for step in self.then:
                getattr(self, f"_{step}")(estimator, made)

    def _fit(self, estimator: Any, made: Made) -> None:
        with untouched_by_failure(estimator):
            estimator.fit(made.X, made.y, **made.options)
        self._check(estimator, made)

    def _check(self, estimator: Any, made: Made) -> dict[str, np.ndarray]:
        check_fitted(estimator)
        return check_predictions(estimator, made.X_new, self.task == "classification")

    def _begin(self, estimator: Any, made: Made) -> None:
        if self.task == "classification" and self.data.n_columns == 1:
            with untouched_by_failure(estimator):
                estimator.partial_fit(made.X, made.y, classes=np.unique(np.asarray(made.y)))
        self._partial_fit(estimator, made)

    def _partial_fit(self, estimator: Any, made: Made) -> None:
        weights = made.options.get("sample_weight")
        with untouched_by_failure(estimator):
            estimator.partial_fit(made.X, made.y, weights)
        self._check(estimator, made)

    def _warm_start(self, estimator: Any, made: Made) -> None:
        self._fit(estimator.set_params(warm_start=True), made)

    def _again(self, estimator: Any, made: Made) -> None:
        """A clone fitted to the same data is the same, but where the seed or the start is not."""
        is_repeatable = isinstance(estimator.random_state, int) and not estimator.warm_start
        if self.incremental or not is_repeatable:
            return
        before = check_predictions(estimator, made.X_new, self.task == "classification")
        other = clone(estimator).fit(made.X, made.y, **made.options)
        _demand_equal(before, self._check(other, made), "a second fit differs")

    def _pickle(self, estimator: Any, made: Made) -> None:
        before = self._check(estimator, made)
        restored = pickle.loads(pickle.dumps(estimator))
        _demand_equal(before, self._check(restored, made), "an unpickled estimator differs")

    def _score(self, estimator: Any, made: Made) -> None:
        weights = made.options.get("sample_weight")
        with np.errstate(all="ignore"):  # scikit-learn's own arithmetic
            score = estimator.score(made.X, made.y, None if np.isscalar(weights) else weights)
        # R² of a single row is not defined.
        demand(not score > 1, f"score {score}")
        demand(self.task == "regression" or score >= 0, f"score {score}")

    def _members(self, estimator: Any, made: Made) -> None:
        for member in getattr(estimator, "members_", []):
            check_predictions(member, made.X_new, self.task == "classification")


#: What may come after a first fit.
STEPS = ("again", "pickle", "score", "members", "partial_fit", "warm_start")


def sane_case(draw: Draw) -> Case:
    """Return a case that a user may reasonably write."""
    task = draw.choice(list(ESTIMATORS))
    params = sane_parameters(draw, task, draw.choice([0.1, 0.25, 0.5]))
    data = sane_data(draw, task)
    if task == "regression" and positive_targets(params):
        target = "float64" if data.target == "bool" else data.target
        data = replace(data, positive=True, target=target)
    if "class_weight" in params:
        params["class_weight"] = draw.choice(_class_weights(data))
    if data.groups and not (is_lbfgs(params) or leaves_out_rows(params)):
        params |= {"early_stopping": True, "validation_fraction": GroupKFold(2)}
    data, bars = _allowed_data(data, params), _barred(params)
    drawn = sorted(draw.some(STEPS, 3), key=STEPS.index) if draw.chance(0.5) else []
    then = tuple(step for step in drawn if step not in bars)
    incremental = draw.chance(0.1) and "partial_fit" not in bars and not data.validation
    strict = draw.chance(0.7)
    return Case(task, params, data, then, incremental=incremental, strict=strict)


def extreme_case(draw: Draw) -> Case:
    """Return a case that few would write, or none."""
    case = sane_case(draw)
    changes = extreme_changes(draw, case.task) if draw.chance(0.7) else {}
    data = extreme_data(draw, case.data, case.task) if draw.chance(0.5) else case.data
    mistake = draw.choice(MISTAKES) if draw.chance(0.15) else "none"
    if draw.chance(0.5):
        params = {name: case.params[name] for name in (*BRIEF, "loss")}
        case = replace(case, params=params, then=(), incremental=False)
    refit = draw.chance(0.3)
    return replace(case, changes=changes, data=data, mistake=mistake, refit=refit)


def _class_weights(data: Data) -> list[Any]:
    """Return weights of classes that go with the labels."""
    if data.n_columns > 1:
        return ["balanced", [{0: 1, 1: 2.5}] * data.n_columns, [{1: 0.5}] * data.n_columns]
    return ["balanced", None, {0: 2}, {0: 0.5}] if data.target == "int" else ["balanced", {}]


def _allowed_data(data: Data, params: dict[str, Any]) -> Data:
    """Return data without arguments that the parameters have no use for."""
    fraction = params.get("validation_fraction", 0.1)
    own_rows = isinstance(fraction, float | int) and not leaves_out_rows(params)
    groups = isinstance(fraction, GroupKFold)
    validation = data.validation and own_rows and not is_lbfgs(params)
    return replace(data, validation=validation, groups=groups)


def _barred(params: dict[str, Any]) -> set[str]:
    """Return the steps that the parameters do not allow."""
    barred = set()
    if is_lbfgs(params) or params.get("early_stopping") is True or "checkpoint" in params:
        barred.add("partial_fit")
    if params.get("class_weight") == "balanced":
        barred.add("partial_fit")
    if leaves_out_rows(params):
        barred |= {"partial_fit", "warm_start"}
    return barred


def _in_folder(params: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return parameters with a folder in the place of what stands for one."""
    checkpoint = params.get("checkpoint")
    if isinstance(checkpoint, Checkpoint) and checkpoint.folder == FOLDER:
        return params | {"checkpoint": replace(checkpoint, folder=folder)}
    return params


def _words(params: dict[str, Any]) -> set[str]:
    """Return names of parameters, of fields of components, and of functions."""
    words = set(params)
    for value in params.values():
        if hasattr(value, "get_params") and not isinstance(value, type):
            words |= _words(value.get_params())
        elif isinstance(value, list):
            words |= _words(dict(enumerate(value)))
        elif callable(value) and hasattr(value, "__name__"):
            words.add(f"{value.__name__}")
    return {word for word in words if isinstance(word, str)}


def _demand_equal(first: dict[str, Any], second: dict[str, Any], text: str) -> None:
    demand(first.keys() == second.keys(), f"{text}: {list(first)} and {list(second)}")
    for name, values in first.items():
        same = np.array_equal(values, second[name], equal_nan=values.dtype.kind == "f")
        demand(same, f"{text}: {name}")
