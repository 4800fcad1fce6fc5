"""Pictures of activation functions and their derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.activations import Activation, resolve_activation
from sknn_actloss.estimators import parameters_of
from sknn_actloss.inspection._display import Cells, Display
from sknn_actloss.inspection._naming import by_name, label, networks_by_name
from sknn_actloss.inspection._networks import as_own
from sknn_actloss.inspection._plotting import (
    grid,
    handles,
    panel_styles,
    shared_limits,
    styles_by_name,
    view_limits,
)

#: How the axes of each panel are labelled.
TEXTS = {"function": "f(z)", "derivative": "f′(z)"}


class ActivationDisplay(Display):
    """Activation functions and their derivatives.

    Make one with :meth:`from_activations` or :meth:`from_estimator`.

    Parameters
    ----------
    inputs : ndarray of shape (n_points,)
        Inputs z, in rising order.
    values : dict of str to ndarray of shape (n_points,)
        The function at the inputs, by the name of the activation.
    derivatives : dict of str to ndarray of shape (n_points,)
        The derivative at the inputs, by the same names.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first panel.
    axes_ : ndarray of Axes
        All panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        The curves, panel by panel.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    LossDisplay : Losses and their gradients.

    Examples
    --------
    >>> from sknn_actloss.activations import LeakyReLU
    >>> from sknn_actloss.inspection import ActivationDisplay
    >>> display = ActivationDisplay.from_activations(["relu", LeakyReLU(0.1), "silu"])
    >>> list(display.values)
    ['relu', 'LeakyReLU(negative_slope=0.1)', 'silu']
    """

    panel_names: ClassVar[tuple[str, ...]] = ("function", "derivative")

    def __init__(
        self,
        inputs: np.ndarray,
        values: Mapping[str, np.ndarray],
        derivatives: Mapping[str, np.ndarray],
    ) -> None:
        self.inputs = inputs
        self.values = values
        self.derivatives = derivatives

    @classmethod
    def from_activations(
        cls,
        activations: Any,
        *,
        input_range: tuple[float, float] = (-4.0, 4.0),
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw activations.

        Parameters
        ----------
        activations : str, Activation, callable, or sequence or dict of these
            Names such as "relu", instances such as ``LeakyReLU(0.1)``, plain elementwise
            functions; a dict gives the names of the legend.
        input_range : (float, float), default=(-4, 4)
            The least and the greatest input.
        names : str or sequence of str, default=None
            Names in the legend, one for each activation.
        ax, panels, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : ActivationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If an activation is unknown or not a function of one input, as softmax, or if the
            names or the range make no sense.
        """
        inputs = grid("input_range", input_range)
        curves = {
            name: _curves(resolve_activation(spec, "activations", hidden=False), inputs)
            for name, spec in by_name(activations, names, "activations").items()
        }
        values, derivatives = (
            {name: pair[index] for name, pair in curves.items()} for index in (0, 1)
        )
        return cls(inputs, values, derivatives).plot(ax, panels=panels, line_kw=line_kw)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        input_range: tuple[float, float] = (-4.0, 4.0),
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the different activations of the hidden layers of estimators.

        Parameters
        ----------
        estimator : estimator, or sequence or dict of estimators
            MLPs, fitted or not, or Pipelines that end in one.
        input_range : (float, float), default=(-4, 4)
            The least and the greatest input.
        names : str or sequence of str, default=None
            Names in the legend, one for each activation that is not the same as an earlier one.
        ax, panels, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : ActivationDisplay
            The display, drawn.
        """
        specs = [
            spec
            for network in networks_by_name(estimator, None).values()
            for spec in _layers(parameters_of(as_own(network))["activation"])
        ]
        distinct = list({label(spec): spec for spec in specs}.values())
        return cls.from_activations(
            distinct,
            input_range=input_range,
            names=names,
            ax=ax,
            panels=panels,
            line_kw=line_kw,
        )

    def plot(
        self,
        ax: Any = None,
        *,
        panels: str | Sequence[str] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves, each activation in small axes of its own where there are many.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, default=None
            Where to draw: one Axes for each panel, a single one for the function alone.
            ``None`` makes a figure, in which more than six activations have small axes of their
            own, each with function and derivative; so have as many Axes as activations.
        panels : {"function", "derivative"} or sequence of these, default=None
            What to draw, both by default.
        line_kw : dict, default=None
            Passed on to ``Axes.plot``.

        Returns
        -------
        self : ActivationDisplay
            The display, drawn.
        """
        chosen = self._chosen(panels, self.panel_names)
        cells = self._start_cells(ax, ["all"], self.values)
        if cells is not None:
            return self._plot_cells(cells, chosen, line_kw)
        axes = self._start(ax, panels, self.panel_names)
        styles = styles_by_name(self.values, line_kw, dashed=True)
        for panel, where in axes.items():
            _mark_zero(where)
            for name, style in styles.items():
                self._draw(where, self.inputs, self._curves[panel][name], style)
            where.set_ylim(*shared_limits(self._curves[panel].values()))
        self._set_labels(axes, "input z", TEXTS)
        self._finish(handles(styles))
        return self

    @property
    def _curves(self) -> dict[str, Mapping[str, np.ndarray]]:
        return {"function": self.values, "derivative": self.derivatives}

    def _plot_cells(
        self, cells: Cells, panels: Sequence[str], line_kw: Mapping[str, Any] | None
    ) -> Self:
        styles = panel_styles(TEXTS, line_kw)
        for name, where in cells["all"].items():
            _mark_zero(where)
            curves = {panel: self._curves[panel][name] for panel in panels}
            for panel, curve in curves.items():
                self._draw(where, self.inputs, curve, styles[panel])
            where.set_ylim(*view_limits(curves.values()))
        self._label_cells(cells, "input z", {"all": " and ".join(TEXTS[p] for p in panels)})
        self._finish(handles({TEXTS[panel]: styles[panel] for panel in panels}))
        return self


def _mark_zero(ax: Any) -> None:
    ax.axhline(0.0, color="0.85", linewidth=0.8, zorder=0)
    ax.axvline(0.0, color="0.85", linewidth=0.8, zorder=0)


def _layers(activation: Any) -> list[Any]:
    """Return the activations of an estimator, which has one for all layers or one for each."""
    several = isinstance(activation, Iterable) and not isinstance(activation, str)
    return list(activation) if several else [activation]


def _curves(activation: Activation, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return function and derivative, after a check that it is a function of one input."""
    activation.check()
    column = inputs[None, :, None]
    values = activation(column)
    if not np.allclose(activation(column.swapaxes(1, 2)).ravel(), values.ravel()):
        raise ValueError(
            f"{activation!r} makes an output of all units of a layer, so that it has no curve. "
            "Leave it out; every other activation of the table is a function of one input."
        )
    derivative = np.ones_like(values)
    z = column.copy() if activation.reads_input else None
    activation.backward(z, values.copy(), derivative)
    return values.ravel(), derivative.ravel()
