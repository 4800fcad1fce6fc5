"""The contract of a layer: what it keeps, and what it does to the rows of a batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._component import Component
from sknn_actloss.core.layout import Key, Slot, Views
from sknn_actloss.core.workspace import Room


class Frame(NamedTuple):
    """What layers are bound to.

    Attributes
    ----------
    params : Views
        Parameters by slot.
    gradient : Views or None
        Receives the derivatives with respect to them; ``None`` in predictions.
    room : Room
        Arrays for the rows of the batch.
    sample_weight : ndarray of shape (batch,) or None
        Weights of the rows.
    """

    params: Views
    gradient: Any
    room: Room
    sample_weight: np.ndarray | None = None

    @property
    def is_training(self) -> bool:
        """Whether gradients are asked for."""
        return self.gradient is not None


class Bound(NamedTuple):
    """A layer bound to the arrays of a batch.

    Attributes
    ----------
    value : ndarray of shape (n_members, batch, units), or Rows in front of the first linear layer
        What the layer puts out.
    grad : ndarray of shape (n_members, batch, units) or None
        Receives the derivative of the loss with respect to the value; ``None`` in predictions
        and for rows. A layer that works in place hands on the one it was given.
    forward : sequence of Call
        The calls that write the value.
    backward : sequence of Call
        The calls that turn the derivative with respect to what the layer puts out into those with
        respect to its slots and to what it takes in; none in predictions.
    """

    value: Any
    grad: Any = None
    forward: Sequence[Call] = ()
    backward: Sequence[Call] = ()


class Step(NamedTuple):
    """What a layer does to a row in predictions, for those who compute it elsewhere.

    Attributes
    ----------
    kind : {"linear", "normalization", "activation", "fork", "join", "dropout"}
        What it is.
    component : Component or None
        The component that has the formula.
    arrays : mapping of str to ndarray of shape (n_members, 1 or n_inputs, units)
        Numbers in the formula, by name.
    """

    kind: str
    component: Component | None = None
    arrays: Mapping[str, np.ndarray] = MappingProxyType({})


class Layer(ABC):
    """Base of the layers of a stack of networks.

    Parameters
    ----------
    index : int
        The linear layer that it belongs to, counted from 0.

    Attributes
    ----------
    attributes : tuple of str
        Fitted attributes that hold the slots of such layers.
    is_linear, is_activation : bool
        Whether it puts out pre-activations, or what hidden units put out.
    has_moments : bool
        Whether it keeps running moments of what it takes in.
    slots : tuple of Slot
        What it keeps in the row of a network.
    rate_factors : mapping of Key to float or ndarray of shape (n_members, 1)
        Factors by which the learning rate of slots is larger, 1 for those not named.
    """

    attributes: ClassVar[tuple[str, ...]] = ()
    is_linear: ClassVar[bool] = False
    is_activation: ClassVar[bool] = False
    has_moments: bool = False
    slots: tuple[Slot, ...] = ()
    rate_factors: Mapping[Key, float | np.ndarray] = {}

    def __init__(self, index: int) -> None:
        self.index = index

    @abstractmethod
    def bind(self, below: Bound, frame: Frame) -> Bound:
        """Return what the layer does to what it takes in.

        Parameters
        ----------
        below : Bound
            The layer in front, bound already.
        frame : Frame
            Parameters, gradients, and room for arrays.
        """

    def describe(self, params: Views) -> Step:
        """Return what the layer does in predictions.

        Parameters
        ----------
        params : Views
            Fitted parameters by slot.

        Raises
        ------
        NotImplementedError
            If the layer does not say.
        """
        raise NotImplementedError(
            f"The layer {type(self).__name__} cannot be exported, since it does not say what it "
            "does in predictions. Write its describe."
        )
