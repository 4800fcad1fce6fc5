"""Generate the tables of components of docs/components.md from the tables in the package.

``python docs/component_table.py`` rewrites them in place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from sknn_actloss._component import Component
from sknn_actloss.activations import ACTIVATIONS, Activation, FunctionActivation
from sknn_actloss.averaging import AVERAGES
from sknn_actloss.initializers import INITIALIZERS
from sknn_actloss.losses import LOSSES, FunctionLoss, LossSpec, ProbabilityHead
from sknn_actloss.normalization import NORMALIZATIONS
from sknn_actloss.schedules import SCHEDULES, Constant, FunctionSchedule, Schedule
from sknn_actloss.solvers import SOLVERS

PAGE = Path(__file__).with_name("components.md")
BEGIN, END = "<!-- components: begin -->", "<!-- components: end -->"

#: Cells from the formula on, where one class has two names.
OVERRIDES = {
    "amsgrad": [
        "as `adam`, with the largest `v` so far",
        "`beta_1`, `beta_2`, `epsilon`",
        "adam whose steps do not grow again when gradients have become small",
    ]
}

Columns = Mapping[str, Callable[[Component], str]]


def code(text: str) -> str:
    """Return a code span for a cell of a table."""
    return f"`{text.replace('|', chr(92) + '|')}`"


def formula(component: Component) -> str:
    """Return the formula, with one kind of minus sign."""
    return code(component.formula.replace("-", "−"))


def activation_range(activation: Activation) -> str:
    """Return the range of the outputs."""
    return interval(activation.range)


def interval(bounds: object) -> str:
    """Return an interval with typographic signs."""
    return str(bounds).replace("inf", "∞").replace("-", "−")


def output(loss: LossSpec, kinds: Iterable[str]) -> str:
    """Return the default output activations for the kinds of targets."""
    return ", ".join(dict.fromkeys(loss.natural_output(kind) for kind in kinds))


def targets(loss: LossSpec) -> str:
    """Return where targets of a regression may lie."""
    return interval(loss.for_targets("continuous", "").target_domain)


def predictions(loss: LossSpec) -> str:
    """Return where predictions of a regression must lie."""
    return interval(loss.for_targets("continuous", "").prediction_domain)


def probabilities(loss: LossSpec) -> str:
    """Return whether ``predict_proba`` exists."""
    return "yes" if issubclass(loss.head_kind, ProbabilityHead) else "no"


def class_predictions(loss: LossSpec) -> str:
    """Return where predictions of a classification must lie."""
    return interval(loss.for_targets("binary", "logistic").prediction_domain)


def encoding(loss: LossSpec) -> str:
    """Return the numbers that stand for the states of a class."""
    states = loss.for_targets("binary", "logistic").encoding
    return "/".join(f"{state:g}" for state in states).replace("-", "−")


def taken(solver: Component) -> str:
    """Return the parameters of the estimator that feed the solver given by name."""
    return ", ".join(code(name) for name in solver.estimator_parameters) or "none"


def moves(schedule: Schedule) -> str:
    """Return how often the rate changes."""
    if isinstance(schedule, Constant):
        return "never"
    return "every step" if schedule.per_step else "every epoch"


def signature(function: type[Component]) -> str:
    """Return how to wrap a user's own function."""
    arguments = (
        name if parameter.default is parameter.empty else f"{name}={parameter.default!r}"
        for name, parameter in inspect.signature(function).parameters.items()
    )
    return code(f"{function.__name__}({', '.join(arguments)})")


def markdown(
    entries: Mapping[str, Callable[[], Component]],
    columns: Columns,
    function: type[Component] | None = None,
) -> str:
    """Return a table with a row for each component, and one for a user's own function."""
    aliases = getattr(entries, "aliases", {})
    rows = [["name", "class and defaults", "formula", *columns, "when to use"]]
    rows.append(["---"] * len(rows[0]))
    for name in entries:
        names = [name, *(alias for alias, target in aliases.items() if target == name)]
        component = entries[name]()
        rows.append(row(", ".join(map(code, names)), code(repr(component)), component, columns))
        rows[-1][2:] = OVERRIDES.get(name, rows[-1][2:])
    if function is not None:
        rows.append(row("a function", signature(function), function(np.add), columns))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def row(name: str, call: str, component: Component, columns: Columns) -> list[str]:
    """Return the cells of a component."""
    cells = [cell(component) for cell in columns.values()]
    return [name, call, formula(component), *cells, component.advice]


