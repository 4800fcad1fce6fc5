"""The metric that models are compared by, whatever loss each of them minimises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.metrics import get_scorer_names

from sknn_actloss._suggestion import did_you_mean
from sknn_actloss.inspection._recorded import (
    common,
    final_score,
    kept_epoch,
    metric_in_full,
    recorded,
    score_name,
)
from sknn_actloss.monitor import resolve_monitor

#: Metrics that are about recorded losses.
OF_LOSSES = ("loss", "relative")

#: Curves of scores: arguments of the display, and attributes of networks.
SCORES = {"training_scores": "score_curve_", "validation_scores": "validation_scores_"}

Parameters = Mapping[str, Mapping[str, Any]]


def check_metric(metric: Any, rows: tuple[Any, Any, Any]) -> None:
    """Raise a ValueError where a metric is unknown, or rows are missing or of no use.

    Parameters
    ----------
    metric : str, callable or None
    rows : (X, y, sample_weight)
    """
    names = (*OF_LOSSES, "score", *get_scorer_names())
    is_name = isinstance(metric, str)
    if (is_name and metric not in names) or not (metric is None or is_name or callable(metric)):
        hint = did_you_mean(metric, names) if is_name else ""
        raise ValueError(
            f"metric={metric!r} is not known.{hint} Pass None, 'loss', 'relative', 'score', a "
            f"callable scorer(estimator, X, y), or the name of a scorer: {', '.join(names[3:])}."
        )
    missing = [name for name, value in zip("Xy", rows, strict=False) if value is None]
    if len(missing) == 1:
        raise ValueError(f"{missing[0]} is missing: X and y are to be given together.")
    is_scored = metric is not None and not (is_name and metric in OF_LOSSES)
    if any(part is not None for part in rows) and (missing or not is_scored):
        raise ValueError(
            f"X, y and sample_weight are rows to score fitted models on, but metric={metric!r} "
            "takes none. Leave them out, or set metric to 'score' or a scorer such as 'r2'."
        )


def by_metric(
    metric: Any,
    estimators: Mapping[str, Any],
    networks: Mapping[str, Any],
    given: Parameters,
    rows: tuple[Any, Any, Any],
    differ: bool,
) -> dict[str, Any]:
    """Return arguments of a display: scores, their name, and by what models are compared.

    Parameters
    ----------
    metric : str, callable or None
        As the user gave it.
    estimators, networks : dict of str to estimator
        What the user gave, and the networks within.
    given : dict of str to dict
        Parameters of the networks.
    rows : (X, y, sample_weight)
        Rows to score the fitted estimators on, maybe ``None``.
    differ : bool
        Whether losses cannot be compared.

    Raises
    ------
    ValueError
        If there are no rows, and a network was not monitored by the metric.
    """
    if metric is None:
        is_score = differ and _have_common_score(networks, given)
        panels = {"relative": differ, "first_panel": "score" if is_score else "loss"}
        return panels | _scores_as_recorded(networks, given)
    if isinstance(metric, str) and metric in OF_LOSSES:
        return {"relative": metric == "relative"} | _scores_as_recorded(networks, given)
    panels = {"relative": differ, "first_panel": "score"}
    return panels | _scores_by(metric, estimators, networks, given, rows)


def _scores_as_recorded(networks: Mapping[str, Any], given: Parameters) -> dict[str, Any]:
    """Return the scores of networks, whatever each was monitored by."""
    metrics = {name: _metric_of(network, given[name]) for name, network in networks.items()}
    scored = {name: net for name, net in networks.items() if not _is_loss(metrics[name])}
    names = [score_name(network, metrics[name]) for name, network in scored.items()]
    return _curves(scored, common(names, "score"), {})


def _have_common_score(networks: Mapping[str, Any], given: Parameters) -> bool:
    """Whether all networks have scores by one metric."""
    metrics = [_metric_of(network, given[name]) for name, network in networks.items()]
    is_same = all(metric == metrics[0] for metric in metrics) and not _is_loss(metrics[0])
    return is_same and not _without_scores(networks)


def _scores_by(
    metric: Any,
    estimators: Mapping[str, Any],
    networks: Mapping[str, Any],
    given: Parameters,
    rows: tuple[Any, Any, Any],
) -> dict[str, Any]:
    """Return the scores of networks by one metric, recorded and on rows given."""
    if rows[0] is None and isinstance(metric, str) and metric == "score":
        metric = _metric_of_all(networks, given)
    full = {name: metric_in_full(network, metric) for name, network in networks.items()}
    scored = {
        name: network
        for name, network in networks.items()
        if _metric_of(network, given[name]) == full[name]
    }
    final = {}
    if rows[0] is not None:
        final = {
            name: (
                kept_epoch(networks[name], given[name]["restore_best"]),
                final_score(estimator, metric, *rows),
            )
            for name, estimator in estimators.items()
        }
    elif len(scored) < len(networks) or _without_scores(scored):
        missing = [name for name in networks if name not in scored] + _without_scores(scored)
        raise ValueError(
            f"metric={metric!r} was not recorded by the fit of {missing[0]}. Pass X and y to score "
            f"fitted models on, or fit with monitor=Monitor({metric!r}, training=True)."
        )
    name = common([score_name(network, metric) for network in networks.values()], "score")
    return _curves(scored, name, final)


def _curves(
    networks: Mapping[str, Any], name: str, final: Mapping[str, tuple[int, float]]
) -> dict[str, Any]:
    curves = {argument: recorded(networks, attribute) for argument, attribute in SCORES.items()}
    kinds = [argument.partition("_")[0] for argument, found in curves.items() if found]
    is_single = len(kinds) == 1 and not final
    full_name = f"{kinds[0]} {name}" if is_single else name
    return {**curves, "final_scores": final, "score_name": full_name}


def _metric_of(network: Any, given: Mapping[str, Any]) -> Any:
    return metric_in_full(network, resolve_monitor(given["monitor"]).metric)


def _metric_of_all(networks: Mapping[str, Any], given: Parameters) -> Any:
    """Return what all networks were monitored by."""
    metrics = {name: _metric_of(network, given[name]) for name, network in networks.items()}
    first = next(iter(metrics.values()))
    if _is_loss(first) or any(metric != first for metric in metrics.values()):
        raise ValueError(
            f"metric='score' needs models that were monitored by one and the same score, got "
            f"{metrics}. Pass X and y to score the fitted models on, or set metric='relative'."
        )
    return first


def _without_scores(networks: Mapping[str, Any]) -> list[str]:
    known = {name for attribute in SCORES.values() for name in recorded(networks, attribute)}
    return [name for name in networks if name not in known]


def _is_loss(metric: Any) -> bool:
    return isinstance(metric, str) and metric == "loss"
