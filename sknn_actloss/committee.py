"""Committees of networks: how many, which rows each learns from, and how they are calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sknn_actloss._component import Component
from sknn_actloss._sklearn import StrOptions, whole_number

__all__ = ["Committee", "resolve_committee"]


@dataclass(repr=False)
class Committee(Component):
    """Networks that are trained together, and whose predictions are averaged.

    With ``resample`` each of them leaves out some rows, by which it is judged: it keeps the
    weights of its best epoch there, and what it predicts for them is an honest prediction, as
    that of a random forest for rows out of the bag.

    Parameters
    ----------
    n_members : int, default=8
        Number of networks, at least 2 with ``resample``.
    resample : {"folds", "bootstrap"} or None, default=None
        Which rows each network learns from: all; all but a fold of its own, of as many as there
        are networks; or as many as there are, drawn with replacement.
    calibrate : {"temperature"} or None, default=None
        Whether probabilities are made to fit the rows left out: the raw outputs are divided by
        one number, the temperature :math:`T = T_1^{(1 + 3 / M) / 4}` of M networks, where
        :math:`T_1` makes the log loss of each network by itself the lowest. What they have in
        common is a quarter of what makes them too sure of themselves, as measured on tables; the
        rest goes with the mean. Where :math:`T_1` lowers the log loss by no more than two
        standard errors, T is 1. Needs ``resample``.

    See Also
    --------
    sknn_actloss.model_selection.CommitteeClassifier : Averages networks that differ in parameters.

    References
    ----------
    L. Breiman, "Bagging predictors", Machine Learning 24, 1996.

    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
    ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_actloss import Committee, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), n_members=Committee(3, "folds"), tol=0.01, random_state=0)
    >>> model.fit(X, y).oof_prediction_.shape
    (150, 3)
    """

    n_members: int = 8
    resample: str | None = None
    calibrate: str | None = None

    _parameter_constraints: ClassVar[dict[str, list]] = {
        "n_members": [whole_number(1)],
        "resample": [StrOptions({"folds", "bootstrap"}), None],
        "calibrate": [StrOptions({"temperature"}), None],
    }

    def validate(self) -> None:
        """Check the values of all fields.

        Raises
        ------
        ValueError
            If a field is out of its range, if ``resample`` leaves a single network without rows,
            or if there are no rows left out to calibrate with.
        """
        super().validate()
        if self.resample is not None and self.n_members < 2:
            raise ValueError(
                f"Committee has n_members={self.n_members} and resample={self.resample!r}; rows "
                "can be left out of the training of some only if there are 2 or more. Set "
                "n_members=8, or resample=None."
            )
        if self.calibrate is not None and self.resample is None:
            raise ValueError(
                f"Committee has calibrate={self.calibrate!r}, which needs rows that networks have "
                "not learnt from. Set resample='folds' or 'bootstrap', or calibrate=None."
            )


def resolve_committee(spec: Any) -> Committee:
    """Turn a number of networks or an instance into a checked committee.

    Parameters
    ----------
    spec : int or Committee
        What the user gave.

    Returns
    -------
    committee : Committee
        An instance whose values are checked.

    Raises
    ------
    ValueError
        If a value is out of its range.
    TypeError
        If ``spec`` is none of these.

    See Also
    --------
    Committee : What it returns.

    Examples
    --------
    >>> from sknn_actloss.committee import resolve_committee
    >>> resolve_committee(3)
    Committee(n_members=3, resample=None, calibrate=None)
    """
    committee = spec if isinstance(spec, Committee) else Committee(int(spec))
    committee.validate()
    return committee
