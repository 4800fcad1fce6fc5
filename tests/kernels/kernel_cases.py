"""Arguments for every kernel, stored in all the ways that networks store them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_actloss._calls import run
from sknn_actloss._numeric import clip
from sknn_actloss.kernels import numpy as reference

KERNELS = {name: getattr(reference, name) for name in reference.__all__}

#: Members, rows of a batch, and units.
SHAPES = [
    (1, 1, 1),
    (1, 1, 7),
    (1, 9, 1),
    (1, 2, 130),
    (2, 33, 16),
    (3, 1, 4),
    (3, 5, 3),
    (5, 1, 1),
]


def _zeros_kept() -> list[bool]:
    """Return whether clip keeps negative zeros that lie together, and in rows of a buffer."""
    wide = np.full((2, 8), -0.0)
    bounds = np.array(0.0), np.array(1.0)
    return [bool(np.signbit(clip(zeros, *bounds)).any()) for zeros in (wide, wide[:, :4])]


#: NumPy 2.1 to 2.3 set negative zeros to a bound or not, depending on how arrays are stored.
NEGATIVE_ZEROS = [-0.0] if len(set(_zeros_kept())) == 1 else []


def buffers(*shape: int) -> dict[str, np.ndarray]:
    """Return uninitialised arrays of a shape, in double precision, by the way they are stored."""
    *outer, rows, units = shape
    larger = np.empty((*outer, rows + 3, units))
    by_output = np.empty((*outer, units, rows + 2)).swapaxes(-1, -2)
    return {
        "plain": np.empty(shape),
        "rows of a larger buffer": larger[..., :rows, :],
        "columns of a wider buffer": np.empty((*outer, rows, units + 2))[..., 1:-1],
        "output by output": by_output[..., :rows, :],
        "Fortran order": np.empty(shape, order="F"),
        "rows four numbers apart": np.empty((*outer, 4 * rows, units))[..., ::4, :],
        "every other unit": np.empty((*outer, rows, 2 * units))[..., ::2],
        "every other row": np.empty((*outer, 2 * rows, units))[..., ::2, :],
        "backwards": np.empty(shape)[..., ::-1, :],
        "members of a larger stack": np.empty((shape[0] + 2, *shape[1:]))[1:-1],
    }


MIXED = "each array in a way of its own"
LAYOUTS = [*buffers(1, 1, 1), MIXED]


def stored(array: np.ndarray, layout: str) -> np.ndarray:
    """Return a copy of an array that is stored in a way of its own."""
    whole = array if array.ndim > 1 else array[:, None]
    template = buffers(*whole.shape)[layout]
    base = template.base if template.base is not None else template
    copy = np.empty(base.nbytes // 8, array.dtype)
    start = (template.ctypes.data - base.ctypes.data) // 8 if base is not template else 0
    size = array.dtype.itemsize
    strides = [stride // 8 * size for stride in template.strides]
    found = np.ndarray(whole.shape, array.dtype, copy, start * size, strides)
    found[...] = whole
    return found if array.ndim > 1 else found[:, 0]


@dataclass
class Draw:
    """Random arguments of a shape, a data type and a way to store arrays."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    layout: str = "plain"
    extremes: bool = False
    each: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        self.dtype = np.dtype(self.dtype)
        self.rng = np.random.default_rng(self.seed)
        self.members, self.rows, self.units = self.shape

    def values(self, *shape: int) -> np.ndarray:
        """Return numbers, among them kinks of activations and, if asked for, all extremes."""
        found = np.asarray(self.rng.normal(0, 2, shape), self.dtype)
        limits = np.finfo(self.dtype)
        few = [0.0, *NEGATIVE_ZEROS, 1.0, -1.0, 3.0, -3.0, 6.0]
        special = [np.nan, np.inf, -np.inf, limits.smallest_subnormal, -limits.tiny / 4]
        special += [limits.tiny, limits.max, -limits.max, limits.max**0.5, -limits.eps]
        pool = np.array(few + special * self.extremes, self.dtype)
        where = self.rng.random(shape) < 0.4
        return np.where(where, self.rng.choice(pool, shape), found)

    def array(self, *shape: int) -> np.ndarray:
        """Return an array that is stored in the way of this draw."""
        return self.stored(self.values(*(shape or self.shape)))

    def stored(self, array: np.ndarray) -> np.ndarray:
        """Return a copy of an array that is stored in the way of this draw."""
        layout = self.layout
        return stored(array, self.rng.choice(LAYOUTS[:-1]) if layout == MIXED else layout)

    def params(self) -> np.ndarray:
        """Return numbers for parameters (n_members, n_params)."""
        return self.array(self.members, self.rows * self.units)

    def moments(self) -> np.ndarray:
        """Return such numbers that are not negative."""
        moments = self.params()
        np.abs(moments, moments)
        return moments

    def targets(self) -> np.ndarray:
        """Return targets (batch, units)."""
        return self.array(self.rows, self.units)

    def signs(self) -> np.ndarray:
        """Return targets -1 and +1."""
        signs = self.targets()
        signs[...] = self.rng.choice([-1.0, 1.0], signs.shape)
        return signs

    def number(self, n_dims: int, low: float, high: float) -> np.ndarray:
        """Return a number for each member, or one for all of them."""
        shape = (self.members, *(1,) * (n_dims - 1)) if self.each else ()
        return np.array(self.rng.uniform(low, high, shape), self.dtype)

    def constant(self, low: float, high: float) -> float | np.ndarray:
        """Return a hyperparameter of a component: a float, or (n_members, 1, 1)."""
        number = self.number(3, low, high).astype(float)
        return number if self.each else float(number)

    def numbers(self, n: int) -> list[np.ndarray]:
        """Return numbers of solvers between zero and one."""
        return [self.number(2, 0.01, 0.99) for _ in range(n)]


