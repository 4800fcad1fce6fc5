"""Solvers against their published updates, scikit-learn's, and the optimum of a parabola."""

import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from sknn_actloss import solvers
from sknn_actloss._component import stack
from sknn_actloss.solvers import (
    LBFGS,
    SGD,
    SOLVERS,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    RMSprop,
    Solver,
    StochasticSolver,
    resolve_solver,
)

STOCHASTIC = [name for name in SOLVERS if SOLVERS[name]().stochastic]
INSTANCES = [
    *(SOLVERS[name]() for name in STOCHASTIC),
    SGD(momentum=0.5, nesterovs_momentum=False),
    SGD(momentum=0.0),
    Adam(beta_1=0.0, beta_2=0.0, epsilon=1e-3),
    AdamW(beta_1=0.8, beta_2=0.9, epsilon=1e-2, amsgrad=True),
    Nadam(beta_1=0.0, beta_2=0.9, epsilon=1e-2),
    Adamax(beta_1=0.5, beta_2=0.7, epsilon=1e-2),
    RMSprop(rho=0.0, epsilon=1e-2),
    Adagrad(epsilon=0.1),
    Adadelta(rho=0.5, epsilon=1e-2),
    Lion(beta_1=0.0, beta_2=0.5),
    Lion(beta_1=0.5, beta_2=0.0),
    Lion(beta_1=0.95, beta_2=0.4),
]


# The published updates: functions of solver, gradients and rates that yield θ_t - θ_(t-1).


def sgd(s, gradients, rates):
    v = 0.0
    for g, rate in zip(gradients, rates, strict=True):
        v = s.momentum * v - rate * g
        yield s.momentum * v - rate * g if s.nesterovs_momentum else v


def moments(s, gradients):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = s.beta_1 * m + (1 - s.beta_1) * g
        v = s.beta_2 * v + (1 - s.beta_2) * g**2
        yield t, g, m, v


def adam(s, gradients, rates):
    largest = 0.0
    for (t, _, m, v), rate in zip(moments(s, gradients), rates, strict=True):
        largest = np.maximum(largest, v)
        alpha = rate * np.sqrt(1 - s.beta_2**t) / (1 - s.beta_1**t)
        yield -alpha * m / (np.sqrt(largest if s.amsgrad else v) + s.epsilon)


def adamw(s, gradients, rates):
    largest = 0.0
    for (t, _, m, v), rate in zip(moments(s, gradients), rates, strict=True):
        largest = np.maximum(largest, v)
        m_hat = m / (1 - s.beta_1**t)
        v_hat = (largest if s.amsgrad else v) / (1 - s.beta_2**t)
        yield -rate * m_hat / (np.sqrt(v_hat) + s.epsilon)


def nadam(s, gradients, rates):
    for (t, g, m, v), rate in zip(moments(s, gradients), rates, strict=True):
        m_hat = s.beta_1 * m / (1 - s.beta_1 ** (t + 1)) + (1 - s.beta_1) * g / (1 - s.beta_1**t)
        v_hat = v / (1 - s.beta_2**t)
        yield -rate * m_hat / (np.sqrt(v_hat) + s.epsilon)


def adamax(s, gradients, rates):
    u = 0.0
    for (t, g, m, _), rate in zip(moments(s, gradients), rates, strict=True):
        u = np.maximum(s.beta_2 * u, np.abs(g))
        yield -rate / (1 - s.beta_1**t) * m / (u + s.epsilon)


def rmsprop(s, gradients, rates):
    v = 0.0
    for g, rate in zip(gradients, rates, strict=True):
        v = s.rho * v + (1 - s.rho) * g**2
        yield -rate * g / (np.sqrt(v) + s.epsilon)


def adagrad(s, gradients, rates):
    v = 0.0
    for g, rate in zip(gradients, rates, strict=True):
        v = v + g**2
        yield -rate * g / (np.sqrt(v) + s.epsilon)


def adadelta(s, gradients, rates):
    v = d = 0.0
    for g, rate in zip(gradients, rates, strict=True):
        v = s.rho * v + (1 - s.rho) * g**2
        delta = np.sqrt(d + s.epsilon) / np.sqrt(v + s.epsilon) * g
        d = s.rho * d + (1 - s.rho) * delta**2
        yield -rate * delta


