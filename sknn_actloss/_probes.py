"""Derivatives of a user's own functions: complex step, checked by central differences.

The complex step takes f'(x) = Im f(x + ih) / h without cancellation (Squire and Trapp, "Using
complex variables to estimate derivatives of real functions", SIAM Review 40, 1998). Functions
that are not analytic, such as ``abs``, break it silently, hence the check.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

COMPLEX_STEP = 1e-20


def complex_step(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the derivative of an elementwise function at ``x``, in the data type of ``x``."""
    h = x.dtype.type(COMPLEX_STEP)
    return (np.asarray(function(x + 1j * h)).imag / h).astype(x.dtype, copy=False)


def check_shape(value: np.ndarray, shape: tuple[int, ...], name: str) -> None:
    """Raise a ValueError if a function's value has not the shape of its input."""
    if np.shape(value) != shape:
        raise ValueError(
            f"{name} must return an array of the shape of its input {shape}; "
            f"got shape {np.shape(value)}."
        )


def check_elementwise(
    function: Callable[[np.ndarray], np.ndarray],
    probes: np.ndarray,
    derivative: Callable[[np.ndarray], np.ndarray] | None,
    name: str,
    remedy: str,
) -> None:
    """Compare a function's derivative with central differences, one coordinate at a time.

    Parameters
    ----------
    function : callable
        The user's elementwise function.
    probes : ndarray, float64
        Where to compare. Along every axis of more than one element, dependence of an output on
        another element is found.
    derivative : callable or None
        The user's own derivative, of which only shape and finiteness are checked; ``None`` means
        the complex step.
    name : str
        What the function is, for error messages.
    remedy : str
        The parameter to pass where the complex step fails.

    Raises
    ------
    ValueError
        If the function changes the shape, is not elementwise, is not real and finite at the
        probes, or its complex step does not give the derivative.
    """
    value = _checked(function, probes, name)
    slope = _slope(function, probes, derivative, name, remedy)
    step = 1e-6 * np.maximum(1.0, np.abs(probes))
    for index in np.ndindex(probes.shape):
        shift = np.zeros_like(probes)
        shift[index] = step[index]
        change = _checked(function, probes + shift, name) - _checked(function, probes - shift, name)
        expected = change[index] / (2 * step[index])
        change[index] = 0.0
        if np.any(np.abs(change) > 1e-12 * np.maximum(1.0, np.abs(value))):
            raise ValueError(
                f"{name} is not elementwise: an output depends on another element of its input. "
                "Write it as a function of each element alone."
            )
        close = np.isclose(slope[index], expected, rtol=1e-4, atol=1e-6)
        if derivative is None and not close:
            raise ValueError(
                f"The derivative of {name} by complex step is {slope[index]:.6g} at "
                f"{probes[index]:.6g}, where central differences give {expected:.6g}. Functions "
                "such as abs, sign and some of SciPy's are not analytic; pass the derivative "
                f"yourself: {remedy}."
            )


def _checked(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, name: str) -> np.ndarray:
    with np.errstate(all="ignore"):
        value = np.asarray(function(x.copy()))
    check_shape(value, x.shape, name)
    if value.dtype.kind not in "biuf":
        raise ValueError(f"{name} must return real numbers; got data type {value.dtype}.")
    if not np.all(np.isfinite(value)):
        raise ValueError(
            f"{name} is not finite everywhere: it gave {value[~np.isfinite(value)][0]}."
        )
    return value.astype(x.dtype, copy=False)


def _slope(
    function: Callable[[np.ndarray], np.ndarray],
    x: np.ndarray,
    derivative: Callable[[np.ndarray], np.ndarray] | None,
    name: str,
    remedy: str,
) -> np.ndarray:
    if derivative is not None:
        return _checked(derivative, x, f"The derivative of {name}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            slope = complex_step(function, x)
    except Exception as error:  # It took real numbers just before.
        raise ValueError(
            f"{name} does not take complex numbers, so its derivative cannot be found by complex "
            f"step ({error}); pass the derivative yourself: {remedy}."
        ) from error
    check_shape(slope, x.shape, name)
    return slope
