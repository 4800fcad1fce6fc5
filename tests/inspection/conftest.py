"""Figures without a screen, closed after each test."""

import warnings

import pytest

with warnings.catch_warnings():
    # matplotlib 3.9 uses names that pyparsing has renamed since.
    warnings.simplefilter("ignore", DeprecationWarning)
    import matplotlib
    import matplotlib.pyplot as plt

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    """Close the figures of a test."""
    yield
    plt.close("all")
