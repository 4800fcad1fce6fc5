"""Nodes of ONNX that compute values for rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_actloss.export._values import Value, in_order

#: Operators of ONNX that are an operation by themselves.
OPERATORS = {
    "absolute": "Abs",
    "add": "Add",
    "divide": "Div",
    "exp": "Exp",
    "greater": "Greater",
    "is_nan": "IsNaN",
    "log": "Log",
    "logistic": "Sigmoid",
    "maximum": "Max",
    "minimum": "Min",
    "multiply": "Mul",
    "sqrt": "Sqrt",
    "subtract": "Sub",
    "tanh": "Tanh",
    "where": "Where",
}


class Nodes:
    """Adds nodes to a model that skl2onnx makes.

    Values have the axes rows and width, behind one of members where these differ.

    Parameters
    ----------
    scope : Scope
        Gives names.
    container : ModelComponentContainer
        Takes nodes.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self._scope, self._container = scope, container

    def add(self, op: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its first output."""
        names = [
            self._scope.get_unique_variable_name(op.lower()) for _ in range(1 + (op == "TopK"))
        ]
        self._container.add_node(
            op,
            list(inputs),
            names,
            op_domain=domain,
            name=self._scope.get_unique_operator_name(op),
            **attributes,
        )
        return names[0]

    def constant(self, numbers: Any) -> str:
        """Add an array and return its name."""
        from onnx import helper, numpy_helper

        array, name = np.asarray(numbers), self._scope.get_unique_variable_name("constant")
        if array.dtype.kind in "OU":
            kind = helper.np_dtype_to_tensor_dtype(np.dtype(object))
            texts = [str(text).encode() for text in array.ravel()]
            self._container.add_initializer(name, kind, list(array.shape), texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), name)
            self._container.add_initializer(name, tensor.data_type, list(array.shape), tensor)
        return name

    def cast(self, name: str, dtype: Any) -> str:
        """Add a change of data type."""
        from onnx import helper

        return self.add("Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def computed(self, value: Value, known: dict[Value, str]) -> str:
        """Add all nodes that a value needs, and return the name of its array.

        Parameters
        ----------
        value : Value
        known : dict of Value to str
            What is there. The values that are computed join it.
        """
        for one in in_order([value], list(known)):
            known[one] = self._added(one, [known[part] for part in one.inputs])
        return known[value]

    def _added(self, value: Value, names: list[str]) -> str:
        if value.op in OPERATORS:
            return self.add(OPERATORS[value.op], *names)
        return FORMULAS[value.op](self, value, *names)

    def number(self, number: float, value: Value) -> str:
        """Add a number in the data type of a value."""
        return self.constant(np.array(number, value.dtype))

    def constant_value(self, value: Value) -> str:
        """Add a constant; members come first where there are several."""
        numbers = value.detail
        if numbers.size == 1:
            return self.constant(numbers.reshape(()))
        return self.constant(numbers if len(numbers) > 1 else numbers[0])

    def cast_value(self, value: Value, z: str) -> str:
        """Add a change of data type."""
        return self.cast(z, value.dtype)

    def expm1(self, value: Value, z: str) -> str:
        """Add tanh(z / 2) (exp(z) + 1), in which nothing cancels."""
        half = self.add("Tanh", self.add("Mul", z, self.number(0.5, value)))
        return self.add("Mul", half, self.add("Add", self.add("Exp", z), self.number(1, value)))

    def log1p(self, value: Value, z: str) -> str:
        """Add log(u) z / (u - 1) with u = 1 + z, and z itself where u is one."""
        one = self.number(1, value)
        u = self.add("Add", z, one)
        slope = self.add("Div", self.add("Log", u), self.add("Sub", u, one))
        return self.add("Where", self.add("Greater", u, one), self.add("Mul", slope, z), z)

    def normal_cdf(self, value: Value, z: str) -> str:
        """Add (1 + erf(z / sqrt(2))) / 2; runtimes have erf in single precision only."""
        scaled = self.add("Mul", z, self.number(np.sqrt(0.5), value))
        erf = self.cast(self.add("Erf", self.cast(scaled, np.float32)), value.dtype)
        half = self.number(0.5, value)
        return self.add("Add", self.add("Mul", erf, half), half)

    def linear(self, value: Value, z: str) -> str:
        """Add a product with weights, and biases."""
        arrays = [array if len(array) > 1 else array[0] for array in value.detail]
        weights, biases = map(self.constant, arrays)
        return self.add("Add", self.add("MatMul", z, weights), biases)

    def softmax(self, value: Value, z: str) -> str:
        """Add a softmax over the width."""
        return self.add("Softmax", z, axis=-1)

    def row_sum(self, value: Value, z: str) -> str:
        """Add a sum over the width."""
        return self.add("ReduceSum", z, self.constant([-1]), keepdims=1)

    def sum_of_members(self, value: Value, z: str) -> str:
        """Add a sum over the members, whose axis goes."""
        return self.add("ReduceSum", z, self.constant([0]), keepdims=0)

    def argmax(self, value: Value, z: str) -> str:
        """Add the index of the first of the largest elements."""
        return self.add("ArgMax", z, axis=-1, keepdims=1)

    def columns(self, value: Value, z: str) -> str:
        """Add the choice of elements."""
        return self.add("Gather", z, self.constant(value.detail), axis=-1)

    def concatenate(self, value: Value, *names: str) -> str:
        """Put elements side by side."""
        return self.add("Concat", *names, axis=-1)

    def sort(self, value: Value, z: str) -> str:
        """Sort groups of neighbours, as the rows of an array for a while."""
        size = value.detail
        members = [value.members] * (value.members > 1)
        groups = self.reshaped(z, [*members, -1, value.width // size, size])
        ranked = self.add("TopK", groups, self.constant([size]), axis=-1, largest=0, sorted=1)
        return self.reshaped(ranked, [*members, -1, value.width])

    def lookup(self, value: Value, codes: str) -> str:
        """Look rows of a table up."""
        index = self.cast(self.reshaped(codes, [-1]), np.int64)
        return self.add("Gather", self.constant(value.detail), index, axis=0)

    def reshaped(self, name: str, shape: list[int]) -> str:
        """Add a change of shape."""
        return self.add("Reshape", name, self.constant(shape))


FORMULAS: dict[str, Callable[..., str]] = {
    "cast": Nodes.cast_value,
    "constant": Nodes.constant_value,
    **{
        name: getattr(Nodes, name)
        for name in (
            "argmax",
            "columns",
            "concatenate",
            "expm1",
            "linear",
            "log1p",
            "lookup",
            "normal_cdf",
            "row_sum",
            "softmax",
            "sort",
            "sum_of_members",
        )
    },
}
