"""Looking into networks: displays, and the learning-rate finder."""

from sknn_actloss.inspection._activation_display import ActivationDisplay
from sknn_actloss.inspection._learning_rate import LearningRateDisplay, find_learning_rate
from sknn_actloss.inspection._loss_curve_display import LossCurveDisplay
from sknn_actloss.inspection._loss_display import LossDisplay
from sknn_actloss.inspection._schedule_display import ScheduleDisplay
from sknn_actloss.training import RangeTest

__all__ = [
    "ActivationDisplay",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "LossDisplay",
    "RangeTest",
    "ScheduleDisplay",
    "find_learning_rate",
]
