"""Looking into networks: diagnosis, explanations, displays, and the learning-rate finder."""

from sknn_actloss.inspection._activation_display import ActivationDisplay
from sknn_actloss.inspection._course import CourseReport
from sknn_actloss.inspection._diagnosis import (
    CommitteeDiagnosis,
    Diagnosis,
    DiagnosisDisplay,
    diagnose,
)
from sknn_actloss.inspection._explanations import (
    feature_importances,
    input_gradients,
    integrated_gradients,
)
from sknn_actloss.inspection._findings import Finding
from sknn_actloss.inspection._importance_display import FeatureImportanceDisplay
from sknn_actloss.inspection._inputs import InputReport
from sknn_actloss.inspection._layers import LayerReport
from sknn_actloss.inspection._learning_rate import (
    LearningRateCurve,
    LearningRateDisplay,
    find_learning_rate,
)
from sknn_actloss.inspection._loss_curve_display import LossCurveDisplay
from sknn_actloss.inspection._loss_display import LossDisplay
from sknn_actloss.inspection._schedule_display import ScheduleDisplay

__all__ = [
    "ActivationDisplay",
    "CommitteeDiagnosis",
    "CourseReport",
    "Diagnosis",
    "DiagnosisDisplay",
    "FeatureImportanceDisplay",
    "Finding",
    "InputReport",
    "LayerReport",
    "LearningRateCurve",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "LossDisplay",
    "ScheduleDisplay",
    "diagnose",
    "feature_importances",
    "find_learning_rate",
    "input_gradients",
    "integrated_gradients",
]
