"""What networks say of rows that they have not learnt from, and what follows for other rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from math import ceil, floor
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from sknn_actloss.core import Model, Rows, raw_outputs
from sknn_actloss.estimators._targets import ClassTargets, Targets
from sknn_actloss.losses import ProbabilityHead, QuantileHead
from sknn_actloss.training import EncodedTargets, Member, Task

#: Numbers that are compared at once for intervals, or read at once for lots.
BLOCK_SIZE = 1 << 21

#: Temperatures that are looked at, as logarithms.
TEMPERATURES = (-3.0, 3.0)

#: Share of the logarithm of a network's temperature that others of a committee have as well; the
#: rest is noise of its own, of which the mean of M networks has one part in M. Measured on tables.
COMMON = 1 / 4


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Outputs of the networks of a committee for the rows that each has left out.

    Parameters
    ----------
    rows : ndarray of int of shape (n_held,)
        Rows that at least one network has left out.
    held : ndarray of bool of shape (n_held, n_members)
        Which networks have left out each of them.
    raw : list of ndarray of shape (n_rows, n_outputs)
        For each network its raw outputs for the rows that it has left out, in their order.
    y : EncodedTargets
        Targets of the rows that were left out.
    sample_weight : ndarray of shape (n_held,) or None
    lots : ndarray of shape (n_held,) or None
        The lot of each of these rows, see :func:`lots`, where targets are classes.
    n_samples : int
        Number of all rows.
    """

    rows: np.ndarray
    held: np.ndarray
    raw: Sequence[np.ndarray]
    y: EncodedTargets
    sample_weight: np.ndarray | None
    lots: np.ndarray | None
    n_samples: int

    @classmethod
    def of(
        cls, task: Task, members: Sequence[Member], params: np.ndarray, draws_lots: bool
    ) -> OutOfFold:
        """Let each network predict the rows that it has left out.

        Parameters
        ----------
        task : Task
        members : sequence of Member
        params : ndarray of shape (n_members, row_size)
            The weights that are kept of each.
        draws_lots : bool
            Whether sets of classes can be predicted.
        """
        layers = members[0].spec.model.layers(task.layout.layer_sizes)
        raw = [
            raw_outputs(task.X, layers, task.layout.views(own[None]), member.draw.rows)[0]
            for member, own in zip(members, params, strict=True)
        ]
        held = np.zeros((task.y.n_rows, len(members)), bool)
        for index, member in enumerate(members):
            held[member.draw.rows, index] = True
        rows = np.flatnonzero(held.any(axis=1))
        weights = None if task.sample_weight is None else task.sample_weight[rows]
        own_lots = lots(task.X)[rows] if draws_lots else None
        return cls(rows, held[rows], raw, task.y.take(rows), weights, own_lots, task.y.n_rows)

    def cooled(self, temperature: float) -> OutOfFold:
        """Return outputs divided by a temperature."""
        return replace(self, raw=[own / temperature for own in self.raw])

    def mean(self, read: Any) -> np.ndarray:
        """Return the mean of what is read from the outputs of the networks that left a row out.

        Parameters
        ----------
        read : callable
            Takes raw outputs (1, n_rows, n_outputs) and returns an array (n_rows, ...).

        Returns
        -------
        mean : ndarray of shape (n_held, ...)
        """
        total: Any = 0.0
        for own, held in zip(self.raw, self.held.T, strict=True):
            found = read(own[None])
            part = np.zeros((len(held), *found.shape[1:]), found.dtype)
            part[held] = found
            total = total + part
        counts = self.held.sum(axis=1)
        return total / counts.reshape(-1, *(1,) * (total.ndim - 1)).astype(total.dtype)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return values of the rows left out (n_held, ...) for all rows, NaN for the others."""
        out = np.full((self.n_samples, *values.shape[1:]), np.nan, values.dtype)
        out[self.rows] = values
        return out

    @property
    def patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """The distinct sets of networks (n_patterns, n_members), and that of each row."""
        patterns, index = np.unique(self.held, axis=0, return_inverse=True)
        return patterns, index.ravel()


def temperature_of(out_of_fold: OutOfFold, model: Model) -> float:
    """Return what raw outputs of a committee are to be divided by.

    Networks by themselves would need the temperature that makes their log loss out of fold lowest.
    Their mean is less sure of itself, and needs less. Where the log loss falls by no more than two
    standard errors, outputs stay as they are.
    """

    def losses(log_temperature: float) -> np.ndarray:
        scale = np.exp(-log_temperature)
        return np.concatenate([_log_loss(raw * scale, y, model) for raw, y in pairs])

    pairs, weights = _judged(out_of_fold)
    weights = weights / weights.sum()
    best = minimize_scalar(lambda x: float(weights @ losses(x)), bounds=TEMPERATURES).x
    gains = losses(0.0) - losses(best)
    gain = weights @ gains
    if gain <= 2 * np.sqrt(weights**2 @ (gains - gain) ** 2):
        return 1.0
    common = COMMON + (1 - COMMON) / len(out_of_fold.raw)
    return float(np.exp(common * best))


def _judged(out_of_fold: OutOfFold) -> tuple[list[tuple[np.ndarray, np.ndarray]], Any]:
    """Return outputs and targets of each network in double precision, and weights of all."""
    pairs, weights = [], []
    for raw, held in zip(out_of_fold.raw, out_of_fold.held.T, strict=True):
        rows = np.flatnonzero(held)
        y = out_of_fold.y.dense(rows)
        pairs.append((raw.astype(np.float64), y.astype(np.float64)))
        own = out_of_fold.sample_weight
        weights.append(np.ones(len(rows)) if own is None else own[rows])
    return pairs, np.concatenate(weights)


def _log_loss(raw: np.ndarray, y: np.ndarray, model: Model) -> np.ndarray:
    """Return the negative log-likelihood of each row."""
    if model.output_name == "softmax":
        top = raw.max(axis=1, keepdims=True)
        total = np.log(np.exp(raw - top).sum(axis=1)) + top[:, 0]
        return total - (raw * y).sum(axis=1)
    return (np.logaddexp(0, raw) - raw * y).sum(axis=1)


# Intervals


def bounds_of(model: Model, outputs: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
    """Return what an interval widens: predictions, or the quantiles nearest to its ends.

    Parameters
    ----------
    model : Model
    outputs : ndarray of shape (n_members, n_rows, n_outputs)
        Activated outputs.
    coverage : float

    Returns
    -------
    low, high : ndarray of shape (n_members, n_rows, n_targets)
    """
    head = model.loss.head
    if not isinstance(head, QuantileHead):
        point = head.point(outputs)
        return point, point
    levels, quantiles = np.array(head.levels), head.quantiles(outputs)
    ends = (1 - coverage) / 2, (1 + coverage) / 2
    low, high = (quantiles[..., int(np.abs(levels - end).argmin())] for end in ends)
    return low, high


@np.errstate(all="ignore")
def intervals(
    out_of_fold: OutOfFold, model: Model, outputs: np.ndarray, coverage: float
) -> np.ndarray:
    r"""Return prediction intervals by cross-validation+.

    .. math::
        \left[ q^-_{\alpha}\{\hat\mu_{-i}(x) - R_i\},\;
            q^+_{1 - \alpha}\{\hat\mu_{-i}(x) + R_i\} \right]

    with the residual :math:`R_i` of each row i and the mean :math:`\hat\mu_{-i}` of the networks
    that have left it out. With quantiles, the lower and the upper one take the places of
    :math:`\hat\mu`, and :math:`R_i` is how far the target lies outside of them.

    Parameters
    ----------
    out_of_fold : OutOfFold
    model : Model
    outputs : ndarray of shape (n_members, n_rows, n_outputs)
        Activated outputs of the rows to predict.
    coverage : float in (0, 1)
        The level :math:`1 - \alpha`.

    Returns
    -------
    intervals : ndarray of shape (n_rows, n_targets, 2)
        A single point where the quantiles are so far apart that nothing is left of them.

    References
    ----------
    R. F. Barber, E. J. Candès, A. Ramdas and R. J. Tibshirani, "Predictive inference with the
    jackknife+", Annals of Statistics 49, 2021.

    Y. Romano, E. Patterson and E. J. Candès, "Conformalized quantile regression", NeurIPS 2019.
    """
    patterns, index = out_of_fold.patterns
    shares = (patterns / patterns.sum(axis=1, keepdims=True)).astype(outputs.dtype)
    low, high = (np.tensordot(shares, part, 1) for part in bounds_of(model, outputs, coverage))
    residuals = residuals_of(out_of_fold, model, coverage)
    counted = out_of_fold.sample_weight
    kept = slice(None) if counted is None else counted > 0
    index, residuals = index[kept], residuals[kept]
    n_rows, n_targets = low.shape[1:]
    out = np.empty((n_rows, n_targets, 2), low.dtype)
    for target in range(n_targets):
        own = residuals[:, target]
        for block in _blocks(n_rows, len(own)):
            out[block, target, 0] = _low_end(low[:, block, target][index] - own[:, None], coverage)
            out[block, target, 1] = -_low_end(
                -(high[:, block, target][index] + own[:, None]), coverage
            )
    # Ends that cross hold nothing; the point between them is within no fewer intervals.
    crossing = out[..., 0] > out[..., 1]
    out[crossing] = out[crossing].mean(axis=-1, keepdims=True)
    return out


def residuals_of(out_of_fold: OutOfFold, model: Model, coverage: float) -> np.ndarray:
    """Return how far targets lie off their prediction, or outside of quantiles (n_held, t)."""

    def ends(raw: np.ndarray) -> np.ndarray:
        return np.stack(bounds_of(model, model.output(raw), coverage), axis=-1)[0]

    bounds, y = out_of_fold.mean(ends), out_of_fold.y.dense()
    return np.maximum(bounds[..., 0] - y, y - bounds[..., 1])


def _low_end(values: np.ndarray, coverage: float) -> np.ndarray:
    """Return the lower ends of intervals from values of shape (n_held, n_rows)."""
    # Rounding must not push a level such as 1 - 0.9 below a whole number of rows.
    rank = floor((1 - coverage) * (len(values) + 1) + 1e-9)
    if rank < 1:
        return np.full(values.shape[1], -np.inf, values.dtype)
    return np.partition(values, rank - 1, axis=0)[rank - 1]


def _blocks(n_rows: int, width: int) -> Iterator[slice]:
    size = max(1, BLOCK_SIZE // max(width, 1))
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


# Sets


@np.errstate(all="ignore")
def label_sets(
    out_of_fold: OutOfFold,
    targets: ClassTargets,
    model: Model,
    raw: np.ndarray,
    shares: np.ndarray,
    coverage: float,
) -> np.ndarray:
    r"""Return adaptive sets of classes by cross-validation+.

    A class belongs to the set of a row where its score is not above that of a share of about
    :math:`1 - \alpha` of the rows left out. The score of a class is the sum of the probabilities
    of all likelier ones and a random share of its own.

    Parameters
    ----------
    out_of_fold : OutOfFold
    targets : ClassTargets
    model : Model
    raw : ndarray of shape (n_members, n_rows, n_outputs)
        Raw outputs of the rows to predict.
    shares : ndarray of shape (n_rows,)
        The random shares of these rows, see :func:`lots`.
    coverage : float in (0, 1)
        The level :math:`1 - \alpha`.

    Returns
    -------
    sets : ndarray of bool of shape (n_rows, n_classes)

    References
    ----------
    Y. Romano, M. Sesia and E. J. Candès, "Classification with valid and adaptive coverage",
    NeurIPS 2020.
    """

    def read(outputs: np.ndarray) -> np.ndarray:
        return targets.probabilities(model, model.output(outputs))

    patterns, index = out_of_fold.patterns
    codes, held = targets.classes_of(out_of_fold.y), out_of_fold.mean(read)
    scores = _scores(held, out_of_fold.lots)[np.arange(len(codes)), codes]
    if out_of_fold.sample_weight is not None:
        counted = out_of_fold.sample_weight > 0
        scores, index = scores[counted], index[counted]
    members = np.stack([read(part[None]) for part in raw])
    below = np.zeros(members.shape[1:], int)
    for number, pattern in enumerate(patterns):
        new = _scores(members[pattern].mean(axis=0), shares)
        below += np.searchsorted(np.sort(scores[index == number]), new, side="left")
    return below < ceil(coverage * (len(scores) + 1) - 1e-9)


def lots(X: Rows) -> np.ndarray:
    """Return a number in [0, 1) for each row: as if drawn, but always the same for its values.

    As scores then follow from rows and classes, those of new rows are drawn like those of old ones.
    """
    drawn: list[float] = []
    for block in _blocks(X.n_rows, X.n_features):
        table = X.block(block, np.dtype(np.float64)).csr()
        table.sum_duplicates()
        table.eliminate_zeros()
        columns = table.indices.astype(np.int64)
        for start, stop in pairwise(table.indptr.tolist()):
            digest = blake2b(columns[start:stop], digest_size=8)
            digest.update(table.data[start:stop])
            drawn.append(int.from_bytes(digest.digest()) / 2**64)
    return np.array(drawn)


def _scores(probabilities: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the probability of likelier classes, and a share of the class's own."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    falling = np.take_along_axis(probabilities, order, axis=1)
    sums = np.cumsum(falling, axis=1) - (1 - shares[:, None]) * falling
    scores = np.empty_like(sums)
    np.put_along_axis(scores, order, sums, axis=1)
    return scores


def check_coverage(coverage: float) -> float:
    """Return a level of coverage, or raise a ValueError where it is none."""
    if not isinstance(coverage, int | float | np.number) or not 0 < coverage < 1:
        raise ValueError(f"coverage={coverage!r} must be a number in (0, 1), such as 0.9.")
    return float(coverage)


def read_predictions(targets: Targets, model: Model, raw: np.ndarray) -> np.ndarray:
    """Return what a committee says of rows: probabilities, decision values, or numbers."""
    outputs = model.output(raw)
    if not isinstance(targets, ClassTargets):
        return targets.predict(model, outputs)
    if gives_probabilities(targets, model):
        return targets.probabilities(model, outputs)
    return targets.scores(model, raw)


def gives_probabilities(targets: Targets, model: Model) -> bool:
    """Whether what is said of rows is a column of probabilities for each class or label."""
    return isinstance(targets, ClassTargets) and isinstance(model.loss.head, ProbabilityHead)
