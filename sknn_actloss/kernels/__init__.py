"""What steps of training and predictions do to arrays.

A kernel is bound to its arrays once, and returns the calls that act on them in place, whatever is
written to the arrays meanwhile. NumPy's are the reference, :mod:`sknn_actloss.kernels.numpy`, where
each one is described; :mod:`sknn_actloss.kernels.numba` has the same names. A kernel of this module
is that of the set which :func:`sknn_actloss.set_config` has chosen when it is bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from sknn_actloss.kernels import numpy as reference
from sknn_actloss.kernels._choice import chosen, pays

__all__ = ["chosen", "pays"]
__all__ += reference.__all__


def _chosen(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return what calls the kernel of the same name of the chosen set."""
    name = kernel.__name__

    @wraps(kernel)
    def call(*arguments: Any) -> Any:
        return getattr(chosen(), name)(*arguments)

    return call


adadelta = _chosen(reference.adadelta)
adagrad = _chosen(reference.adagrad)
adam = _chosen(reference.adam)
adamax = _chosen(reference.adamax)
add_row = _chosen(reference.add_row)
add_scaled = _chosen(reference.add_scaled)
binary_log_loss = _chosen(reference.binary_log_loss)
clamp = _chosen(reference.clamp)
clamp_backward = _chosen(reference.clamp_backward)
clamped_residual = _chosen(reference.clamped_residual)
drop = _chosen(reference.drop)
dropout_mask = _chosen(reference.dropout_mask)
excess = _chosen(reference.excess)
fused = _chosen(reference.fused)
gather = _chosen(reference.gather)
hard_sigmoid = _chosen(reference.hard_sigmoid)
hard_sigmoid_backward = _chosen(reference.hard_sigmoid_backward)
hard_silu = _chosen(reference.hard_silu)
hard_silu_backward = _chosen(reference.hard_silu_backward)
hinge = _chosen(reference.hinge)
leaky_relu = _chosen(reference.leaky_relu)
leaky_relu_backward = _chosen(reference.leaky_relu_backward)
lion = _chosen(reference.lion)
log_loss = _chosen(reference.log_loss)
log_loss_by_totals = _chosen(reference.log_loss_by_totals)
logistic = _chosen(reference.logistic)
logistic_backward = _chosen(reference.logistic_backward)
nadam = _chosen(reference.nadam)
product = _chosen(reference.product)
relu = _chosen(reference.relu)
relu_backward = _chosen(reference.relu_backward)
residual = _chosen(reference.residual)
residual_beyond = _chosen(reference.residual_beyond)
residual_sign = _chosen(reference.residual_sign)
rmsprop = _chosen(reference.rmsprop)
row_dot = _chosen(reference.row_dot)
row_sum = _chosen(reference.row_sum)
scale = _chosen(reference.scale)
sgd = _chosen(reference.sgd)
softmax_residual = _chosen(reference.softmax_residual)
squared_hinge = _chosen(reference.squared_hinge)
tanh_backward = _chosen(reference.tanh_backward)
weigh = _chosen(reference.weigh)
