"""Components: those of the tables by name or as an instance, with fields that are drawn."""

from __future__ import annotations

from typing import Any

from sknn_actloss import Committee, activations, losses, schedules, solvers
from sknn_actloss._component import Component, Table
from sknn_actloss.activations import ACTIVATIONS, FunctionActivation
from sknn_actloss.averaging import AVERAGES, EMA, SWA
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.initializers import INITIALIZERS, Glorot, He, LeCun
from sknn_actloss.losses import LOSSES, FunctionLoss
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm, LayerNorm
from sknn_actloss.schedules import SCHEDULES, FunctionSchedule
from sknn_actloss.solvers import SOLVERS

from .draws import Draw, Strategy, between, orders
from .functions import cauchy, fading, square, swish

_UNIT = [0.0, 0.5, 0.9, 0.99, between(0, 0.999)]
_WARMUP = {"warmup": [0.0, 1, 2.5, 10]}
_END = _WARMUP | {"end": [0.0, 0.1, 1.0]}
_FALL = _WARMUP | {"gamma": [1.0, 0.5, between(0.1, 1)]}
_FAN_IN = {"fan_in_reference": [None, None, 1.0, 8, orders(0.1, 1000)]}
_EPSILON = {"epsilon": [1e-8, 1e-3, orders(1e-12, 1)]}
_MOMENTS = _FAN_IN | _EPSILON | {"beta_1": _UNIT, "beta_2": _UNIT}
_DRAWN_WEIGHTS = {"distribution": ["uniform", "normal"], "bias_deviation": [0.0, 0.1, 1]}
_POSITIVE = [1.0, 0.5, 2, orders(0.05, 20)]
_LEVELS = [(0.5,), [0.1, 0.5, 0.9], (0.9, 0.5, 0.1), (0.05, 0.25, 0.5, 0.75, 0.95)]

