"""Statements in C that compute values for one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from sknn_actloss.export._c_plan import Group, Plan
from sknn_actloss.export._c_text import TYPES, array, helper, literals, suffix
from sknn_actloss.export._values import Value

OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "greater": ">"}

#: Functions of math.h, but for the ending that tells their type.
FUNCTIONS = {
    "absolute": "fabs",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "sqrt": "sqrt",
    "tanh": "tanh",
}

#: Functions of the file itself that work on single elements.
HELPERS = ("logistic", "maximum", "minimum", "normal_cdf")


@dataclass
class Constants:
    """Arrays and small functions at the top of a file.

    Parameters
    ----------
    prefix : str
        What all names begin with.
    """

    prefix: str
    _arrays: dict[int, tuple[str, np.ndarray]] = field(default_factory=dict)
    _helpers: dict[tuple[str, str], str] = field(default_factory=dict)

    def array(self, numbers: np.ndarray) -> str:
        """Return the name of an array that holds numbers."""
        name = f"{self.prefix}_numbers{len(self._arrays)}"
        return self._arrays.setdefault(id(numbers), (name, numbers))[0]

    def helper(self, name: str, real: str) -> str:
        """Return the name of a function of the file for a type."""
        self._helpers.setdefault((name, real), helper(name, self.prefix, real))
        return f"{self.prefix}_{name}_{real}"

    @property
    def source(self) -> str:
        """All arrays and functions."""
        return "\n".join([*map(_definition, self._arrays.values()), *self._helpers.values()])


class Body:
    """The body of a function.

    Parameters
    ----------
    constants : Constants
        Takes what the statements refer to.
    targets, known : mapping of Value to str
        As in :class:`Plan`.
    """

    def __init__(
        self, constants: Constants, targets: Mapping[Value, str], known: Mapping[Value, str]
    ) -> None:
        self._constants, self._plan = constants, Plan(targets, known)
        self._locals: dict[Value, str] = {}

    @property
    def declarations(self) -> list[str]:
        """Declarations of arrays."""
        return self._plan.declarations

    @property
    def lines(self) -> list[str]:
        """The statements."""
        lines: list[str] = []
        for _, stage in groupby(self._plan.groups, key=lambda group: group.stage):
            groups = list(stage)
            inner = [line for group in groups for line in self._statements(group)]
            members = groups[0].members
            if members > 1:
                inner = [f"for (m = 0; m < {members}; ++m) {{", *_indented(inner), "}"]
            lines += inner
        for value, target in self._plan.targets.items():
            if not self._plan.is_computed(value):
                lines += _copied(value, self._plan.known[value], target)
        return lines

    def _statements(self, group: Group) -> list[str]:
        if not group.is_loop:
            (value,) = group.values
            return getattr(self, f"_{value.op}")(value)
        self._locals.clear()
        inner = [line for value in group.values for line in self._element(value, group)]
        width = group.values[0].width
        loop = f"for (i = 0; i < {width}; ++i) " if width > 1 else ""
        return [f"{loop}{{", *_indented(inner), "}"]

    def _element(self, value: Value, group: Group) -> list[str]:
        """Return the statements that compute an element of a value in a loop."""
        formula = self._formula(value)
        stored = f"{self._at(value, 'i')} = " if self._plan.is_stored(value) else ""
        if group not in self._plan.users(value):
            return [f"{stored}{formula};"]
        name = self._locals[value] = f"t{len(self._locals)}"
        lines = [f"const {TYPES[value.dtype]} {name} = {formula};"]
        return [*lines, f"{stored}{name};"] if stored else lines

    def _formula(self, value: Value) -> str:
        read, real = [self._read(part) for part in value.inputs], TYPES[value.dtype]
        if value.op in OPERATORS:
            return f"{read[0]} {OPERATORS[value.op]} {read[1]}"
        if value.op in FUNCTIONS:
            return f"{FUNCTIONS[value.op]}{suffix(real)}({read[0]})"
        if value.op in HELPERS:
            return f"{self._constants.helper(value.op, real)}({', '.join(read)})"
        if value.op == "where":
            return f"{read[0]} ? {read[1]} : {read[2]}"
        return f"isnan({read[0]})" if value.op == "is_nan" else f"({real}){read[0]}"

    def _read(self, value: Value) -> str:
        """Return an element of a value that is read in a loop."""
        if value in self._locals:
            return self._locals[value]
        if value.op == "constant" and value.detail.size == 1:
            (number,) = literals(value.detail)
            return f"({number})" if number.startswith("-") else number
        return self._at(value, "i")

    def _at(self, value: Value, index: str) -> str:
        """Return an element of a value, the only one where there is one."""
        return f"{self._array(value)}[{self._start(value, index if value.width > 1 else '0')}]"

    def _pointer(self, value: Value) -> str:
        start = self._start(value, "0")
        return self._array(value) if start == "0" else f"{self._array(value)} + {start}"

    def _array(self, value: Value) -> str:
        if value.op == "constant":
            return self._constants.array(value.detail)
        return self._plan.names[value]

    def _start(self, value: Value, index: str) -> str:
        """Return an index of the present member's elements in the array of a value."""
        if value.members == 1 or not self._plan.is_whole(value):
            return index
        first = "m" if value.width == 1 else f"m * {value.width}"
        return first if index == "0" else f"{first} + {index}"

    def _call(self, value: Value, *arguments: Any) -> str:
        (z,) = value.inputs
        name = self._constants.helper(value.op, TYPES[z.dtype])
        return f"{name}({', '.join(map(str, arguments))})"

    def _linear(self, value: Value) -> list[str]:
        (z,) = value.inputs
        arrays = [
            self._constants.array(numbers) + (f" + m * {numbers[0].size}" * (len(numbers) > 1))
            for numbers in value.detail
        ]
        pointers = self._pointer(z), self._pointer(value)
        return [f"{self._call(value, z.width, value.width, *arrays, *pointers)};"]

    def _softmax(self, value: Value) -> list[str]:
        (z,) = value.inputs
        return [f"{self._call(value, z.width, self._pointer(z), self._pointer(value))};"]

    def _sort(self, value: Value) -> list[str]:
        (z,) = value.inputs
        sizes, pointers = (z.width, value.detail), (self._pointer(z), self._pointer(value))
        return [f"{self._call(value, *sizes, *pointers)};"]

    def _row_sum(self, value: Value) -> list[str]:
        (z,) = value.inputs
        return [f"{self._at(value, '0')} = {self._call(value, z.width, self._pointer(z))};"]

    _argmax = _row_sum

    def _columns(self, value: Value) -> list[str]:
        (z,) = value.inputs
        index = f"{self._constants.array(value.detail)}[i]" if z.width > 1 else "0"
        return _loop(value.width, f"{self._at(value, 'i')} = {self._at(z, index)};")

    def _concatenate(self, value: Value) -> list[str]:
        lines, start = [], 0
        for part in value.inputs:
            place = f"{start} + i" if part.width > 1 else str(start)
            lines += _loop(part.width, f"{self._at(value, place)} = {self._at(part, 'i')};")
            start += part.width
        return lines

    def _lookup(self, value: Value) -> list[str]:
        (codes,) = value.inputs
        code, table = self._at(codes, "0"), self._constants.array(value.detail)
        row = f"({code} < 0 ? {len(value.detail) - 1} : (int){code})"
        return _loop(value.width, f"{self._at(value, 'i')} = {table}[{row} * {value.width} + i];")

    def _sum_of_members(self, value: Value) -> list[str]:
        (z,) = value.inputs
        out, name = self._at(value, "i"), self._array(z)
        return [
            f"for (i = 0; i < {value.width}; ++i) {{",
            f"    {out} = {name}[i];",
            f"    for (m = 1; m < {z.members}; ++m)",
            f"        {out} += {name}[m * {z.width} + i];",
            "}",
        ]


def _definition(entry: tuple[str, np.ndarray]) -> str:
    name, numbers = entry
    declaration = f"static const {TYPES[numbers.dtype]} {name}[{numbers.size}]"
    return array(declaration, literals(numbers))


def _copied(value: Value, source: str, target: str) -> list[str]:
    return _loop(value.width * value.members, f"{target}[i] = {source}[i];")


def _loop(width: int, statement: str) -> list[str]:
    return [f"for (i = 0; i < {width}; ++i)", f"    {statement}"]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" for line in lines]
