"""Plain functions as activations."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special
from sklearn.base import clone

from sknn_actloss.activations import (
    ACTIVATIONS,
    FunctionActivation,
    resolve_activation,
)


def snake(z):
    return z + np.sin(z) ** 2


def snake_slope(z):
    return 1 + np.sin(2 * z)


def relu_by_maximum(z):
    return np.maximum(z, 0)


def leaky_by_where(z):
    return np.where(z > 0, z, 0.1 * z)


def step(z):
    return np.sign(z)


def doubling_in_place(z):
    z *= 2
    return z


def softmax(z):
    return special.softmax(z, axis=-1)


def centred_in_batch(z):
    return z - z.mean(axis=1, keepdims=True)


def centred_among_members(z):
    return z - z.mean(axis=0)


def total(z):
    return z.sum(axis=-1)


def rooted(z):
    return np.sqrt(z)


def turned(z):
    return z * 1j


def inputs(dtype=np.float64):
    return np.random.default_rng(0).normal(scale=2.0, size=(2, 6, 3)).astype(dtype)


def backward(activation, z):
    a, grad = activation(z), np.ones_like(z)
    activation.backward(z, a, grad)
    return grad


@pytest.mark.parametrize("derivative", [None, snake_slope])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_derivative_are_those_of_the_function(derivative, dtype):
    activation = FunctionActivation(snake, derivative)
    activation.check()
    z = inputs(dtype)
    eps = np.finfo(dtype).eps
    assert_allclose(activation(z), snake(z), rtol=4 * eps)
    grad = backward(activation, z)
    assert grad.dtype == dtype
    assert_allclose(grad, snake_slope(z), rtol=10 * eps, atol=10 * eps)


@pytest.mark.parametrize(
    ("func", "name"), [(relu_by_maximum, "relu"), (np.tanh, "tanh"), (lambda z: z, "identity")]
)
def test_functions_of_the_table_give_the_same_numbers(func, name):
    activation, z = FunctionActivation(func), inputs()
    activation.check()
    assert_allclose(activation(z), ACTIVATIONS[name]()(z), rtol=1e-14)
    assert_allclose(backward(activation, z), backward(ACTIVATIONS[name](), z), rtol=1e-12)


@pytest.mark.parametrize(
    "func", [leaky_by_where, special.erf, functools.partial(np.power, 2.0), doubling_in_place]
)
def test_analytic_functions_pass_the_check(func):
    FunctionActivation(func).check()


@pytest.mark.parametrize(
    ("func", "derivative", "problem"),
    [
        (np.abs, np.sign, "derivative of activation absolute by complex step is 0"),
        (step, np.zeros_like, "derivative of activation step by complex step"),
        (special.expit, lambda z: 1 / (2 + 2 * np.cosh(z)), "does not take complex numbers"),
    ],
)
def test_the_complex_step_is_refused_where_it_fails(func, derivative, problem):
    with pytest.raises(ValueError, match=problem) as error:
        FunctionActivation(func).check()
    assert f"FunctionActivation({func.__name__}, derivative=...)" in str(error.value)
    activation = FunctionActivation(func, derivative)
    activation.check()
    assert_allclose(backward(activation, inputs()), derivative(inputs()))


@pytest.mark.parametrize(
    ("func", "problem"),
    [
        (softmax, "softmax is not elementwise"),
        (centred_in_batch, "centred_in_batch is not elementwise"),
        (centred_among_members, "centred_among_members is not elementwise"),
        (total, r"total must return an array of the shape of its input \(2, 5, 2\)"),
        (rooted, "rooted is not finite everywhere: it gave nan"),
        (turned, "turned must return real numbers"),
    ],
)
@pytest.mark.parametrize("derivative", [None, np.ones_like])
def test_functions_that_cannot_be_activations_are_refused(func, problem, derivative):
    with pytest.raises(ValueError, match=problem):
        FunctionActivation(func, derivative).check()


def test_a_derivative_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="The derivative of activation snake must return an array"):
        FunctionActivation(snake, derivative=total).check()


def test_forward_refuses_the_wrong_shape():
    with pytest.raises(ValueError, match="total must return an array of the shape of its input"):
        FunctionActivation(total)(inputs())


def test_a_function_that_works_in_place_leaves_the_input_alone():
    z, out = inputs(), np.empty_like(inputs())
    FunctionActivation(doubling_in_place).forward(z, out)
    assert_array_equal(z, inputs())
    assert_array_equal(out, 2 * z)


def test_forward_works_in_place():
    z = inputs()
    FunctionActivation(snake).forward(z, z)
    assert_array_equal(z, snake(inputs()))


@pytest.mark.parametrize("parameters", [{"func": "tanh"}, {"func": snake, "derivative": 1.0}])
def test_fields_must_be_callable(parameters):
    with pytest.raises(ValueError, match="of FunctionActivation must be a callable"):
        FunctionActivation(**parameters).validate()


def test_components_are_reproduced_by_repr_pickle_and_clone():
    activation = resolve_activation(snake)
    assert repr(activation) == "FunctionActivation(func=snake, derivative=None)"
    assert eval(repr(activation)) == activation
    assert pickle.loads(pickle.dumps(activation)) == activation
    assert clone(activation, safe=False) == activation
