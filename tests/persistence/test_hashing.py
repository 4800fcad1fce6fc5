"""Hashes of values: equal where values are, in any process."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import KFold

from sknn_actloss.activations import ACTIVATIONS, LeakyReLU
from sknn_actloss.losses import FunctionLoss, Huber
from sknn_actloss.persistence.hashing import array_digest, value_digest


def function(source: str) -> Any:
    """Return a function of a name that all of them share."""
    namespace: dict[str, Any] = {"__name__": "user_module"}
    exec(source, namespace)
    return namespace["f"]


@dataclass
class Own:
    value: int = 1

    def method(self):
        return self.value


def closing_over(number):
    return lambda y: y + number


DIFFERENT = [
    None,
    True,
    1,
    1.0,
    "1",
    b"1",
    float("nan"),
    float("inf"),
    (1,),
    [1],
    {1},
    {1: 2},
    {2: 1},
    np.array([1.0]),
    np.array([1]),
    np.array([[1.0]]),
    np.array([1.0], ">f8"),
    np.array([]),
    np.array(["a", 1], dtype=object),
    sparse.csr_array(np.eye(2)),
    sparse.csr_array(np.eye(3)),
    np.random.RandomState(0),
    np.random.RandomState(1),
    np.random.default_rng(0),
    Huber(1.0),
    Huber(2.0),
    LeakyReLU(),
    *(ACTIVATIONS[name]() for name in ("relu", "tanh")),
    np.tanh,
    np.sum,
    np.random.RandomState.normal,
    Own,
    Own(1),
    Own(2),
    Own(1).method,
    KFold(3),
    KFold(4),
    functools.partial(np.sum, axis=0),
    functools.partial(np.sum, axis=1),
    function("def f(y): return y + 1"),
    function("def f(y): return y + 2"),
    function("def f(y): return y.sum()"),
    function("def f(y): return y.mean()"),
    function("def f(y, a=1): return y + 1"),
    function("def f(y, a=2): return y + 1"),
    function("def f(y, *, a=2): return y + 1"),
    function("def f(y): return (lambda: y + 1)()"),
    function("def f(y): return (lambda: y + 2)()"),
    function("class f:\n    def g(self): return 1"),
    function("class f:\n    def g(self): return 2"),
    function("class f:\n    @property\n    def g(self): return 2"),
    closing_over(1),
    closing_over(2),
    FunctionLoss(function("def f(y, p): return y + p")),
    FunctionLoss(function("def f(y, p): return y - p")),
]


def test_different_values_have_different_hashes():
    assert len({value_digest(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (np.arange(12.0)[::2], np.arange(0.0, 12.0, 2.0)),
        (sparse.csr_array(np.eye(3)), sparse.csc_matrix(np.eye(3))),
        (Huber(1.5), Huber(1.5)),
        (Own(3), Own(3)),
        (function("def f(y): return y"), function("\n\ndef f(y): return y")),
        ([shared := Huber(), shared], [Huber(), Huber()]),
    ],
)
def test_equal_values_have_equal_hashes(first, second):
    assert value_digest(first) == value_digest(second)


def test_a_compiled_function_counts_as_what_it_was_compiled_from():
    class Compiled:
        def __init__(self, source):
            functools.update_wrapper(self, function(source))
            self.handle = object()

    first, again, other = map(Compiled, ["def f(y): return 1"] * 2 + ["def f(y): return 2"])
    assert value_digest(first) == value_digest(again) != value_digest(other)


def test_arrays_of_several_blocks_and_in_files(tmp_path, monkeypatch):
    array = np.random.default_rng(0).normal(size=(50, 3))
    expected = array_digest(array)
    np.save(tmp_path / "array.npy", array)
    assert array_digest(np.load(tmp_path / "array.npy", mmap_mode="r")) == expected
    monkeypatch.setattr("sknn_actloss.persistence.hashing.BLOCK_BYTES", 100)
    assert array_digest(array) == array_digest(np.asfortranarray(array)) == expected
    array[-1, -1] += 1
    assert array_digest(array) != expected


SCRIPT = """
import numpy as np
from sknn_actloss.losses import FunctionLoss
from sknn_actloss.persistence.hashing import value_digest

def loss(y, p):
    return (y - p) ** 2 if "a" in {"a", "b", "c"} else y

digest = value_digest([FunctionLoss(loss), {"x", "y", "z"}, np.ones(3), np.random.RandomState(0)])
"""


def test_hashes_are_the_same_in_every_process():
    here: dict[str, Any] = {"__name__": "__main__"}
    exec(SCRIPT, here)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + "print(digest)"],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == here["digest"]


def test_what_pickle_does_not_take_cannot_be_hashed():
    with pytest.raises(TypeError):
        value_digest({"a": (number for number in [1])})
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(RecursionError):
        value_digest(itself)
    with pytest.raises(TypeError, match="Python objects"):
        array_digest(np.array([None]))
