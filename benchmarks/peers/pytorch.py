"""PyTorch, in the plain loop that its users write, with its fused Adam."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from benchmarks._data import Shape
from benchmarks._rounds import Job

ALPHA = 1e-4


def pytorch(shape: Shape, X: np.ndarray, y: np.ndarray) -> Job:
    """Return a training that starts with the making of the network.

    The conversion of the data to tensors is not part of it. The penalty is the solver's own
    decay, for weights and biases alike: cheaper than one for the weights alone.
    """
    X = torch.from_numpy(X)
    y = torch.from_numpy(y) if shape.classes > 2 else torch.from_numpy(y[:, None]).to(X.dtype)
    criterion = nn.CrossEntropyLoss() if shape.classes > 2 else nn.BCEWithLogitsLoss()

    def fit():
        torch.manual_seed(0)
        model = network(shape)
        solver = torch.optim.Adam(
            model.parameters(), lr=0.001, weight_decay=ALPHA / shape.batch, fused=True
        )
        return [epoch(model, solver, criterion, X, y, shape.batch) for _ in range(shape.epochs)]

    return fit


def network(shape: Shape) -> nn.Sequential:
    """Return linear layers with rectifiers in between."""
    layers = [
        layer for sizes in pairwise(shape.layer_sizes) for layer in (nn.Linear(*sizes), nn.ReLU())
    ]
    return nn.Sequential(*layers[:-1])


def epoch(
    model: nn.Module,
    solver: torch.optim.Optimizer,
    criterion: nn.Module,
    X: torch.Tensor,
    y: torch.Tensor,
    batch: int,
) -> float:
    """Train on all rows in a new order and return the mean loss."""
    total = torch.zeros(())
    for rows in torch.randperm(len(X)).split(batch):
        solver.zero_grad()
        loss = criterion(model(X.index_select(0, rows)), y.index_select(0, rows))
        loss.backward()
        solver.step()
        total += loss.detach() * len(rows)
    return total.item() / len(X)