def lion(s, gradients, rates):
    m = 0.0
    for g, rate in zip(gradients, rates, strict=True):
        yield -rate * np.sign(s.beta_1 * m + (1 - s.beta_1) * g)
        m = s.beta_2 * m + (1 - s.beta_2) * g


PUBLISHED = {
    SGD: sgd,
    Adam: adam,
    AdamW: adamw,
    Nadam: nadam,
    Adamax: adamax,
    RMSprop: rmsprop,
    Adagrad: adagrad,
    Adadelta: adadelta,
    Lion: lion,
}


def draw(n_steps=25, shape=(3, 7), seed=0):
    rng = np.random.RandomState(seed)
    gradients = rng.normal(size=(n_steps, *shape)) * 10 ** rng.uniform(-3, 2, size=shape)
    gradients[rng.uniform(size=gradients.shape) < 0.2] = 0.0
    return gradients, rng.normal(size=shape), rng.uniform(0.001, 0.1, size=n_steps).tolist()


def run(solver, gradients, params, rates):
    params = params.copy()
    state = solver.init_state(params)
    path = []
    for gradient, rate in zip(gradients, rates, strict=True):
        solver.update(params, gradient.copy(), rate, state)
        path.append(params.copy())
    return np.array(path)


@pytest.mark.parametrize("solver", INSTANCES, ids=repr)
def test_follows_the_published_update(solver):
    gradients, params, rates = draw()
    steps = list(PUBLISHED[type(solver)](solver, gradients, rates))
    expected = params + np.cumsum(steps, axis=0)
    np.testing.assert_allclose(run(solver, gradients, params, rates), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("solver", "optimizer"),
    [
        (SGD(), lambda p, rate: SGDOptimizer(p, rate)),
        (SGD(0.7, False), lambda p, rate: SGDOptimizer(p, rate, momentum=0.7, nesterov=False)),
        (Adam(), lambda p, rate: AdamOptimizer(p, rate)),
        (Adam(0.5, 0.0, 1e-4), lambda p, rate: AdamOptimizer(p, rate, 0.5, 0.0, 1e-4)),
    ],
)
def test_gives_the_numbers_of_scikit_learn(solver, optimizer):
    gradients, params, _ = draw(n_steps=100)
    theirs = params.copy()
    peer = optimizer([theirs], 0.01)
    ours = run(solver, gradients, params, [0.01] * 100)
    for gradient, mine in zip(gradients, ours, strict=True):
        peer.update_params([theirs], [gradient])
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-14)


RATES = {"sgd": 0.05, "adagrad": 1.0, "adadelta": 1.0, "lion": 0.02}


@pytest.mark.parametrize("name", STOCHASTIC)
def test_reaches_the_optimum_of_a_parabola(name):
    solver, curvature, optimum = SOLVERS[name](), np.array([0.5, 1.0, 5.0]), [[1.0, -2.0, 0.5]]
    params = np.zeros((1, 3))
    state = solver.init_state(params)
    for rate in RATES.get(name, 0.05) * (1 - np.arange(1500) / 1500):
        solver.update(params, curvature * (params - optimum), float(rate), state)
    np.testing.assert_allclose(params, optimum, atol=1e-3)


STACKS = {
    SGD: [SGD(momentum) for momentum in (0.0, 0.5, 0.9)],
    Adam: [Adam(*values) for values in ((0.9, 0.999, 1e-8), (0.0, 0.9, 1e-2), (0.5, 0.0, 1e-3))],
    AdamW: [AdamW(*values) for values in ((0.9, 0.999, 1e-8), (0.0, 0.9, 1e-2), (0.5, 0.0, 1e-3))],
    Nadam: [Nadam(*values) for values in ((0.9, 0.999, 1e-8), (0.0, 0.9, 1e-2), (0.5, 0.8, 1e-3))],
    Adamax: [Adamax(*values) for values in ((0.9, 0.99, 1e-8), (0.0, 0.9, 1e-2), (0.5, 0.0, 1e-3))],
    RMSprop: [RMSprop(*values) for values in ((0.9, 1e-8), (0.0, 1e-2), (0.5, 1e-3))],
    Adagrad: [Adagrad(epsilon) for epsilon in (1e-8, 1e-3, 1e-1)],
    Adadelta: [Adadelta(*values) for values in ((0.95, 1e-6), (0.5, 1e-2), (0.0, 1e-3))],
    Lion: [Lion(*values) for values in ((0.9, 0.99), (0.0, 0.5), (0.95, 0.4))],
}


