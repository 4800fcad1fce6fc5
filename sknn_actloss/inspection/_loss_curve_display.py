"""Pictures of what fits have recorded: losses, scores and rates over the epochs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.estimators import parameters_of
from sknn_actloss.inspection._common_metric import by_metric, check_metric
from sknn_actloss.inspection._display import BEHIND, Cells, Display
from sknn_actloss.inspection._naming import estimators_by_name, networks
from sknn_actloss.inspection._networks import as_own
from sknn_actloss.inspection._plotting import (
    COLORS,
    GREY,
    check_scale,
    count_epochs,
    handles,
    set_rate_scale,
    set_scale,
    styles_by_name,
)
from sknn_actloss.inspection._recorded import (
    Curves,
    ReportedLoss,
    best_epoch,
    check_has_losses,
    common,
    recorded,
    step_name,
)
from sknn_actloss.inspection._relative import to_start

#: The mark of a best epoch, and of a score on rows given.
BEST = {"marker": "o", "markersize": 7, "markeredgecolor": "white", "linestyle": "none"}
GIVEN = {"marker": "D", "markersize": 7, "markeredgecolor": "white", "linestyle": "none"}

#: What dashes mean.
ROWS = {"-": "training", "--": "validation"}


class LossCurveDisplay(Display):
    """Training and validation loss, scores and learning rate over the epochs.

    Make one with :meth:`from_estimator`. Several estimators side by side show which loss,
    activation or learning rate trains best.

    Parameters
    ----------
    losses : dict of str to array-like of shape (n_epochs,)
        Training losses by the name of the model.
    validation_losses, validation_scores, rates : dict of str to array-like of shape (n_epochs,)
        The same of other quantities, for the models that have them; ``None`` for none. Curves
        that are shorter than the losses are about the last epochs.
    best_epochs : dict of str to int, default=None
        The best epoch by validation, counted from 1, for the models that have one.
    loss_name : str, default=None
        Which loss it is.
    score_name : str, default="validation score"
        What scores are.
    step_name : str, default="epoch"
        Label of the horizontal axis.
    training_scores : dict of str to array-like of shape (n_epochs,), default=None
        Scores on the training rows.
    final_scores : dict of str to (int, float), default=None
        Score of the fitted model on rows given, and the epoch that it belongs to.
    factors : dict of str to float, default=None
        What turns losses into those that are reported, 1 where it says nothing.
    relative : bool, default=False
        Whether losses are drawn as shares of the first training loss of the model.
    first_panel : {"loss", "score"}, default="loss"
        The panel that comes first.

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
    best_markers_, final_markers_ : list of Line2D
        The marks of the best epochs, and of the scores on rows given.
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
        training_scores: Curves | None = None,
        final_scores: Mapping[str, tuple[int, float]] | None = None,
        factors: Mapping[str, float] | None = None,
        relative: bool = False,
        first_panel: str = "loss",
    ) -> None:
        self.losses = losses
        self.validation_losses = validation_losses
        self.validation_scores = validation_scores
        self.rates = rates
        self.best_epochs = best_epochs
        self.loss_name = loss_name
        self.score_name = score_name
        self.step_name = step_name
        self.training_scores = training_scores
        self.final_scores = final_scores
        self.factors = factors
        self.relative = relative
        self.first_panel = first_panel

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metric: Any = None,
        X: Any = None,
        y: Any = None,
        sample_weight: Any = None,
        names: str | Sequence[str] | None = None,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
        scale: str = "auto",
        line_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw what the fits of estimators have recorded.

        Losses are drawn as they are reported, see ``report`` of each loss: the mean square for
        "squared_error", of which training minimises half.

        Parameters
        ----------
        estimator : estimator, or sequence or dict of estimators
            Fitted MLPs of this package or scikit-learn, or Pipelines that end in one; a dict
            gives the names of the legend.
        metric : str or callable, default=None
            What models are compared by; it comes first in the picture.

            - ``None``: the loss where all models have the same one, else what validation rows
              were judged by where that was the same for all, else "relative".
            - "loss": the loss of each model, in its own units.
            - "relative": losses as shares of the first training loss of the model; where some
              are not positive, the share of their fall that is left.
            - "score": what all were monitored by, on validation or training rows.
            - the name of a scorer or a callable ``scorer(estimator, X, y)``: of ``X`` and ``y``,
              for the fitted models, and over the epochs for those that were monitored by it.
              ``Monitor(metric, training=True)`` as ``monitor`` records it for training rows.
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features), default=None
            Rows to score fitted models on, by a scorer or by "score".
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights.
        names : str or sequence of str, default=None
            Names in the legend, one for each estimator; by default the parameters in which they
            differ.
        ax, panels, scale, line_kw : optional
            As in :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If one has recorded no losses, as scikit-learn's with "lbfgs"; if the metric is
            unknown, needs rows, or was not the same for all.
        """
        rows = (X, y, sample_weight)
        check_metric(metric, rows)
        estimators = estimators_by_name(estimator, names)
        found = dict(zip(estimators, networks(estimators.values()), strict=True))
        given = {name: parameters_of(as_own(network)) for name, network in found.items()}
        for name, network in found.items():
            check_has_losses(name, network, given[name]["solver"])
        units = {name: ReportedLoss.of(network, given[name]) for name, network in found.items()}
        differ = len({unit.kind for unit in units.values()}) > 1
        best = {name: best_epoch(network) for name, network in found.items()}
        return cls(
            recorded(found, "loss_curve_"),
            validation_losses=recorded(found, "validation_loss_curve_"),
            rates=recorded(found, "learning_rate_curve_"),
            best_epochs={name: epoch for name, epoch in best.items() if epoch is not None},
            loss_name=common([unit.name for unit in units.values()], "each model's own"),
            step_name=common(
                [step_name(own["solver"]) for own in given.values()], "epoch or iteration"
            ),
            factors={name: unit.factor for name, unit in units.items()},
            **by_metric(metric, estimators, found, given, rows, differ),
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
            Where to draw: one Axes for each panel, a single one for the first panel alone.
            ``None`` makes a figure, in which more than six models have small axes of their own,
            with the others in grey, by default for the first panel only.
        panels : {"loss", "score", "rate"} or sequence of these, default=None
            What to draw; by default losses, scores where there are any, and rates where they
            are not all one constant.
        scale : {"auto", "linear", "log"}, default="auto"
            Scale of the losses; "auto" is logarithmic where they are positive and span a factor
            of ten.
        line_kw : dict, default=None
            Passed on to ``Axes.plot``.

        Returns
        -------
        self : LossCurveDisplay
            The display, drawn.
        """
        check_scale(scale)
        self.best_markers_: list[Any] = []
        self.final_markers_: list[Any] = []
        default, available = self._default_panels(), self._recorded_panels()
        chosen = self._chosen(panels, default[:1], available)
        cells = self._start_cells(ax, chosen, self.losses)
        if cells is not None:
            return self._plot_cells(cells, scale, line_kw)
        axes = self._start(ax, panels, default, available)
        styles = styles_by_name(self.losses, line_kw, dashed=False)
        for panel, where in axes.items():
            for name, style in styles.items():
                self._draw_model(panel, where, name, dict.fromkeys(ROWS, style))
            self._set_scale(panel, where, scale)
        self._set_labels(axes, self.step_name, self._texts)
        self._finish(handles(styles) + handles(self._meanings(axes, dict.fromkeys(ROWS, GREY))))
        return self

    def _plot_cells(self, cells: Cells, scale: str, line_kw: Mapping[str, Any] | None) -> Self:
        colors = dict(zip(ROWS, COLORS, strict=False))
        styles = {
            dashes: styles_by_name([dashes], {"color": color, **(line_kw or {})}, dashed=False)
            for dashes, color in colors.items()
        }
        styles = {dashes: style[dashes] for dashes, style in styles.items()}
        for panel, axes in cells.items():
            for name, where in axes.items():
                for other in self.losses:
                    for _, x, curve in self._curves_of(panel, other):
                        where.plot(x, curve, **BEHIND)
                self._draw_model(panel, where, name, styles)
                self._set_scale(panel, where, scale)
        self._label_cells(cells, self.step_name, self._texts)
        meanings = self._meanings(cells, colors, explain=True)
        self._finish(handles({**meanings, "the other models": BEHIND}))
        return self

    @property
    def _texts(self) -> dict[str, str]:
        return {"loss": self._loss_label, "score": self.score_name, "rate": "learning rate"}

    @property
    def _loss_label(self) -> str:
        if self.relative:
            return to_start(self.losses)[1]
        kind = "loss" if self.validation_losses else "training loss"
        return kind if self.loss_name is None else f"{kind} ({self.loss_name})"

    def _curves(self, panel: str) -> list[tuple[str, Curves]]:
        """Return the dashes and the curves of a panel."""
        found = {
            "loss": [("-", self.losses), ("--", self.validation_losses)],
            "score": [("-", self.training_scores), ("--", self.validation_scores)],
            "rate": [("-", self.rates)],
        }
        return [(dashes, curves) for dashes, curves in found[panel] if curves]

    def _curves_of(self, panel: str, name: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return dashes, epochs and values of the curves of a model in a panel, as drawn."""
        found = []
        for dashes, curves in self._curves(panel):
            if name in curves:
                values = np.asarray(curves[name], float)
                last = max(len(self.losses[name]), len(values))
                epochs = np.arange(last - len(values) + 1, last + 1)
                found.append((dashes, epochs, self._drawn(panel, name, values)))
        return found

    def _drawn(self, panel: str, name: str, values: np.ndarray) -> np.ndarray:
        """Return values in the units of the picture."""
        if panel != "loss":
            return values
        if self.relative:
            shift, size = to_start(self.losses)[0][name]
            return (values - shift) / size
        return values * (self.factors or {}).get(name, 1.0)

    def _all(self, panel: str) -> list[np.ndarray]:
        return [curve for name in self.losses for _, _, curve in self._curves_of(panel, name)]

    def _recorded_panels(self) -> list[str]:
        found = [panel for panel in self.panel_names if self._curves(panel)]
        if self.final_scores and "score" not in found:
            found.insert(1, "score")
        return sorted(found, key=lambda panel: panel != self.first_panel)

    def _default_panels(self) -> list[str]:
        rates = np.concatenate([[], *self._all("rate")])
        is_constant = not len(rates) or np.all(rates == rates[0])
        return [panel for panel in self._recorded_panels() if panel != "rate" or not is_constant]

    def _draw_model(
        self, panel: str, ax: Any, name: str, styles: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Draw the curves of a model, with a style for each kind of dashes, and its marks."""
        drawn = self._curves_of(panel, name)
        for dashes, epochs, curve in drawn:
            self._draw(ax, epochs, curve, {"linestyle": dashes, **styles[dashes], "label": name})
        best = (self.best_epochs or {}).get(name)
        if drawn and best is not None and panel != "rate":
            dashes, epochs, curve = drawn[-1]
            color, height = styles[dashes]["color"], curve[np.searchsorted(epochs, best)]
            self.best_markers_ += ax.plot(best, height, color=color, **BEST)
        if panel == "score" and name in (self.final_scores or {}):
            color = styles["-"]["color"]
            self.final_markers_ += ax.plot(*self.final_scores[name], color=color, **GIVEN)

    def _set_scale(self, panel: str, ax: Any, scale: str) -> None:
        count_epochs([ax])
        if panel == "loss":
            set_scale(ax, scale, self._all("loss"))
        if panel == "rate":
            set_rate_scale(ax, "auto", self._all("rate"))

    def _meanings(
        self, panels: Collection[str], colors: Mapping[str, Any], explain: bool = False
    ) -> dict[str, dict[str, Any]]:
        """Return what dashes and marks mean, where there are any, with their styles."""
        dashes = {style for panel in panels if panel != "rate" for style, _ in self._curves(panel)}
        if not (explain or self.final_markers_ or "--" in dashes):
            dashes = set()
        meanings: dict[str, dict[str, Any]] = {
            text: {"color": colors[style], "linestyle": style}
            for style, text in ROWS.items()
            if style in dashes
        }
        if self.best_markers_:
            meanings["best epoch"] = {"color": GREY, **BEST}
        if self.final_markers_:
            meanings["rows given"] = {"color": GREY, **GIVEN}
        return meanings