@dataclass
class Case:
    """How a kernel is called.

    Parameters
    ----------
    arguments : callable
        Returns the arguments, given a :class:`Draw`.
    spoils : tuple of int
        Arguments of which it does not matter what is left in them.
    adds_up : bool
        Whether it adds up numbers, in an order that depends on how arrays are stored.
    """

    arguments: Callable[[Draw], Sequence[Any]]
    spoils: tuple[int, ...] = ()
    adds_up: bool = False


def _in_place(*more: Callable[[Draw], Any]) -> Case:
    """Return the case of an activation over its inputs."""

    def arguments(draw: Draw) -> Sequence[Any]:
        z = draw.array()
        return z, *(make(draw) for make in more), z

    return Case(arguments)


def _apart(*more: Callable[[Draw], Any]) -> Case:
    return Case(lambda d: (d.array(), *(make(d) for make in more), d.array()))


def _backward(*more: Callable[[Draw], Any]) -> Case:
    return Case(lambda d: (d.array(), *(make(d) for make in more), d.array()), spoils=(0,))


def _loss(*more: Callable[[Draw], Any], signed: bool = False) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        y = draw.signs() if signed else draw.targets()
        return draw.array(), y, *(make(draw) for make in more), draw.array()

    return Case(arguments)


def _row_losses(*more: Callable[[Draw], Any]) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        own = (make(draw) for make in more)
        return draw.array(), draw.targets(), *own, draw.array(draw.members, draw.rows)

    return Case(arguments, spoils=(0,))


def _solver(states: str, n_numbers: int, room: bool) -> Case:
    """Return the case of a solver; states are moments "m" of any sign, or "v" of squares."""

    def arguments(draw: Draw) -> Sequence[Any]:
        kinds = {"m": draw.params, "v": draw.moments}
        own = [draw.params(), draw.params(), *(kinds[state]() for state in states)]
        return [*own, *draw.numbers(n_numbers), *([draw.params()] if room else [])]

    last = 2 + len(states) + n_numbers
    return Case(arguments, spoils=(1, last) if room else (1,))


def _slope(low: float, high: float) -> Callable[[Draw], Any]:
    return lambda draw: draw.constant(low, high)


def _same(value: Any) -> Callable[[Draw], Any]:
    return lambda _: value


def _add_row(in_place: bool, layout: str | None = None) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        z = draw.array()
        out = z if in_place else stored(z, layout) if layout else draw.stored(z)
        return z, draw.array(draw.members, 1, draw.units), out

    return Case(arguments)


