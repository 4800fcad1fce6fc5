"""Estimators, searches and encoders with drawn parameters on drawn data.

What is drawn follows from a name, a seed and a number, so that each draw can be made again.
"""
