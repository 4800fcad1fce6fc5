"""Every entry of the table of activations, at its defaults and at other hyperparameters."""

from __future__ import annotations

import math
import pickle
from dataclasses import fields

import mpmath as mp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sknn_actloss import MLPClassifier, activations
from sknn_actloss._calls import run
from sknn_actloss._component import stack
from sknn_actloss._interval import Interval
from sknn_actloss.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    HIDDEN_ACTIVATIONS,
    SELU,
    Activation,
    Exp,
    FunctionActivation,
    Identity,
    LeakyReLU,
    Link,
    Logistic,
    ReLU,
    Softmax,
    Squareplus,
    Tanh,
    canonical_name,
    resolve_activation,
)

FORMULAS = {
    "identity": lambda z: z,
    "logistic": lambda z, slope: 1 / (1 + mp.exp(-slope * z)),
    "tanh": lambda z, slope: mp.tanh(slope * z),
    "relu": lambda z: max(z, 0),
    "leaky_relu": lambda z, negative_slope: max(z, negative_slope * z),
    "elu": lambda z, alpha: z if z > 0 else alpha * mp.expm1(z),
    "selu": lambda z: (
        mp.mpf("1.0507009873554804934")
        * (z if z > 0 else mp.mpf("1.6732632423543772848") * mp.expm1(z))
    ),
    "celu": lambda z, alpha: z if z > 0 else alpha * mp.expm1(z / alpha),
    "gelu": lambda z, approximate: (
        z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3)))
        if approximate
        else z * mp.erfc(-z / mp.sqrt(2)) / 2
    ),
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "softplus": lambda z, beta: mp.log1p(mp.exp(beta * z)) / beta,
    "softsign": lambda z: z / (1 + abs(z)),
    "hard_sigmoid": lambda z: min(max(z / 6 + mp.mpf(1) / 2, 0), 1),
    "hard_tanh": lambda z: min(max(z, -1), 1),
    "hard_silu": lambda z: z * min(max(z / 6 + mp.mpf(1) / 2, 0), 1),
    "relu6": lambda z: min(max(z, 0), 6),
    "squareplus": lambda z, b: (z + mp.sqrt(z**2 + b)) / 2,
    "softmax": lambda z: mp.mpf(1),  # of a single unit
    "exp": mp.exp,
}
INVERTIBLE = ("identity", "logistic", "exp", "softplus")


def variants(name: str) -> list[Activation]:
    """Return an activation at its defaults, and with each number halved and doubled."""
    default = ACTIVATIONS[name]()
    changed = [
        {field.name: field.default * factor}
        for field in fields(default)
        if isinstance(field.default, float)
        for factor in (0.5, 2.0)
    ]
    return [default, *(type(default)(**parameters) for parameters in changed)]


CASES = [
    *(activation for name in ACTIVATIONS for activation in variants(name)),
    LeakyReLU(0.0),
    LeakyReLU(1.0),
    GELU(approximate=True),
]
every_case = pytest.mark.parametrize("activation", CASES, ids=repr)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def inputs(dtype=np.float64, shape=(3, 7, 5)) -> np.ndarray:
    """Return normal inputs that keep away from the integers, where kinks are."""
    z = np.random.default_rng(0).normal(scale=4.0, size=shape)
    return (z + 0.02 * np.sign(z - np.round(z))).astype(dtype)


def wide_inputs(dtype=np.float64) -> np.ndarray:
    positive = np.r_[np.geomspace(1e-6, 1e4, 150), np.linspace(0.1, 20.0, 401)]
    z = np.sort(np.r_[-positive, 0.0, positive])
    return np.stack([z, z[::-1]], axis=-1)[np.newaxis].astype(dtype)