def test_every_stochastic_solver_is_stacked():
    assert STACKS.keys() == PUBLISHED.keys() == {type(SOLVERS[name]()) for name in STOCHASTIC}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("members", STACKS.values(), ids=lambda members: type(members[0]).__name__)
def test_a_stack_equals_its_members(members, dtype):
    gradients, params, _ = draw(300)
    gradients, params = gradients.astype(dtype), params.astype(dtype)
    rates = np.random.RandomState(1).uniform(0.001, 0.1, size=(300, 3, 1))
    together = run(stack(members, np.float64, n_dims=2), gradients, params, rates)
    for i, member in enumerate(members):
        rows = slice(i, i + 1)
        alone = run(member, gradients[:, rows], params[rows], rates[:, i, 0].tolist())
        np.testing.assert_array_equal(together[:, rows], alone)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("members", STACKS.values(), ids=lambda members: type(members[0]).__name__)
def test_float32_stays_and_arrays_are_updated_in_place(members, stacked):
    solver = stack(members, np.float64, n_dims=2) if stacked else members[0]
    gradients, start, rates = draw()
    params = start.astype(np.float32)
    state = solver.init_state(params)
    arrays = {name: value for name, value in state.items() if name != "step"}
    for gradient, rate in zip(gradients.astype(np.float32), rates, strict=True):
        solver.update(params, gradient, rate, state)
    assert params.dtype == np.float32
    assert state.keys() - {"step"} == arrays.keys()
    for name, array in arrays.items():
        assert state[name] is array
        assert array.dtype == np.float32
        assert array.shape == params.shape
    np.testing.assert_allclose(
        params, run(solver, gradients, start, rates)[-1], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("solver", INSTANCES, ids=repr)
def test_a_step_allocates_next_to_nothing(solver):
    params = np.ones((2, 50_000), dtype=np.float32)
    gradient, state = np.ones_like(params), solver.init_state(params)
    solver.update(params, gradient, 0.1, state)
    tracemalloc.start()
    try:
        solver.update(params, gradient, 0.1, state)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < params.nbytes / 10  # NumPy 2.0 buffers 32 kB


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("rate", [0.1, "each"])
@pytest.mark.parametrize("solver", INSTANCES, ids=repr)
def test_a_bound_step_is_an_update(solver, rate, n_members):
    gradients, params, _ = draw()
    params, expected = params[:n_members].copy(), params[:n_members].copy()
    if rate == "each":
        rate = np.linspace(0.01, 0.1, n_members)[:, None]
    gradient, state, other = np.empty_like(params), *(solver.init_state(params) for _ in "ab")
    step = solver.bind(params, gradient, state)
    for g in gradients[:, :n_members]:
        gradient[:] = g
        step(rate)
        solver.update(expected, g.copy(), rate, other)
    np.testing.assert_allclose(params, expected, rtol=1e-14)
    assert state.get("step") == other.get("step")


@pytest.mark.parametrize("base", sorted({type(solver) for solver in INSTANCES}, key=repr))
def test_a_step_is_given_in_one_form(base):
    with pytest.raises(TypeError, match=r"Halved\.update .* extend StochasticSolver and write upd"):

        class Halved(base):
            def update(self, params, gradient, rate, state):
                super().update(params, gradient, rate / 2, state)

    with pytest.raises(TypeError, match=r"Bound\.bind .* write update, or extend BoundSolver"):

        class Bound(PlainSGD):
            def bind(self, params, gradient, state):
                return print


class PlainSGD(StochasticSolver):
    """What a user writes."""

    def init_state(self, params):
        return {}

    def update(self, params, gradient, rate, state):
        params -= rate * gradient


def halved_update(base):
    class Halved(base):
        def update(self, params, gradient, rate, state):
            super().update(params, gradient, rate / 2, state)

    return Halved()


def halved_bind(base):
    class Halved(base):
        def bind(self, params, gradient, state):
            step = super().bind(params, gradient, state)
            return lambda rate: step(rate / 2)

    return Halved()


@pytest.mark.parametrize(
    ("halved", "base"),
    [(halved_bind, SGD), (halved_bind, Adam), (halved_bind, Lion), (halved_update, PlainSGD)],
)
def test_both_forms_of_a_subclass_are_its_step(halved, base):
    solver = halved(base)
    gradients, params, _ = draw()
    own, expected, gradient = params.copy(), params.copy(), np.empty_like(params)
    step = solver.bind(params, gradient, solver.init_state(params))
    own_state, state = solver.init_state(own), base().init_state(expected)
    for g in gradients:
        gradient[:] = g
        step(0.1)
        solver.update(own, g.copy(), 0.1, own_state)
        base().update(expected, g.copy(), 0.05, state)
    np.testing.assert_allclose(params, expected, rtol=1e-12)
    np.testing.assert_allclose(own, expected, rtol=1e-12)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_rows_of_the_state_are_members(name):
    solver, (gradients, params, rates) = SOLVERS[name](), draw()
    state = solver.init_state(params)
    for gradient, rate in zip(gradients[:10], rates, strict=False):
        solver.update(params, gradient.copy(), rate, state)
    row = params[1:2].copy()
    row_state = {key: value if key == "step" else value[1:2] for key, value in state.items()}
    row_state = {key: pickle.loads(pickle.dumps(value)) for key, value in row_state.items()}
    for gradient, rate in zip(gradients[10:], rates[10:], strict=True):
        solver.update(params, gradient.copy(), rate, state)
        solver.update(row, gradient[1:2].copy(), rate, row_state)
    np.testing.assert_array_equal(row, params[1:2])


def test_only_adamw_decays_weights_by_itself():
    decays = {name: SOLVERS[name]().decoupled_decay for name in SOLVERS}
    assert decays == {name: 0.01 if name == "adamw" else 0.0 for name in SOLVERS}


def test_lbfgs_takes_no_steps():
    assert not LBFGS.stochastic
    assert not hasattr(LBFGS(), "update")
    assert not hasattr(LBFGS(), "init_state")


OF_ESTIMATOR = {
    "momentum": 0.3,
    "nesterovs_momentum": False,
    "beta_1": 0.4,
    "beta_2": 0.5,
    "epsilon": 0.6,
    "max_fun": 7,
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sgd", SGD(0.3, False)),
        ("adam", Adam(0.4, 0.5, 0.6)),
        ("amsgrad", Adam(0.4, 0.5, 0.6, amsgrad=True)),
        ("adamw", AdamW(0.4, 0.5, 0.6)),
        ("nadam", Nadam(0.4, 0.5, 0.6)),
        ("adamax", Adamax(0.4, 0.5, 0.6)),
        ("rmsprop", RMSprop(epsilon=0.6)),
        ("adagrad", Adagrad(0.6)),
        ("adadelta", Adadelta()),
        ("lion", Lion()),
        ("lbfgs", LBFGS(7)),
    ],
)
def test_a_name_takes_parameters_of_the_estimator(name, expected):
    assert resolve_solver(name, OF_ESTIMATOR) == expected
    assert resolve_solver(name) == SOLVERS[name]()


