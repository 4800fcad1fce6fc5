"""Means and standard deviations of predictions, as a pair."""

from __future__ import annotations

from typing import Any

import numpy as np


class MeanAndStd(tuple):
    """A tuple of two arrays that says why it cannot be transformed as one."""

    __slots__ = ()

    @property
    def ndim(self) -> Any:
        """What ``TransformedTargetRegressor`` asks of predictions, and does not find here.

        Raises
        ------
        AttributeError
            Always.
        """
        raise AttributeError(
            "predict(X, return_std=True) returns means and standard deviations, which "
            "TransformedTargetRegressor cannot transform back. Scale the targets within the "
            "network instead, by MLPRegressor(target_scaling='standard') or 'robust', which undoes "
            "it in both; or call regressor_.predict for values of the transformed targets."
        )


def squeezed(predicted: np.ndarray) -> np.ndarray:
    """Return the only column as a vector, several columns as they are."""
    return predicted.ravel() if predicted.shape[1] == 1 else predicted
