"""In which loops values are computed, and which arrays hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sknn_actloss.export._c_text import TYPES
from sknn_actloss.export._values import ELEMENTWISE, Value, in_order


@dataclass(eq=False)
class Group:
    """Values that are computed together: in one loop over the width, or one by itself.

    Parameters
    ----------
    values : list of Value
    stage : int
        Groups of the same stage are within one loop over members.
    """

    values: list[Value]
    stage: int

    @property
    def is_loop(self) -> bool:
        """Whether each element is computed from one of each input."""
        return self.values[0].op in ELEMENTWISE

    @property
    def members(self) -> int:
        """Number of members."""
        return self.values[0].members

    def takes(self, value: Value) -> bool:
        """Whether a value can be computed in the same loop."""
        like = self.values[0]
        same = (like.members, like.width) == (value.members, value.width)
        return self.is_loop and value.op in ELEMENTWISE and same


class Plan:
    """The order of a computation.

    Parameters
    ----------
    targets : mapping of Value to str
        What is to be computed, and the array that takes it.
    known : mapping of Value to str
        What is there, and the array that holds it.

    Attributes
    ----------
    groups : list of Group
        What is computed, in order.
    """

    def __init__(self, targets: Mapping[Value, str], known: Mapping[Value, str]) -> None:
        self.targets, self.known = targets, known
        order = [v for v in in_order(list(targets), list(known)) if v.op != "constant"]
        self.groups = _grouped(order)
        self._group_of = {value: group for group in self.groups for value in group.values}
        self._users: dict[Value, list[Group]] = {value: [] for value in [*order, *known]}
        for group in self.groups:
            for part in (part for value in group.values for part in value.inputs):
                if part.op != "constant":
                    self._users[part].append(group)

    @cached_property
    def names(self) -> dict[Value, str]:
        """The array that holds each value that is stored."""
        return self._arrays.names

    @property
    def declarations(self) -> list[str]:
        """Declarations of the arrays."""
        return self._arrays.declarations

    def is_computed(self, value: Value) -> bool:
        """Whether a value is not known before."""
        return value in self._group_of

    def users(self, value: Value) -> list[Group]:
        """Return the groups that read a value."""
        return self._users[value]

    def group_of(self, value: Value) -> Group:
        """Return the group that computes a value."""
        return self._group_of[value]

    def is_stored(self, value: Value) -> bool:
        """Whether a value has to outlive its group."""
        own = self._group_of[value]
        is_read_elsewhere = any(user is not own for user in self.users(value))
        return not own.is_loop or value in self.targets or is_read_elsewhere

    def is_whole(self, value: Value) -> bool:
        """Whether an array holds the values of all members at once."""
        if value.op == "constant" or value in self.known:
            return True
        own = self._group_of[value]
        is_read_elsewhere = any(user.stage != own.stage for user in self.users(value))
        return value.members > 1 and (value in self.targets or is_read_elsewhere)

    @cached_property
    def _arrays(self) -> _Arrays:
        return _Arrays(self)


class _Arrays:
    """Arrays for values, of which those that are not needed any more serve others."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._index = {group: index for index, group in enumerate(plan.groups)}
        self._ends = {group.stage: index for index, group in enumerate(plan.groups)}
        self._sizes: dict[str, list[int]] = {}
        self._free: dict[str, list[int]] = {}
        computed = {v: name for v, name in plan.targets.items() if plan.is_computed(v)}
        self.names = {**plan.known, **computed}
        self._allot()

    @property
    def declarations(self) -> list[str]:
        """Declarations of all arrays that were not given."""
        return [
            f"{real} {real[0]}{slot}[{size}];"
            for real, sizes in self._sizes.items()
            for slot, size in enumerate(sizes)
        ]

    def _allot(self) -> None:
        busy: list[tuple[int, str, int]] = []
        for index, group in enumerate(self._plan.groups):
            for end, real, slot in busy:
                if end < index:
                    self._free[real].append(slot)
            busy = [entry for entry in busy if entry[0] >= index]
            for value in self._starting(index, group):
                if value not in self.names:
                    real, slot = self._slot(value)
                    self.names[value] = f"{real[0]}{slot}"
                    busy.append((self._end(value), real, slot))

    def _starting(self, index: int, group: Group) -> Iterator[Value]:
        """Yield values whose arrays have to be there from a group on."""
        groups, plan = self._plan.groups, self._plan
        if index == 0 or groups[index - 1].stage != group.stage:
            stage = (value for one in groups if one.stage == group.stage for value in one.values)
            yield from filter(plan.is_whole, stage)
        yield from filter(plan.is_stored, group.values)

    def _end(self, value: Value) -> int:
        """Return the index of the last group that needs a value, in any turn of its loop."""
        own = self._plan.group_of(value).stage
        return max(
            self._index[user] if user.stage == own else self._ends[user.stage]
            for user in self._plan.users(value)
        )

    def _slot(self, value: Value) -> tuple[str, int]:
        real = TYPES[value.dtype]
        size = value.width * (value.members if self._plan.is_whole(value) else 1)
        free, sizes = self._free.setdefault(real, []), self._sizes.setdefault(real, [])
        if not free:
            sizes.append(size)
            return real, len(sizes) - 1
        slot = free.pop()
        sizes[slot] = max(sizes[slot], size)
        return real, slot


def _grouped(order: Sequence[Value]) -> list[Group]:
    """Cut values into stages of equal numbers of members, and these into groups."""
    groups: list[Group] = []
    for value in order:
        last = groups[-1] if groups else Group([value], 0)
        if groups and last.takes(value):
            last.values.append(value)
        else:
            groups.append(Group([value], last.stage + (last.members != value.members)))
    return groups
