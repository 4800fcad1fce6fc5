"""Running averages of the weights of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sknn_actloss.training.stack import Member


class Averages:
    """The averages of those members of a stack that have one.

    Parameters
    ----------
    members : sequence of Member
        All members.
    params : ndarray of shape (n_members, n_params)
        Their parameters.

    Attributes
    ----------
    values : ndarray of shape (n_members, n_params)
        Averaged parameters, of no meaning for members without average.
    """

    def __init__(self, members: Sequence[Member], params: np.ndarray) -> None:
        self._members, self._params = members, params
        averages = [member.average for member in members]
        self.values = params.copy()
        for row, average in zip(self.values, averages, strict=True):
            if average:
                row[...] = average["values"]
        self._counts = [average.get("count", 0) for average in averages]
        self._by_step = [i for i, m in enumerate(members) if m.averaging and m.averaging.per_step]
        self._by_epoch = [
            i for i, m in enumerate(members) if m.averaging and not m.averaging.per_step
        ]
        self._room, self._shares = np.empty_like(params), np.zeros((len(members), 1), params.dtype)

    @property
    def members(self) -> list[int]:
        """The members whose averages hold something."""
        return [index for index, count in enumerate(self._counts) if count]

    @property
    def new(self) -> list[int]:
        """The members whose averages of epochs hold the weights of a single one."""
        return [index for index in self._by_epoch if self._counts[index] == 1]

    def end_step(self) -> None:
        """Take in the parameters after a step."""
        if self._by_step:
            self._take_in(self._by_step)

    def end_epoch(self) -> None:
        """Take in the parameters after an epoch."""
        if self._by_epoch:
            self._take_in([i for i in self._by_epoch if _has_started(self._members[i])])

    def of(self, index: int) -> dict[str, Any]:
        """Return a copy of the average of one member, empty where it has none.

        It holds ``values`` of shape (1, n_params), their ``count``, and the ``last`` parameters,
        from which training goes on.
        """
        if self._members[index].averaging is None:
            return {}
        row, count = slice(index, index + 1), self._counts[index]
        return {"values": self.values[row].copy(), "count": count, "last": self._params[row].copy()}

    def _take_in(self, indices: Sequence[int]) -> None:
        self._shares[:] = 0
        for index in indices:
            self._shares[index] = self._members[index].averaging.share(self._counts[index])
            self._counts[index] += 1
        np.subtract(self._params, self.values, self._room)
        np.multiply(self._room, self._shares, self._room)
        np.add(self.values, self._room, self.values)


def _has_started(member: Member) -> bool:
    return member.averaging.starts(member.learning_rate.epoch, member.max_iter)
