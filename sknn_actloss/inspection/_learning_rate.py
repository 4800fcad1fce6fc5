"""The learning-rate finder, its curves and its picture."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.estimators import parameters_of, range_test
from sknn_actloss.inspection._display import Display
from sknn_actloss.inspection._networks import find_network
from sknn_actloss.inspection._plotting import COLORS
from sknn_actloss.inspection._room import fill_room
from sknn_actloss.solvers import resolve_solver
from sknn_actloss.training import RangeTest


def find_learning_rate(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    low: float = 1e-7,
    high: float = 100.0,
    n_steps: int = 100,
) -> LearningRateCurve:
    """Find a learning rate by a range test, the one that ``learning_rate_init="auto"`` runs.

    A network with the initial weights of a fit takes a few steps on the training rows at a rate
    that rises from step to step. Good rates are those at which its loss falls fast. The
    estimator stays as it is, fitted or not, and so does its random stream.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or Pipeline or search that holds one
        The estimator to find a rate for, whose own rate and schedule do not matter. The steps in
        front of the network, and a ``TransformedTargetRegressor`` around it, are fitted on a
        clone.
    X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
        Training data, as for ``fit``.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows for the network.
    low, high : float, default=1e-7, 100.0
        The first and the last rate.
    n_steps : int, default=100
        Number of steps.

    Returns
    -------
    curve : LearningRateCurve
        The curves ``rates``, ``losses`` and ``smoothed_losses``, and the ``suggestion``.

    Raises
    ------
    TypeError
        If the estimator neither is nor holds a network of this package.
    ValueError
        If parameters or data are invalid, or if the solver has no learning rate.

    See Also
    --------
    LearningRateDisplay : Its picture.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import find_learning_rate
    >>> X, y = load_digits(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    >>> test = find_learning_rate(model, X, y)
    >>> bool(0.001 < test.suggestion < test.limit)
    True
    """
    _check_rates(low, high, n_steps)
    found = find_network(estimator, own=True)
    _check_solver(found.network)
    X, y = found.fit_transform(X, y)
    network = found.to_be_fitted(y)
    test = range_test(network, X, y, sample_weight, low=low, high=high, n_steps=n_steps)
    return LearningRateCurve(test.rates, test.losses, test.initial_losses)


def _check_solver(network: Any) -> None:
    solver = parameters_of(network)["solver"]
    if not resolve_solver(solver, parameters_of(network)).stochastic:
        raise ValueError(
            f"solver={solver!r} has no learning rate to find: it works on all rows at once and "
            "finds its own step lengths. Use a stochastic solver such as 'adam'."
        )


class LearningRateCurve(RangeTest):
    """A range test that can be drawn.

    Parameters
    ----------
    rates : ndarray of shape (n_steps,)
        Learning rate of each step.
    losses, initial_losses : ndarray of shape (n_steps,)
        Loss of the batch of each step, before the step and with the initial weights.

    Attributes
    ----------
    smoothed_losses : ndarray of shape (n_steps,)
        Moving average of the losses, without what differs from batch to batch.
    limit : float
        Rate at which divergence sets in.
    suggestion : float
        The rate to train with.

    See Also
    --------
    find_learning_rate : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import find_learning_rate
    >>> network = MLPClassifier((8,), random_state=0)
    >>> curve = find_learning_rate(network, *load_iris(return_X_y=True))
    >>> len(curve.rates) <= 100
    True
    """

    def plot(self, ax: Any = None) -> LearningRateDisplay:
        """Draw losses and suggestion.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; ``None`` makes a figure.

        Returns
        -------
        display : LearningRateDisplay
            The display, drawn.
        """
        return LearningRateDisplay(self).plot(ax)


class LearningRateDisplay(Display):
    """Picture of a range test: losses against the learning rate, and the suggestion.

    Parameters
    ----------
    range_test : RangeTest
        What :func:`find_learning_rate` returned.

    Attributes
    ----------
    ax_ : Axes
        Where it was drawn.
    axes_ : ndarray of Axes
        The same in an array.
    figure_ : Figure
        The figure around it.
    lines_ : list of Line2D
        Losses of the batches, their moving average, and the suggestion. The rates of divergence
        are shaded.
    legend_ : Legend
        The legend.

    See Also
    --------
    find_learning_rate : Gives the numbers without a picture.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import LearningRateDisplay
    >>> network = MLPClassifier((8,), random_state=0)
    >>> display = LearningRateDisplay.from_estimator(network, *load_iris(return_X_y=True))
    >>> display.ax_.get_xscale()
    'log'
    """

    panel_names: ClassVar[tuple[str, ...]] = ("loss",)

    def __init__(self, range_test: RangeTest) -> None:
        self.range_test = range_test

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        ax: Any = None,
        **rates: Any,
    ) -> Self:
        """Run a range test and draw it.

        Parameters
        ----------
        estimator, X, y, sample_weight : optional
            As in :func:`find_learning_rate`.
        ax : Axes, default=None
            Where to draw; ``None`` makes a figure.
        **rates
            ``low``, ``high`` and ``n_steps`` of :func:`find_learning_rate`.

        Returns
        -------
        display : LearningRateDisplay
            The display, drawn.
        """
        return cls(find_learning_rate(estimator, X, y, sample_weight, **rates)).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw losses and suggestion.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; ``None`` makes a figure.

        Returns
        -------
        self : LearningRateDisplay
            The display, drawn.
        """
        ax = self._start(ax, None, self.panel_names)["loss"]
        test = self.range_test
        rate, best = test.rates, test.suggestion
        limits = _loss_range(test) if rate.size else (0.0, 1.0)
        ax.set(xscale="log", xlabel="learning rate", ylabel="training loss")
        smoothed = {"color": COLORS[0], "linewidth": 2, "label": "smoothed"}
        suggestion = {"color": COLORS[1], "linestyle": "--", "label": f"suggestion: {best:.2g}"}
        self.lines_ = [
            *ax.plot(rate, test.losses, color="0.7", linewidth=1, label="loss of a batch"),
            *ax.plot(rate, test.smoothed_losses, **smoothed),
            *ax.plot([best, best], limits, **suggestion),
        ]
        if rate.size:
            ax.set_ylim(limits)
            style = {"color": COLORS[1], "alpha": 0.08, "linewidth": 0, "zorder": 0}
            ax.axvspan(test.limit, rate[-1], **style)
        fill_room([ax], {ax: {}})
        self.legend_ = ax.get_legend()
        return self


def _check_rates(low: float, high: float, n_steps: int) -> None:
    if not 0 < low < high < np.inf:
        raise ValueError(f"low={low!r} and high={high!r} must be finite with 0 < low < high.")
    if not isinstance(n_steps, Integral) or n_steps < 2:
        raise ValueError(f"n_steps={n_steps!r} must be an integer of at least 2.")


def _loss_range(test: RangeTest) -> tuple[float, float]:
    """Return what the losses range over up to the lowest average, with some room around."""
    shown = test.losses[: test.smoothed_losses.argmin() + 1]
    low, high = shown.min(), max(shown.max(), test.smoothed_losses[0])
    room = 0.1 * (high - low) or 1.0
    return low - room, high + room
