"""Looks into networks: diagnosis of a fit."""

from sknn_actloss.inspection._course import CourseReport
from sknn_actloss.inspection._diagnosis import Diagnosis, diagnose
from sknn_actloss.inspection._findings import Finding
from sknn_actloss.inspection._inputs import InputReport
from sknn_actloss.inspection._layers import LayerReport

__all__ = ["CourseReport", "Diagnosis", "Finding", "InputReport", "LayerReport", "diagnose"]