#: Reasonable values of the fields of each component that has some.
FIELDS: dict[type[Component], dict[str, list[Any]]] = {
    activations.Logistic: {"slope": _POSITIVE},
    activations.Tanh: {"slope": _POSITIVE},
    activations.LeakyReLU: {"negative_slope": [0.01, 0.0, 1, between(0, 1)]},
    activations.ELU: {"alpha": _POSITIVE},
    activations.CELU: {"alpha": _POSITIVE},
    activations.GELU: {"approximate": [False, True]},
    activations.Softplus: {"beta": _POSITIVE},
    activations.Squareplus: {"b": _POSITIVE},
    FunctionActivation: {"func": [swish, square], "derivative": [None]},
    losses.Huber: {"delta": _POSITIVE},
    losses.Quantile: {"quantile": [0.5, 0.1, between(0.02, 0.98), *_LEVELS]},
    losses.GaussianNLL: {"min_variance": [1e-6, orders(1e-8, 1)]},
    losses.EpsilonInsensitive: {"epsilon": [0.0, 0.1, between(0, 2)]},
    losses.SquaredEpsilonInsensitive: {"epsilon": [0.0, 0.1, between(0, 2)]},
    losses.Tweedie: {"power": [0, 1, 1.5, 2.0, 3, -1.0, between(1, 3)]},
    losses.LogLoss: {"label_smoothing": [0.0, 0.1, between(0, 0.9)]},
    losses.Focal: {"gamma": [0, 2.0, 0.5, between(0, 5)], "alpha": [None, None, 0.25, 1.0]},
    FunctionLoss: {"value": [cauchy], "gradient": [None]},
    schedules.Constant: _WARMUP,
    schedules.InvScaling: {"power_t": [0.5, 0, 1, between(0, 2)]},
    schedules.Step: _FALL | {"step_size": [1, 2, 50]},
    schedules.MultiStep: _FALL | {"milestones": [(100, 150), [1], (1, 2, 4)]},
    schedules.Exponential: _FALL,
    schedules.Linear: _END,
    schedules.Polynomial: _END | {"power": [1.0, 2, 0.5]},
    schedules.Cosine: _END,
    schedules.CosineRestarts: _END | {"first": [1, 2, 10], "multiplier": [1, 1.5, 2]},
    schedules.CosineCycles: {"n_cycles": [1, 2, 3, 4]},
    schedules.OneCycle: {
        "pct_start": [0.3, 0.0, between(0, 0.99)],
        "div": [25.0, 1, 5],
        "final_div": [1e4, 1, 100],
    },
    schedules.ReduceOnPlateau: {
        "factor": [0.1, 0.5],
        "patience": [0, 1, 10],
        "threshold": [0.0, 1e-4, 0.1],
        "cooldown": [0, 1, 3],
        "min_rate": [0.0, 1e-5],
    },
    FunctionSchedule: {"func": [fading]},
    solvers.SGD: _FAN_IN | {"momentum": [0.9, *_UNIT], "nesterovs_momentum": [True, False]},
    solvers.Adam: _MOMENTS | {"amsgrad": [False, True]},
    solvers.AdamW: _MOMENTS | {"amsgrad": [False, True], "weight_decay": [0.01, 0.0, 0.1]},
    solvers.Nadam: _MOMENTS,
    solvers.Adamax: _MOMENTS,
    solvers.RMSprop: _FAN_IN | _EPSILON | {"rho": _UNIT},
    solvers.Adagrad: _FAN_IN | _EPSILON,
    solvers.Adadelta: _FAN_IN | _EPSILON | {"rho": _UNIT},
    solvers.Lion: _FAN_IN | {"beta_1": _UNIT, "beta_2": _UNIT},
    solvers.LBFGS: {"max_fun": [15000, 1, 5], "max_corrections": [10, 1, 3]},
    Glorot: _DRAWN_WEIGHTS,
    He: _DRAWN_WEIGHTS,
    LeCun: _DRAWN_WEIGHTS,
    BatchNorm: {"epsilon": [1e-5, orders(1e-8, 1)], "momentum": [0.1, 1, between(0.01, 1)]},
    LayerNorm: {"epsilon": [1e-5, orders(1e-8, 1)]},
    EMA: {"decay": _UNIT},
    SWA: {"start": [0.0, 0.75, 0.5]},
    FallingDropout: {"rate": [0.15, 0.0, 0.5], "input_rate": [0.0, 0.1]},
    FeatureScale: {"rate_factor": [6.0, 1, orders(0.1, 10)]},
    Committee: {
        "n_members": [2, 3, 4],
        "resample": [None, "folds", "bootstrap"],
        "calibrate": [None, "temperature"],
    },
}

#: Components of users' functions, which no table has.
FUNCTIONS = {
    "activation": FunctionActivation,
    "loss": FunctionLoss,
    "learning_rate": FunctionSchedule,
}


def tables(task: str) -> dict[str, Table]:
    """Return the tables of components by the parameter of an estimator that takes them."""
    return {
        "activation": ACTIVATIONS,
        "out_activation": ACTIVATIONS,
        "loss": LOSSES[task],
        "learning_rate": SCHEDULES,
        "solver": SOLVERS,
        "weight_init": INITIALIZERS,
        "normalization": NORMALIZATIONS,
        "weight_averaging": AVERAGES,
    }


def components() -> list[type[Component]]:
    """Return the classes of all components that an estimator takes."""
    classes = {
        type(table[name]()) for task in LOSSES for table in tables(task).values() for name in table
    }
    others = [*FUNCTIONS.values(), FallingDropout, FeatureScale, Committee]
    return sorted(classes, key=lambda kind: kind.__qualname__) + others


def with_fields(draw: Draw, kind: type[Component]) -> Component:
    """Return an instance of a component with reasonable fields."""
    fields = FIELDS.get(kind, {})
    return kind(**{name: draw.value(values) for name, values in fields.items()})


def instance_of(kind: type[Component]) -> Strategy:
    """Return a strategy for instances of a component."""
    return Strategy(lambda draw: with_fields(draw, kind))


def one_of(table: Table, names: list[str] | None = None) -> Strategy:
    """Return a strategy for names and instances of a table.

    Parameters
    ----------
    table : Table
    names : list of str, optional
        Those to choose from, all by default.
    """

    def drawn(draw: Draw) -> Any:
        name = draw.choice(names or table.names)
        return with_fields(draw, type(table[name]())) if draw.chance(0.4) else name

    return Strategy(drawn)
