"""The rows that a training is judged by: given to fit, or split off the training rows."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.metadata_routing import get_routing_for_object

from sknn_actloss._sklearn import check_sample_weight
from sknn_actloss.estimators._holdout import Holdout, Partition
from sknn_actloss.estimators._monitor import check_name, is_default
from sknn_actloss.estimators._problem import Data, Problem

#: Rows above which ``early_stopping="auto"`` sets some of them aside.
AUTO_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class Request:
    """What ``fit`` is given for validation.

    Parameters
    ----------
    X, y, sample_weight
        ``X_val``, ``y_val`` and ``sample_weight_val``.
    groups : array-like of shape (n_samples,) or None
        Groups of the training rows, for the splitter.
    """

    X: Any = None
    y: Any = None
    sample_weight: Any = None
    groups: Any = None

    @property
    def has_rows(self) -> bool:
        """Whether there are validation rows of their own."""
        return self.X is not None

    def check(self, estimator: Any, stochastic: bool) -> None:
        """Raise a ValueError where the request contradicts itself or the estimator."""
        self._check_pair()
        if not stochastic and self.has_rows:
            raise ValueError(
                "solver='lbfgs' takes no X_val and y_val: it works on all rows at once, to the "
                "minimum of their loss. Leave them out, or use a stochastic solver such as 'adam'."
            )
        self._check_splitter(estimator)
        check_name(estimator)
        may_validate = self.has_rows or bool(estimator.early_stopping)
        if not (may_validate or is_default(estimator.monitor)):
            raise ValueError(
                f"monitor={estimator.monitor!r} needs validation rows. Set early_stopping=True, "
                "pass X_val and y_val to fit, or leave monitor='score'."
            )

    def _check_pair(self) -> None:
        given = {"X_val": self.X, "y_val": self.y, "sample_weight_val": self.sample_weight}
        missing = [name for name in ("X_val", "y_val") if given[name] is None]
        present = [name for name, value in given.items() if value is not None]
        if missing and present:
            raise ValueError(
                f"{' and '.join(present)} given to fit without {' and '.join(missing)}. Pass "
                "X_val and y_val together."
            )

    def _check_splitter(self, estimator: Any) -> None:
        spec = estimator.validation_fraction
        is_splitter = not isinstance(spec, Real)
        if is_splitter and isinstance(spec, str | bytes | type):
            raise ValueError(
                f"validation_fraction={spec!r} must be a number in [0, 1), or a splitter such as "
                "ShuffleSplit(n_splits=1, test_size=0.1, random_state=0) or GroupKFold(5)."
            )
        if is_splitter and self.has_rows:
            raise ValueError(
                f"validation_fraction={spec!r} and X_val both say what the validation rows are. "
                "Leave out one of them."
            )
        uses_groups = is_splitter and estimator.early_stopping and _takes_groups(spec)
        if self.groups is not None and not uses_groups:
            raise ValueError(
                f"groups given to fit, but validation_fraction={spec!r} with early_stopping="
                f"{estimator.early_stopping!r} does not use them. Set early_stopping=True and "
                "validation_fraction to a splitter by groups, such as GroupKFold(5)."
            )


#: A fit without validation rows of its own.
NOTHING = Request()


def partition(
    estimator: Any, data: Data, problem: Problem, sample_weight: Any, request: Request
) -> Partition:
    """Choose the rows to learn from and those to judge by.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
    data : Data
    problem : Problem
        Its random numbers are drawn from, as scikit-learn draws them.
    sample_weight : array-like of shape (n_samples,) or None
        That of the training rows.
    request : Request
    """
    early_stopping = _stops_early(estimator, len(problem.y), request)
    if request.has_rows:
        holdout = _given_rows(estimator, data, problem, sample_weight, request)
        return Partition(None, holdout, early_stopping)
    return _split(estimator, data, problem, request.groups) if early_stopping else Partition()


def _stops_early(estimator: Any, n_rows: int, request: Request) -> bool:
    if isinstance(estimator.early_stopping, str):  # "auto"
        return request.has_rows or n_rows > AUTO_ROWS
    return bool(estimator.early_stopping)


def _given_rows(
    estimator: Any, data: Data, problem: Problem, sample_weight: Any, request: Request
) -> Holdout:
    """Check validation rows that were given to fit, and encode their targets."""
    dtype = problem.params.dtype
    try:
        X, y = estimator._validate(request.X, request.y, reset=False)
        targets = estimator._encode_validation(y, data.targets)
        weights = _given_weights(estimator, data, sample_weight, X, targets, request)
        targets = estimator._cast_targets(targets, dtype)
        estimator._check_domain(problem.model, targets, "y_val")
    except (TypeError, ValueError) as error:
        error.add_note("This is about X_val, y_val and sample_weight_val.")
        raise
    if weights is not None:
        weights = weights.astype(dtype, copy=False)
    return Holdout(None, targets, y, weights, X, request.X)


def _given_weights(
    estimator: Any,
    data: Data,
    sample_weight: Any,
    X: Any,
    targets: np.ndarray,
    request: Request,
) -> np.ndarray | None:
    """Return sample weights times the weights that classes have among the training rows."""
    if request.sample_weight is None and getattr(estimator, "class_weight", None) is None:
        return None
    weights = check_sample_weight(request.sample_weight, X, ensure_non_negative=True)
    # Validation rows do not count among the frequencies of classes.
    counts = np.append(check_sample_weight(sample_weight, data.X), np.zeros(len(targets)))
    by_class = estimator._class_weights(
        np.concatenate([data.targets, targets]), counts, incremental=False
    )
    if by_class is not None:
        weights = weights * by_class[len(data.targets) :]
    if not 0 < weights.sum() < np.inf:
        raise ValueError(
            f"sample_weight_val and class_weight add up to {weights.sum():g}; the sum must be "
            "finite and above zero."
        )
    return weights


def _split(estimator: Any, data: Data, problem: Problem, groups: Any) -> Partition:
    """Set rows aside, by chance as scikit-learn draws them or by a splitter."""
    if isinstance(estimator.validation_fraction, Real):
        train_rows, rows = _random_split(estimator, problem)
    else:
        train_rows, rows = _first_split(estimator, data, problem, groups)
    weights = problem.sample_weight
    if weights is not None and not (weights[train_rows].any() and weights[rows].any()):
        raise ValueError(
            "sample_weight and class_weight leave the training or the validation rows of "
            f"early_stopping={estimator.early_stopping!r} without a weight above zero."
        )
    holdout = Holdout(
        rows=rows,
        targets=problem.y[rows],
        labels=data.y,
        sample_weight=None if weights is None else weights[rows],
    )
    return Partition(train_rows, holdout, early_stopping=True, groups=groups)


def _random_split(estimator: Any, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    # Multiclass and multilabel targets are not stratified, as in scikit-learn.
    stratified = estimator._task == "classification" and problem.y.shape[1] == 1
    train_rows, rows = train_test_split(
        np.arange(len(problem.y)),
        random_state=problem.random_state,
        test_size=estimator.validation_fraction,
        # As text, as scikit-learn turns a column into for its messages, row by row.
        stratify=problem.y[:, 0].astype(bool).astype(str) if stratified else None,
    )
    if len(rows) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of "
            "your dataset."
        )
    return train_rows, rows


def _first_split(
    estimator: Any, data: Data, problem: Problem, groups: Any
) -> tuple[np.ndarray, np.ndarray]:
    spec = splitter = estimator.validation_fraction
    if getattr(spec, "random_state", 0) is None:
        splitter = copy.copy(spec)
        splitter.random_state = problem.random_state
    X, y = data.given
    first = next(iter(splitter.split(X, y, groups)), ((), ()))
    train_rows, rows = map(_indices, first)
    if len(train_rows) == 0 or len(rows) < 2:
        raise ValueError(
            f"The validation set is too small, or nothing is left to learn from: the first split "
            f"of validation_fraction={spec!r} has {len(train_rows)} training and {len(rows)} "
            "validation rows. At least 1 and 2 are needed."
        )
    return train_rows, rows


def _indices(rows: Any) -> np.ndarray:
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp, copy=False)


def _takes_groups(splitter: Any) -> bool:
    """Whether a splitter may use groups: those that say nothing about it may."""
    if not hasattr(splitter, "get_metadata_routing"):
        return True
    return bool(get_routing_for_object(splitter).consumes("split", {"groups"}))
