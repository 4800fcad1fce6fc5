"""What a draw comes to, and what counts as clean."""

from __future__ import annotations

import re
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
    UndefinedMetricWarning,
)
from sklearn.utils._param_validation import InvalidParameterError

from sknn_actloss.persistence.archive import CheckpointError

#: What users are told on purpose.
DOCUMENTED = (ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning)
MESSAGES = (
    "Got `batch_size` less than 1 or larger than sample size",
    "early_stopping='auto' sets no rows aside",
    "sets aside all rows of the classes",
    "sets aside no rows of the classes",
    "X_val is on other scales than X",
    "The number of unique classes is greater than 50%",
    "The least populated class in y has only",
    "y_pred contains classes not in y_true",
    "A single label was found in",
    "X has feature names, but",
    "X does not have valid feature names, but",
)

#: Types of errors that tell a user what to change; subclasses come from elsewhere.
CLEAN = (ValueError, TypeError, InvalidParameterError, CheckpointError, NotFittedError)

#: Arguments of methods.
ARGUMENTS = {
    *("X", "y", "X_val", "y_val", "sample_weight", "sample_weight_val", "groups", "classes"),
    *("coverage", "return_std", "Sample weights", "validation set", "parameter weights"),
    *("Found array with", "label type", "validation rows"),
}


class FaultError(Exception):
    """Something that ought not to happen."""


@dataclass(frozen=True)
class Outcome:
    """What a draw has come to.

    Parameters
    ----------
    kind : str
        "works", "refused", or the kind of a fault.
    text : str, default=""
        What was said.
    place : str, default=""
        Where, as file and line.
    """

    kind: str
    text: str = ""
    place: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether it ought not to have happened."""
        return self.kind not in ("works", "refused")

    @property
    def signature(self) -> tuple[str, str]:
        """What faults of one cause have in common."""
        return self.kind, self.place or re.sub(r"[\d.]+", "#", self.text)[:60]


def outcome_of(run: Callable[[], str | None], names: set[str]) -> Outcome:
    """Run, and say what it has come to.

    Parameters
    ----------
    run : callable
        May return why it came to nothing.
    names : set of str
        What a refusal may be about: parameters and fields of components.
    """
    try:
        refusal = run()
    except FaultError as fault:
        return Outcome(*fault.args)
    except Exception as error:
        kind = flaw_of_error(error, names)
        text = f"{type(error).__name__}: {error}"
        return Outcome(kind or "refused", text, place_of(error) if kind else "")
    return Outcome("refused", refusal) if refusal else Outcome("works")


def flaw_of_error(error: Exception, names: set[str]) -> str:
    """Return what is wrong with an error, ``""`` for one that tells what to change."""
    if isinstance(error, FloatingPointError | RuntimeWarning):
        return "RuntimeWarning"
    if isinstance(error, RuntimeError) and "of the user's" in str(error):
        return ""
    if isinstance(error, AttributeError) and error.__cause__:
        error = error.__cause__  # a method that is not there says why
    elif type(error) not in CLEAN:
        return "unclean exception"
    text = " ".join([str(error), *getattr(error, "__notes__", [])])
    known = "|".join(map(re.escape, names | ARGUMENTS))
    arguments = "|".join(ARGUMENTS)
    if re.search(
        rf"\b({known})(=| has | must | returned | is )|['`]({known})['`]|\b({arguments})\b", text
    ):
        return ""
    return "" if is_of_data(error) else "names nothing"


def is_of_data(error: Exception) -> bool:
    """Whether scikit-learn says what is wrong with X or y, in its own words."""
    functions = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
    return bool(
        functions & {"check_array", "check_X_y", "check_consistent_length", "type_of_target"}
    )


def place_of(error: BaseException) -> str:
    """Return the innermost lines of the package that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "sknn_actloss/" in frame.filename] or frames
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in own[:-3:-1])


@contextmanager
def watched(strict: bool) -> Iterator[None]:
    """Raise a :class:`FaultError` for warnings that no user ought to see.

    Parameters
    ----------
    strict : bool
        Whether NumPy is asked to raise what it would warn of by default, and underflow.
    """
    with (
        np.errstate(all="raise" if strict else "warn"),
        warnings.catch_warnings(record=True) as seen,
    ):
        warnings.simplefilter("always")
        warnings.simplefilter("error", RuntimeWarning)
        yield
    for warning in seen:
        text = str(warning.message)
        known = issubclass(warning.category, DOCUMENTED) or any(part in text for part in MESSAGES)
        if not known:
            place = f"{Path(warning.filename).name}:{warning.lineno}"
            raise FaultError("unknown warning", f"{warning.category.__name__}: {text}", place)


def state_of(estimator: Any) -> dict[str, str]:
    """Return a fingerprint of each attribute of an estimator."""
    return {name: joblib.hash(value) for name, value in vars(estimator).items()}


@contextmanager
def untouched_by_failure(estimator: Any) -> Iterator[None]:
    """Raise a :class:`FaultError` where a call that fails changes an attribute."""
    before = state_of(estimator)
    try:
        yield
    except Exception as error:
        after = state_of(estimator)
        changed = sorted(n for n in before | after if before.get(n) != after.get(n))
        if changed:
            raise FaultError(
                "leaves a trace", f"{changed} after {error}", place_of(error)
            ) from error
        raise


def demand(holds: Any, text: str, kind: str = "inconsistent") -> None:
    """Raise a :class:`FaultError` where something does not hold."""
    if not holds:
        raise FaultError(kind, text)


def demand_finite(values: Any, name: str) -> None:
    """Raise a :class:`FaultError` where numbers are not finite."""
    numbers = np.asarray(values)
    if numbers.dtype.kind == "f":
        demand(np.all(np.isfinite(numbers)), f"{name}: {numbers.ravel()[:5]}", "not finite")
