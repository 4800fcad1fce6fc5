"""Figures without a screen, closed after each test."""

import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures():
    """Close the figures of a test."""
    yield
    plt.close("all")
