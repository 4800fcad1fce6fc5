"""The diagnosis of a fitted network: its report, its picture, and the function that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.base import is_regressor

from sknn_actloss.estimators import reopen
from sknn_actloss.inspection._course import CourseReport, measure_course
from sknn_actloss.inspection._findings import Facts, Finding, findings, shared
from sknn_actloss.inspection._inputs import InputReport, measure_inputs
from sknn_actloss.inspection._layer_panels import LayerPanels
from sknn_actloss.inspection._layers import LayerReport, layer_reports
from sknn_actloss.inspection._networks import Found, find_networks
from sknn_actloss.inspection._remedies import Remedies
from sknn_actloss.inspection._report_text import advice, course_line, layer_table
from sknn_actloss.inspection._signals import measure_signals
from sknn_actloss.inspection._steps import update_ratios
from sknn_actloss.training import TargetMoments, Task

#: Rows that are looked at, at most.
MAX_ROWS = 10_000


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

    See Also
    --------
    diagnose : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0).fit(scale(X), y)
    >>> len(diagnose(model, scale(X), y).layers)
    2
    """

    name: str
    n_rows: int
    layers: list[LayerReport]
    course: CourseReport
    inputs: InputReport
    findings: list[Finding]

    def to_frame(self) -> Any:
        """Return the layers as a pandas DataFrame, indexed by their names.

        Returns
        -------
        layers : DataFrame
            A row for each layer.

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
        ax, panels : optional
            As in :meth:`DiagnosisDisplay.plot`.

        Returns
        -------
        display : DiagnosisDisplay
            The display, drawn.
        """
        return DiagnosisDisplay(self).plot(ax, panels=panels)

    def __str__(self) -> str:
        title = f"Diagnosis of {self.name} on {self.n_rows} rows"
        parts = [layer_table(self.layers), course_line(self.course), advice(self.findings)]
        return "\n\n".join([title, *parts])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.name}: {_kinds(self.findings)}>"


@dataclass(frozen=True, repr=False)
class CommitteeDiagnosis(Diagnosis):
    """What :func:`diagnose` has seen of several networks, and found in some or all of them.

    Parameters
    ----------
    name : str
        Class of the estimator.
    n_rows, layers, course, inputs : int, list of LayerReport, CourseReport and InputReport
        Those of the member with the most findings.
    findings : list of Finding
        What is wrong with some or all of them, each kind once.
    members : dict of str to Diagnosis
        The diagnosis of each network, by where it is: ``"estimators_[0]"`` and so on.
    shown : str
        Which of them has the most findings.

    See Also
    --------
    diagnose : Makes one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import diagnose
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), n_members=2, tol=0.01, random_state=0).fit(scale(X), y)
    >>> sorted(diagnose(model, scale(X), y).members)
    ['members_[0]', 'members_[1]']
    """

    members: dict[str, Diagnosis]
    shown: str

    @classmethod
    def of(cls, name: str, members: dict[str, Diagnosis]) -> Self:
        """Put the diagnoses of members together; a finding of several stands once.

        Parameters
        ----------
        name : str
            Class of the estimator.
        members : dict of str to Diagnosis
            The diagnosis of each network, by where it is.

        Returns
        -------
        diagnosis : CommitteeDiagnosis
            What is known of all of them.
        """
        shown = max(members, key=lambda member: len(members[member].findings))
        flaws = shared({member: own.findings for member, own in members.items()})
        own = vars(members[shown]) | {"name": name, "findings": flaws}
        return cls(**own, members=members, shown=shown)

    def __str__(self) -> str:
        title = f"Diagnosis of the {len(self.members)} networks of {self.name}"
        lines = [
            f"{name}: loss {own.course.loss:.4g}; {_kinds(own.findings)}"
            for name, own in self.members.items()
        ]
        return "\n\n".join([title, "\n".join(lines), advice(self.findings)])


class DiagnosisDisplay(LayerPanels):
    """Activations, dead and saturated units, gradients and steps of each layer.

    Parameters
    ----------
    diagnosis : Diagnosis
        What :func:`~sknn_actloss.inspection.diagnose` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The first panel.
    axes_ : ndarray of Axes
        All panels.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of Line2D
        Gradient norms and steps.
    bars_ : list of BarContainer
        Shares of dead units and of saturated outputs.
    errorbars_ : list of ErrorbarContainer
        Means of the activations with their standard deviations.

    See Also
    --------
    LossCurveDisplay : Losses and rates of a fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sknn_actloss import MLPClassifier
    >>> from sknn_actloss.inspection import DiagnosisDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((20, 20), random_state=0, max_iter=500).fit(scale(X), y)
    >>> display = DiagnosisDisplay.from_estimator(model, scale(X), y)
    >>> [ax.get_title() for ax in display.axes_][:2]
    ['Outputs of units', 'Dead and saturated']
    """

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.layers)
        self.diagnosis = diagnosis

    def plot(self, ax: Any = None, *, panels: str | Sequence[str] | None = None) -> Self:
        """Draw the layers, of several networks those of the one with the most findings.

        Parameters
        ----------
        ax, panels : optional
            As in :meth:`DiagnosisDisplay.plot`.

        Returns
        -------
        self : DiagnosisDisplay
            The display, drawn.
        """
        super().plot(ax, panels=panels)
        if ax is None and isinstance(self.diagnosis, CommitteeDiagnosis):
            self.figure_.suptitle(f"{self.diagnosis.name}, {self.diagnosis.shown}")
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        ax: Any = None,
        panels: str | Sequence[str] | None = None,
    ) -> Self:
        """Diagnose a fitted estimator and draw its layers.

        Parameters
        ----------
        estimator, X, y, sample_weight : optional
            As in :func:`~sknn_actloss.inspection.diagnose`.
        ax, panels : optional
            As in :meth:`plot`.

        Returns
        -------
        display : DiagnosisDisplay
            The display, drawn.
        """
        return cls(diagnose(estimator, X, y, sample_weight)).plot(ax, panels=panels)


