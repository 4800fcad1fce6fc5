"""Functions as users write them, for parameters that take one."""

from __future__ import annotations

import numpy as np


def swish(z):
    return z / (1 + np.exp(-np.clip(z, -50, 50)))


def square(z):
    return z * z


def cauchy(y, p):
    return np.log1p((y - p) ** 2)


def fading(step):
    return 1 / (1 + step)


def negative_error(estimator, X, y):
    return -float(np.mean(estimator.predict(X) != y))


def exploding(z):
    return np.exp(np.exp(z))


def nothing(z):
    return None


def to_scalar(z):
    return 1.0


def failing(*arguments):
    raise RuntimeError("a function of the user's fails")


def nan_rate(step):
    return float("nan")


def nan_score(estimator, X, y):
    return float("nan")


def text_score(estimator, X, y):
    return "good"