def backward(activation: Activation, z: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Return dL/dz as the network takes it, without the input where it is not read."""
    a, grad = activation(z), grad.copy()
    activation.backward(z.copy() if activation.reads_input else None, a, grad)
    return grad


def exact(activation: Activation, z: float) -> mp.mpf:
    formula = FORMULAS[canonical_name(activation)]
    return formula(mp.mpf(z), **activation.get_params())


def test_every_activation_has_a_formula_to_test_against():
    assert set(FORMULAS) == set(ACTIVATIONS)


@every_case
def test_values_are_those_of_the_formula(activation):
    largest = np.finfo(np.float64).max
    grid = np.r_[np.linspace(-50, 50, 201), -1e-8, 1e-8, -1e4, 1e4, inputs(shape=20)]
    with mp.workdps(400):
        reference = np.array([float(min(exact(activation, z), mp.mpf(largest))) for z in grid])
    value = activation(grid.reshape(1, -1, 1)).ravel()
    usual = reference < largest
    # Below 1e-300 numbers lose digits, and the exponentials end.
    assert_allclose(value[usual], reference[usual], rtol=1e-12, atol=1e-300)


@every_case
def test_gradients_are_those_of_the_formula(activation):
    grid = np.r_[np.linspace(-50, 50, 41) + 0.3, inputs(shape=20)]
    with mp.workdps(40):
        reference = np.array([float(mp.diff(lambda z: exact(activation, z), z)) for z in grid])
    slope = backward(activation, grid.reshape(1, -1, 1), np.ones((1, len(grid), 1))).ravel()
    # Derivatives from saturated outputs are exact to the rounding of the output.
    assert_allclose(slope, reference, rtol=1e-9, atol=2e-15)


@every_case
def test_gradients_match_central_differences(activation):
    z, h = inputs(), 1e-3
    weights = np.random.default_rng(1).normal(size=z.shape)

    def directional(j: int, step: float) -> np.ndarray:
        shift = np.zeros_like(z)
        shift[..., j] = step
        change = activation(z + shift) - activation(z - shift)
        return (weights * change).sum(axis=-1) / (2 * step)

    expected = np.stack(
        [(4 * directional(j, h / 2) - directional(j, h)) / 3 for j in range(z.shape[-1])], axis=-1
    )
    assert_allclose(backward(activation, z, weights), expected, rtol=1e-6, atol=1e-9)


@every_case
@every_dtype
def test_forward_works_in_place(activation, dtype):
    z = inputs(dtype)
    out, buffer = np.empty_like(z), z.copy()
    activation.forward(z, out)
    activation.forward(buffer, buffer)
    assert_array_equal(z, inputs(dtype))
    assert_array_equal(buffer, out)
    assert_array_equal(activation(z), out)


@every_case
@every_dtype
def test_range_contains_the_outputs_and_is_tight(activation, dtype):
    low, high = activation.range.low, activation.range.high
    a = activation(wide_inputs(dtype))
    ends = np.array([low, high]).astype(dtype)
    closed = Interval(*ends.tolist(), low_closed=True, high_closed=True)
    assert closed.contains(a)
    # The slowest outputs to fall, of leaky_relu, are z / 200.
    assert a.min() <= (low + 1e-3 if math.isfinite(low) else -50.0)
    assert a.max() >= (high - 1e-3 if math.isfinite(high) else 50.0)


@every_case
def test_monotone_is_true_of_the_values(activation):
    a = activation(wide_inputs()[..., :1]).ravel()
    falls = -np.minimum(np.diff(a), 0.0) > 1e-15 * np.abs(a[1:])
    assert activation.monotone == (not falls.any())


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_zero_centred_is_true_of_the_values(name):
    activation = ACTIVATIONS[name]()
    z = np.linspace(-10, 10, 20001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    mean = np.sum(activation(z.reshape(1, -1, 1)).ravel() * density) * (z[1] - z[0])
    assert activation.zero_centred == (abs(mean) < 1e-6)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if len(variants(n)) > 1])
@every_dtype
def test_stacked_activations_equal_single_ones(name, dtype):
    members, z = variants(name), inputs(dtype)
    grad = np.random.default_rng(1).normal(size=z.shape).astype(dtype)
    stacked = stack(members, dtype)
    for member, activation in enumerate(members):
        part = slice(member, member + 1)
        close = {"rtol": 4 * np.finfo(dtype).eps}
        assert_allclose(stacked(z)[part], activation(z[part]), **close)
        alone = backward(activation, z[part], grad[part])
        assert_allclose(backward(stacked, z, grad)[part], alone, **close)


class Float32Only(np.ndarray):
    """An array that lets no operation have an operand or a result of float64."""

    def __array_ufunc__(self, ufunc, method, *operands, out=(), **kwargs):
        arrays = [x.view(np.ndarray) if isinstance(x, np.ndarray) else x for x in operands]
        targets = tuple(x.view(np.ndarray) for x in out)
        if targets:
            kwargs["out"] = targets
        result = getattr(ufunc, method)(*arrays, **kwargs)
        used = [x.dtype for x in (*arrays, result) if isinstance(x, np.ndarray | np.generic)]
        assert np.float64 not in used, f"{ufunc.__name__} has operands of {used}"
        return out[0] if out else np.asarray(result).view(Float32Only)


@pytest.mark.parametrize(
    "activation",
    [
        *CASES,
        *(stack(variants(name), np.float32) for name in ACTIVATIONS),
        FunctionActivation(np.sin),
    ],
    ids=lambda activation: type(activation).__name__,
)
def test_float32_is_never_left(activation):
    z, grad = inputs(np.float32).view(Float32Only), inputs(np.float32).view(Float32Only)
    out = np.empty_like(z)
    activation.forward(z, out)
    activation.backward(z, out, grad)
    assert activation(inputs(np.float32)).dtype == np.float32


@every_case
@every_dtype
def test_extreme_inputs_give_finite_values_and_gradients(activation, dtype):
    big = {np.float32: 1e4, np.float64: 1e300}[dtype]
    ends = [-big, -1e4, -800.0, -100.0, -1e-30, 0.0, 1e-30, 100.0, 800.0, 1e4, big]
    z = np.array([ends, ends[::-1]], dtype=dtype).T[np.newaxis]
    assert np.isfinite(activation(z)).all()
    assert np.isfinite(backward(activation, z, np.ones_like(z))).all()


@every_case
def test_nan_is_passed_on(activation):
    assert np.isnan(activation(np.full((1, 2, 3), np.nan))).all()


@pytest.mark.parametrize("name", INVERTIBLE)
def test_inverse_undoes_forward(name):
    for activation in variants(name):
        a = activation(inputs())
        assert_allclose(activation.inverse(a), inputs(), rtol=1e-9, atol=1e-12)
        assert activation.inverse(a.astype(np.float32)).dtype == np.float32


def test_inverse_of_softmax_is_one_of_its_inputs():
    softmax = ACTIVATIONS["softmax"]()
    a = softmax(inputs())
    assert_allclose(softmax(softmax.inverse(a)), a, rtol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_links_alone_have_an_inverse(name):
    activation = ACTIVATIONS[name]()
    assert isinstance(activation, Link) == (name in (*INVERTIBLE, "softmax"))
    assert isinstance(activation, Link) == hasattr(activation, "inverse")


def test_a_formula_is_given_in_one_form():
    with pytest.raises(TypeError, match=r"Shifted\.forward .* extend Activation and write forward"):

        class Shifted(ReLU):
            def forward(self, z, out):
                out += 1

    with pytest.raises(TypeError, match=r"Bound\.backward_calls .*write forward and backward"):

        class Bound(Activation):
            def backward_calls(self, z, a, grad):
                return []


@pytest.mark.parametrize("base", [Identity, Logistic, Tanh])
def test_plain_formulas_of_a_subclass_take_the_place_of_calls(base):
    class Doubled(base):
        def forward(self, z, out):
            super().forward(z, out)
            out *= 2

    class Tripled(Doubled):
        def backward(self, z, a, grad):
            super().backward(z, a / 2, grad)
            grad *= 3

    z = inputs()
    expected, own, grad = base()(z), np.empty_like(z), np.ones_like(z)
    run(Tripled().forward_calls(z, own))
    assert_array_equal(own, 2 * expected)
    run(Tripled().backward_calls(None, own.copy(), grad))
    plain = np.ones_like(z)
    base().backward(None, expected, plain)
    assert_array_equal(grad, 3 * plain)
    models = [MLPClassifier((4,), activation=own(), random_state=0) for own in (Doubled, base)]
    X, y = z[0], np.arange(len(z[0])) % 2
    losses = [model.partial_fit(X, y, classes=[0, 1]).loss_ for model in models]
    assert losses[0] != losses[1]


def test_logistic_of_large_numbers_overflows_silently():
    with np.errstate(all="raise", under="ignore"):
        assert_array_equal(Logistic()([-1e4, 1e4]), [0.0, 1.0])


@every_case
def test_components_are_reproduced_by_repr_pickle_and_clone(activation):
    assert eval(repr(activation), vars(activations)) == activation
    assert pickle.loads(pickle.dumps(activation)) == activation
    assert clone(activation, safe=False) == activation
    activation.validate()
    activation.check()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_table_gives_the_documented_activation(name):
    activation = resolve_activation(name, hidden=False)
    assert canonical_name(activation) == name
    assert activation.formula
    assert activation.advice
    assert type(activation).__doc__


def test_gains_are_those_of_pytorch():
    gains = {
        "identity": 1.0,
        "logistic": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + 0.01**2)),
        "selu": 0.75,
    }
    assert {name: ACTIVATIONS[name]().gain for name in gains} == pytest.approx(gains)


def test_initial_weights_of_scikit_learn_differ_for_the_logistic_alone():
    factors = {name: kind.uniform_factor for name, kind in ACTIVATIONS.items()}
    assert {name for name, factor in factors.items() if factor != 6.0} == {"logistic"}
    assert Logistic.uniform_factor == 2.0


def test_derivatives_at_kinks_are_those_on_the_left():
    z = np.zeros((1, 1, 1))
    for activation, slope in [(ReLU(), 0.0), (LeakyReLU(0.25), 0.25), (ELU(0.5), 0.5)]:
        assert backward(activation, z, np.ones_like(z)) == slope


def test_resolve_takes_aliases_instances_and_functions():
    assert resolve_activation("swish") == resolve_activation("silu")
    activation = ELU(alpha=0.5)
    assert resolve_activation(activation) is activation
    assert resolve_activation(np.sin) == FunctionActivation(np.sin)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"activation='rleu' is not a known activation") as error:
        resolve_activation("rleu")
    for name in ACTIVATIONS.names:
        assert name in str(error.value)


def test_a_class_is_answered_with_a_request_for_an_instance():
    with pytest.raises(TypeError, match="hidden=ReLU is a class; pass an instance"):
        resolve_activation(ReLU, parameter="hidden")


@pytest.mark.parametrize("spec", [None, 3, float])
def test_what_is_no_activation_is_refused(spec):
    with pytest.raises(TypeError, match="must be one of the names"):
        resolve_activation(spec)


@pytest.mark.parametrize("spec", ["softmax", "exp", Softmax(), Exp()], ids=repr)
def test_output_activations_are_refused_for_hidden_layers(spec):
    assert resolve_activation(spec, hidden=False).output_only
    with pytest.raises(ValueError, match="output layer only") as error:
        resolve_activation(spec)
    assert ", ".join(HIDDEN_ACTIVATIONS) in str(error.value)
    assert set(ACTIVATIONS) - set(HIDDEN_ACTIVATIONS) == {"softmax", "exp"}


@pytest.mark.parametrize(
    "activation",
    [
        LeakyReLU(-0.1),
        LeakyReLU(1.1),
        ELU(0.0),
        CELU(-1.0),
        Squareplus(0.0),
        ELU(math.nan),
        ELU("1"),
        GELU("tanh"),
    ],
    ids=repr,
)
def test_values_out_of_range_are_refused(activation):
    with pytest.raises(ValueError, match=f"of {type(activation).__name__} must be"):
        resolve_activation(activation)


def test_unknown_parameters_are_refused():
    with pytest.raises(ValueError, match=r"Valid parameters are: \['alpha'\]"):
        ELU().set_params(beta=1.0)


def test_selu_keeps_mean_and_variance_of_normal_inputs():
    z = np.linspace(-10, 10, 20001)
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    a = SELU()(z)
    assert np.sum(a * density) == pytest.approx(0.0, abs=1e-7)
    assert np.sum(a**2 * density) == pytest.approx(1.0, abs=1e-7)


def test_approximate_gelu_is_near_gelu():
    z = np.linspace(-10, 10, 2001)
    assert_allclose(GELU(approximate=True)(z), GELU()(z), atol=5e-4, rtol=0)


def test_softmax_rows_add_up_to_one_and_ignore_shifts():
    z = inputs()
    assert_allclose(Softmax()(z).sum(axis=-1), 1.0)
    assert_allclose(Softmax()(z + 100.0), Softmax()(z), rtol=1e-12)


def test_call_takes_integers_and_leaves_its_input_alone():
    z = np.arange(-2, 3)
    assert_allclose(Tanh()(z), np.tanh(z))
    assert_array_equal(z, np.arange(-2, 3))
