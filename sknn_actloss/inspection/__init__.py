"""Looks at networks: displays of curves, activations, losses and schedules."""

from sknn_actloss.inspection._activation_display import ActivationDisplay
from sknn_actloss.inspection._loss_curve_display import LossCurveDisplay
from sknn_actloss.inspection._loss_display import LossDisplay
from sknn_actloss.inspection._schedule_display import ScheduleDisplay

__all__ = ["ActivationDisplay", "LossCurveDisplay", "LossDisplay", "ScheduleDisplay"]
