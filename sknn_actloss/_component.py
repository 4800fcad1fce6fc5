"""Components: small dataclasses that an estimator takes by name or as an instance.

A component holds its hyperparameters as fields, so that ``clone``, ``pickle`` and grids over
``loss__delta`` work, and its formulas as methods. Several components of one type stack into one
whose fields are arrays with one entry per member.
"""

from __future__ import annotations

import math
from abc import ABCMeta
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from numbers import Real
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from sknn_actloss._docs import inherit_docs
from sknn_actloss._sklearn import validate_parameter_constraints
from sknn_actloss._suggestion import did_you_mean


@dataclass(repr=False)
class Component(metaclass=ABCMeta):  # noqa: B024 (the contracts below it are abstract)
    """Base of activations, losses, schedules, solvers and initializers.

    Subclasses with fields are dataclasses (``@dataclass(repr=False)``), not frozen, whose
    ``__post_init__`` never alters a field: ``clone`` checks that parameters come back as they
    were given. Values are checked by :meth:`validate`, which estimators call in ``fit``.
    """

    #: Whether components that differ in numbers merge into one with arrays as fields.
    mergeable: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {}

    _final: ClassVar[tuple[str, ...]] = ()
    _instead: ClassVar[str] = ""

    def __init_subclass__(
        cls, final: tuple[str, ...] | None = None, instead: str = "", **arguments: Any
    ) -> None:
        """Check that a subclass leaves final methods alone.

        Parameters
        ----------
        final : tuple of str, optional
            Methods that subclasses must not define. It takes the place of what the bases
            declared, so that a base of bound calls may write what is final for plain formulas.
        instead : str, default=""
            What to do instead, for the error message.

        Raises
        ------
        TypeError
            If a class defines a method that is final in its bases.
        """
        super().__init_subclass__(**arguments)
        if final is not None:
            cls._final, cls._instead = final, instead
        _check_final_methods(cls)
        inherit_docs(cls)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name.

        Parameters
        ----------
        deep : bool, default=True
            Accepted for scikit-learn; components hold no components.

        Returns
        -------
        params : dict of str to object
            Values by name, in the order of the signature.
        """
        # As in the signature: what is given by keyword alone comes last.
        ordered = sorted(fields(self), key=lambda field: bool(field.kw_only))
        return {field.name: getattr(self, field.name) for field in ordered}

    def set_params(self, **params: Any) -> Self:
        """Assign fields by name.

        Parameters
        ----------
        **params : dict of str to object
            Values by name.

        Returns
        -------
        self : Component
            The component itself.

        Raises
        ------
        ValueError
            If a name is not a field; the message lists the valid ones.
        """
        valid = self.get_params()
        for name, value in params.items():
            if name not in valid:
                raise ValueError(
                    f"Invalid parameter {name!r} for {type(self).__name__}. "
                    f"Valid parameters are: {sorted(valid)}."
                )
            setattr(self, name, value)
        return self

    def validate(self) -> None:
        """Check the values of all fields.

        Raises
        ------
        ValueError
            If a field is out of its range; the message names field, value and range.
        """
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(), caller_name=type(self).__name__
        )

    def __repr__(self) -> str:
        arguments = (f"{name}={_literal(value)}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


C = TypeVar("C", bound=Component)


class Table(Mapping[str, Callable[..., C]]):
    """The components of one kind by name.

    Parameters
    ----------
    kind : str
        What the components are, for error messages.
    entries : mapping of str to callable
        Canonical names and what makes their default instance.
    aliases : mapping of str to str, optional
        Other names and the canonical name that they stand for.
    extend : type, optional
        The class that users extend, for error messages, where it is not the base of all.

    Iteration goes over canonical names; look-up accepts aliases as well.
    """

    def __init__(
        self,
        kind: str,
        entries: Mapping[str, Callable[..., C]],
        aliases: Mapping[str, str] | None = None,
        extend: type[Component] | None = None,
    ) -> None:
        self.kind, self.extend = kind, extend
        self.aliases = dict(aliases or {})
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> Callable[..., C]:
        return self._entries[self.aliases.get(name, name)]

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self.aliases

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> list[str]:
        """All accepted names, aliases included, sorted."""
        return sorted([*self._entries, *self.aliases])


def resolve(table: Table[C], spec: Any, base: type[C], parameter: str, **arguments: Any) -> C:
    """Turn a name or an instance into a checked instance.

    Parameters
    ----------
    table : Table
        Components by name.
    spec : str or instance of ``base``
        What the user gave.
    base : type
        The class that instances must have.
    parameter : str
        Name of the estimator's parameter, for error messages.
    **arguments
        Passed on to the entry of the table where ``spec`` is a name.

    Raises
    ------
    ValueError
        If the name is unknown (the message lists the known ones) or a field is out of range.
    TypeError
        If ``spec`` is neither a name nor an instance.
    """
    if isinstance(spec, type) and issubclass(spec, base):
        raise TypeError(f"{parameter}={spec.__name__} is a class; pass an instance of it.")
    if isinstance(spec, str):
        if spec not in table:
            raise ValueError(
                f"{parameter}={spec!r} is not a known {table.kind}. Valid names are: "
                f"{', '.join(table.names)}.{did_you_mean(spec, table.names)}"
            )
        component = table[spec](**arguments)
    else:
        component = spec
    if not isinstance(component, base):
        raise TypeError(
            f"{parameter} must be one of the names {', '.join(table.names)}, or an instance of "
            f"{(table.extend or base).__name__}; got {spec!r}."
        )
    component.validate()
    return component


def stack(components: Sequence[C], dtype: DTypeLike, n_dims: int = 3) -> C:
    """Merge components of one type into one.

    Parameters
    ----------
    components : sequence of Component
        Components for which :func:`stackable` holds pairwise.
    dtype : dtype
        Data type of the arrays.
    n_dims : int, default=3
        Number of dimensions of the arrays: members first, then axes of length one.

    Returns
    -------
    component : Component
        A new component whose numeric fields are plain numbers where all agree, and arrays of
        shape ``(n_members, 1, ...)`` where they differ.
    """
    merged = {}
    for field in fields(components[0]):
        values = [getattr(component, field.name) for component in components]
        if all(_same(value, values[0]) for value in values):
            merged[field.name] = as_python(values[0])
        else:
            shape = (-1,) + (1,) * (n_dims - 1)
            merged[field.name] = np.array(values, dtype=dtype).reshape(shape)
    return replace(components[0], **merged)


def stackable(first: Component, second: Component) -> bool:
    """Whether one call can serve both: they are equal, or differ in numbers and merge."""
    if type(first) is not type(second):
        return False
    pairs = zip(first.get_params().values(), second.get_params().values(), strict=True)
    return all(
        _same(a, b) or (first.mergeable and _is_number(a) and _is_number(b)) for a, b in pairs
    )


def runs(
    *columns: Sequence[Component], dtype: DTypeLike, n_dims: int = 3
) -> list[tuple[slice, tuple[Any, ...]]]:
    """Cut the members into runs of neighbours whose components stack.

    Parameters
    ----------
    *columns : sequences of Component
        The components of one kind, one for each member.
    dtype, n_dims
        As in :func:`stack`.

    Returns
    -------
    runs : list of (slice, tuple of Component)
        The members of each run and their stacked components, one for each column.
    """
    members = list(zip(*columns, strict=True))
    starts = [0]
    for index in range(1, len(members)):
        pairs = zip(members[index - 1], members[index], strict=True)
        if not all(stackable(first, second) for first, second in pairs):
            starts.append(index)
    return [
        (
            slice(start, stop),
            tuple(stack(column[start:stop], dtype, n_dims) for column in columns),
        )
        for start, stop in pairwise([*starts, len(members)])
    ]


def _check_final_methods(cls: type[Component]) -> None:
    owner = next(base for base in cls.__mro__ if "_final" in vars(base))
    for name in cls._final:
        definer = next(base for base in cls.__mro__ if name in vars(base))
        if definer not in owner.__mro__:
            raise TypeError(
                f"{definer.__name__}.{name} overrides a method that is final in "
                f"{owner.__name__}: {cls._instead}."
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _same(first: Any, second: Any) -> bool:
    return first is second or (type(first) is type(second) and np.array_equal(first, second))


def as_python(value: Any) -> Any:
    """Return a scalar of NumPy, or an array without dimensions, as a number of Python.

    All else stays as it is. A float64 would turn float32 arrays into float64 ones, and small
    integers overflow.
    """
    is_scalar = isinstance(value, np.generic | np.ndarray) and value.ndim == 0
    return value.item() if is_scalar else value


def _literal(value: Any) -> str:
    value = as_python(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    return repr(value)
