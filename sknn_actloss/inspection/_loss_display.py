"""Pictures of losses and their gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import is_classifier

from sknn_actloss.estimators import parameters_of
from sknn_actloss.inspection._display import Cells, Display
from sknn_actloss.inspection._loss_of_prediction import (
    AGAINST,
    LossOfPrediction,
    check_option,
    checked_targets,
    default_range,
    kind_of_points,
)
from sknn_actloss.inspection._loss_units import are_apart, multiplied, unit_losses, widths
from sknn_actloss.inspection._naming import by_name, label, networks_by_name
from sknn_actloss.inspection._networks import as_own
from sknn_actloss.inspection._plotting import (
    GREY,
    LINE_STYLES,
    grid,
    handles,
    panel_styles,
    shared_limits,
    styles_by_name,
    view_limits,
)
from sknn_actloss.losses import LOSSES


class LossDisplay(Display):
    """Losses of one prediction and their gradients, for given targets.

    Make one with :meth:`from_losses` or :meth:`from_estimator`. Classification losses are those
    of two classes.

    Parameters
    ----------
    predictions : ndarray of shape (n_points,)
        Predictions, or raw outputs, in rising order.
    targets : ndarray of shape (n_targets,)
        Numbers, or 0 and 1 for the negative and the positive class.
    values : dict of str to ndarray of shape (n_targets, n_points)
        The loss by its name, NaN where a prediction is out of its domain.
    gradients : dict of str to ndarray of shape (n_targets, n_points)
        The derivative with respect to prediction or raw output, by the same names.
    against : {"prediction", "probability", "decision", "raw"}, default="prediction"
        What ``predictions`` are: numbers, probabilities of the positive class, decision values
        or raw outputs.
    factors : dict of str to float, default=None
        What turns the losses that training minimises, and that ``values`` and ``gradients``
        hold, into those that are reported; 1 where it says nothing.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first panel.
    axes_ : ndarray of Axes
        All panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        The curves, panel by panel, and the targets of each loss in turn.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    ActivationDisplay : Activations and their derivatives.

    Examples
    --------
    >>> from sknn_actloss.inspection import LossDisplay
    >>> from sknn_actloss.losses import Huber
    >>> display = LossDisplay.from_losses(
    ...     ["squared_error", Huber(delta=0.5)], y=0.0, task="regression"
    ... )
    >>> display.values["squared_error"].shape
    (1, 801)
    """

    panel_names: ClassVar[tuple[str, ...]] = ("loss", "gradient")

    def __init__(
        self,
        predictions: np.ndarray,
        targets: np.ndarray,
        values: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
        *,
        against: str = "prediction",
        factors: Mapping[str, float] | None = None,
    ) -> None:
        self.predictions = predictions
        self.targets = targets
        self.values = values
        self.gradients = gradients
        self.against = against
        self.factors = factors or {}

    @classmethod
    def from_losses(
        cls,
        losses: Any,
        *,
        task: str,
        y: float | Sequence[float] = 1.0,
        against: str = "auto",
        prediction_range: tuple[float, float] | None = None,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        units: str = "report",
        relative: bool | str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw losses of one task.

        Parameters
        ----------
        losses : str, Loss, or sequence or dict of these
            Names such as "huber" and instances such as ``Huber(delta=0.5)``; a dict gives the
            names of the legend.
        task : {"regression", "classification"}
            What the losses are for.
        y : float or sequence of float, default=1.0
            Targets. For classification 1 is the positive class, 0 or -1 the negative one.
        against : {"auto", "prediction", "raw"}, default="auto"
            What the curves go along. "prediction" is what leaves the output activation, "raw"
            what enters it. "auto" is "raw" where some losses take probabilities and others
            decision values, so that they can be compared, and "prediction" otherwise.
        prediction_range : (float, float), default=None
            The least and the greatest prediction or raw output; those out of a loss's domain
            are left out of its curve.
        names : str or sequence of str, default=None
            Names in the legend, one for each loss.
        ax, panels, units, relative, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : LossDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a loss is unknown, for another task, or of more than one output for a target; if
            a target is out of its domain.
        """
        check_option("task", task, LOSSES)
        found = by_name(losses, names, "losses")
        curves = {name: LossOfPrediction.of(loss, "auto", task) for name, loss in found.items()}
        return cls._of(curves, task, y, against, prediction_range).plot(
            ax, panels=panels, units=units, relative=relative, line_kw=line_kw
        )

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        y: float | Sequence[float] = 1.0,
        against: str = "auto",
        prediction_range: tuple[float, float] | None = None,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        units: str = "report",
        relative: bool | str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the losses of estimators, through their own output activations.

        Parameters
        ----------
        estimator : estimator, or sequence or dict of estimators
            MLPs of one task, fitted or not, or Pipelines that end in one.
        y, against, prediction_range : optional
            As in :meth:`from_losses`.
        names : str or sequence of str, default=None
            Names in the legend, one for each estimator.
        ax, panels, units, relative, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : LossDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are classifiers and regressors, or as for :meth:`from_losses`.
        """
        networks = networks_by_name(estimator, names)
        given = {name: parameters_of(as_own(network)) for name, network in networks.items()}
        if names is None and len(networks) == 1 and not isinstance(estimator, Mapping):
            given = {label(own["loss"]): own for own in given.values()}
        tasks = {"classification" if is_classifier(n) else "regression" for n in networks.values()}
        if len(tasks) > 1:
            raise ValueError("estimator mixes classifiers and regressors; give one kind.")
        (task,) = tasks
        curves = {
            name: LossOfPrediction.of(own["loss"], own["out_activation"], task)
            for name, own in given.items()
        }
        return cls._of(curves, task, y, against, prediction_range).plot(
            ax, panels=panels, units=units, relative=relative, line_kw=line_kw
        )

    @classmethod
    def _of(
        cls,
        curves: Mapping[str, LossOfPrediction],
        task: str,
        y: float | Sequence[float],
        against: str,
        prediction_range: tuple[float, float] | None,
    ) -> Self:
        check_option("against", against, ("auto", "prediction", "raw"))
        targets = checked_targets(y, task, curves.values())
        kind = kind_of_points(against, task, curves.values())
        if prediction_range is None:
            prediction_range = default_range(kind, targets)
        points = grid("prediction_range", prediction_range)
        pairs = {name: curve.along(points, targets, kind) for name, curve in curves.items()}
        values, gradients = (
            {name: pair[index] for name, pair in pairs.items()} for index in (0, 1)
        )
        factors = {name: curve.report_factor for name, curve in curves.items()}
        return cls(points, targets, values, gradients, against=kind, factors=factors)

    def plot(
        self,
        ax: Any = None,
        *,
        panels: str | Sequence[str] | None = None,
        units: str = "report",
        relative: bool | str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves, a colour for each loss and a line style for each target.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, default=None
            Where to draw: one Axes for each panel, a single one for the loss alone.
            ``None`` makes a figure, in which more than six losses have small axes of their own,
            each with loss and derivative; so have as many Axes as losses.
        panels : {"loss", "gradient"} or sequence of these, default=None
            What to draw, both by default.
        units : {"report", "training"}, default="report"
            Whether losses are as metrics have them, the squared error without its half, or as
            training minimises them.
        relative : bool or "auto", default="auto"
            Whether each curve is divided by its loss at one unit off the target (by its median
            where the curves do not go along predictions of numbers). "auto" does so where one
            loss is so much larger than another, by a factor of ten, that it would flatten it.
        line_kw : dict, default=None
            Passed on to ``Axes.plot``.

        Returns
        -------
        self : LossDisplay
            The display, drawn.
        """
        check_option("units", units, ("report", "training"))
        check_option("relative", relative, (True, False, "auto"))
        chosen = self._chosen(panels, self.panel_names)
        cells = self._start_cells(ax, ["all"], self.values)
        curves, texts = self._curves(units, relative, together=cells is None)
        if cells is not None:
            return self._plot_cells(cells, chosen, curves, texts, line_kw)
        axes = self._start(ax, panels, self.panel_names)
        styles = styles_by_name(self.values, line_kw, dashed=False)
        for panel, where in axes.items():
            self._draw_panel(where, curves[panel], styles)
        self._set_labels(axes, AGAINST[self.against], texts)
        self._label_targets(styles)
        return self

    def _curves(
        self, units: str, relative: bool | str, together: bool
    ) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, str]]:
        """Return the curves of each panel in the units asked for, and what they are."""
        factors = self.factors if units == "report" else {}
        curves = {"loss": multiplied(self.values, factors)}
        curves["gradient"] = multiplied(self.gradients, factors)
        is_reported = any(factor != 1 for factor in factors.values())
        loss = "loss, as reported" if is_reported else "loss"
        derivative = f"derivative of the loss{', as reported' * is_reported}"
        if relative is True or (
            relative == "auto" and together and are_apart(curves["loss"].values())
        ):
            own = self.predictions, self.targets
            scales = {
                name: 1 / unit_losses(*own, curve, self.against)
                for name, curve in curves["loss"].items()
            }
            curves = {panel: multiplied(own, scales) for panel, own in curves.items()}
            unit = "at one unit off" if self.against == "prediction" else "in the median"
            loss, derivative = f"loss / loss {unit}", f"derivative / loss {unit}"
        return curves, {"loss": loss, "gradient": derivative}

    def _draw_panel(
        self,
        ax: Any,
        curves: Mapping[str, np.ndarray],
        styles: Mapping[str, Mapping[str, Any]],
    ) -> None:
        ax.axhline(0.0, color="0.85", linewidth=0.8, zorder=0)
        for (name, style), width in zip(styles.items(), widths(curves.values()), strict=True):
            self._draw_targets(ax, curves[name], {"linewidth": width, **style})
        ax.set_ylim(*shared_limits(curves.values()))

    def _draw_targets(self, ax: Any, curves: np.ndarray, style: Mapping[str, Any]) -> None:
        for dashes, curve in zip(self._dashes, curves, strict=True):
            self._draw(ax, self.predictions, curve, {"linestyle": dashes, **style})

    def _plot_cells(
        self,
        cells: Cells,
        panels: Sequence[str],
        curves: Mapping[str, Mapping[str, np.ndarray]],
        texts: Mapping[str, str],
        line_kw: Mapping[str, Any] | None,
    ) -> Self:
        styles = panel_styles(texts, line_kw)
        if len(self.targets) > 1:
            styles = {
                panel: {key: value for key, value in style.items() if key != "linestyle"}
                for panel, style in styles.items()
            }
        for name, where in cells["all"].items():
            where.axhline(0.0, color="0.85", linewidth=0.8, zorder=0)
            for panel in panels:
                self._draw_targets(where, curves[panel][name], styles[panel])
            where.set_ylim(*view_limits([curves[panel][name] for panel in panels]))
        self._label_cells(cells, AGAINST[self.against], {"all": " and ".join(panels)})
        self._label_targets({texts[panel]: styles[panel] for panel in panels})
        return self

    @property
    def _dashes(self) -> list[str]:
        return [LINE_STYLES[index % len(LINE_STYLES)] for index in range(len(self.targets))]

    def _label_targets(self, styles: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the legend, which tells several targets by their dashes."""
        texts = [f"target {target:g}" for target in self.targets]
        if len(texts) == 1:
            self._finish(handles(styles), title=texts[0])
            return
        dashes = zip(texts, self._dashes, strict=True)
        marks = {text: {"color": GREY, "linestyle": dash} for text, dash in dashes}
        self._finish(handles(styles) + handles(marks))
