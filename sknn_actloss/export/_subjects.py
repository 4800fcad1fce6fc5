"""Which estimators can be exported."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from sknn_actloss._sklearn import BaseSearchCV
from sknn_actloss.export._committees import KINDS, best_of, last_step


def checked(estimator: Any) -> Any:
    """Return a fitted estimator that can be exported, for a search the best one that it found.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it is of another kind, or a search without a best estimator.
    """
    end = last_step(estimator)
    if isinstance(end, type) or not isinstance(end, tuple(KINDS)):
        given = f"the class {end.__name__}" if isinstance(end, type) else repr(end)
        names = ", ".join(kind.__name__ for kind in KINDS)
        raise TypeError(
            f"estimator must be one of {names}, or a Pipeline or a search that ends in one; got "
            f"{given}{_hint(end)}."
        )
    check_is_fitted(end)
    while isinstance(estimator, BaseSearchCV):
        estimator = best_of(estimator)
    return estimator


def _hint(estimator: Any) -> str:
    is_theirs = type(estimator).__module__.startswith("sklearn.neural_network")
    return ", which is scikit-learn's class of that name" if is_theirs else ""
