"""Panels that show the layers of a fitted network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.inspection._findings import GRADIENT_FACTOR
from sknn_actloss.inspection._layers import LayerReport
from sknn_actloss.inspection._plotting import COLORS, GREY, Display

#: Width of the bars of a layer, where layers are one apart.
WIDTH = 0.76

#: Shares of a layer with their text and colour.
SHARES = {"dead": ("dead units", COLORS[1]), "saturated": ("saturated outputs", COLORS[4])}


class LayerPanels(Display):
    """Panels with a mark or bar for each layer: activations, shares of units, gradients, steps.

    Parameters
    ----------
    layers : sequence of LayerReport
        Each layer of weights, the output layer last.
    """

    panel_names: ClassVar[tuple[str, ...]] = ("activations", "shares", "gradients", "steps")

    def __init__(self, layers: Sequence[LayerReport]) -> None:
        self.layers = layers

    def plot(self, ax: Any = None, *, panels: str | Sequence[str] | None = None) -> Self:
        """Draw the layers.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of Axes, default=None
            Where to draw, one for each panel; a single one takes the first panel. ``None`` makes
            a figure.
        panels : str or sequence of str, default=None
            What to show: "activations" (mean and standard deviation of the outputs of hidden
            layers), "shares" (of dead units and saturated outputs), "gradients" (norms), "steps"
            (divided by the norm of the weights). By default all that the network has.

        Returns
        -------
        self : object
        """
        available = self._available()
        axes = self._start(ax, panels, available, available)
        self.bars_: list[Any] = []
        self.errorbars_: list[Any] = []
        for name, panel in axes.items():
            getattr(self, f"_draw_{name}")(panel)
            self._label_layers(panel)
        return self

    def _available(self) -> tuple[str, ...]:
        layers = self.layers
        hidden = self.panel_names[:2] if len(layers) > 1 else ()
        steps = () if layers[0].update_ratio is None else ("steps",)
        return (*hidden, "gradients", *steps)

    def _draw_activations(self, ax: Any) -> None:
        hidden = self.layers[:-1]
        mean, std = [layer.mean for layer in hidden], [layer.std for layer in hidden]
        style = {"fmt": "o", "capsize": 4, "color": COLORS[0]}
        self.errorbars_.append(ax.errorbar(range(len(hidden)), mean, std, **style))
        ax.axhline(0.0, color=GREY, linewidth=0.8)
        ax.set(title="Outputs of units", ylabel="mean ± standard deviation")

    def _draw_shares(self, ax: Any) -> None:
        hidden = self.layers[:-1]
        known = [name for name in SHARES if any(getattr(x, name) is not None for x in hidden)]
        for shift, name in zip(
            np.linspace(-0.5, 0.5, 2 * len(known) + 1)[1::2], known, strict=True
        ):
            shares = [(index, getattr(layer, name)) for index, layer in enumerate(hidden)]
            shares = [(index, 100 * share) for index, share in shares if share is not None]
            indices, heights = np.transpose(shares)
            text, color = SHARES[name]
            bars = ax.bar(
                indices + WIDTH * shift, heights, WIDTH / len(known), color=color, label=text
            )
            ax.bar_label(bars, fmt="%.0f", fontsize="small")
            self.bars_.append(bars)
        ax.set(title="Dead and saturated", ylabel="share (%)", ylim=(0, 125))
        ax.set_yticks(range(0, 101, 20))
        ax.legend(loc="upper center", ncols=2)

    def _draw_gradients(self, ax: Any) -> None:
        norms = [layer.gradient_norm for layer in self.layers]
        self._draw_by_layer(ax, norms)
        limit = norms[-1] / GRADIENT_FACTOR
        if limit > 0:
            label = "1/1000 of the last layer's"
            ax.axhline(limit, color=COLORS[1], linestyle="--", linewidth=1, label=label)
            ax.legend(loc="lower right")
        ax.set(title="Gradients", ylabel="norm of a row's gradient")

    def _draw_steps(self, ax: Any) -> None:
        self._draw_by_layer(ax, [layer.update_ratio for layer in self.layers])
        ax.axhline(1e-3, color=GREY, linestyle="--", linewidth=1, label="usual size")
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, 1e-4), max(high, 1e-2))
        ax.legend(loc="lower right")
        ax.set(title="Steps of the solver", ylabel="norm of the step / of the weights")

    def _draw_by_layer(self, ax: Any, values: Sequence[float]) -> None:
        """Draw positive numbers on a logarithmic axis; those of zero are left out."""
        shown = np.array(values, float)
        shown[shown <= 0] = np.nan
        self._draw(ax, range(len(shown)), shown, {"color": COLORS[0], "marker": "o"})
        if np.isfinite(shown).any():
            ax.set_yscale("log")

    def _label_layers(self, ax: Any) -> None:
        names = [layer.name for layer in self.layers]
        is_crowded = len(names) > 4
        ax.set_xticks(
            range(len(names)),
            names,
            rotation=45 if is_crowded else 0,
            ha="right" if is_crowded else "center",
        )
        ax.set_xlim(-0.6, len(names) - 0.4)
