"""Loops over members that call the routines of BLAS, whose arguments are addresses of numbers.

A plan holds what is the same for all members: the address of the routine, the letters and sizes
that it takes, and the factors one and zero.
"""

from __future__ import annotations

from sknn_actloss.kernels._compile import address_of, call_at, inlined, number_at, row
from sknn_actloss.kernels._programs import Loop


@inlined
def at(array, index):
    """Return the address of an element of the first dimension."""
    return address_of(array) + index % array.shape[0] * array.strides[0]


@Loop
def gemm(a, b, out, plan):
    """out ← a b; BLAS, whose matrices are stored column by column, writes outᵀ ← bᵀ aᵀ."""
    for m in range(out.shape[0]):
        call_at(
            plan[0],
            (
                at(plan, 1),
                at(plan, 2),
                at(plan, 3),
                at(plan, 4),
                at(plan, 5),
                at(plan, 9),
                at(b, m),
                at(plan, 6),
                at(a, m),
                at(plan, 7),
                at(plan, 10),
                at(out, m),
                at(plan, 8),
            ),
        )


@Loop
def outer(column, line, out):
    """out ← column row, where BLAS adds zero to each product."""
    zero = out.dtype.type(0)
    for m in range(out.shape[0]):
        b = row(line[m % line.shape[0], 0])
        for i in range(out.shape[1]):
            a, target = column[m % column.shape[0], i, 0], row(out[m, i])
            for j in range(target.shape[0]):
                target[j] = a * b[j] + zero


@Loop
def gemv(matrix, vector, out, plan):
    """out ← matrix vector, or with the matrix transposed."""
    for m in range(out.shape[0]):
        call_at(
            plan[0],
            (
                at(plan, 1),
                at(plan, 2),
                at(plan, 3),
                at(plan, 7),
                at(matrix, m),
                at(plan, 4),
                at(vector, m),
                at(plan, 5),
                at(plan, 8),
                at(out, m),
                at(plan, 6),
            ),
        )


@Loop
def dot(a, b, out, plan):
    """out ← sum of a b over each row."""
    for m in range(out.shape[0]):
        out[m] = number_at(
            plan[0],
            (at(plan, 1), at(a, m), at(plan, 2), at(b, m), at(plan, 2)),
            out.dtype.type(0),
        )
