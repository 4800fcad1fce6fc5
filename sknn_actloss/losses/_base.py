"""The contract of a loss function."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from sknn_actloss._calls import Call
from sknn_actloss._component import Component
from sknn_actloss._interval import REALS, Interval

#: Kinds of targets: what the columns of the encoded targets mean.
TARGET_KINDS = ("continuous", "binary", "multiclass", "multilabel")

#: The output activation that turns raw outputs into what each kind of target is compared with.
PROBABILITY_OUTPUT = {
    "continuous": "identity",
    "binary": "logistic",
    "multiclass": "softmax",
    "multilabel": "logistic",
}


class Loss(Component):
    """Base of loss functions.

    Encoded targets ``y`` have shape ``(batch, n_targets)``, raw outputs and predictions
    ``(n_members, batch, n_outputs)``, with ``outputs_per_target`` outputs for each column of the
    targets; every method also takes ``raw`` without the axis of members, and reduces over the
    last axis only. Losses sum over outputs; their callers average over rows. Hyperparameters are
    numbers, or arrays of shape ``(n_members, 1, 1)`` where the members of a stack differ. Arrays
    may be stored in any order; training stores them output by output.

    *Raw* outputs are those of the last linear layer; a *prediction* is the output activation of
    them. :meth:`value` and :meth:`gradient` take raw outputs through the activation named by
    ``link``, fused and stable; :meth:`value_of_prediction` and :meth:`gradient_of_prediction`
    serve every other output activation by the chain rule. A loss whose link is the identity
    defines the first pair only.

    Attributes
    ----------
    link : str
        Canonical name of the output activation that :meth:`value` and :meth:`gradient` include.
    tasks : frozenset of {"regression", "classification"}
        What the loss is for.
    encoding : (float, float)
        How training encodes the two states of a class or label: (0, 1) or (-1, 1).
    probabilistic : bool
        Whether :meth:`probabilities` turns predictions into probabilities.
    outputs_per_target : int
        How many raw outputs a column of the targets needs; :meth:`point` says which of them, or
        what of them, is the prediction.
    levels : tuple of float
        Levels of the quantiles that a method ``quantiles(prediction)`` gives, ascending; empty
        where there is none.
    target_domain : Interval
        Where targets may lie.
    prediction_domain : Interval
        Where predictions must lie; the range of the output activation has to be within.
    """

    link: ClassVar[str] = "identity"
    tasks: ClassVar[frozenset[str]] = frozenset({"regression"})
    encoding: ClassVar[tuple[float, float]] = (0.0, 1.0)
    probabilistic: ClassVar[bool] = False
    outputs_per_target: ClassVar[int] = 1
    levels: ClassVar[tuple[float, ...]] = ()
    formula: ClassVar[str] = ""
    advice: ClassVar[str] = ""

    @property
    def target_domain(self) -> Interval:
        """Where targets may lie."""
        return REALS

    @property
    def prediction_domain(self) -> Interval:
        """Where predictions must lie."""
        return REALS

    def natural_output(self, target_kind: str) -> str:
        """Return the name of the output activation that ``out_activation="auto"`` means."""
        return self.link

    def objection(self, output: str) -> str:
        """Return why outputs cannot go through an activation in the domain, ``""`` if they can.

        Parameters
        ----------
        output : str
            Canonical name of the output activation, ``""`` where it has none.
        """
        return ""

    def for_targets(self, target_kind: str, output: str) -> Loss:
        """Return the loss that trains on targets of this kind through this output.

        Parameters
        ----------
        target_kind : {"continuous", "binary", "multiclass", "multilabel"}
            What the columns of the encoded targets mean.
        output : str
            Canonical name of the output activation, ``""`` where it has none.
        """
        return self

    @abstractmethod
    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Return the loss of each row, shape ``(n_members, batch)``."""

    @abstractmethod
    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Write the derivative of :meth:`value` by ``raw`` to ``out``."""

    def gradient_calls(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> list[Call]:
        """Return :meth:`gradient` for these arrays as calls bound to them."""
        return [(self.gradient, (y, raw, out))]

    def value_of_prediction(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return the loss of each row from activated outputs."""
        return self.value(y, prediction)

    def gradient_of_prediction(
        self, y: np.ndarray, prediction: np.ndarray, out: np.ndarray
    ) -> None:
        """Write the derivative of :meth:`value_of_prediction` by ``prediction`` to ``out``."""
        self.gradient(y, prediction, out)

    def check(self, y: np.ndarray, prediction: np.ndarray) -> None:
        """Check the formulas on a few encoded targets and predictions, before training.

        Parameters
        ----------
        y, prediction : ndarray of shape (n_probes, n_outputs), float64
            Encoded targets and predictions that the output activation can give.

        Raises
        ------
        ValueError
            If a formula does not meet the contract; the message says how to mend it.
        """
        shape = np.shape(self.value_of_prediction(y, prediction[None]))
        if shape != (1, len(y)):
            raise ValueError(
                f"{type(self).__name__} must give one value for each row, shape (n_members, "
                f"n_rows) = {(1, len(y))}; got {shape}. Sum over the last axis only."
            )

    def initial_prediction(self, y: np.ndarray, sample_weight: np.ndarray) -> np.ndarray | None:
        """Return the constant prediction of each output to start from, shape ``(n_outputs,)``.

        ``None`` leaves the output biases as the initializer drew them.
        """
        return None

    def point(self, prediction: np.ndarray) -> np.ndarray:
        """Turn activated outputs (..., n_outputs) into predicted targets (..., n_targets)."""
        return prediction

    def variance(self, prediction: np.ndarray) -> np.ndarray | None:
        """Return the variance of each target, (..., n_targets), ``None`` where it is unknown."""
        return None

    def probabilities(self, prediction: np.ndarray) -> np.ndarray:
        """Turn predictions into the probability of each output's positive state."""
        return prediction

    def __call__(
        self,
        y_true: np.ndarray,
        y_pred: np.ndarray,
        sample_weight: np.ndarray | None = None,
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
        if self.encoding == (-1.0, 1.0):
            y = np.where(y > 0, 1.0, -1.0)
        kind = target_kind or self._guess_target_kind(y, prediction)
        loss = self.for_targets(kind, self.natural_output(kind))
        return float(np.average(loss.value_of_prediction(y, prediction), weights=sample_weight))

    def _guess_target_kind(self, y: np.ndarray, prediction: np.ndarray) -> str:
        if "classification" not in self.tasks:
            return "continuous"
        if y.shape[1] == 1:
            return "binary"
        one_hot = np.all(np.sum(y > 0, axis=1) == 1)
        normalised = not self.probabilistic or np.allclose(prediction.sum(axis=1), 1, atol=1e-4)
        return "multiclass" if one_hot and normalised else "multilabel"


class LossFamily(Loss):
    """Base of losses that leave their formulas to those which :meth:`for_targets` returns."""

    def value(self, y: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Tell to ask for the loss that has the formula."""
        raise NotImplementedError(
            f"The formulas of {type(self).__name__} depend on the targets; call "
            "for_targets(target_kind, output) for the loss that has them."
        )

    def gradient(self, y: np.ndarray, raw: np.ndarray, out: np.ndarray) -> None:
        """Tell to ask for the loss that has the formula."""
        self.value(y, raw)


def _columns(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    values = values.astype(np.result_type(values, np.float32), copy=False)
    return values.reshape(-1, 1) if values.ndim == 1 else values
