"""Running averages of the weights of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn_actloss.training.member import Member


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
        averages = [member.state.average for member in members]
        self.values = params.copy()
        for row, average in zip(self.values, averages, strict=True):
            if average:
                row[...] = average["values"]
        self._counts = [average.get("count", 0) for average in averages]
        kinds = [member.spec.averaging for member in members]
        self._by_step = [i for i, kind in enumerate(kinds) if kind and kind.per_step]
        self._by_epoch = [i for i, kind in enumerate(kinds) if kind and not kind.per_step]
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
        if self._members[index].spec.averaging is None:
            return {}
        row, count = slice(index, index + 1), self._counts[index]
        return {"values": self.values[row].copy(), "count": count, "last": self._params[row].copy()}

    def _take_in(self, indices: Sequence[int]) -> None:
        self._shares[:] = 0
        for index in indices:
            averaging = self._members[index].spec.averaging
            self._shares[index] = averaging.share(self._counts[index])
            self._counts[index] += 1
        np.subtract(self._params, self.values, self._room)
        np.multiply(self._room, self._shares, self._room)
        np.add(self.values, self._room, self.values)


def _has_started(member: Member) -> bool:
    return member.spec.averaging.starts(member.state.rate.epoch, member.spec.max_iter)
