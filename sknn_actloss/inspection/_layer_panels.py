"""Panels that show the layers of a fitted network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from sknn_actloss.inspection._display import Display
from sknn_actloss.inspection._findings import GRADIENT_FACTOR
from sknn_actloss.inspection._layers import LayerReport
from sknn_actloss.inspection._plotting import COLORS, GREY
from sknn_actloss.inspection._room import fill_room

#: Width of the bars of a layer, where layers are one apart.
WIDTH = 0.76

#: Shares of a layer with their text and colour.
SHARES = {"dead": ("dead units", COLORS[1]), "saturated": ("saturated outputs", COLORS[4])}

#: Outputs that are larger than usual by this factor would flatten those of other layers.
EXTREME = 50

#: Names of layers along an axis, at most.
MOST_NAMES = 12


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
            The display, drawn.
        """
        available = self._available()
        axes = self._start(ax, panels, available, available)
        self.bars_: list[Any] = []
        self.errorbars_: list[Any] = []
        for name, panel in axes.items():
            getattr(self, f"_draw_{name}")(panel)
            self._label_layers(panel)
        legends: dict[Any, dict[str, Any]] = {
            panel: {} for panel in axes.values() if panel.get_legend_handles_labels()[0]
        }
        fill_room(self.axes_, legends, fixed=[axes[name] for name in axes if name == "shares"])
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
        sizes = np.abs(mean) + std
        usual = np.quantile(sizes, 0.5, method="lower")
        if sizes.max() > EXTREME * usual > 0:
            ax.set_yscale("symlog", linthresh=usual)
        self.errorbars_.append(ax.errorbar(range(len(hidden)), mean, std, **style))
        ax.axhline(0.0, color=GREY, linewidth=0.8, zorder=0)
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
            _label_bars(ax, bars, is_crowded=len(hidden) * len(known) > 8)
            self.bars_.append(bars)
        ax.set(title="Dead and saturated", ylabel="share (%)", ylim=(0, 100))
        ax.set_yticks(range(0, 101, 20))

    def _draw_gradients(self, ax: Any) -> None:
        norms = [layer.gradient_norm for layer in self.layers]
        self._draw_by_layer(ax, norms)
        limit = norms[-1] / GRADIENT_FACTOR
        if limit > 0:
            label = "1/1000 of the last layer's"
            ax.axhline(limit, color=COLORS[1], linestyle="--", linewidth=1, label=label)
        ax.set(title="Gradients", ylabel="norm of a row's gradient")

    def _draw_steps(self, ax: Any) -> None:
        self._draw_by_layer(ax, [layer.update_ratio for layer in self.layers])
        ax.axhline(1e-3, color=GREY, linestyle="--", linewidth=1, label="usual size")
        low, high = ax.get_ylim()
        ax.set_ylim(min(low, 1e-4), max(high, 1e-2))
        ax.set(title="Steps of the solver", ylabel="norm of the step / of the weights")

    def _draw_by_layer(self, ax: Any, values: Sequence[float]) -> None:
        """Draw positive numbers on a logarithmic axis; those of zero are written below."""
        shown = np.array(values, float)
        shown[shown <= 0] = np.nan
        self._draw(ax, range(len(shown)), shown, {"color": COLORS[0], "marker": "o"})
        if np.isfinite(shown).any():
            ax.set_yscale("log")
        else:
            ax.set_yticks([])
        for index in np.flatnonzero(np.equal(values, 0)):
            ax.text(index, 0.02, "0", transform=ax.get_xaxis_transform(), ha="center")

    def _label_layers(self, ax: Any) -> None:
        names = [layer.name for layer in self.layers]
        is_crowded, step = len(names) > 4, -(-len(names) // MOST_NAMES)
        shown = range((len(names) - 1) % step, len(names), step)
        ax.set_xticks(
            shown,
            [names[index] for index in shown],
            rotation=45 if is_crowded else 0,
            ha="right" if is_crowded else "center",
        )
        ax.set_xlim(-0.6, len(names) - 0.4)


def _label_bars(ax: Any, bars: Any, is_crowded: bool) -> None:
    """Write percentages on top of bars, within those that reach the top of the axes."""
    style = {"ha": "center", "fontsize": "small", "rotation": 90 if is_crowded else 0}
    for bar in bars:
        height, center = bar.get_height(), bar.get_x() + bar.get_width() / 2
        is_high = height > 85
        ax.text(
            center,
            height - 1.5 if is_high else height + 1.0,
            f"{height:.0f}",
            va="top" if is_high else "bottom",
            **style,
        )
