"""Pictures of how much the columns of a table move predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from sknn_actloss.inspection._explanations import feature_importances
from sknn_actloss.inspection._plotting import COLORS, check_matplotlib
from sknn_actloss.inspection._tables import as_table


class FeatureImportanceDisplay:
    """Bars of the importances of columns, the largest on top.

    Parameters
    ----------
    importances : array-like of shape (n_columns,)
        What :func:`feature_importances` returned.
    feature_names : sequence of str or None, default=None
        Names of the columns; ``None`` for ``x0``, ``x1`` and so on.

    Attributes
    ----------
    ax_ : Axes
        Where it was drawn.
    figure_ : Figure
        The figure around it.
    bars_ : BarContainer
        The bars, from the lowest one up.

    See Also
    --------
    feature_importances : What is drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import FeatureImportanceDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> display = FeatureImportanceDisplay.from_estimator(model, X, max_features=2)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['x3', 'x2']
    """

    def __init__(self, importances: Any, feature_names: Sequence[str] | None = None) -> None:
        self.importances = importances
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        baseline: Any = None,
        *,
        response_method: str = "auto",
        target: Any = None,
        feature_names: Sequence[str] | None = None,
        max_features: int | None = 20,
        ax: Any = None,
        bar_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Find the importances of columns and draw them.

        Parameters
        ----------
        estimator, X, baseline, response_method, target : optional
            As for :func:`feature_importances`.
        feature_names : sequence of str or None, default=None
            Names of the columns; ``None`` for those that X has, or else ``x0``, ``x1`` and so on.
        max_features, ax, bar_kw : optional
            As for :meth:`plot`.

        Returns
        -------
        display : FeatureImportanceDisplay
            The display, drawn.
        """
        check_matplotlib(cls.__name__)
        importances = feature_importances(
            estimator, X, baseline, response_method=response_method, target=target
        )
        names = as_table(X).names if feature_names is None else feature_names
        return cls(importances, names).plot(max_features=max_features, ax=ax, bar_kw=bar_kw)

    def plot(
        self,
        *,
        max_features: int | None = 20,
        ax: Any = None,
        bar_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw a bar for each column.

        Parameters
        ----------
        max_features : int or None, default=20
            How many of the largest to draw; ``None`` for all.
        ax : Axes, default=None
            Where to draw; ``None`` makes a figure.
        bar_kw : dict, default=None
            Goes on to matplotlib's ``barh``.

        Returns
        -------
        self : FeatureImportanceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are not as many names as importances.
        """
        check_matplotlib(type(self).__name__)
        import matplotlib.pyplot as plt

        importances, names = np.asarray(self.importances), self.feature_names
        names = [f"x{index}" for index in range(len(importances))] if names is None else names
        if len(names) != len(importances):
            raise ValueError(
                f"feature_names has {len(names)} names for {len(importances)} importances; give "
                "one for each column."
            )
        shown = np.argsort(importances, kind="stable")[::-1][:max_features][::-1]
        if ax is None:
            size = 6.4, 1.2 + 0.3 * len(shown)
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        style = {"color": COLORS[0], **(bar_kw or {})}
        places = np.arange(len(shown))
        self.bars_ = ax.barh(places, importances[shown], **style)
        ax.set_yticks(places, [names[index] for index in shown])
        ax.set_xlabel("mean size of integrated gradients")
        return self
