"""Shapes of training problems, and data for them."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.datasets import make_classification
from sklearn.preprocessing import scale


class Shape(NamedTuple):
    """Data, network and course of one fit."""

    rows: int
    features: int
    hidden: tuple[int, ...]
    classes: int
    batch: int
    epochs: int

    def __str__(self) -> str:
        size, hidden = f"{self.rows:,} × {self.features}", "-".join(map(str, self.hidden))
        return f"{size}, {hidden} hidden, {self.classes} classes, batch {self.batch}"

    @property
    def outputs(self) -> int:
        """Outputs of the network: one for two classes, else one for each class."""
        return 1 if self.classes == 2 else self.classes

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Units of all layers, from features to outputs."""
        return (self.features, *self.hidden, self.outputs)

    @property
    def batches(self) -> list[int]:
        """Rows of each batch of an epoch."""
        full, rest = divmod(self.rows, self.batch)
        return [self.batch] * full + [rest] * bool(rest)

    def reduced(self) -> Shape:
        """Return the same network for a run that only shows that everything works."""
        return self._replace(rows=600, epochs=2)


#: Epochs are such that a fit of scikit-learn takes about a second.
SHAPES = [
    Shape(2_000, 20, (100,), 3, 200, 200),
    Shape(2_000, 20, (100,), 3, 32, 80),
    Shape(10_000, 50, (128, 64), 2, 200, 10),
    Shape(20_000, 100, (256, 256), 10, 256, 3),
    Shape(20_000, 100, (512, 512, 512), 10, 512, 2),
]


def shapes_option(parser: ArgumentParser, shapes: Sequence[Shape] = SHAPES) -> None:
    """Add the choice of shapes by their numbers."""
    parser.add_argument(
        "--shapes",
        type=lambda text: shapes[int(text) - 1],
        nargs="+",
        default=shapes,
        metavar="N",
        help="; ".join(f"{number}: {shape}" for number, shape in enumerate(shapes, 1)),
    )


def classification(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised features in double precision, and classes from zero."""
    X, y = make_classification(
        shape.rows,
        shape.features,
        n_informative=min(shape.features, 10),
        n_classes=shape.classes,
        random_state=0,
    )
    return scale(X), y


def noise(rows: int, features: int, dtype: str, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return features and classes without any relation, where only their size matters."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, features), dtype=dtype), rng.integers(classes, size=rows)
