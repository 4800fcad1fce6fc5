"""Pictures of learning rate schedules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.estimators import Settings
from sknn_actloss.inspection._display import BEHIND, Cells, Display
from sknn_actloss.inspection._naming import by_name, networks_by_name
from sknn_actloss.inspection._networks import as_own
from sknn_actloss.inspection._plotting import (
    check_scale,
    count_epochs,
    handles,
    panel_styles,
    set_rate_scale,
    styles_by_name,
)
from sknn_actloss.schedules import resolve_schedule

#: How the axes are labelled.
TEXTS = {"rate": "learning rate"}


class ScheduleDisplay(Display):
    """Learning rates over the epochs, before any training.

    Make one with :meth:`from_schedules` or :meth:`from_estimator`. The rates that a fit has
    recorded are shown by :class:`LossCurveDisplay`.

    Parameters
    ----------
    rates : dict of str to array-like of shape (n_epochs,)
        The last rate of each epoch, by the name of the schedule.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    axes_ : ndarray of Axes
        The same in an array.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        The curves.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    LossCurveDisplay : Losses and rates of a fit.

    Examples
    --------
    >>> from sknn_actloss.inspection import ScheduleDisplay
    >>> from sknn_actloss.schedules import Cosine
    >>> display = ScheduleDisplay.from_schedules(
    ...     ["linear", Cosine(warmup=5)], n_epochs=20, steps_per_epoch=10
    ... )
    >>> list(display.rates)
    ['linear', 'Cosine(warmup=5)']
    """

    panel_names: ClassVar[tuple[str, ...]] = ("rate",)

    def __init__(self, rates: Mapping[str, np.ndarray]) -> None:
        self.rates = rates

    @classmethod
    def from_schedules(
        cls,
        schedules: Any,
        *,
        n_epochs: int,
        steps_per_epoch: int,
        n_samples: int | None = None,
        losses: Any = None,
        learning_rate_init: float = 0.001,
        max_iter: int | None = None,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw schedules.

        Parameters
        ----------
        schedules : str, Schedule, callable, or sequence or dict of these
            Names such as "cosine", instances such as ``Cosine(warmup=5)``, functions
            ``step -> factor``; a dict gives the names of the legend.
        n_epochs, steps_per_epoch, n_samples, losses, learning_rate_init, max_iter : optional
            As in :meth:`Schedule.simulate <sknn_actloss.schedules.Schedule.simulate>`.
        names : str or sequence of str, default=None
            Names in the legend, one for each schedule.
        ax, scale, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : ScheduleDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a schedule is unknown, or needs samples or losses that were not given.
        """
        rates = {
            name: resolve_schedule(spec, parameter="schedules").simulate(
                n_epochs,
                steps_per_epoch,
                n_samples,
                losses,
                learning_rate_init=learning_rate_init,
                max_iter=max_iter,
            )
            for name, spec in by_name(schedules, names, "schedules").items()
        }
        return cls(rates).plot(ax, scale=scale, line_kw=line_kw)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        n_samples: int | None = None,
        n_epochs: int | None = None,
        steps_per_epoch: int | None = None,
        losses: Any = None,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the rates that estimators would train with.

        Parameters
        ----------
        estimator : estimator, or sequence or dict of estimators
            MLPs, fitted or not, or Pipelines that end in one.
        n_samples : int, default=None
            Training rows, from which the steps of an epoch follow.
        n_epochs : int, default=None
            Epochs to show, by default ``max_iter`` of each estimator, which is also the horizon.
        steps_per_epoch : int, default=None
            Updates in each epoch, by default as ``n_samples`` and ``batch_size`` make it.
        losses : array-like of shape (n_epochs,), default=None
            Losses of the epochs, for schedules that react to them.
        names : str or sequence of str, default=None
            Names in the legend, one for each estimator.
        ax, scale, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : ScheduleDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If neither ``n_samples`` nor ``steps_per_epoch`` is given, the estimator has no
            learning rate, or a schedule needs samples or losses that were not given.
        """
        rates = {
            name: _simulate(network, n_samples, n_epochs, steps_per_epoch, losses)
            for name, network in networks_by_name(estimator, names).items()
        }
        return cls(rates).plot(ax, scale=scale, line_kw=line_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves, each schedule in small axes of its own where there are many.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, default=None
            Where to draw; ``None`` makes a figure, in which more than six schedules have small
            axes of their own, with the others in grey; so have as many Axes as schedules.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the rates; "auto" is logarithmic where the highest rates of the schedules
            are a factor of ten apart.
        line_kw : dict, default=None
            Passed on to ``Axes.plot``.

        Returns
        -------
        self : ScheduleDisplay
            The display, drawn.
        """
        check_scale(scale)
        cells = self._start_cells(ax, self.panel_names, self.rates)
        if cells is not None:
            return self._plot_cells(cells, scale, line_kw)
        axes = self._start(ax, None, self.panel_names)
        styles = styles_by_name(self.rates, line_kw, dashed=True)
        for name, rates in self.rates.items():
            self._draw(self.ax_, _epochs(rates), rates, styles[name])
        count_epochs(self.axes_)
        set_rate_scale(self.ax_, scale, list(self.rates.values()))
        self._set_labels(axes, "epoch", TEXTS)
        self._finish(handles(styles))
        return self

    def _plot_cells(self, cells: Cells, scale: str, line_kw: Mapping[str, Any] | None) -> Self:
        style = panel_styles(TEXTS, line_kw)["rate"]
        for name, where in cells["rate"].items():
            for rates in self.rates.values():
                where.plot(_epochs(rates), rates, **BEHIND)
            self._draw(where, _epochs(self.rates[name]), self.rates[name], style)
            set_rate_scale(where, scale, list(self.rates.values()))
        count_epochs(self.axes_)
        self._label_cells(cells, "epoch", TEXTS)
        self._finish(handles({"one of them": style, "the others": BEHIND}))
        return self


def _epochs(rates: Any) -> np.ndarray:
    return np.arange(1, len(rates) + 1)


def _simulate(
    network: Any,
    n_samples: int | None,
    n_epochs: int | None,
    steps_per_epoch: int | None,
    losses: Any,
) -> np.ndarray:
    settings = Settings.of(as_own(network))
    rate = _initial_rate(network, settings)
    if steps_per_epoch is None:
        steps_per_epoch = _steps_per_epoch(settings, n_samples)
    return settings.schedule.simulate(
        settings.max_iter if n_epochs is None else n_epochs,
        steps_per_epoch,
        n_samples,
        losses,
        learning_rate_init=rate,
        max_iter=settings.max_iter,
        tol=settings.tol,
        n_iter_no_change=settings.n_iter_no_change,
    )


def _initial_rate(network: Any, settings: Settings) -> float:
    """Return the rate that the schedule starts from, that of the fit where there was one."""
    if not settings.solver.stochastic:
        raise ValueError("solver='lbfgs' has no learning rate; choose a solver such as 'adam'.")
    rate = settings.learning_rate_init
    if settings.rate_parameter == "learning_rate_init":
        rate = getattr(network, "learning_rate_init_", rate)
    if rate is None:
        raise ValueError(
            "learning_rate_init='auto' is found by fit; give a fitted estimator or a number."
        )
    return float(rate)


def _steps_per_epoch(settings: Settings, n_samples: int | None) -> int:
    if n_samples is None:
        raise ValueError(
            "Give n_samples, the number of training rows, or steps_per_epoch, the number of "
            "updates in an epoch."
        )
    return math.ceil(n_samples / settings.rows_of_batch(n_samples))
