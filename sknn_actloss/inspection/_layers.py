"""The layers of a fitted network in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sknn_actloss.activations import Activation, canonical_name
from sknn_actloss.core import Layout, Model
from sknn_actloss.inspection._signals import Signals


@dataclass(frozen=True)
class LayerReport:
    """A layer of weights and the units that they lead to.

    Parameters
    ----------
    name : str
        "hidden 1", "hidden 2" and so on, and "output".
    activation : str
        Name of the activation, or the instance as text.
    n_units : int
        Number of units.
    dead : float or None
        Share of the units that put out zero for all rows; ``None`` for the output layer.
    saturated : float or None
        Share of the outputs within 1 % of an end of the activation's range; ``None`` for the
        output layer and where the range is not bounded.
    mean, std : float or None
        Mean and standard deviation of the outputs; ``None`` for the output layer.
    gradient_norm : float
        Root of the mean over rows of the squared norm of the derivative of a row's loss with
        respect to the weights.
    update_ratio : float or None
        Norm of a step of the solver, divided by that of the weights; ``None`` with "lbfgs".

    See Also
    --------
    Diagnosis : Holds one for each layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(scale(X), y)
    >>> [layer.name for layer in diagnose(model, scale(X), y).layers]
    ['hidden 1', 'output']
    """

    name: str
    activation: str
    n_units: int
    dead: float | None
    saturated: float | None
    mean: float | None
    std: float | None
    gradient_norm: float
    update_ratio: float | None


def layer_reports(
    layout: Layout, model: Model, signals: Signals, ratios: list[float] | None
) -> list[LayerReport]:
    """Gather what is known of each layer, the output layer last."""
    n_layers, n_units = layout.n_layers, layout.layer_sizes[1:]
    activations = [*model.activations, model.output]
    outputs = [(o.dead, o.saturated, o.mean, o.std) for o in signals.hidden] + [(None,) * 4]
    return [
        LayerReport(
            f"hidden {layer + 1}" if layer + 1 < n_layers else "output",
            _text(activations[layer]),
            n_units[layer],
            *outputs[layer],
            signals.gradient_norms[layer],
            None if ratios is None else ratios[layer],
        )
        for layer in range(n_layers)
    ]


def _text(activation: Activation) -> str:
    name = canonical_name(activation)
    return name if name and activation == type(activation)() else repr(activation)
