"""Normalisation in front of hidden activations, by name or as an instance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sknn_actloss._component import Component, Table, resolve
from sknn_actloss._sklearn import number

__all__ = [
    "NORMALIZATIONS",
    "BatchNorm",
    "LayerNorm",
    "Normalization",
    "Pass",
    "resolve_normalization",
]


def unbiasing(total_weight: float, n_rows: int) -> float:
    """Return the factor n / (n - 1) that a variance over weighted rows lacks.

    n is the sum of the weights, as if each counted copies of its row, unless so small a sum
    corrects by more than the number of rows asks for.
    """
    largest = n_rows / (n_rows - 1) if n_rows > 1 else 1.0
    return min(total_weight / (total_weight - 1), largest) if total_weight > 1 else largest


class Pass(ABC):
    """A normalisation bound to the arrays of a batch.

    Parameters
    ----------
    z : ndarray of shape (n_members, batch, units)
        What is normalised; afterwards it serves as scratch space.
    out : ndarray of shape (n_members, batch, units)
        Receives the normalised values, which :meth:`backward` needs.

    See Also
    --------
    Normalization : Binds passes to arrays.
    """

    def __init__(self, z: np.ndarray, out: np.ndarray) -> None:
        self.z, self.out = z, out

    @abstractmethod
    def forward(self) -> None:
        """Write normalised values to ``out``."""

    @abstractmethod
    def backward(self, grad: np.ndarray) -> None:
        """Turn the derivative with respect to ``out`` into that with respect to ``z``, in place.

        Parameters
        ----------
        grad : ndarray of shape (n_members, batch, units)
            The derivative with respect to ``out``; afterwards that with respect to ``z``.
        """


@dataclass(repr=False)
class Normalization(Component):
    r"""Base of normalisations of the inputs :math:`z` of hidden activations.

    .. math:: \hat z = \gamma \frac{z - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta

    with a scale γ and an offset β for each unit, which are learnt and take no part in penalties
    and weight decay.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Summand ε, which keeps units of constant input from dividing by zero, in (0, inf).

    Attributes
    ----------
    has_moments : bool
        Whether training keeps running moments that predictions use.

    See Also
    --------
    sknn_actloss.MLPClassifier : Takes one as ``normalization``.
    """

    epsilon: float = 1e-5

    has_moments: ClassVar[bool] = False
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""
    _parameter_constraints: ClassVar[dict[str, list]] = {"epsilon": [number(0, None)]}

    @abstractmethod
    def bind(
        self,
        z: np.ndarray,
        out: np.ndarray,
        moments: Any,
        sample_weight: np.ndarray | None,
    ) -> Pass:
        """Return the passes of training for the arrays of a batch.

        Parameters
        ----------
        z, out : ndarray of shape (n_members, batch, units)
            As in :class:`Pass`.
        moments : tuple of two ndarray of shape (n_members, 1, units), or None
            Running means and variances, updated in place; ``None`` where there are none.
        sample_weight : ndarray of shape (batch,) or None
            Weights of the rows, read in each pass.

        Returns
        -------
        bound : Pass
            Forward and backward pass.
        """

    @abstractmethod
    def predict(self, z: np.ndarray, moments: Any) -> None:
        """Normalise ``z`` in place as predictions need it.

        Parameters
        ----------
        z : ndarray of shape (n_members, batch, units)
            Inputs, normalised in place.
        moments : tuple of two ndarray of shape (n_members, 1, units), or None
            Running means and variances; ``None`` where there are none.
        """

    def frozen(self) -> Normalization:
        """Return the normalisation whose training passes compute what predictions do.

        Returns
        -------
        normalization : Normalization
            The normalisation itself where its passes do so already.
        """
        return self


@dataclass(repr=False)
class BatchNorm(Normalization):
    r"""Moments of each unit over the rows of the batch.

    .. math::
        \mu = \sum_i v_i z_i, \qquad \sigma^2 = \sum_i v_i (z_i - \mu)^2, \qquad
        v_i = w_i / \sum_j w_j

    with the weights :math:`w` of the rows. Predictions use running moments, which each step
    moves by ``momentum`` towards :math:`\mu` and the unbiased :math:`\sigma^2 n / (n - 1)`, where
    :math:`n` is the sum of the weights, as if each counted copies of its row. (Where weights are
    so small that this would correct by more than the number of rows asks for, :math:`n` is that
    number.) A batch with a single row that has a weight uses the running moments, which it leaves
    as they are. Conventions are PyTorch's.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Summand ε, which keeps units of constant input from dividing by zero, in (0, inf).
    momentum : float, default=0.1
        How far a step moves the running moments, in (0, 1].

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.normalization import BatchNorm
    >>> z, means, variances = np.full((1, 2, 1), 3.0), np.ones((1, 1, 1)), np.full((1, 1, 1), 4.0)
    >>> BatchNorm().predict(z, (means, variances))
    >>> z.round(3).tolist()
    [[[1.0], [1.0]]]
    """

    momentum: float = 0.1

    has_moments: ClassVar[bool] = True
    formula: ClassVar[str] = "γ (z − μ)/√(σ² + ε) + β, moments of a unit over the batch"
    advice: ClassVar[str] = "deep networks, batches of some dozens of rows or more"
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Normalization._parameter_constraints,
        "momentum": [number(0, 1, "right")],
    }

    def bind(
        self,
        z: np.ndarray,
        out: np.ndarray,
        moments: Any,
        sample_weight: np.ndarray | None,
    ) -> Pass:
        """Return the passes of training for the arrays of a batch."""
        return _BatchPass(self, z, out, moments, sample_weight)

    def predict(self, z: np.ndarray, moments: Any) -> None:
        """Normalise ``z`` in place by the running moments."""
        mean, variance = moments
        np.subtract(z, mean, z)
        np.divide(z, np.sqrt(variance + self.epsilon), z)

    def frozen(self) -> BatchNorm:
        """Return the normalisation that uses running moments in training and leaves them alone."""
        return _FrozenBatchNorm(self.epsilon, self.momentum)


class _FrozenBatchNorm(BatchNorm):
    def bind(
        self,
        z: np.ndarray,
        out: np.ndarray,
        moments: Any,
        sample_weight: np.ndarray | None,
    ) -> Pass:
        return _FrozenPass(self, z, out, moments, sample_weight)


@dataclass(repr=False)
class LayerNorm(Normalization):
    r"""Moments of each row over the units of the layer.

    Rows do not depend on each other, so that training and prediction compute the same.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Summand ε, which keeps rows of equal inputs from dividing by zero, in (0, inf).

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_actloss.normalization import LayerNorm
    >>> z = np.array([[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]])
    >>> LayerNorm().predict(z, None)
    >>> z.round(3).tolist()
    [[[-1.225, 0.0, 1.225], [-1.225, 0.0, 1.225]]]
    """

    formula: ClassVar[str] = "γ (z − μ)/√(σ² + ε) + β, moments of a row over the units"
    advice: ClassVar[str] = "deep networks with small batches, and lbfgs"

    def bind(
        self,
        z: np.ndarray,
        out: np.ndarray,
        moments: Any,
        sample_weight: np.ndarray | None,
    ) -> Pass:
        """Return the passes of training for the arrays of a batch."""
        return _LayerPass(z, out, self.epsilon)

    def predict(self, z: np.ndarray, moments: Any) -> None:
        """Normalise ``z`` in place, as training does."""
        _LayerPass(z, z, self.epsilon, np.empty_like(z)).forward()


class _BatchPass(Pass):
    def __init__(
        self,
        norm: BatchNorm,
        z: np.ndarray,
        out: np.ndarray,
        moments: tuple[np.ndarray, np.ndarray],
        sample_weight: np.ndarray | None,
    ) -> None:
        super().__init__(z, out)
        self._epsilon, self._momentum = norm.epsilon, norm.momentum
        self._running, self._sample_weight = moments, sample_weight
        n_rows = z.shape[1]
        shares = np.full_like(z, 1 / n_rows, shape=(1, n_rows))
        self._uniform = shares, unbiasing(n_rows, n_rows)
        self._ones = np.ones_like(z, shape=(1, n_rows))
        self._shares: np.ndarray | None = None
        self._mean, self._variance, self._inverse = (np.empty_like(z[:, :1]) for _ in range(3))

    def forward(self) -> None:
        self._shares, correction = self._row_shares()
        mean, variance = self._running
        if self._shares is not None:
            np.matmul(self._shares, self.z, self._mean)
            np.subtract(self.z, self._mean, self.out)
            np.multiply(self.out, self.out, self.z)
            np.matmul(self._shares, self.z, self._variance)
            mean += self._momentum * (self._mean - mean)
            variance += self._momentum * (correction * self._variance - variance)
            variance = self._variance
        else:
            np.subtract(self.z, mean, self.out)
        np.add(variance, self._epsilon, self._inverse)
        np.sqrt(self._inverse, self._inverse)
        np.reciprocal(self._inverse, self._inverse)
        np.multiply(self.out, self._inverse, self.out)

    def backward(self, grad: np.ndarray) -> None:
        if self._shares is not None:
            scratch, shares = self.z, self._shares.T
            np.multiply(grad, self.out, scratch)
            np.matmul(self._ones, scratch, self._variance)
            np.matmul(self._ones, grad, self._mean)
            np.multiply(self.out, self._variance, scratch)
            np.add(scratch, self._mean, scratch)
            np.multiply(scratch, shares, scratch)
            np.subtract(grad, scratch, grad)
        np.multiply(grad, self._inverse, grad)

    def _row_shares(self) -> tuple[np.ndarray | None, float]:
        """Return the shares of the rows in the moments, ``None`` for running moments."""
        weights = self._sample_weight
        if weights is None:
            return self._uniform if self.z.shape[1] > 1 else (None, 1.0)
        total, n_rows = float(weights.sum()), int(np.count_nonzero(weights))
        if n_rows < 2:
            return None, 1.0
        return weights[None] / total, unbiasing(total, n_rows)


class _FrozenPass(_BatchPass):
    def _row_shares(self) -> tuple[np.ndarray | None, float]:
        return None, 1.0


class _LayerPass(Pass):
    def __init__(
        self, z: np.ndarray, out: np.ndarray, epsilon: float, scratch: np.ndarray | None = None
    ) -> None:
        super().__init__(z, out)
        self._epsilon, self._scratch = epsilon, z if scratch is None else scratch
        # A product with it averages over units, sooner than a reduction over a short axis.
        self._shares = np.full_like(z, 1 / z.shape[2], shape=(z.shape[2], 1))
        self._mean, self._inverse = np.empty_like(z[:, :, :1]), np.empty_like(z[:, :, :1])

    def forward(self) -> None:
        np.matmul(self.z, self._shares, self._mean)
        np.subtract(self.z, self._mean, self.out)
        np.multiply(self.out, self.out, self._scratch)
        np.matmul(self._scratch, self._shares, self._inverse)
        np.add(self._inverse, self._epsilon, self._inverse)
        np.sqrt(self._inverse, self._inverse)
        np.reciprocal(self._inverse, self._inverse)
        np.multiply(self.out, self._inverse, self.out)

    def backward(self, grad: np.ndarray) -> None:
        scratch = self._scratch
        np.matmul(grad, self._shares, self._mean)
        np.multiply(grad, self.out, scratch)
        np.subtract(grad, self._mean, grad)
        np.matmul(scratch, self._shares, self._mean)
        np.multiply(self.out, self._mean, scratch)
        np.subtract(grad, scratch, grad)
        np.multiply(grad, self._inverse, grad)


NORMALIZATIONS: Table[Normalization] = Table(
    "normalization",
    {"batch": BatchNorm, "layer": LayerNorm},
    {"batch_norm": "batch", "layer_norm": "layer"},
)


def resolve_normalization(spec: Any, parameter: str = "normalization") -> Normalization | None:
    """Turn a name, an instance or ``None`` into a checked normalisation or ``None``.

    Parameters
    ----------
    spec : str, Normalization or None
        What the user gave.
    parameter : str, default="normalization"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    normalization : Normalization or None
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If a value is out of its range.
    TypeError
        If ``spec`` is none of these.

    See Also
    --------
    Normalization : Base of normalisations.

    Examples
    --------
    >>> resolve_normalization("batch")
    BatchNorm(epsilon=1e-05, momentum=0.1)
    """
    return None if spec is None else resolve(NORMALIZATIONS, spec, Normalization, parameter)