def tables() -> str:
    """Return all tables with their headings."""
    regression = {
        "default output": lambda loss: output(loss, ["continuous"]),
        "targets in": targets,
        "predictions in": predictions,
    }
    classification = {
        "default output": lambda loss: output(loss, ["binary", "multiclass"]),
        "predictions in": class_predictions,
        "classes as": encoding,
        "`predict_proba`": probabilities,
    }
    sections = [
        (
            "Activations",
            "`z` is the input of a unit, `s` is `negative_slope`, `w` is `slope`. The range of "
            "`elu` and `celu` begins at `-alpha`. `softmax` and `exp` are for the output layer "
            "only.",
            markdown(ACTIVATIONS, {"range": activation_range}, FunctionActivation),
        ),
        (
            "Losses for regression",
            "`y` is the target, `p` the prediction; `q` is `quantile`, `k` is `power`, `ε` in "
            "`gaussian_nll` is `min_variance`, and its outputs are `μ` and `s`. Losses are "
            "summed over outputs and averaged over rows. `squared_error` (`mse`) is half the "
            "mean square, as in scikit-learn, and deviances are halved as well: "
            "`report(y_true, y_pred)` of a loss gives the metric that is known by its name. The "
            "domain of targets of `tweedie` depends on its power.",
            markdown(LOSSES["regression"], regression, FunctionLoss),
        ),
        (
            "Losses for classification",
            "`p` is a probability, `f` a decision value, `y` one of the two numbers that classes "
            "are encoded as. Of two default outputs the first is for two classes and for labels, "
            "the second for several classes.",
            markdown(LOSSES["classification"], classification, FunctionLoss),
        ),
        (
            "Learning rate schedules",
            "`η₀` is `learning_rate_init`, `e` the number of epochs done, `u` the share of the "
            "way to `max_iter` epochs, `#{m ≤ e}` the number of milestones passed, `c` is `end`, "
            "`d` and `f` are `div` and `final_div`. Parameters are in epochs. For `warmup` epochs "
            "the rate rises linearly, step by step; `e` and `u` count from there.",
            markdown(SCHEDULES, {"moves": moves}, FunctionSchedule),
        ),
        (
            "Solvers",
            "`θ` are the parameters, `g` the gradient, `η` the learning rate; `m̂` and `v̂` are "
            "the bias-corrected running means of `g` and `g²`. A solver given by name takes some "
            "parameters from the estimator.",
            markdown(SOLVERS, {"takes": taken}),
        ),
        (
            "Initializers",
            "`n_in` and `n_out` are the units before and after the weights.",
            markdown(INITIALIZERS, {}),
        ),
        (
            "Normalisation",
            "`z` is the input of a hidden activation, `μ` and `σ²` its moments; the scale `γ` and "
            "the offset `β` of each unit are learnt. `normalization=None` is the default.",
            markdown(NORMALIZATIONS, {}),
        ),
        (
            "Averages of weights",
            "`θ` are the parameters; `β` is `decay`. `weight_averaging=None` is the default.",
            markdown(AVERAGES, {}),
        ),
    ]
    return "\n\n".join(f"## {title}\n\n{text}\n\n{table}" for title, text, table in sections)


def parts(page: str) -> tuple[str, str, str]:
    """Return the text before, between and after the markers."""
    before, rest = page.split(BEGIN)
    between, after = rest.split(END)
    return before, between.strip(), after


def main() -> None:
    """Rewrite the tables in docs/components.md."""
    before, _, after = parts(PAGE.read_text(encoding="utf-8"))
    text = f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
