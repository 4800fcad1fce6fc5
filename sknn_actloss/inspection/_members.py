"""The estimators that committees and ensembles consist of, and what each of them sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Share:
    """What one member of an ensemble sees of rows and targets.

    Parameters
    ----------
    outer : estimator
        The fitted ensemble.
    index : int
        Which member it is.
    member : estimator
        The fitted member.
    """

    outer: Any
    index: int
    member: Any

    def transform(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return rows and targets as the member has seen them."""
        y, index = np.asarray(y), self.index
        if hasattr(X, "iloc") and not hasattr(self.member, "feature_names_in_"):
            X = X.to_numpy()
        features = getattr(self.outer, "estimators_features_", None)
        if features is not None:
            X = X.iloc[:, features[index]] if hasattr(X, "iloc") else _array(X)[:, features[index]]
        order = getattr(self.outer, "order_", None)
        if order is not None:  # a chain, whose members see the targets of those before
            return np.column_stack([X, y[:, order[:index]]]), y[:, order[index]]
        return X, self._targets(y)

    def _targets(self, y: np.ndarray) -> Any:
        binarizer = getattr(self.outer, "label_binarizer_", None)
        if binarizer is not None:
            columns = binarizer.transform(y)
            columns = columns.toarray() if hasattr(columns, "toarray") else columns
            return columns[:, self.index]
        classes, own = (getattr(one, "classes_", None) for one in (self.outer, self.member))
        if y.ndim == 2 and len(self.outer.estimators_) == y.shape[1] and _has_one_target(self):
            return y[:, self.index]
        if isinstance(classes, np.ndarray) and own is not None and not _are_among(own, classes):
            return np.searchsorted(classes, y)
        return y


def shares(estimator: Any) -> Iterator[tuple[str, Share]]:
    """Yield the members of a fitted ensemble with their names; nothing for other estimators."""
    for name in ("estimators_", "calibrated_classifiers_"):
        members = getattr(estimator, name, None)
        if isinstance(members, tuple):
            raise TypeError(
                f"The members of {type(estimator).__name__} learn from rows of their own; pass one "
                f"of {name} with its rows."
            )
        if isinstance(members, list):
            for index, member in enumerate(members):
                inner = member.estimator if name.startswith("calibrated") else member
                yield f"{name}[{index}]", Share(estimator, index, inner)
            return


def _has_one_target(share: Share) -> bool:
    """Whether each member of an ensemble learns a target of its own."""
    return type(share.outer).__name__.startswith("MultiOutput")


def _are_among(own: Any, classes: np.ndarray) -> bool:
    return bool(np.isin(np.asarray(own), classes).all())


def _array(X: Any) -> Any:
    return X if hasattr(X, "shape") else np.asarray(X)
