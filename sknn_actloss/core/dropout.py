"""Inverted dropout: which units each step leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

from sknn_actloss import kernels
from sknn_actloss._calls import Call

#: Random numbers of 16 bits: a rate is rounded to a multiple of 1 / N_LEVELS.
N_LEVELS = 1 << 16

#: The largest number of 64 bits.
LARGEST_WORD = (1 << 64) - 1


def mask_streams(seed: int, n_layers: int) -> list[np.random.Generator]:
    """Return a stream of random numbers for the inputs and for each hidden layer.

    The streams do not depend on each other, so that the masks of a layer do not depend on which
    other layers drop units.
    """
    return [np.random.Generator(np.random.SFC64([seed, layer])) for layer in range(n_layers)]


class Dropout:
    r"""The masks of one layer, drawn anew for each batch.

    .. math:: \tilde a = \frac{m}{1 - p} a, \qquad m \sim \mathrm{Bernoulli}(1 - p)

    All members see the same random numbers, so that members of one rate share a mask, and each
    has the mask that it would have alone.

    Parameters
    ----------
    rates : sequence of float
        Share of the units that are left out at first, for each member.
    stream : Generator
        Source of random numbers.
    batch_size, width : int
        Rows of the largest batch, and units.
    dtype : dtype
        Data type of the networks.
    move_together : bool, default=True
        Whether members of one rate have one rate at any time, so that they share a mask.

    Attributes
    ----------
    mask : ndarray of shape (n_members or 1, batch, units)
        Zero for what is left out, 1 / (1 - p) for the rest.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple
    way to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    def __init__(
        self,
        rates: Sequence[float],
        stream: np.random.Generator,
        batch_size: int,
        width: int,
        dtype: np.dtype,
        move_together: bool = True,
    ) -> None:
        rates = rates[:1] if move_together and len(set(rates)) == 1 else rates
        self._first_rate = first = np.array(rates)[:, None, None]
        self._limit, self._scale = np.empty_like(first, np.uint16), np.empty_like(first, dtype)
        self.go_to(np.ones(len(rates)))
        self._stream = stream
        self._drawn = np.empty((batch_size, width), np.uint16)
        self.mask = np.empty((len(rates), batch_size, width), dtype)

    def go_to(self, shares: np.ndarray) -> None:
        """Leave out shares (n_members,) of the first rates from here on."""
        rate = self._first_rate * shares[: len(self._first_rate), None, None]
        self._limit[...] = np.minimum(np.rint(rate * N_LEVELS), N_LEVELS - 1)
        self._scale[...] = N_LEVELS / (N_LEVELS - self._limit.astype(np.float64))

    def draw_calls(self, n_rows: int) -> Iterator[Call]:
        """Yield the calls that draw the mask of a batch."""
        drawn, mask = self._drawn[:n_rows], self.mask[:, :n_rows]
        yield self._draw, (drawn.reshape(-1),)
        yield from kernels.dropout_mask(drawn, self._limit, self._scale, mask)

    def drop_entries(self, X: sparse.csr_array, out: list[sparse.csr_array]) -> None:
        """Write what is left of the stored entries of a table, one for each mask.

        Random numbers are drawn for stored entries only, so that they are others than those of
        the same table with its zeros.
        """
        drawn = np.empty(len(X.data), np.uint16)
        self._draw(drawn)
        masks = (drawn >= self._limit[:, 0]) * self._scale[:, 0]
        for table, mask in zip(out, masks, strict=True):
            table.data, table.indices, table.indptr = X.data * mask, X.indices, X.indptr

    def _draw(self, out: np.ndarray) -> None:
        """Write random numbers (n,), four of which come from one draw of 64 bits."""
        words = self._stream.integers(0, LARGEST_WORD, -(-len(out) // 4), np.uint64, True)
        out[...] = words.view(np.uint16)[: len(out)]
