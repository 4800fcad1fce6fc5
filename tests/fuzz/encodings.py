"""Encoders of tables, and estimators that take tables, on tables with all kinds of columns."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from sknn_actloss import Committee, MLPClassifier, MLPRegressor
from sknn_actloss.tabular import (
    PiecewiseLinearEncoder,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)

from .draws import Draw, Strategy, orders
from .frames import Table, drawn_table
from .outcomes import Outcome, demand, demand_finite, outcome_of, untouched_by_failure, watched
from .predictions import check_predictions

_TARGETS = {"classification": ["classes", "words"], "regression": ["numbers", "two targets"]}

#: Reasonable values of the parameters of the encoders.
PIECEWISE: dict[str, list[Any]] = {
    "n_bins": [16, 1, 2, 5, 100],
    "strategy": ["quantile", "uniform", "tree"],
    "bin_scale": [1.0, orders(0.01, 100)],
    "target_type": ["auto", "continuous"],
}
TABLE: dict[str, list[Any]] = {
    "numbers": [
        None,
        "passthrough",
        Strategy(lambda draw: PiecewiseLinearEncoder(**_drawn(draw, PIECEWISE))),
    ],
    "categorical_features": ["from_dtype", None, [0], [-1]],
    "max_categories": [64, 2, 3],
    "target_type": ["auto", "continuous"],
    "dtype": [np.float32, np.float64],
    "random_state": [0],
}
_OWN_CLASSIFIER = MLPClassifier((6,), n_members=Committee(2, "folds"), max_iter=3)
_OWN_REGRESSOR = MLPRegressor((6,), n_members=Committee(2, "folds"), max_iter=3)

#: Reasonable values of the parameters of the estimators; own networks are quick.
SHARED: dict[str, list[Any]] = {
    "encoder": [None, Strategy(lambda draw: TableEncoder(**_drawn(draw, TABLE)))],
    "random_state": [0, 7],
    "max_time": [None, 1000.0],
    "verbose": [False],
    "repeats": ["apart", "joined", "given"],
}
CLASSIFIER = SHARED | {
    "network": [_OWN_CLASSIFIER, MLPClassifier((4,), "tanh", loss="hinge", max_iter=2)]
}
REGRESSOR = SHARED | {
    "network": [_OWN_REGRESSOR, MLPRegressor((4,), loss="gaussian_nll", max_iter=2)],
    "clip_predictions": [True, False],
}
ESTIMATORS = {
    "classification": (TabularClassifier, CLASSIFIER),
    "regression": (TabularRegressor, REGRESSOR),
}


def _drawn(draw: Draw, values: dict[str, list[Any]]) -> dict[str, Any]:
    """Return values of about half of the parameters, and of network and seed in any case."""
    always = ("network", "random_state")
    chosen = {n: own for n, own in values.items() if draw.chance(0.5) or n in always}
    return {name: draw.value(own) for name, own in chosen.items()}


@dataclass(frozen=True)
class EncoderCase:
    """An encoder and a table.

    Parameters
    ----------
    params : dict
        Parameters of a :class:`TableEncoder`.
    table : Table
    with_target : bool
        Whether the encoder sees targets.
    strict : bool
        Whether NumPy is asked to raise what it would warn of.
    """

    params: dict[str, Any] = field(default_factory=dict)
    table: Table = field(default_factory=Table)
    with_target: bool = True
    strict: bool = True

    def run(self) -> Outcome:
        """Fit and transform, and say what came of it."""
        return outcome_of(self._run, {*TABLE, *PIECEWISE, *ARGUMENTS})

    def _run(self) -> None:
        X, y, X_new = self.table.make()
        encoder = TableEncoder(**self.params)
        with watched(self.strict):
            with untouched_by_failure(encoder):
                first = encoder.fit_transform(X, y if self.with_target else None)
            again = encoder.transform(X)
            new = encoder.transform(X_new)
            names = encoder.get_feature_names_out()
            restored = pickle.loads(pickle.dumps(encoder)).transform(X_new)
            other = clone(encoder).fit(X, y if self.with_target else None).transform(X_new)
        dtype = self.params.get("dtype", np.float32)
        for part in (first, again, new):
            demand_finite(part, "encoded")
            demand(part.dtype == dtype, f"encoded is of {part.dtype}")
            demand(part.shape[1] == len(names), f"{part.shape} for {len(names)} names")
        demand(len(set(names)) == len(names), f"names repeat: {names}")
        demand(np.array_equal(new, restored), "an unpickled encoder differs")
        demand(np.array_equal(new, other), "a second fit differs")


@dataclass(frozen=True)
class TabularCase:
    """An estimator for tables, and a table.

    Parameters
    ----------
    task : {"classification", "regression"}
    params : dict
    table : Table
    strict : bool
        Whether NumPy is asked to raise what it would warn of.
    """

    task: str
    params: dict[str, Any]
    table: Table = field(default_factory=Table)
    strict: bool = True

    def run(self) -> Outcome:
        """Fit and predict, and say what came of it."""
        kind, own = ESTIMATORS[self.task]
        names = {*own, *TABLE, *PIECEWISE, *kind().unfitted_network().get_params()}
        return outcome_of(self._run, names | ARGUMENTS)

    def _run(self) -> None:
        X, y, X_new = self.table.make()
        estimator = ESTIMATORS[self.task][0](**self.params)
        is_classifier = self.task == "classification"
        with watched(self.strict):
            with untouched_by_failure(estimator):
                estimator.fit(X, y)
            found = check_predictions(estimator, X_new, is_classifier)
            restored = pickle.loads(pickle.dumps(estimator))
            other = clone(estimator).fit(X, y)
            for copied in (restored, other):
                again = check_predictions(copied, X_new, is_classifier)
                same = all(np.array_equal(found[n], again[n], equal_nan=False) for n in found)
                demand(same, "a copy predicts something else")


#: What refusals of tables speak of.
ARGUMENTS = {"Column", "column of X"}


def encoder_case(draw: Draw) -> EncoderCase:
    """Return an encoder and a table."""
    table = drawn_table(draw, ["numbers", "classes", "words", "two targets"])
    return EncoderCase(_drawn(draw, TABLE), table, draw.chance(0.8), draw.chance(0.7))


def tabular_case(draw: Draw) -> TabularCase:
    """Return an estimator for tables, and a table."""
    task = draw.choice(list(ESTIMATORS))
    table = drawn_table(draw, _TARGETS[task])
    return TabularCase(task, _drawn(draw, ESTIMATORS[task][1]), table, draw.chance(0.7))
