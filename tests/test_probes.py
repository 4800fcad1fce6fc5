"""The complex step, and the check of a user's function by central differences."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn_actloss._probes import check_elementwise, check_shape, complex_step

PROBES = np.array([[-2.3, 0.01], [0.7, 5.9]])


def check(function, derivative=None):
    check_elementwise(function, PROBES, derivative, "f", "f(derivative=...)")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_complex_step_is_exact_in_the_data_type_of_its_input(dtype):
    x = np.linspace(-3, 3, 13, dtype=dtype)
    slope = complex_step(lambda x: np.exp(np.sin(x)), x)
    assert slope.dtype == dtype
    assert_allclose(slope, np.cos(x) * np.exp(np.sin(x)), rtol=8 * np.finfo(dtype).eps, atol=1e-7)


@pytest.mark.parametrize("function", [np.tanh, np.exp, np.positive, lambda x: x**3])
def test_analytic_functions_pass(function):
    check(function)


def test_a_constant_slope_is_found_wrong_where_the_function_drops_the_imaginary_part():
    with pytest.raises(ValueError, match=r"by complex step is 0 at -2.3, .* give 1") as error:
        check(np.real)
    assert "pass the derivative yourself: f(derivative=...)" in str(error.value)


def test_a_function_that_casts_to_real_is_found_without_a_warning():
    with pytest.raises(ValueError, match="by complex step is 0"):
        check(lambda x: x.astype(np.float64))


def test_any_failure_with_complex_numbers_names_the_remedy():
    def picky(x):
        if np.iscomplexobj(x):
            raise RuntimeError("real numbers only")
        return x

    with pytest.raises(ValueError, match=r"real numbers only.*f\(derivative=...\)"):
        check(picky)
    check(picky, derivative=np.ones_like)


def test_errors_of_the_function_itself_are_not_hidden():
    def broken(x):
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        check(broken)


def test_steps_of_integers_and_booleans_are_taken_as_numbers():
    check(lambda x: x > 0, derivative=np.zeros_like)


def test_overflow_is_reported_as_an_error_alone():
    with pytest.raises(ValueError, match="f is not finite everywhere: it gave inf"):
        check(lambda x: np.exp(200 * x))


def test_check_shape():
    check_shape(np.zeros(3), (3,), "f")
    with pytest.raises(ValueError, match=r"f must return .* \(3,\); got shape \(\)"):
        check_shape(0.0, (3,), "f")
