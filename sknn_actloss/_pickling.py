"""Estimators whose pickles say which version of the package has made them."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from sknn_actloss._version import __version__

_STAMP = "_sknn_actloss_version"


class VersionWarning(InconsistentVersionWarning):
    """An estimator is unpickled by another version than it was pickled by.

    Parameters
    ----------
    estimator : object
        The estimator.
    version : str or None
        The version that has made the pickle, ``None`` for one that did not say so yet.
    """

    def __init__(self, estimator: Any, version: str | None) -> None:
        super().__init__(
            estimator_name=type(estimator).__name__,
            current_sklearn_version=__version__,
            original_sklearn_version=version or "before 0.1.0",
        )
        names = estimator._get_param_names()
        self.missing = [name for name in names if name not in vars(estimator)]

    def __str__(self) -> str:
        lacks = f" It lacks the parameters {', '.join(self.missing)}." if self.missing else ""
        return (
            f"{self.estimator_name} was pickled by sknn_actloss {self.original_sklearn_version}, "
            f"and this is {self.current_sklearn_version}.{lacks} Predictions may fail or be wrong: "
            "fit it again, or unpickle it with the version that it was pickled by."
        )


class Stamped:
    """Base of estimators, in front of scikit-learn's, whose pickles have the version."""

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled, with the version."""
        return super().__getstate__() | {_STAMP: __version__}  # type: ignore[operator]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled; a pickle of another version is warned of."""
        state = dict(state)
        version = state.pop(_STAMP, None)
        super().__setstate__(state)  # type: ignore[misc]
        if version != __version__:
            warnings.warn(VersionWarning(self, version), stacklevel=2)