def test_an_instance_keeps_its_own_parameters():
    solver = Adam(beta_1=0.7)
    assert resolve_solver(solver, OF_ESTIMATOR) is solver


def test_an_unknown_name_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"solver='adm' is not a known solver.*adagrad.*sgd"):
        resolve_solver("adm")


@pytest.mark.parametrize("spec", [Adam, None, 3, np.tanh])
def test_neither_name_nor_instance(spec):
    with pytest.raises(TypeError, match="solver"):
        resolve_solver(spec)


@pytest.mark.parametrize("name", SOLVERS)
def test_every_field_has_a_range(name):
    for field in SOLVERS[name]().get_params():
        with pytest.raises(ValueError, match=f"'{field}' parameter"):
            resolve_solver(SOLVERS[name]().set_params(**{field: -1}))


@pytest.mark.parametrize("solver", [*INSTANCES, LBFGS(max_fun=3)], ids=repr)
def test_copies_are_equal(solver):
    assert eval(repr(solver), vars(solvers)) == solver
    assert pickle.loads(pickle.dumps(solver)) == solver
    assert clone(solver) == solver
    assert isinstance(solver, Solver)


@pytest.mark.parametrize("name", SOLVERS)
def test_says_what_it_is_good_for(name):
    assert SOLVERS[name]().formula
    assert SOLVERS[name]().advice
