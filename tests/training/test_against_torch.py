"""Ten steps of training against PyTorch, in double precision."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from training_cases import Recipe, problem

from sknn_actloss._calls import run
from sknn_actloss.activations import Tanh
from sknn_actloss.core import Layout, Model, mask_streams
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.losses import LogLoss, SquaredError
from sknn_actloss.normalization import BatchNorm, LayerNorm, Normalization
from sknn_actloss.schedules import (
    Constant,
    Cosine,
    CosineRestarts,
    Exponential,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
)
from sknn_actloss.solvers import SGD, AdamW, RMSprop

torch = pytest.importorskip(
    "torch", reason='PyTorch is not installed; pip install -e ".[reference]" adds it'
)

RATE, N_EPOCHS, BATCH_SIZE = 0.02, 2, 14
N_STEPS = 5
HIDDEN = (8, 8, 6)


@dataclass
class Setting:
    """What a training of ours and one of PyTorch have in common."""

    normalization: Normalization | None = None
    dropout: tuple[float, ...] = (0.0,) * 4
    skips: bool = False
    clip: float | None = None
    solver: Any = field(default_factory=AdamW)
    schedule: Schedule = field(default_factory=Constant)
    kind: str = "continuous"


OPTIMIZERS = {
    AdamW: lambda groups: torch.optim.AdamW(groups, RATE, weight_decay=0.01, eps=1e-8),
    SGD: lambda groups: torch.optim.SGD(groups, RATE, momentum=0.9, nesterov=True),
    RMSprop: lambda groups: torch.optim.RMSprop(groups, RATE, alpha=0.9, eps=1e-8),
}


def torch_schedules():
    """Return ours, what makes PyTorch's, and whether it moves with every step."""
    from torch.optim import lr_scheduler as lr

    total = N_EPOCHS * N_STEPS
    return [
        (Step(step_size=1, gamma=0.3), lambda o: lr.StepLR(o, 1, 0.3), False),
        (MultiStep(milestones=(1,), gamma=0.2), lambda o: lr.MultiStepLR(o, [1], 0.2), False),
        (Exponential(gamma=0.7), lambda o: lr.ExponentialLR(o, 0.7), False),
        (Cosine(), lambda o: lr.CosineAnnealingLR(o, total), True),
        (Linear(end=0.1), lambda o: lr.LinearLR(o, 1.0, 0.1, total), True),
        (Polynomial(power=2.0), lambda o: lr.PolynomialLR(o, total, 2.0), True),
        (CosineRestarts(first=1), lambda o: lr.CosineAnnealingWarmRestarts(o, 1, 2), False),
        (
            OneCycle(),
            lambda o: lr.OneCycleLR(o, RATE, total, cycle_momentum=False),
            True,
        ),
        (
            ReduceOnPlateau(factor=0.5, patience=0, threshold=0.9),
            lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=0, threshold=0.9),
            False,
        ),
    ]


class Reference(torch.nn.Module):
    """The network in PyTorch."""

    def __init__(self, layout: Layout, params: np.ndarray, setting: Setting) -> None:
        super().__init__()
        self.setting, views = setting, layout.views(params)
        self.linear = torch.nn.ModuleList(
            _linear(weights[0], biases[0, 0])
            for weights, biases in zip(views.of("coefs_"), views.of("intercepts_"), strict=True)
        )
        kinds = {BatchNorm: torch.nn.BatchNorm1d, LayerNorm: torch.nn.LayerNorm}
        self.norms = torch.nn.ModuleList()
        if setting.normalization is not None:
            kind = kinds[type(setting.normalization)]
            self.norms.extend(kind(width, dtype=torch.float64) for width in HIDDEN)
        names = {"weight": "normalization_scales_", "bias": "normalization_offsets_"}
        names |= {"running_mean": "running_means_", "running_var": "running_variances_"}
        for name, parts in names.items():
            for norm, part in zip(self.norms, views.of(parts), strict=False):
                getattr(norm, name).data = torch.tensor(part[0, 0].copy())

    def forward(self, below: torch.Tensor, masks: list[np.ndarray | None]) -> torch.Tensor:
        below = _masked(below, masks[0])
        for layer, linear in enumerate(self.linear[:-1]):
            z = linear(below)
            a = torch.tanh(self.norms[layer](z) if self.norms else z)
            a = _masked(a, masks[1 + layer])
            is_skipped = self.setting.skips and layer and a.shape == below.shape
            below = a + below if is_skipped else a
        return self.linear[-1](below)

    def row(self) -> np.ndarray:
        """Return all parameters, and running moments, as we order them."""
        first, *others = [(lin.weight.T, lin.bias) for lin in self.linear]
        parts = [first[1], first[0], *(w for w, _ in others), *(b for _, b in others)]
        parts += [norm.weight for norm in self.norms] + [norm.bias for norm in self.norms]
        if isinstance(self.setting.normalization, BatchNorm):
            parts += [norm.running_mean for norm in self.norms]
            parts += [norm.running_var for norm in self.norms]
        return np.concatenate([part.detach().numpy().ravel() for part in parts])


def _linear(weights: np.ndarray, biases: np.ndarray) -> torch.nn.Linear:
    linear = torch.nn.Linear(*weights.shape, dtype=torch.float64)
    linear.weight.data = torch.tensor(weights.T.copy())
    linear.bias.data = torch.tensor(biases.copy())
    return linear


def _masked(values: torch.Tensor, mask: np.ndarray | None) -> torch.Tensor:
    return values if mask is None else values * torch.tensor(mask)


