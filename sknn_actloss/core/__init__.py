"""Networks in lockstep: flat parameters, workspaces, forward and backward passes."""

from sknn_actloss.core.inference import raw_outputs
from sknn_actloss.core.model import Hidden, Model, hidden_layers
from sknn_actloss.core.network import Network
from sknn_actloss.core.parameters import Layout
from sknn_actloss.core.rows import gather, gather_csr
from sknn_actloss.core.workspace import Workspace

__all__ = [
    "Hidden",
    "Layout",
    "Model",
    "Network",
    "Workspace",
    "gather",
    "gather_csr",
    "hidden_layers",
    "raw_outputs",
]
