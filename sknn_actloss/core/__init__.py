"""Networks in lockstep: flat parameters, workspaces, forward and backward passes."""

from sknn_actloss.core.dropout import mask_streams
from sknn_actloss.core.inference import hidden_outputs, layer_products, raw_outputs
from sknn_actloss.core.model import Hidden, Model
from sknn_actloss.core.network import Network
from sknn_actloss.core.parameters import Layout, Views
from sknn_actloss.core.rows import gather, gather_csr
from sknn_actloss.core.workspace import Needs, Workspace

__all__ = [
    "Hidden",
    "Layout",
    "Model",
    "Needs",
    "Network",
    "Views",
    "Workspace",
    "gather",
    "gather_csr",
    "hidden_outputs",
    "layer_products",
    "mask_streams",
    "raw_outputs",
]