def masks_of(setting: Setting, data):
    """Yield the masks of each step."""
    streams = mask_streams(0, data.layout.n_layers)
    layers = [
        Dropout([rate], stream, BATCH_SIZE, width, np.dtype(float)) if rate else None
        for rate, stream, width in zip(
            setting.dropout, streams, data.layout.layer_sizes[:-1], strict=True
        )
    ]
    while True:
        for layer in layers:
            run(layer.draw_calls(BATCH_SIZE) if layer else [])
        yield [layer and layer.mask[0].copy() for layer in layers]


def data_for(setting: Setting):
    data = problem(setting.kind, batch_size=BATCH_SIZE, shuffled=False)
    norm, n_outputs = setting.normalization, data.y.shape[1]
    model = Model((Tanh(),) * len(HIDDEN), Tanh(), SquaredError(), normalization=norm)
    layout = model.layout(5, HIDDEN, n_outputs)
    return replace(data, layout=layout)


def train_ours(setting: Setting, data) -> np.ndarray:
    losses = {"continuous": SquaredError(), "multiclass": LogLoss()}
    recipe = Recipe(
        losses[setting.kind],
        (Tanh(),) * len(HIDDEN),
        setting.solver,
        setting.schedule,
        RATE,
        max_iter=N_EPOCHS,
        weight_decay=setting.solver.decoupled_decay,
        of_model={
            "dropout": setting.dropout if any(setting.dropout) else (),
            "normalization": setting.normalization,
            "skip_connections": setting.skips,
        },
        of_member={"gradient_clip": setting.clip},
    )
    return data.run([recipe])[0].params


def train_theirs(setting: Setting, data, make_schedule=None, per_step=False) -> np.ndarray:
    model, masks = Reference(data.layout, data.params([0]), setting), masks_of(setting, data)
    is_weight = {id(linear.weight) for linear in model.linear}
    others = [p for p in model.parameters() if id(p) not in is_weight]
    groups = [{"params": [linear.weight for linear in model.linear]}]
    groups.append({"params": others, "weight_decay": 0.0})
    optimizer = OPTIMIZERS[type(setting.solver)](groups)
    schedule = make_schedule(optimizer) if make_schedule else None
    X, y = torch.tensor(data.X), torch.tensor(data.y)
    for _ in range(N_EPOCHS):
        total = 0.0
        for rows in torch.arange(len(X)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss = _loss(model(X[rows], next(masks)), y[rows], setting.kind)
            loss.backward()
            total += len(rows) * loss.item() / len(X)
            if setting.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), setting.clip)
            optimizer.step()
            if schedule and per_step:
                schedule.step()
        if schedule and not per_step:
            is_plateau = isinstance(setting.schedule, ReduceOnPlateau)
            schedule.step(total) if is_plateau else schedule.step()
    return model.row()


def _loss(raw: torch.Tensor, y: torch.Tensor, kind: str) -> torch.Tensor:
    if kind == "multiclass":
        return torch.nn.functional.cross_entropy(raw, y)
    return 0.5 * torch.nn.functional.mse_loss(raw, y)


def check(setting: Setting, **schedule) -> None:
    data = data_for(setting)
    ours, theirs = train_ours(setting, data), train_theirs(setting, data, **schedule)
    # The gradient of a bias in front of batch moments is rounding, which solvers that divide by
    # its size blow up.
    atol = 1e-8 if isinstance(setting.normalization, BatchNorm) else 1e-12
    assert_allclose(ours, theirs, rtol=1e-8, atol=atol)


@pytest.mark.parametrize("kind", ["continuous", "multiclass"])
@pytest.mark.parametrize("solver", OPTIMIZERS, ids=lambda solver: solver.__name__)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"normalization": BatchNorm()},
        {"normalization": BatchNorm(1e-5, 0.1), "clip": 0.05},
        {"normalization": LayerNorm()},
        {"dropout": (0.0, 0.3, 0.2, 0.5)},
        {"dropout": (0.2, 0.3, 0.0, 0.0), "normalization": LayerNorm()},
        {"clip": 0.05},
        {"skips": True},
        {
            "skips": True,
            "normalization": BatchNorm(),
            "dropout": (0.1, 0.2, 0.2, 0.1),
            "clip": 0.1,
        },
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_layers_and_clipping(changes, solver, kind):
    check(Setting(solver=solver(), kind=kind, **changes))


@pytest.mark.parametrize("number", range(9))
def test_schedules(number):
    schedule, make_schedule, per_step = torch_schedules()[number]
    setting = Setting(BatchNorm(), (0.0, 0.1, 0.1, 0.1), True, 0.5, schedule=schedule)
    check(setting, make_schedule=make_schedule, per_step=per_step)


def test_the_last_batch_of_one_row():
    """PyTorch refuses to train on a single row: in its place it evaluates."""
    setting = Setting(BatchNorm())
    data = data_for(setting)
    data = replace(data, X=data.X[:1], y=data.y[:1], batch_size=1)
    model = Reference(data.layout, data.params([0]), setting).eval()
    loss = _loss(model(torch.tensor(data.X), [None] * 4), torch.tensor(data.y), "continuous")
    loss.backward()
    recipe = Recipe(SquaredError(), (Tanh(),) * 3, of_model={"normalization": BatchNorm()})
    network = data.stack([recipe.member("continuous")], [0]).network
    (group,) = data.batches().groups()
    run(network.bind(*group.batches[0]))
    gradient = data.layout.views(network.gradient)
    for weights, linear in zip(gradient.of("coefs_"), model.linear, strict=True):
        assert_allclose(weights[0].T, linear.weight.grad.numpy(), rtol=1e-10, atol=1e-14)
