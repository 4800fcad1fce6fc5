"""Looking into estimators: displays and diagnoses."""

from sknn_actloss.inspection._learning_rate import LearningRateDisplay, find_learning_rate
from sknn_actloss.training import RangeTest

__all__ = ["LearningRateDisplay", "RangeTest", "find_learning_rate"]
