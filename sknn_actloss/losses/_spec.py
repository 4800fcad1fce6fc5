"""The contract of a loss as users give it: hyperparameters that are bound to targets in a fit."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from sknn_actloss._component import Component
from sknn_actloss.losses._bound import BoundLoss
from sknn_actloss.losses._heads import Head, ProbabilityHead

#: Kinds of targets: what the columns of the encoded targets mean.
TARGET_KINDS = ("continuous", "binary", "multiclass", "multilabel")

#: The output activation that turns raw outputs into what each kind of target is compared with.
PROBABILITY_OUTPUT = {
    "continuous": "identity",
    "binary": "logistic",
    "multiclass": "softmax",
    "multilabel": "logistic",
}


class LossSpec(Component):
    """Base of all that an estimator takes as its loss.

    It holds the hyperparameters; :meth:`for_targets` gives the formulas, which may depend on
    what the targets are and which activation the outputs go through.

    Attributes
    ----------
    tasks : frozenset of {"regression", "classification"}
        What the loss is for.
    outputs_per_target : int
        How many raw outputs a column of the targets needs.
    head_kind : type of Head
        Class of the head of the bound losses, which tells whether there are probabilities or
        quantiles.
    report_factor : float
        What the loss is multiplied with where it is reported, see :meth:`report`.
    report_name : str
        What metrics call that, ``""`` where it is the loss itself.
    formula, advice : str
        The formula, and when to use it.

    See Also
    --------
    sknn_actloss.inspection.LossDisplay : Draws losses and their derivatives.
    """

    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})
    outputs_per_target: ClassVar[int] = 1
    head_kind: ClassVar[type[Head]] = Head
    report_factor: ClassVar[float] = 1.0
    report_name: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    def natural_output(self, target_kind: str) -> str:
        """Return the name of the output activation that ``out_activation="auto"`` means.

        Parameters
        ----------
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}
            What the columns of the encoded targets mean.

        Returns
        -------
        output : str
            Canonical name of the output activation.
        """
        return "identity"

    def objection(self, output: str) -> str:
        """Return why outputs cannot go through an activation in the domain, ``""`` if they can.

        Parameters
        ----------
        output : str
            Canonical name of the output activation, ``""`` where it has none.

        Returns
        -------
        objection : str
            The reason, for error messages.
        """
        return ""

    @abstractmethod
    def for_targets(self, target_kind: str, output: str) -> BoundLoss:
        """Return the loss that trains on targets of this kind through this output.

        Parameters
        ----------
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}
            What the columns of the encoded targets mean.
        output : str
            Canonical name of the output activation, ``""`` where it has none.

        Returns
        -------
        loss : BoundLoss
            The formulas.
        """

    def __call__(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        target_kind: str | None = None,
    ) -> float:
        """Return the mean of what training minimises.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets as training encodes them: numbers, one column of 0/1 for two classes, one
            column for each class or label otherwise. Losses that encode as -1/+1 take both.
        y_pred : array-like of the shape of ``y_true``, or (n_samples, n_outputs)
            Activated outputs: predictions, probabilities, or decision values for losses
            without a link. Losses of several outputs for each target take all of them, target
            by target.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}, optional
            What the columns mean; by default told from the data.

        Returns
        -------
        loss : float
            Sum over outputs, weighted average over rows.
        """
        y, prediction = _columns(y_true), _columns(y_pred)
        if prediction.shape != (len(y), y.shape[1] * self.outputs_per_target):
            raise ValueError(
                f"y_true of shape {y.shape} and y_pred of shape {prediction.shape} must agree, "
                f"with {self.outputs_per_target} column(s) of y_pred for each of y_true."
            )
        kind = target_kind or self._guess_target_kind(y, prediction)
        loss = self.for_targets(kind, self.natural_output(kind))
        if loss.encoding == (-1.0, 1.0):
            y = np.where(y > 0, 1.0, -1.0)
        return float(np.average(loss.value_of_prediction(y, prediction), weights=sample_weight))  # type: ignore[arg-type]

    def report(
        self,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        target_kind: str | None = None,
    ) -> float:
        """Return the loss as metrics have it.

        Training minimises half the squared error and half of deviances, whose gradients are
        simple, and sums over targets and labels. Metrics know the mean square, the deviance,
        and the mean over targets and labels.

        Parameters
        ----------
        y_true, y_pred, sample_weight : array-like
            As for a call of the loss.
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}, optional
            As for a call of the loss.

        Returns
        -------
        metric : float
            The weighted mean over rows.
        """
        y = _columns(y_true)
        kind = target_kind or self._guess_target_kind(y, _columns(y_pred))
        loss = self(y_true, y_pred, sample_weight, target_kind=kind)
        return self.report_scale(kind, y.shape[1]) * loss

    def report_scale(self, target_kind: str, n_targets: int) -> float:
        """Return what turns the loss that training minimises into the one of :meth:`report`.

        Parameters
        ----------
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}
            What the columns of the encoded targets mean.
        n_targets : int
            Number of these columns.

        Returns
        -------
        factor : float
            What the loss is multiplied with.
        """
        return self.report_factor / (1 if target_kind == "multiclass" else n_targets)

    def _guess_target_kind(self, y: np.ndarray, prediction: np.ndarray) -> str:
        if "classification" not in self.tasks:
            return "continuous"
        if y.shape[1] == 1:
            return "binary"
        one_hot = np.all(np.sum(y > 0, axis=1) == 1)
        has_probabilities = issubclass(self.head_kind, ProbabilityHead)
        normalised = not has_probabilities or np.allclose(prediction.sum(axis=1), 1, atol=1e-4)
        return "multiclass" if one_hot and normalised else "multilabel"


def _columns(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values)
    values = values.astype(np.result_type(values, np.float32), copy=False)
    return values.reshape(-1, 1) if values.ndim == 1 else values
