"""A learned factor for every input feature in front of the first layer."""

from __future__ import annotations

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._numeric import transposed
from sknn_actloss.core.layers._base import Frame, Step
from sknn_actloss.core.layers.linear import InputLinear
from sknn_actloss.core.layout import Slot, Views
from sknn_actloss.core.rows import Rows


class ScaledLinear(InputLinear):
    r"""The first linear layer, on features that it scales.

    .. math:: z = (x \odot s) W + b = x \, (\mathrm{diag}(s) W) + b

    The factors scale the rows of the weights instead of X: that takes no second product of rows,
    and serves sparse rows alike.

    Parameters
    ----------
    n_features, n_units : int
    is_last : bool
    rate_factor : float or ndarray of shape (n_members, 1)
        Factor of the learning rate of the scales.
    """

    attributes = (*InputLinear.attributes, "feature_scale_")

    def __init__(
        self, n_features: int, n_units: int, is_last: bool, rate_factor: float | np.ndarray
    ) -> None:
        super().__init__(0, n_features, n_units, is_last)
        scale = Slot("feature_scale_", None, (n_features,), initial=1.0)
        self.slots, self._scale = (*self.slots, scale), scale.key
        self.rate_factors = {scale.key: rate_factor}

    def _operand(self, X: Rows, frame: Frame) -> tuple[list[Call], np.ndarray]:
        weights, scale = frame.params[self._weights], frame.params[self._scale]
        n_inputs, n_units = weights.shape[1:]
        room = frame.room.parameters("scaled weights", (X.has_ones + n_inputs, n_units))
        calls: list[Call] = []
        if X.has_ones:
            calls.append((np.copyto, (room[:, :1], frame.params[self._biases])))
        scaled = np.multiply, (weights, transposed(scale), room[:, X.has_ones :])
        return [*calls, scaled], room

    def describe(self, params: Views) -> Step:
        step = super().describe(params)
        return step._replace(arrays={**step.arrays, "weights": self._weights_of_rows(params)})

    def _weights_of_rows(self, params: Views) -> np.ndarray:
        return params[self._weights] * transposed(params[self._scale])

    def _finish(self, frame: Frame) -> list[Call]:
        weights, scale = frame.params[self._weights], frame.params[self._scale]
        gradient, out = frame.gradient[self._weights], frame.gradient[self._scale]
        return [
            (np.vecdot, (weights, gradient, out[:, 0])),
            (np.multiply, (gradient, transposed(scale), gradient)),
        ]
