"""Encoders that turn tables of numbers, categories, gaps and dates into inputs of networks."""

from sknn_actloss.tabular._piecewise import PiecewiseLinearEncoder
from sknn_actloss.tabular._table import TableEncoder

__all__ = ["PiecewiseLinearEncoder", "TableEncoder"]
