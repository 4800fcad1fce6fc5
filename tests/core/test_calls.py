"""The calls of a step of the plain network, written down: functions and shapes of operands."""

from __future__ import annotations

import numpy as np
import pytest

from sknn_actloss import config_context
from sknn_actloss.activations import GELU, Identity, Tanh
from sknn_actloss.core import DenseRows, Model, Network
from sknn_actloss.losses import SquaredError

#: By number of members, hidden layers, and whether rows begin with a one.
CALLS = {
    (1, (), False): [
        "dot 12x3 3x2 12x2",
        "add 12x2 1x2 12x2",
        "subtract 1x12x2 12x2 1x12x2",
        "multiply 1x12x2 () 1x12x2",
        "dot 3x12 12x2 3x2",
        "dot 12 12x2 2",
        "multiply 1x6 () 1x6",
        "add 1x6 1x6 1x6",
        "dot 6 6 ()",
    ],
    (1, (), True): [
        "dot 12x4 4x2 12x2",
        "copyto 1x12x2 1x12x2",
        "subtract 1x12x2 12x2 1x12x2",
        "multiply 1x12x2 () 1x12x2",
        "dot 4x12 12x2 4x2",
        "multiply 1x6 () 1x6",
        "add 1x6 1x6 1x6",
        "dot 6 6 ()",
    ],
    (1, (6, 5), False): [
        "dot 12x3 3x6 12x6",
        "add 12x6 1x6 12x6",
        "tanh 1x12x6 1x12x6",
        "dot 12x6 6x5 12x5",
        "add 12x5 1x5 12x5",
        "GELU.forward 1x12x5 1x12x5",
        "dot 12x5 5x2 12x2",
        "add 12x2 1x2 12x2",
        "subtract 1x12x2 12x2 1x12x2",
        "multiply 1x12x2 () 1x12x2",
        "dot 5x12 12x2 5x2",
        "dot 12 12x2 2",
        "dot 12x2 2x5 12x5",
        "GELU.backward 1x12x5 1x12x5 1x12x5",
        "dot 6x12 12x5 6x5",
        "dot 12 12x5 5",
        "dot 12x5 5x6 12x6",
        "multiply 1x12x6 1x12x6 1x12x6",
        "subtract () 1x12x6 1x12x6",
        "multiply 1x12x6 1x12x6 1x12x6",
        "dot 3x12 12x6 3x6",
        "dot 12 12x6 6",
        "multiply 1x58 () 1x58",
        "add 1x58 1x58 1x58",
        "dot 58 58 ()",
    ],
    (1, (6, 5), True): [
        "dot 12x4 4x6 12x6",
        "tanh 1x12x6 1x12x6",
        "dot 12x6 6x5 12x5",
        "add 12x5 1x5 12x5",
        "GELU.forward 1x12x5 1x12x5",
        "dot 12x5 5x2 12x2",
        "add 12x2 1x2 12x2",
        "subtract 1x12x2 12x2 1x12x2",
        "multiply 1x12x2 () 1x12x2",
        "dot 5x12 12x2 5x2",
        "dot 12 12x2 2",
        "dot 12x2 2x5 12x5",
        "GELU.backward 1x12x5 1x12x5 1x12x5",
        "dot 6x12 12x5 6x5",
        "dot 12 12x5 5",
        "dot 12x5 5x6 12x6",
        "multiply 1x12x6 1x12x6 1x12x6",
        "subtract () 1x12x6 1x12x6",
        "multiply 1x12x6 1x12x6 1x12x6",
        "dot 4x12 12x6 4x6",
        "multiply 1x58 () 1x58",
        "add 1x58 1x58 1x58",
        "dot 58 58 ()",
    ],
    (3, (), False): [
        "matmul 12x3 3x3x2 3x12x2",
        "add 3x12x2 3x1x2 3x12x2",
        "subtract 3x12x2 12x2 3x12x2",
        "multiply 3x12x2 () 3x12x2",
        "matmul 3x12 3x12x2 3x3x2",
        "matmul 12 3x12x2 3x2",
        "multiply 3x8 3x8 3x8",
        "add 3x8 3x8 3x8",
        "vecdot 3x6 3x6 3",
    ],
    (3, (), True): [
        "matmul 12x4 3x4x2 3x12x2",
        "copyto 3x12x2 3x12x2",
        "subtract 3x12x2 12x2 3x12x2",
        "multiply 3x12x2 () 3x12x2",
        "matmul 4x12 3x12x2 3x4x2",
        "multiply 3x8 3x8 3x8",
        "add 3x8 3x8 3x8",
        "vecdot 3x6 3x6 3",
    ],
    (3, (6, 5), False): [
        "matmul 12x3 3x3x6 3x12x6",
        "add 3x12x6 3x1x6 3x12x6",
        "tanh 3x12x6 3x12x6",
        "matmul 3x12x6 3x6x5 3x12x5",
        "add 3x12x5 3x1x5 3x12x5",
        "GELU.forward 3x12x5 3x12x5",
        "matmul 3x12x5 3x5x2 3x12x2",
        "add 3x12x2 3x1x2 3x12x2",
        "subtract 3x12x2 12x2 3x12x2",
        "multiply 3x12x2 () 3x12x2",
        "matmul 3x5x12 3x12x2 3x5x2",
        "matmul 12 3x12x2 3x2",
        "matmul 3x12x2 3x2x5 3x12x5",
        "GELU.backward 3x12x5 3x12x5 3x12x5",
        "matmul 3x6x12 3x12x5 3x6x5",
        "matmul 12 3x12x5 3x5",
        "matmul 3x12x5 3x5x6 3x12x6",
        "multiply 3x12x6 3x12x6 3x12x6",
        "subtract () 3x12x6 3x12x6",
        "multiply 3x12x6 3x12x6 3x12x6",
        "matmul 3x12 3x12x6 3x3x6",
        "matmul 12 3x12x6 3x6",
        "multiply 3x71 3x71 3x71",
        "add 3x71 3x71 3x71",
        "vecdot 3x58 3x58 3",
    ],
    (3, (6, 5), True): [
        "matmul 12x4 3x4x6 3x12x6",
        "tanh 3x12x6 3x12x6",
        "matmul 3x12x6 3x6x5 3x12x5",
        "add 3x12x5 3x1x5 3x12x5",
        "GELU.forward 3x12x5 3x12x5",
        "matmul 3x12x5 3x5x2 3x12x2",
        "add 3x12x2 3x1x2 3x12x2",
        "subtract 3x12x2 12x2 3x12x2",
        "multiply 3x12x2 () 3x12x2",
        "matmul 3x5x12 3x12x2 3x5x2",
        "matmul 12 3x12x2 3x2",
        "matmul 3x12x2 3x2x5 3x12x5",
        "GELU.backward 3x12x5 3x12x5 3x12x5",
        "matmul 3x6x12 3x12x5 3x6x5",
        "matmul 12 3x12x5 3x5",
        "matmul 3x12x5 3x5x6 3x12x6",
        "multiply 3x12x6 3x12x6 3x12x6",
        "subtract () 3x12x6 3x12x6",
        "multiply 3x12x6 3x12x6 3x12x6",
        "matmul 4x12 3x12x6 3x4x6",
        "multiply 3x71 3x71 3x71",
        "add 3x71 3x71 3x71",
        "vecdot 3x58 3x58 3",
    ],
}


def text_of(function, operands):
    name = function.__name__ if isinstance(function, np.ufunc) else function.__qualname__
    if isinstance(getattr(function, "__self__", None), np.ndarray):
        name, operands = function.__name__, (function.__self__, *operands)
    shapes = [None if operand is None else operand.shape for operand in operands]
    return " ".join([name, *(str(shape and "x".join(map(str, shape))) for shape in shapes)])


@pytest.mark.parametrize("setting", CALLS, ids=str)
def test_calls_are_those_written_down(setting):
    n_members, hidden, has_ones = setting
    model = Model((Tanh(), GELU())[: len(hidden)], Identity(), SquaredError(), alpha=0.1)
    layout = model.layout(3, hidden, 2)
    params = np.zeros((n_members, layout.row_size))
    network = Network(layout, [model] * n_members, params, 12)
    rows = DenseRows(np.ones((12, 3 + has_ones)), has_ones)
    with config_context(kernels="numpy"):
        calls = network.bind(rows, np.zeros((12, 2)), None, 12.0, slice(0, 12))
    assert [text_of(*call) for call in calls] == CALLS[setting]
