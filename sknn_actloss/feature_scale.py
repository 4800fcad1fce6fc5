"""A learned factor for every input feature, switched on or with a rate of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._component import Component
from sknn_actloss._sklearn import number

__all__ = ["FeatureScale", "resolve_feature_scale"]


@dataclass(repr=False)
class FeatureScale(Component):
    r"""A learned factor for every input feature, in front of the first layer.

    .. math:: z = (x \odot s) W + b

    with one factor for each feature, the same for all units. All start at one, and take no part
    in penalties and weight decay. A feature that says nothing can fade as a whole, and one that
    matters can grow in fewer steps than through its weights one by one.

    Parameters
    ----------
    rate_factor : float, default=6.0
        By how much the learning rate of the factors is larger than that of the weights, in
        (0, inf).

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.
    """

    rate_factor: float = 6.0

    _parameter_constraints: ClassVar[dict[str, list]] = {"rate_factor": [number(0, None)]}


def resolve_feature_scale(spec: Any, parameter: str = "feature_scale") -> FeatureScale | None:
    """Turn a switch or an instance into a checked component, or ``None`` where it is off.

    Parameters
    ----------
    spec : bool or FeatureScale
        Whether to scale features, or how.
    parameter : str, default="feature_scale"
        Name of the estimator's parameter, for error messages.

    Returns
    -------
    feature_scale : FeatureScale or None
        An instance whose values are checked.
    """
    if isinstance(spec, FeatureScale):
        spec.validate()
        return spec
    if spec is True or spec is False:
        return FeatureScale() if spec else None
    raise TypeError(
        f"{parameter} must be True, False or an instance of FeatureScale; got {spec!r}."
    )
