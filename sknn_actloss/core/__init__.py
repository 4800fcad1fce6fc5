"""Networks in lockstep: flat parameters, workspaces, forward and backward passes."""

from sknn_actloss.core.inference import raw_outputs
from sknn_actloss.core.model import Model
from sknn_actloss.core.network import Hidden, Network, hidden_layers
from sknn_actloss.core.parameters import Layout

__all__ = ["Hidden", "Layout", "Model", "Network", "hidden_layers", "raw_outputs"]
