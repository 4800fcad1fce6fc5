"""What goes on within a fitted network, and what to change where something is wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn_actloss.estimators import BaseMLP, Problem, reopen
from sknn_actloss.inspection._course import CourseReport, measure_course
from sknn_actloss.inspection._findings import Facts, Finding, findings
from sknn_actloss.inspection._inputs import InputReport, measure_inputs
from sknn_actloss.inspection._layers import LayerReport, layer_reports
from sknn_actloss.inspection._remedies import Remedies
from sknn_actloss.inspection._signals import measure_signals
from sknn_actloss.inspection._steps import batch_size_of, update_ratios

#: Rows that are looked at, at most.
MAX_ROWS = 10_000
WIDTH = 96


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What :func:`diagnose` has seen and found; ``print`` shows it as a table with advice.

    Parameters
    ----------
    name : str
        Class of the estimator.
    n_rows : int
        Rows that were looked at.
    layers : list of LayerReport
        Each layer of weights, the output layer last.
    course : CourseReport
        The loss over the epochs, and on the rows given.
    inputs : InputReport
        The scales of the inputs.
    findings : list of Finding
        What is wrong, causes first; empty for a healthy network.
    """

    name: str
    n_rows: int
    layers: list[LayerReport]
    course: CourseReport
    inputs: InputReport
    findings: list[Finding]

    def to_frame(self) -> Any:
        """Return the layers as a pandas DataFrame, indexed by their names.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        return pd.DataFrame([asdict(layer) for layer in self.layers]).set_index("name")

    def plot(self, ax: Any = None, *, panels: str | Sequence[str] | None = None) -> Any:
        """Draw the layers.

        Parameters
        ----------
        ax, panels
            As in :meth:`DiagnosisDisplay.plot`.

        Returns
        -------
        display : DiagnosisDisplay
        """
        from sknn_actloss.inspection._diagnosis_display import DiagnosisDisplay

        return DiagnosisDisplay(self).plot(ax, panels=panels)

    def __str__(self) -> str:
        title = f"Diagnosis of {self.name} on {self.n_rows} rows"
        parts = [title, _table(self.layers), _course_line(self.course), self._advice()]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in self.findings))
        return f"<{type(self).__name__} of {self.name}: {kinds or 'nothing found'}>"

    def _advice(self) -> str:
        if not self.findings:
            return "Nothing wrong was found."
        return "\n".join(
            _paragraph(f"{place}. {finding.kind}: {finding.message}")
            + "\n"
            + _paragraph(f"   -> {finding.advice}", indent=" " * 6)
            for place, finding in enumerate(self.findings, start=1)
        )


def diagnose(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Diagnosis:
    """Look into a fitted network: which units are dead, which gradients vanish, does it overfit.

    Activations, gradients and the loss are those of predictions for the rows given: without
    dropout, penalties and noise of batches, and with the running moments of batch normalisation.
    More than 10 000 rows are thinned out evenly. The estimator stays as it is, and no random
    number is drawn.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or Pipeline that ends in one
        A fitted estimator. The steps in front of the network transform X, and a
        ``TransformedTargetRegressor`` around it transforms y.
    X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
        Rows. Held-out rows show overfitting even where the fit had no validation rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in losses and gradients.

    Returns
    -------
    report : Diagnosis
        To be printed; with ``findings``, ``layers``, ``course``, ``inputs``, ``to_frame()`` and
        ``plot()``.

    Raises
    ------
    TypeError
        If the estimator is neither a network of this package nor a Pipeline that ends in one.
    NotFittedError
        If it is not fitted.
    ValueError
        If the rows are not like those of the fit, or if the estimator is a committee.

    Notes
    -----
    The gradient of row i by the weights of a layer is :math:`a_i \\delta_i^T`, with what the layer
    takes in and the derivative of the row's loss by its products. Its norm is reported as
    :math:`\\sqrt{\\sum_i w_i |a_i|^2 |\\delta_i|^2 / \\sum_i w_i}`: the size of single gradients,
    which does not go to zero where they cancel, as they do at the end of a training.

    What makes a finding:

    - ``"input_scales"``: scales apart by more than 30 both by standard deviation and by extent;
      a mean of more than 10 extents; half of the standard deviations above 30. Inputs that are
      constant but for a few rows do not count.
    - ``"dead_units"``: half of the units of a layer are zero for all rows, after the activation
      and before dropout and skip connections; 30 % of them, if the network explains less
      than 80 % of the loss of a constant output.
    - ``"saturation"``: 90 % of the outputs of a layer lie within 1 % of an end of the range of a
      bounded activation; 60 % of them, if the network explains less than that.
    - ``"vanishing_gradients"``: the gradient of the first layer is at most 1e-3 of that of the
      last, and not because a whole layer is dead.
    - ``"exploding_gradients"``: it is more than 1e3 of it, with inputs of ordinary scales, or is
      not finite.
    - ``"plateau"``: the network explains at most 20 % of the loss of a constant output, and the
      last third of the epochs added less than 1 %.
    - ``"oscillation"``: the rises of the training loss from one epoch to the next add up to more
      than 1 % of the loss of a constant output per epoch.
    - ``"overfitting"``: the loss on the validation rows of the fit, or else on the rows given,
      lies above the training loss by more than 25 % of the loss of a constant output; for the
      squared error, R² differs by 0.25.

    Steps of a healthy training move weights by about 1e-3 of their norm.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((50, 50), learning_rate_init=0.3, max_iter=20, random_state=0)
    >>> report = diagnose(model.fit(scale(X), y), scale(X), y)
    >>> report.findings[0].kind
    'dead_units'
    >>> report.findings[0].parameters
    ('learning_rate_init', 'activation', 'normalization')
    """
    network, X, y = _network(estimator, X, y)
    settings, problem = reopen(network, X, y, sample_weight)
    problem = _thinned(problem)
    signals = measure_signals(problem)
    layers = layer_reports(problem, signals, update_ratios(network, settings, problem))
    course = measure_course(network, problem, signals.loss)
    inputs = measure_inputs(problem.X)
    is_sparse, batch_size = sparse.issparse(problem.X), batch_size_of(network, problem)
    remedies = Remedies(network, settings, is_sparse, batch_size)
    found = findings(Facts(layers, course, inputs, remedies))
    return Diagnosis(type(network).__name__, len(problem.y), layers, course, inputs, found)


def _network(estimator: Any, X: Any, y: Any) -> tuple[BaseMLP, Any, Any]:
    """Return the network within an estimator, and the rows and targets that it sees."""
    if isinstance(estimator, Pipeline):
        check_is_fitted(estimator)
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return _network(estimator[-1], X, y)
    if isinstance(estimator, TransformedTargetRegressor):
        check_is_fitted(estimator)
        y = np.asarray(y)
        transformed = estimator.transformer_.transform(y.reshape(len(y), -1))
        return _network(estimator.regressor_, X, transformed.reshape(y.shape))
    if not isinstance(estimator, BaseMLP):
        raise TypeError(
            "estimator must be a fitted MLPClassifier or MLPRegressor of sknn_actloss, or a "
            f"Pipeline that ends in one; got {estimator!r}."
        )
    n_members = len(getattr(estimator, "members_", None) or ())
    if n_members > 1:
        raise ValueError(
            f"estimator is a committee of {n_members} networks, and a diagnosis looks into one. "
            "Pass one of them, such as members_[0]."
        )
    return estimator, X, y


def _thinned(problem: Problem) -> Problem:
    """Leave out rows evenly where there are too many."""
    n_rows = len(problem.y)
    if n_rows <= MAX_ROWS:
        return problem
    rows = np.linspace(0, n_rows - 1, MAX_ROWS).astype(int)
    weights = problem.sample_weight
    weights = weights if weights is None else weights[rows]
    return replace(problem, X=problem.X[rows], y=problem.y[rows], sample_weight=weights)


def _table(layers: list[LayerReport]) -> str:
    rows = [
        (
            "layer",
            "activation",
            "units",
            "dead",
            "saturated",
            "mean",
            "std",
            "gradient",
            "step/weight",
        )
    ]
    rows += [
        (
            layer.name,
            textwrap.shorten(layer.activation, 24, placeholder="..."),
            str(layer.n_units),
            _number(layer.dead, ".1%"),
            _number(layer.saturated, ".1%"),
            _number(layer.mean, ".3g"),
            _number(layer.std, ".3g"),
            _number(layer.gradient_norm, ".2e"),
            _number(layer.update_ratio, ".1e"),
        )
        for layer in layers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _course_line(course: CourseReport) -> str:
    text = (
        f"Loss: {course.loss:.4g} on these rows, {course.constant_loss:.4g} with the best "
        "constant output"
    )
    if course.last_loss is not None:
        text += (
            f"; in training {course.first_loss:.4g} in the first epoch and "
            f"{course.last_loss:.4g} in the last of {course.n_epochs}"
        )
    return _paragraph(f"{text}.", indent="")


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _paragraph(text: str, indent: str = "   ") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, replace_whitespace=False)
