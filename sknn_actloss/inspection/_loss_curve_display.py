"""Pictures of what fits have recorded: losses, validation scores and rates over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators import parameters_of
from sknn_actloss.inspection._naming import label, networks_by_name
from sknn_actloss.inspection._networks import as_own
from sknn_actloss.inspection._plotting import (
    GREY,
    Display,
    check_scale,
    count_epochs,
    handles,
    set_rate_scale,
    set_scale,
    styles_by_name,
)

Curves = Mapping[str, Sequence[float]]

#: The mark of a best epoch.
BEST = {"marker": "o", "markersize": 7, "markeredgecolor": "white", "linestyle": "none"}


class LossCurveDisplay(Display):
    """Training and validation loss, validation score and learning rate over the epochs.

    Make one with :meth:`from_estimator`. Several estimators side by side show which loss,
    activation or learning rate trains best.

    Parameters
    ----------
    losses : dict of str to array-like of shape (n_epochs,)
        Training losses by the name of the model.
    validation_losses, validation_scores, rates : dict of str to array-like of shape (n_epochs,)
        The same of other quantities, for the models that have them; ``None`` for none.
    best_epochs : dict of str to int, default=None
        The best epoch by validation, counted from 1, for the models that have one.
    loss_name : str, default=None
        Which loss it is.
    score_name : str, default="validation score"
        What validation scores are.
    step_name : str, default="epoch"
        Label of the horizontal axis.

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
    best_markers_ : list of Line2D
        The marks of the best epochs.
    legend_ : matplotlib Legend
        The legend.

    See Also
    --------
    ScheduleDisplay : Learning rates before any training.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn_actloss import MLPRegressor
    >>> from sknn_actloss.inspection import LossCurveDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> y = (y - y.mean()) / y.std()
    >>> models = [
    ...     MLPRegressor(activation=activation, max_iter=30, random_state=0).fit(X, y)
    ...     for activation in ("tanh", "silu")
    ... ]
    >>> display = LossCurveDisplay.from_estimator(models)
    >>> list(display.losses)
    ['activation=tanh', 'activation=silu']
    """

    panel_names: ClassVar[tuple[str, ...]] = ("loss", "score", "rate")
    stacked: ClassVar[bool] = True

    def __init__(
        self,
        losses: Curves,
        *,
        validation_losses: Curves | None = None,
        validation_scores: Curves | None = None,
        rates: Curves | None = None,
        best_epochs: Mapping[str, int] | None = None,
        loss_name: str | None = None,
        score_name: str = "validation score",
        step_name: str = "epoch",
    ) -> None:
        self.losses = losses
        self.validation_losses = validation_losses
        self.validation_scores = validation_scores
        self.rates = rates
        self.best_epochs = best_epochs
        self.loss_name = loss_name
        self.score_name = score_name
        self.step_name = step_name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw what the fits of estimators have recorded.

        Parameters
        ----------
        estimator : estimator, or sequence or dict of estimators
            Fitted MLPs of this package or scikit-learn, or Pipelines that end in one; a dict
            gives the names of the legend.
        names : str or sequence of str, default=None
            Names in the legend, one for each estimator; by default the parameters in which they
            differ.
        ax, panels, scale, line_kw
            As in :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If one has recorded no losses, as scikit-learn's with "lbfgs".
        """
        networks = networks_by_name(estimator, names)
        given = {name: parameters_of(as_own(network)) for name, network in networks.items()}
        for name, network in networks.items():
            _check_has_losses(name, network, given[name]["solver"])
        scored = {n: network for n, network in networks.items() if given[n]["monitor"] != "loss"}
        scores = [_score_name(network, given[name]["monitor"]) for name, network in scored.items()]
        best = {name: _best_epoch(network) for name, network in networks.items()}
        return cls(
            _recorded(networks, "loss_curve_"),
            validation_losses=_recorded(networks, "validation_loss_curve_"),
            validation_scores=_recorded(scored, "validation_scores_"),
            rates=_recorded(networks, "learning_rate_curve_"),
            best_epochs={name: epoch for name, epoch in best.items() if epoch is not None},
            loss_name=_common([label(own["loss"]) for own in given.values()], "each model's own"),
            score_name=_common(scores, "validation score"),
            step_name=_common(
                [_step_name(own["solver"]) for own in given.values()], "epoch or iteration"
            ),
        ).plot(ax, panels=panels, scale=scale, line_kw=line_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        panels: str | Sequence[str] | None = None,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the curves: a colour for each model, dashes for what validation rows gave.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, default=None
            Where to draw: one Axes for each panel, a single one for the losses alone.
            ``None`` makes a figure.
        panels : {"loss", "score", "rate"} or sequence of these, default=None
            What to draw; by default losses, validation scores where there are any, and rates
            where they are not all one constant.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the losses; "auto" is logarithmic where they are positive and span a factor
            of ten.
        line_kw : dict, default=None
            Passed on to ``Axes.plot``.

        Returns
        -------
        self : LossCurveDisplay
        """
        check_scale(scale)
        axes = self._start(ax, panels, self._default_panels(), self._recorded_panels())
        styles = styles_by_name(self.losses, line_kw, dashed=False)
        self.best_markers_: list[Any] = []
        for panel, where in axes.items():
            for name, style in styles.items():
                self._draw_model(panel, where, name, style)
        self._set_scales(axes, scale)
        names = {"loss": self._loss_label, "score": self.score_name, "rate": "learning rate"}
        self._set_labels(axes, self.step_name, names)
        self._add_legend(handles(styles) + handles(self._meanings(axes)))
        return self

    @property
    def _loss_label(self) -> str:
        kind = "loss" if self.validation_losses else "training loss"
        return kind if self.loss_name is None else f"{kind} ({self.loss_name})"

    def _curves(self, panel: str) -> list[tuple[str, Curves]]:
        """Return the dashes and the curves of a panel."""
        found = {
            "loss": [("-", self.losses), ("--", self.validation_losses)],
            "score": [("--", self.validation_scores)],
            "rate": [("-", self.rates)],
        }
        return [(dashes, curves) for dashes, curves in found[panel] if curves]

    def _all(self, panel: str) -> list[Sequence[float]]:
        return [curve for _, curves in self._curves(panel) for curve in curves.values()]

    def _recorded_panels(self) -> list[str]:
        return [panel for panel in self.panel_names if self._curves(panel)]

    def _default_panels(self) -> list[str]:
        rates = np.concatenate([[], *self._all("rate")])
        is_constant = not len(rates) or np.all(rates == rates[0])
        return [panel for panel in self._recorded_panels() if panel != "rate" or not is_constant]

    def _draw_model(self, panel: str, ax: Any, name: str, style: Mapping[str, Any]) -> None:
        drawn = [(dashes, curves[name]) for dashes, curves in self._curves(panel) if name in curves]
        for dashes, curve in drawn:
            epochs = np.arange(1, len(curve) + 1)
            self._draw(ax, epochs, curve, {"linestyle": dashes, **style})
        best = (self.best_epochs or {}).get(name)
        if drawn and best is not None and panel != "rate":
            height = drawn[-1][1][best - 1]
            self.best_markers_ += ax.plot(best, height, color=style["color"], **BEST)

    def _set_scales(self, panels: Mapping[str, Any], scale: str) -> None:
        count_epochs(panels.values())
        if "loss" in panels:
            set_scale(panels["loss"], scale, self._all("loss"))
        if "rate" in panels:
            set_rate_scale(panels["rate"], "auto", self._all("rate"))

    def _meanings(self, panels: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return what dashes and marks mean, where there are any, with their styles."""
        dashes = {style for panel in panels if panel != "rate" for style, _ in self._curves(panel)}
        texts = {"training": "-", "validation": "--"} if "--" in dashes else {}
        meanings: dict[str, dict[str, Any]] = {
            text: {"color": GREY, "linestyle": style}
            for text, style in texts.items()
            if style in dashes
        }
        if self.best_markers_:
            meanings["best epoch"] = {"color": GREY, **BEST}
        return meanings


def _check_has_losses(name: str, network: Any, solver: Any) -> None:
    check_is_fitted(network)
    if not len(getattr(network, "loss_curve_", ())):
        raise ValueError(
            f"The fit of {name} has recorded no losses (solver={solver!r}); "
            "scikit-learn's networks do so with 'sgd' and 'adam', those of this package always."
        )


def _recorded(networks: Mapping[str, Any], attribute: str) -> dict[str, Sequence[float]]:
    """Return an attribute of the networks that have it."""
    found = {name: getattr(network, attribute, None) for name, network in networks.items()}
    return {name: curve for name, curve in found.items() if curve is not None and len(curve)}


def _best_epoch(network: Any) -> int | None:
    """Return the best epoch by what validation has watched, ``None`` without validation."""
    quality = getattr(network, "validation_scores_", None)
    losses = getattr(network, "validation_loss_curve_", None)
    if quality is None and losses is not None:
        quality = np.negative(losses)
    if quality is None or not np.isfinite(quality).any():
        return None
    return int(np.nanargmax(quality)) + 1


def _common(texts: Sequence[str], otherwise: str) -> str:
    """Return the text if all are the same."""
    return texts[0] if len(set(texts)) == 1 else otherwise


def _score_name(network: Any, monitor: Any) -> str:
    if monitor == "score":
        monitor = "accuracy" if is_classifier(network) else "R²"
    return f"validation {label(monitor)}"


def _step_name(solver: Any) -> str:
    is_stochastic = getattr(solver, "stochastic", solver != "lbfgs")
    return "epoch" if is_stochastic else "iteration"
