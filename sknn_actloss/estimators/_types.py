"""What parameters of the estimators accept, for type checkers and editors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from sknn_actloss import (
    _names,
    activations,
    averaging,
    committee,
    dropout,
    feature_scale,
    initializers,
    losses,
    monitor,
    normalization,
    persistence,
    schedules,
    solvers,
)

Elementwise: TypeAlias = Callable[[np.ndarray], np.ndarray]

Sizes: TypeAlias = int | Sequence[int] | np.ndarray
Activation: TypeAlias = _names.ActivationName | activations.Activation | Elementwise
Activations: TypeAlias = Activation | Sequence[Activation]
OutputActivation: TypeAlias = (
    _names.OutputActivationName | Literal["auto"] | activations.Activation | Elementwise
)
ClassificationLoss: TypeAlias = _names.ClassificationLossName | losses.LossSpec
RegressionLoss: TypeAlias = _names.RegressionLossName | losses.LossSpec
ClassWeight: TypeAlias = dict[Any, float] | list[dict[int, float]] | Literal["balanced"] | None
TargetScaling: TypeAlias = Literal["standard", "robust"] | None
Solver: TypeAlias = _names.SolverName | solvers.Solver
LearningRate: TypeAlias = (
    _names.ScheduleName | schedules.Schedule | Callable[[Any], float | np.ndarray] | float
)
Initializer: TypeAlias = _names.InitializerName | initializers.Initializer
Normalization: TypeAlias = _names.NormalizationName | normalization.Normalization | None
Averaging: TypeAlias = _names.AveragingName | averaging.Averaging | None
Dropout: TypeAlias = float | Sequence[float] | np.ndarray | dropout.FallingDropout
FeatureScale: TypeAlias = bool | feature_scale.FeatureScale
Members: TypeAlias = int | committee.Committee
Metric: TypeAlias = str | Callable[..., float] | monitor.Monitor
Checkpoint: TypeAlias = persistence.Checkpoint | None
RandomState: TypeAlias = int | np.random.RandomState | None
Count: TypeAlias = int | Literal["auto"]
Rate: TypeAlias = float | Literal["auto"]
Switch: TypeAlias = bool | Literal["auto"]
DType: TypeAlias = Literal["auto", "float32", "float64"]