def _weigh(shape: Callable[[Draw], tuple[int, ...]] | None) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        weights = None if shape is None else np.abs(draw.values(*shape(draw)))
        return draw.array(), weights, draw.constant(0.01, 0.5)

    return Case(arguments)


def _penalty(shape: Callable[[Draw], tuple[int, ...]]) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        strength = np.abs(draw.values(*shape(draw)))
        return draw.params(), draw.params(), strength, draw.params()

    return Case(arguments, spoils=(3,))


def _penalty_over_itself(draw: Draw) -> Sequence[Any]:
    room = draw.params()
    return draw.params(), room, draw.number(2, 0.01, 0.5), room


def _dropout_mask(draw: Draw) -> Sequence[Any]:
    drawn = draw.rng.integers(0, 1 << 16, (draw.rows, draw.units), np.uint16)
    n_masks = draw.members if draw.each else 1
    limit = draw.rng.choice(drawn.ravel(), (n_masks, 1, 1))  # at the very limit a unit is kept
    factor = draw.rng.uniform(1, 2, limit.shape).astype(draw.dtype)
    return drawn, limit, factor, draw.array(n_masks, *drawn.shape)


def _drop(draw: Draw) -> Sequence[Any]:
    masks = draw.array(draw.members if draw.each else 1, draw.rows, draw.units)
    return draw.array(), masks, draw.array()


def _gather(
    source: str | None = None, n_dims: int = 2, layout: str | None = None, index: type = np.intp
) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        shape = (draw.rows + 4, draw.units)[:n_dims]
        table = draw.values(*shape).astype(source or draw.dtype)
        rows = draw.rng.integers(0, len(table), draw.rows).astype(index)
        out = np.zeros((draw.rows, draw.units)[:n_dims], draw.dtype)
        return draw.stored(table), rows, stored(out, layout) if layout else draw.stored(out)

    return Case(arguments)


def _product(units: int, shared: bool = False) -> Case:
    """Return the case of a product of some width, of rows for all members or of each."""

    def arguments(draw: Draw) -> Sequence[Any]:
        members, rows, inputs = draw.shape
        a = draw.array(rows, inputs) if shared else draw.array()
        return a, draw.array(members, inputs, units), np.zeros((members, rows, units), draw.dtype)

    return Case(arguments, adds_up=True)


def _row_sum(draw: Draw) -> Sequence[Any]:
    sums = np.zeros((draw.members, 1, draw.units), draw.dtype)
    return draw.array(), np.ones(draw.rows, draw.dtype), sums


def _row_dot(with_itself: bool) -> Case:
    def arguments(draw: Draw) -> Sequence[Any]:
        a = draw.params()
        b = a if with_itself else draw.params()
        return a, b, np.zeros(draw.members, draw.dtype)

    return Case(arguments, adds_up=True)


