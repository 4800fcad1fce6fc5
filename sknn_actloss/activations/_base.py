"""The contracts of activation functions: by plain formulas or bound calls, and of links."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sknn_actloss._calls import Call, run
from sknn_actloss._component import Component
from sknn_actloss._interval import REALS, Interval


class Activation(
    Component,
    final=("forward_calls", "backward_calls"),
    instead="write forward and backward, or extend BoundActivation",
):
    """Base of activation functions given by ``forward`` and ``backward``.

    Arrays have shape ``(n_members, batch, units)``. Hyperparameters are numbers, or arrays of
    shape ``(n_members, 1, 1)`` where the members of a stack differ; :attr:`range` and
    :attr:`gain` are asked before stacking.

    Attributes
    ----------
    reads_input : bool
        Whether :meth:`backward` needs the input ``z``. Where it does not, the network computes
        the output over the input and passes ``z=None``.
    output_only : bool
        Whether the function makes sense for the output layer only.
    monotone : bool
        Whether an output never decreases while its own input grows.
    zero_centred : bool
        Whether standard normal inputs give outputs of mean zero.
    range : Interval
        The interval in which the outputs lie; floats may round to an open end.
    gain : float
        Factor by which an initializer that uses gains scales the weights in front of the
        function, so that the variance of signals is kept.
    uniform_factor : float
        Numerator of the bound of scikit-learn's initial weights, 6 except for the logistic.

    See Also
    --------
    sknn_actloss.inspection.ActivationDisplay : Draws functions and their derivatives.
    """

    reads_input: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    monotone: ClassVar[bool] = True
    zero_centred: ClassVar[bool] = False
    uniform_factor: ClassVar[float] = 6.0
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @property
    def range(self) -> Interval:
        """The interval in which the outputs lie."""
        return REALS

    @property
    def gain(self) -> float:
        """Factor for initial weights that keeps the variance of signals.

        PyTorch's where it has one, else sqrt(2), the value of relu, for functions that are zero
        at zero and approach relu far from it, and 1 for the rest.
        """
        return 1.0

    @abstractmethod
    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        """Write the function of ``z`` to ``out``, which may be ``z`` itself.

        Parameters
        ----------
        z : ndarray of shape (n_members, batch, units)
            The input.
        out : ndarray of shape (n_members, batch, units)
            Receives the output.
        """

    @abstractmethod
    def backward(self, z: Any, a: np.ndarray, grad: np.ndarray) -> None:
        """Turn dL/da in ``grad`` into dL/dz, in place.

        ``z`` and ``a`` hold the input and the output of :meth:`forward`. They are not needed
        afterwards, so that an implementation may use them as scratch space.

        Parameters
        ----------
        z : ndarray of shape (n_members, batch, units), or None
            The input, ``None`` where ``reads_input`` is False.
        a : ndarray of shape (n_members, batch, units)
            The output.
        grad : ndarray of shape (n_members, batch, units)
            The derivative with respect to the output, in whose place comes that with respect to the
            input.
        """

    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return :meth:`forward` for these arrays as calls bound to them.

        Parameters
        ----------
        z : ndarray of shape (n_members, batch, units)
            The input.
        out : ndarray of shape (n_members, batch, units)
            Receives the output.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """
        return [(self.forward, (z, out))]

    def backward_calls(self, z: Any, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        """Return :meth:`backward` for these arrays as calls bound to them.

        Parameters
        ----------
        z : ndarray of shape (n_members, batch, units), or None
            The input, ``None`` where ``reads_input`` is False.
        a : ndarray of shape (n_members, batch, units)
            The output.
        grad : ndarray of shape (n_members, batch, units)
            The derivative with respect to the output, in whose place comes that with respect to the
            input.

        Returns
        -------
        calls : list of (callable, tuple)
            Functions and their arguments, in the order of the calls.
        """
        return [(self.backward, (z, a, grad))]

    def check(self) -> None:
        """Compare a user's function with its derivative; nothing to do for built-in ones."""

    def __call__(self, z: ArrayLike) -> np.ndarray:
        """Return the function of ``z`` as a new array."""
        z = np.asarray(z)
        out = np.array(z, dtype=np.result_type(z, np.float32))
        self.forward(out.copy(), out)
        return out


class BoundActivation(
    Activation,
    final=("forward", "backward"),
    instead="extend Activation and write forward and backward",
):
    """Base of activation functions given by calls that are bound to their arrays in advance."""

    @abstractmethod
    def forward_calls(self, z: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return the calls that write the function of ``z`` to ``out``."""

    @abstractmethod
    def backward_calls(self, z: Any, a: np.ndarray, grad: np.ndarray) -> list[Call]:
        """Return the calls that turn dL/da in ``grad`` into dL/dz."""

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        """Make the calls of :meth:`forward_calls`."""
        run(self.forward_calls(z, out))

    def backward(self, z: Any, a: np.ndarray, grad: np.ndarray) -> None:
        """Make the calls of :meth:`backward_calls`."""
        run(self.backward_calls(z, a, grad))


class OpenActivation(BoundActivation, final=()):
    """Base of activation functions given by bound calls, in place of which subclasses may write
    ``forward`` or ``backward``.
    """

    _bound: ClassVar[type[Activation]]

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Take the plain formulas of a subclass in place of the calls."""
        super().__init_subclass__(**arguments)
        if OpenActivation in cls.__bases__:
            cls._bound = cls
        for name in ("forward", "backward"):
            if name in vars(cls):
                setattr(cls, f"{name}_calls", getattr(Activation, f"{name}_calls"))

    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        """Make the calls of the class that has them."""
        with np.errstate(over="ignore"):  # on the way to the right limit
            run(self._bound.forward_calls(self, z, out))

    def backward(self, z: Any, a: np.ndarray, grad: np.ndarray) -> None:
        """Make the calls of the class that has them."""
        run(self._bound.backward_calls(self, z, a, grad))


class Link(Activation):
    """Base of activations that losses take into their own formulas, which have an inverse."""

    @abstractmethod
    def inverse(self, a: np.ndarray) -> np.ndarray:
        """Return an input whose output is ``a``.

        Parameters
        ----------
        a : ndarray
            Outputs.

        Returns
        -------
        z : ndarray of the shape of ``a``
            Inputs.
        """