def diagnose(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> Diagnosis:
    """Look into a fitted network: which units are dead, which gradients vanish, does it overfit.

    Activations, gradients and the loss are those of predictions for the rows given: without
    dropout, penalties and noise of batches, and with the running moments of batch normalisation.
    More than 10 000 rows are thinned out evenly. The estimator stays as it is, and no random
    number is drawn.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or what holds one or several of them
        A fitted Pipeline (also of imbalanced-learn), search, committee, or ensemble such as
        ``BaggingClassifier``. The steps in front of the network transform X, and a
        ``TransformedTargetRegressor`` around it transforms y. Each network of a committee or an
        ensemble is diagnosed with all rows, as it sees them.
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
        ``plot()``. A :class:`CommitteeDiagnosis`, whose findings say where they are, for
        committees and ensembles.

    Raises
    ------
    TypeError
        If the estimator neither is nor holds a network of this package.
    NotFittedError
        If it is not fitted.
    ValueError
        If the rows are not like those of the fit.

    See Also
    --------
    DiagnosisDisplay : Draws what is seen.

    Notes
    -----
    The gradient of row i with respect to the weights of a layer is :math:`a_i \\delta_i^T`, with
    what the layer takes in and the derivative of the row's loss with respect to its
    pre-activations. Its norm is reported as
    :math:`\\sqrt{\\sum_i w_i |a_i|^2 |\\delta_i|^2 / \\sum_i w_i}`: the size of single gradients,
    which does not go to zero where they cancel, as they do at the end of a training. With
    ``feature_scale``, the weights of the first layer are those that rows meet: times the scales.

    What makes a finding:

    - ``"input_scales"``: scales apart by more than 30 both by standard deviation and by extent;
      a mean of more than 10 extents; half of the standard deviations above 30. Inputs that are
      constant but for a few rows do not count.
    - ``"target_scales"``: a mean of targets of more than 10 standard deviations, or a standard
      deviation above 30 or below 1/30, in a regression whose loss leaves units free; rates are
      not blamed then.
    - ``"worse_than_constant"``: the loss on the rows given lies above that of the best constant
      output by more than a tenth of it; for the squared error, R² is below -0.1.
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
    found = find_networks(estimator, own=True)
    if "" in found:
        return _diagnosed(*found.values(), X, y, sample_weight)  # type: ignore[call-arg]
    members = {name: _diagnosed(own, X, y, sample_weight) for name, own in found.items()}
    return CommitteeDiagnosis.of(type(estimator).__name__, members)


def _diagnosed(found: Found, X: Any, y: Any, sample_weight: Any) -> Diagnosis:
    X, y = found.transform(X, y)
    network = found.network
    settings, fit = reopen(network, X, y, sample_weight)
    task, params, spec = _thinned(fit.run.task), fit.run.params, fit.members[0].spec
    batch_size = settings.rows_of_batch(task.y.n_rows)
    ratios = update_ratios(network, task, spec, params, batch_size)
    signals = measure_signals(task, spec.model, params)
    layers = layer_reports(task.layout, spec.model, signals, ratios)
    course = measure_course(network, settings, task, spec.model, signals.loss)
    inputs = measure_inputs(task.X)
    remedies = Remedies(network, settings, task.X.is_sparse, batch_size)
    targets = TargetMoments.of(task.y, spec.model) if is_regressor(network) else None
    flaws = findings(Facts(layers, course, inputs, targets, remedies))
    return Diagnosis(type(network).__name__, task.y.n_rows, layers, course, inputs, flaws)


def _kinds(flaws: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(flaw.kind for flaw in flaws)) or "nothing found"


def _thinned(task: Task) -> Task:
    """Leave out rows evenly where there are too many."""
    if task.y.n_rows <= MAX_ROWS:
        return task
    rows = np.linspace(0, task.y.n_rows - 1, MAX_ROWS).astype(int)
    weights = task.sample_weight
    weights = weights if weights is None else weights[rows]
    return replace(
        task, X=task.X.block(rows, task.X.dtype), y=task.y.take(rows), sample_weight=weights
    )
