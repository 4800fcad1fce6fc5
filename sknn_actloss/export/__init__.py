"""Fitted estimators for those who do without Python or scikit-learn: ONNX, and C."""

from contextlib import suppress
from importlib.util import find_spec

from sknn_actloss.export._c import to_c
from sknn_actloss.export._onnx import to_onnx
from sknn_actloss.export._onnx_converters import register_onnx_converters

__all__ = ["register_onnx_converters", "to_c", "to_onnx"]

# Else networks would be converted by what others have registered for scikit-learn's.
if find_spec("skl2onnx") is not None:
    with suppress(ImportError):  # to_onnx tells what is wrong with it
        register_onnx_converters()
