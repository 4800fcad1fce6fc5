"""Targets as columns of numbers: what trees and means of levels are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_array
from sklearn.utils.multiclass import type_of_target

TARGET_TYPES = {"auto", "continuous"}


def target_columns(y: Any, target_type: str) -> np.ndarray:
    """Return a column for each number to be predicted.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    target_type : {"auto", "continuous"}
        What they are; "auto" asks scikit-learn's ``type_of_target``, for which integers are
        classes.

    Returns
    -------
    columns : ndarray of shape (n_samples, n_columns) and dtype float64
        The targets, or zeros and ones for each class (for the second class, if there are two).
    """
    one_of_classes = ("binary", "multiclass")
    if target_type == "auto" and type_of_target(y, input_name="y") in one_of_classes:
        return LabelBinarizer().fit_transform(np.asarray(y).ravel()).astype(np.float64)
    try:
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"target_type={target_type!r} takes y for numbers, which it is not: {error}"
        ) from error
    return y.reshape(len(y), -1)
