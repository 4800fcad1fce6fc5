"""What a fit leaves behind, for type checkers and editors; the docstrings describe it."""

from __future__ import annotations

from typing import Self

import numpy as np


class FittedAttributes:
    """The attributes that ``fit`` sets on networks; some of them depend on parameters."""

    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    members_: list[Self]
    feature_scale_: np.ndarray
    oof_prediction_: np.ndarray
    oof_score_: float
    temperature_: float
    normalization_scales_: list[np.ndarray]
    normalization_offsets_: list[np.ndarray]
    running_means_: list[np.ndarray]
    running_variances_: list[np.ndarray]
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    learning_rate_curve_: list[float]
    validation_loss_curve_: list[float] | None
    score_curve_: list[float]
    learning_rate_init_: float
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_iter_: int
    t_: int
    n_layers_: int
    n_outputs_: int
    out_activation_: str
    n_features_in_: int
    feature_names_in_: np.ndarray
