"""Averages of the weights that training passes through, by name or as an instance."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._component import Component, Table, resolve
from sknn_actloss._sklearn import number

__all__ = ["AVERAGES", "EMA", "SWA", "Averaging", "resolve_averaging"]


class Averaging(Component):
    r"""Base of running averages of weights.

    .. math:: \bar\theta \leftarrow \bar\theta + c_k (\theta - \bar\theta)

    with a share :math:`c_k` of the weights that come as the k-th into the average, :math:`c_1 = 1`.

    Attributes
    ----------
    per_step : bool
        Whether the weights after each step come into the average, or those after each epoch.

    See Also
    --------
    sknn_actloss.MLPClassifier : Takes one as ``weight_averaging``.
    """

    per_step: ClassVar[bool] = True
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @abstractmethod
    def share(self, count: int) -> float:
        """Return the share of the next weights, given how many the average holds.

        Parameters
        ----------
        count : int
            Weights that the average holds.

        Returns
        -------
        share : float
            Share of the next weights in (0, 1], 1 for the first.
        """

    def starts(self, epoch: int, max_iter: int) -> bool:
        """Whether weights of an epoch, numbered from 0, come into the average.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        max_iter : int
            Epochs at most.

        Returns
        -------
        starts : bool
            Whether they do.
        """
        return True


@dataclass(repr=False)
class EMA(Averaging):
    r"""Exponential moving average over the steps, without bias towards the first.

    .. math::
        \bar\theta_k = \frac{1 - \beta}{1 - \beta^k} \sum_{i=1}^k \beta^{k-i} \theta_i

    Parameters
    ----------
    decay : float, default=0.99
        Factor β in [0, 1): about 1 / (1 - β) steps count.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7.2.

    Examples
    --------
    >>> from sknn_actloss.averaging import EMA
    >>> [round(EMA(decay=0.9).share(count), 3) for count in range(3)]
    [1.0, 0.526, 0.369]
    """

    decay: float = 0.99

    formula: ClassVar[str] = "(1 − β)/(1 − βᵏ) Σᵢ βᵏ⁻ⁱ θᵢ over the steps"
    advice: ClassVar[str] = "smooths the noise of the last 1 / (1 − β) steps"
    _parameter_constraints: ClassVar[dict[str, list]] = {"decay": [number(0, 1, "left")]}

    def share(self, count: int) -> float:
        """Return ``(1 - decay) / (1 - decay^(count + 1))``."""
        return (1 - self.decay) / (1 - self.decay ** (count + 1))


@dataclass(repr=False)
class SWA(Averaging):
    """Mean of the weights after each of the last epochs.

    Parameters
    ----------
    start : float, default=0.75
        Share of ``max_iter`` epochs after which averaging begins, in [0, 1). A high constant
        rate, or one that rises again, makes the epochs differ enough.

    References
    ----------
    P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson, "Averaging weights leads
    to wider optima and better generalization", UAI 2018.

    Examples
    --------
    >>> from sknn_actloss.averaging import SWA
    >>> [SWA(start=0.5).starts(epoch, max_iter=4) for epoch in range(4)]
    [False, False, True, True]
    """

    start: float = 0.75

    per_step: ClassVar[bool] = False
    formula: ClassVar[str] = "mean of θ after the epochs from start · max_iter on"
    advice: ClassVar[str] = "with a high rate to the end and n_iter_no_change=inf"
    _parameter_constraints: ClassVar[dict[str, list]] = {"start": [number(0, 1, "left")]}

    def share(self, count: int) -> float:
        """Return ``1 / (count + 1)``."""
        return 1 / (count + 1)

    def starts(self, epoch: int, max_iter: int) -> bool:
        """Whether the share ``start`` of the epochs is over."""
        return epoch >= int(self.start * max_iter)


AVERAGES: Table[Averaging] = Table("weight averaging", {"ema": EMA, "swa": SWA})


def resolve_averaging(spec: Any, parameter: str = "weight_averaging") -> Averaging | None:
    """Turn a name, an instance or ``None`` into a checked average or ``None``.

    Parameters
    ----------
    spec : str, Averaging or None
        What the user gave.
    parameter : str, default="weight_averaging"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    averaging : Averaging or None
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If the name is unknown or a value out of range.
    TypeError
        If ``spec`` is none of these.

    See Also
    --------
    Averaging : Base of averages.

    Examples
    --------
    >>> from sknn_actloss.averaging import resolve_averaging
    >>> resolve_averaging("ema")
    EMA(decay=0.99)
    """
    return None if spec is None else resolve(AVERAGES, spec, Averaging, parameter)
