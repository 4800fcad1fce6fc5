"""Networks in lockstep: rows, layers, flat parameters, forward and backward passes."""

from sknn_actloss.core.derivatives import Backward
from sknn_actloss.core.dropout import mask_streams
from sknn_actloss.core.inference import forward, hidden_outputs, raw_outputs
from sknn_actloss.core.layers import ATTRIBUTE_NAMES, Layer, Step
from sknn_actloss.core.layout import Layout, Slot, Views
from sknn_actloss.core.model import Model, layers_of, plain_layout
from sknn_actloss.core.network import LayerSignals, Network
from sknn_actloss.core.objective import Objective
from sknn_actloss.core.penalty import penalty_of
from sknn_actloss.core.predictor import Predictor
from sknn_actloss.core.rows import Columns, CSRRows, DenseRows, Rows, as_rows
from sknn_actloss.core.workspace import Workspace

__all__ = [
    "ATTRIBUTE_NAMES",
    "Backward",
    "CSRRows",
    "Columns",
    "DenseRows",
    "Layer",
    "LayerSignals",
    "Layout",
    "Model",
    "Network",
    "Objective",
    "Predictor",
    "Rows",
    "Slot",
    "Step",
    "Views",
    "Workspace",
    "as_rows",
    "forward",
    "hidden_outputs",
    "layers_of",
    "mask_streams",
    "penalty_of",
    "plain_layout",
    "raw_outputs",
]
