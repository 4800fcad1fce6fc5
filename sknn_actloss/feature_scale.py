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

    See Also
    --------
    sknn_actloss.MLPClassifier : Takes it as ``feature_scale``.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.feature_scale import FeatureScale
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), feature_scale=FeatureScale(2.0), tol=0.01, random_state=0)
    >>> model.fit(X, y).feature_scale_.shape
    (4,)
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

    Raises
    ------
    ValueError
        If a value is out of its range.
    TypeError
        If ``spec`` is none of these.

    See Also
    --------
    FeatureScale : What it returns.

    Examples
    --------
    >>> from sknn_actloss.feature_scale import resolve_feature_scale
    >>> resolve_feature_scale(True)
    FeatureScale(rate_factor=6.0)
    """
    if isinstance(spec, FeatureScale):
        spec.validate()
        return spec
    if spec is True or spec is False:
        return FeatureScale() if spec else None
    raise TypeError(
        f"{parameter} must be True, False or an instance of FeatureScale; got {spec!r}."
    )