#: Cases of each kernel but ``fused``, whose arguments are calls.
CASES: dict[str, list[Case]] = {
    "product": [_product(5), _product(1), _product(2, shared=True), _product(1, shared=True)],
    "row_sum": [Case(_row_sum, adds_up=True)],
    "row_dot": [_row_dot(with_itself=True), _row_dot(with_itself=False)],
    "add_row": [
        _add_row(in_place=True),
        _add_row(in_place=False),
        _add_row(in_place=False, layout="output by output"),
        _add_row(in_place=False, layout="plain"),
    ],
    "relu": [_in_place(), _apart()],
    "relu_backward": [_backward()],
    "leaky_relu": [
        _in_place(_slope(0.0, 1.0)),
        _in_place(_same(0.0)),
        _in_place(_same(1.0)),
        _apart(_slope(0.0, 1.0)),
    ],
    "leaky_relu_backward": [_backward(_slope(0.0, 1.0)), _backward(_same(0.0))],
    "clamp": [
        _in_place(_same(0.0), _same(6.0)),
        _in_place(_same(-1.0), _same(1.0)),
        _apart(_same(-0.1), _same(0.3)),
    ],
    "clamp_backward": [
        _backward(_same(0.0), _same(6.0)),
        _backward(_same(-1.0), _same(1.0)),
    ],
    "hard_sigmoid": [_in_place(), _apart()],
    "hard_sigmoid_backward": [_backward()],
    "hard_silu": [_in_place(), _apart()],
    "hard_silu_backward": [Case(lambda d: (d.array(), d.array(), d.array()), spoils=(0, 1))],
    "logistic": [_in_place(), _apart()],
    "logistic_backward": [_backward()],
    "tanh_backward": [_backward()],
    "residual": [_loss()],
    "log_loss": [_row_losses()],
    "log_loss_by_totals": [_row_losses(lambda draw: draw.array(draw.members, draw.rows))],
    "binary_log_loss": [_row_losses()],
    "softmax_residual": [_loss(lambda draw: draw.array(draw.members, draw.rows))],
    "residual_sign": [_loss()],
    "clamped_residual": [_loss(_slope(0.1, 2.0))],
    "residual_beyond": [_loss(_slope(0.0, 2.0)), _loss(_same(0.0))],
    "excess": [_loss(_slope(0.0, 2.0)), _loss(_same(0.0))],
    "hinge": [_loss(signed=True)],
    "squared_hinge": [
        _loss(_same(np.inf), signed=True),
        _loss(_same(2.0), signed=True),
    ],
    "weigh": [
        _weigh(None),
        _weigh(lambda d: (d.rows,)),
        _weigh(lambda d: (d.members, d.rows)),
    ],
    "add_scaled": [
        _penalty(lambda d: ()),
        _penalty(lambda d: (d.members, 1)),
        _penalty(lambda d: (d.members, d.rows * d.units)),
        Case(_penalty_over_itself, spoils=(1, 3)),
    ],
    "scale": [Case(lambda d: (d.params(), d.number(2, 0.5, 1.0)))],
    "dropout_mask": [Case(_dropout_mask)],
    "drop": [Case(_drop)],
    "adam": [
        _solver("mvv", 4, room=False),
        Case(
            lambda d: [d.params(), d.params(), d.params(), d.moments(), None, *d.numbers(4)], (1,)
        ),
    ],
    "nadam": [_solver("mv", 5, room=True)],
    "adamax": [_solver("mv", 4, room=False)],
    "sgd": [
        Case(lambda d: [d.params(), d.params(), d.params(), *d.numbers(2), True], (1,)),
        Case(lambda d: [d.params(), d.params(), d.params(), *d.numbers(2), False], (1,)),
    ],
    "lion": [_solver("m", 3, room=True)],
    "rmsprop": [_solver("v", 3, room=True)],
    "adagrad": [_solver("v", 2, room=True)],
    "adadelta": [_solver("vv", 3, room=True)],
    "gather": [
        _gather(),
        _gather("f4"),
        _gather("f8"),
        _gather("i8"),
        _gather(n_dims=1),
        _gather(layout="columns of a wider buffer"),
        _gather(index=np.int32),
    ],
}


def results(kernels: Any, name: str, case: Case, draw: Draw, repeat: int = 2) -> list[np.ndarray]:
    """Return what a kernel of a set leaves in its arguments, called several times.

    What is written to arrays in between counts, as in the steps of a training.
    """
    arguments = list(case.arguments(draw))
    fresh = {i: a.copy() for i in case.spoils if isinstance(a := arguments[i], np.ndarray)}
    calls = getattr(kernels, name)(*arguments)
    run(calls or ())
    for _ in range(repeat - 1):
        for index, values in fresh.items():
            arguments[index][...] = values[::-1] if values.ndim else values
        run(calls or ())
    kept = [a for i, a in enumerate(arguments) if i not in case.spoils]
    return [array for array in kept if isinstance(array, np.ndarray)]


def differences(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> list[str]:
    """Return what is not the same to the last bit, the bits of NaN left out."""
    told = []
    for index, (a, b) in enumerate(zip(expected, found, strict=True)):
        integer = f"i{a.dtype.itemsize}"
        bits, others = (np.ascontiguousarray(array).view(integer) for array in (a, b))
        both_nan = np.isnan(a) & np.isnan(b)
        wrong = (bits.reshape(a.shape) != others.reshape(b.shape)) & ~both_nan
        if wrong.any():
            where = tuple(np.argwhere(wrong)[0].tolist())
            told.append(f"array {index} at {where}: {a[where]!r} and {b[where]!r}")
    return told
