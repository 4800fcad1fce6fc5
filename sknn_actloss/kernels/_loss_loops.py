"""The loops of losses, see :mod:`sknn_actloss.kernels._loops`.

What is stored output by output comes as (n_members, n_outputs, batch), targets as
(n_outputs, batch). What lies beyond an edge is set to the bound of it.
"""

from __future__ import annotations

from sknn_actloss.kernels._compile import inlined, larger, of, row, sign
from sknn_actloss.kernels._programs import Loop


@inlined
def shift(z, out, largest):
    """out ← z - max z, over outputs; both (n_outputs, batch)."""
    first = row(z[0])
    for i in range(largest.shape[0]):
        largest[i] = first[i]
    for k in range(1, z.shape[0]):
        a = row(z[k])
        for i in range(largest.shape[0]):
            largest[i] = larger(largest[i], a[i])
    for k in range(z.shape[0]):
        a, shifted = row(z[k]), row(out[k])
        for i in range(largest.shape[0]):
            shifted[i] = a[i] - largest[i]


@Loop
def softmax_shift(raw, out, room):
    """out ← raw - max raw, over outputs; room (batch,)."""
    largest = row(room)
    for m in range(raw.shape[0]):
        shift(raw[m], out[m], largest)


@Loop
def add_row_softmax_shift(z, bias, raw, out, room):
    """raw ← z + b, out ← raw - max raw, over outputs; room (batch,)."""
    largest = row(room)
    for m in range(z.shape[0]):
        for k in range(raw.shape[1]):
            b, a = bias[m, 0, k], row(raw[m, k])
            for i in range(a.shape[0]):
                a[i] = z[m, i, k] + b
        shift(raw[m], out[m], largest)


@Loop
def softmax_subtract(out, targets, room, totals, share):
    """out ← (out / sum of out - y) share, over outputs; totals (n_members, batch) ← the sums.

    Output by output; room (batch,).
    """
    sums = row(room)
    for m in range(out.shape[0]):
        first, s = row(out[m, 0]), of(share, m)
        for i in range(sums.shape[0]):
            sums[i] = first[i]
        for k in range(1, out.shape[1]):
            a = row(out[m, k])
            for i in range(sums.shape[0]):
                sums[i] += a[i]
        for i in range(sums.shape[0]):
            totals[m, i] = sums[i]
        for k in range(out.shape[1]):
            a, y = row(out[m, k]), row(targets[k])
            for i in range(sums.shape[0]):
                a[i] = (a[i] / sums[i] - y[i]) * s


@Loop
def sum_outputs(values, out):
    """out ← sum over outputs, (n_members, batch), of what is stored output by output."""
    for m in range(values.shape[0]):
        a, first = row(out[m]), row(values[m, 0])
        for i in range(a.shape[0]):
            a[i] = first[i]
        for k in range(1, values.shape[1]):
            v = row(values[m, k])
            for i in range(a.shape[0]):
                a[i] += v[i]


@Loop
def subtract_product(out, values, targets, total):
    """out ← out - sum of v y over outputs; output by output, total (batch,)."""
    sums = row(total)
    for m in range(values.shape[0]):
        a, v, y = row(out[m]), row(values[m, 0]), row(targets[0])
        for i in range(a.shape[0]):
            sums[i] = v[i] * y[i]
        for k in range(1, values.shape[1]):
            v, y = row(values[m, k]), row(targets[k])
            for i in range(a.shape[0]):
                sums[i] += v[i] * y[i]
        for i in range(a.shape[0]):
            a[i] -= sums[i]


@Loop
def binary_log_loss_parts(raw, targets, linear):
    """Write max(z, 0) - y z, and -|z| in place of z; output by output."""
    zero = raw.dtype.type(0)
    for m in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(linear[m, k])
            for i in range(z.shape[0]):
                a[i] = larger(z[i], zero) - y[i] * z[i]
                z[i] = -abs(z[i])


@Loop
def sum_of_both(first, second, out):
    """out ← sum over outputs of a + b; output by output, out (n_members, batch)."""
    for m in range(first.shape[0]):
        a, b, c = row(first[m, 0]), row(second[m, 0]), row(out[m])
        for i in range(c.shape[0]):
            c[i] = a[i] + b[i]
        for k in range(1, first.shape[1]):
            a, b = row(first[m, k]), row(second[m, k])
            for i in range(c.shape[0]):
                c[i] += a[i] + b[i]


@Loop
def residual(raw, targets, out):
    """out ← raw - y; output by output."""
    for m in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                a[i] = z[i] - y[i]


@Loop
def residual_sign(raw, targets, out):
    """out ← sign(raw - y); output by output."""
    zero, one = out.dtype.type(0), out.dtype.type(1)
    for m in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                d = z[i] - y[i]
                a[i] = sign(d, zero, one)


@Loop
def clamped_residual(raw, targets, bound, edge, out):
    """out ← min(max(-c, raw - y), c); output by output."""
    for m in range(raw.shape[0]):
        high, largest = of(bound, m), of(edge, m)
        low, least = -high, -largest
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                d = z[i] - y[i]
                d = low if d < least else d
                a[i] = high if d > largest else d


@Loop
def residual_beyond(raw, targets, bound, out):
    """out ← sign(raw - y) where |raw - y| > c, else 0; output by output."""
    zero, one = out.dtype.type(0), out.dtype.type(1)
    for m in range(raw.shape[0]):
        c = of(bound, m)
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                d = z[i] - y[i]
                a[i] = sign(d, zero, one) * (one if abs(d) > c else zero)


@Loop
def excess(raw, targets, bound, edge, out):
    """out ← 2 (d - min(max(-c, d), c)), d = raw - y; output by output."""
    two = out.dtype.type(2)
    for m in range(raw.shape[0]):
        high, largest = of(bound, m), of(edge, m)
        low, least = -high, -largest
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                d = z[i] - y[i]
                near = low if d < least else d
                near = high if near > largest else near
                a[i] = (d - near) * two


@Loop
def hinge(raw, targets, out):
    """out ← -y where y raw < 1, else 0; output by output."""
    zero, one = out.dtype.type(0), out.dtype.type(1)
    for m in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                a[i] = y[i] * -(one if y[i] * z[i] < one else zero)


@Loop
def squared_hinge(raw, targets, limit, out):
    """out ← -2 y min(max(0, 1 - y raw), limit); output by output."""
    zero, one, factor = out.dtype.type(0), out.dtype.type(1), out.dtype.type(-2)
    high = limit[0]
    for m in range(raw.shape[0]):
        for k in range(raw.shape[1]):
            z, y, a = row(raw[m, k]), row(targets[k]), row(out[m, k])
            for i in range(z.shape[0]):
                lack = one - y[i] * z[i]
                lack = zero if lack < zero else lack
                lack = high if lack > high else lack
                a[i] = y[i] * (lack * factor)


@Loop
def scale_members(array, share):
    """Multiply all of a member, output by output, by its share."""
    for m in range(array.shape[0]):
        s = of(share, m)
        for k in range(array.shape[1]):
            a = row(array[m, k])
            for i in range(a.shape[0]):
                a[i] *= s
