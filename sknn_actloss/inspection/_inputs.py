"""The scales of the inputs that a network sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sknn_actloss.core import Rows


@dataclass(frozen=True)
class InputReport:
    """Location and scale of each input.

    Parameters
    ----------
    mean, std : ndarray of shape (n_features,)
        Mean and standard deviation.
    extent : ndarray of shape (n_features,)
        Largest distance from the mean.

    See Also
    --------
    Diagnosis : Holds one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(scale(X), y)
    >>> diagnose(model, scale(X), y).inputs.std.round(1).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    mean: np.ndarray
    std: np.ndarray
    extent: np.ndarray

    @property
    def varying(self) -> np.ndarray:
        """Indices of the inputs whose scale can be told from their standard deviation.

        Not those of constant inputs, and of those where a few rows differ from all others, as in
        indicators of rare categories.
        """
        rounding = 1e-12 * np.abs(self.mean)
        return np.flatnonzero((self.extent > rounding) & (self.std > 0.1 * self.extent))

    @property
    def scale_ratio(self) -> float:
        """Factor between the largest and the smallest scale of the inputs that vary.

        The smaller one of those by standard deviation and by extent.
        """
        scales = [scale[self.varying] for scale in (self.std, self.extent)]
        return min((float(s.max() / s.min()) for s in scales if len(s)), default=1.0)

    @property
    def offset(self) -> np.ndarray:
        """Mean in units of the extent, zero for inputs that do not vary."""
        offset = np.zeros(len(self.mean))
        offset[self.varying] = np.abs(self.mean[self.varying]) / self.extent[self.varying]
        return offset


def measure_inputs(X: Rows) -> InputReport:
    """Measure the features of rows."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance, low, high = X.columns()
        return InputReport(mean, np.sqrt(variance), np.maximum(high - mean, mean - low))
