"""The loops of compiled kernels, which make the operations of NumPy's in the same order.

Arrays are those of :mod:`sknn_actloss.kernels.numpy`; numbers come as arrays (n_members,), or (1,)
for all members, and what is stored output by output as (n_members, n_outputs, batch). What lies
beyond an edge is set to the bound of it.
"""

from __future__ import annotations

import numpy as np

from sknn_actloss.kernels._compile import larger, of, row
from sknn_actloss.kernels._programs import Loop


@Loop
def add_row(z, bias):
    """z ← z + b."""
    for m in range(z.shape[0]):
        b = row(bias[m, 0])
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                a[j] += b[j]


@Loop
def add_row_to(z, bias, out):
    """out ← z + b, with out output by output."""
    for m in range(z.shape[0]):
        for k in range(out.shape[1]):
            b, a = bias[m, 0, k], row(out[m, k])
            for i in range(a.shape[0]):
                a[i] = z[m, i, k] + b


@Loop
def relu(z, edge):
    """z ← max(0, z)."""
    zero, least = z.dtype.type(0), edge[0]
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                value = a[j]
                a[j] = zero if value < least else value


@Loop
def add_row_relu(z, bias, edge):
    """z ← max(0, z + b)."""
    zero, least = z.dtype.type(0), edge[0]
    for m in range(z.shape[0]):
        b = row(bias[m, 0])
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                value = a[j] + b[j]
                a[j] = zero if value < least else value


@Loop
def relu_backward(bits, slopes):
    """Clear slopes where outputs are not positive; both as integers of their size.

    A negative zero counts as positive, as it does in the arithmetic of NumPy's masks.
    """
    least = np.iinfo(bits.dtype).min
    for m in range(bits.shape[0]):
        for i in range(bits.shape[1]):
            a, g = row(bits[m, i]), row(slopes[m, i])
            for j in range(a.shape[0]):
                g[j] = g[j] if (a[j] > 0) | (a[j] == least) else 0


@Loop
def leaky_relu(z, slope):
    """z ← max(z, s z)."""
    for m in range(z.shape[0]):
        s = of(slope, m)
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                a[j] = larger(a[j], a[j] * s)


@Loop
def leaky_relu_backward(outputs, slope, grad):
    """g ← g where outputs are positive, else s g."""
    zero, one = grad.dtype.type(0), grad.dtype.type(1)
    for m in range(grad.shape[0]):
        s = of(slope, m)
        for i in range(grad.shape[1]):
            a, g = row(outputs[m, i]), row(grad[m, i])
            for j in range(a.shape[0]):
                g[j] *= one if a[j] > zero else s


@Loop
def clamp(z, bounds, edges):
    """z ← min(max(low, z), high)."""
    low, high, least, largest = bounds[0], bounds[1], edges[0], edges[1]
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                value = a[j]
                value = low if value < least else value
                a[j] = high if value > largest else value


@Loop
def clamp_backward(outputs, bounds, grad):
    """g ← g where outputs are between the bounds, else 0 g."""
    low, high = bounds[0], bounds[1]
    zero, one = grad.dtype.type(0), grad.dtype.type(1)
    for m in range(grad.shape[0]):
        for i in range(grad.shape[1]):
            a, g = row(outputs[m, i]), row(grad[m, i])
            for j in range(a.shape[0]):
                g[j] *= one if (a[j] > low) & (a[j] < high) else zero


@Loop
def hard_sigmoid(z):
    """z ← min(max(0, z / 6 + 1 / 2), 1)."""
    number = z.dtype.type
    zero, half, one, six = number(0.0), number(0.5), number(1.0), number(6.0)
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                value = a[j] / six + half
                value = zero if value < zero else value
                a[j] = one if value > one else value


@Loop
def hard_sigmoid_backward(outputs, grad):
    """g ← g / 6 where outputs are between 0 and 1, else 0 g / 6."""
    number = grad.dtype.type
    zero, one, six = number(0.0), number(1.0), number(6.0)
    for m in range(grad.shape[0]):
        for i in range(grad.shape[1]):
            a, g = row(outputs[m, i]), row(grad[m, i])
            for j in range(a.shape[0]):
                g[j] = g[j] * (one if (a[j] > zero) & (a[j] < one) else zero) / six


@Loop
def hard_silu(z, out):
    """out ← z min(max(0, z / 6 + 1 / 2), 1)."""
    number = z.dtype.type
    zero, half, one, six = number(0.0), number(0.5), number(1.0), number(6.0)
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            x, a = row(z[m, i]), row(out[m, i])
            for j in range(x.shape[0]):
                gate = x[j] / six + half
                gate = zero if gate < zero else gate
                a[j] = x[j] * (one if gate > one else gate)


@Loop
def hard_silu_backward(z, grad):
    """g ← g (gate + z gate')."""
    number = z.dtype.type
    zero, half, one, six = number(0.0), number(0.5), number(1.0), number(6.0)
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            x, g = row(z[m, i]), row(grad[m, i])
            for j in range(x.shape[0]):
                gate = x[j] / six + half
                gate = zero if gate < zero else gate
                gate = one if gate > one else gate
                g[j] *= gate + x[j] * (one if (gate > zero) & (gate < one) else zero) / six


@Loop
def negate(z):
    """z ← -z."""
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                a[j] = -a[j]


@Loop
def inverse_of_one_more(z):
    """z ← 1 / (1 + z)."""
    one = z.dtype.type(1)
    for m in range(z.shape[0]):
        for i in range(z.shape[1]):
            a = row(z[m, i])
            for j in range(a.shape[0]):
                a[j] = one / (a[j] + one)


@Loop
def logistic_backward(outputs, grad):
    """g ← g a (1 - a)."""
    one = grad.dtype.type(1)
    for m in range(grad.shape[0]):
        for i in range(grad.shape[1]):
            a, g = row(outputs[m, i]), row(grad[m, i])
            for j in range(a.shape[0]):
                g[j] = g[j] * a[j] * (one - a[j])


@Loop
def tanh_backward(outputs, grad):
    """g ← g (1 - a²)."""
    one = grad.dtype.type(1)
    for m in range(grad.shape[0]):
        for i in range(grad.shape[1]):
            a, g = row(outputs[m, i]), row(grad[m, i])
            for j in range(a.shape[0]):
                g[j] *= one - a[j] * a[j]


@Loop
def scale(array, factor):
    """Multiply rows (n_members, n_params) by factors."""
    for m in range(array.shape[0]):
        a, f = row(array[m]), of(factor, m)
        for i in range(a.shape[0]):
            a[i] *= f


@Loop
def add_scaled(gradient, params, strength):
    """g ← g + θ strength, a number for each member."""
    for m in range(gradient.shape[0]):
        g, p, s = row(gradient[m]), row(params[m]), of(strength, m)
        for i in range(g.shape[0]):
            g[i] += p[i] * s


@Loop
def add_scaled_each(gradient, params, strength):
    """g ← g + θ strength, a number for each parameter."""
    for m in range(gradient.shape[0]):
        g, p, s = row(gradient[m]), row(params[m]), row(strength[m])
        for i in range(g.shape[0]):
            g[i] += p[i] * s[i]


@Loop
def dropout_mask(drawn, limit, factor, out):
    """out ← factor where a random number is at least a limit, else 0."""
    zero = out.dtype.type(0)
    for m in range(out.shape[0]):
        least, kept = of(limit, m), of(factor, m)
        for i in range(out.shape[1]):
            u, mask = row(drawn[i]), row(out[m, i])
            for j in range(u.shape[0]):
                mask[j] = kept if u[j] >= least else zero


@Loop
def drop_relu_backward(slopes, mask, bits):
    """Multiply slopes by masks, and clear those where outputs, as integers, are not positive."""
    least = np.iinfo(bits.dtype).min
    zero = slopes.dtype.type(0)
    for m in range(slopes.shape[0]):
        own = of(mask, m)
        for i in range(slopes.shape[1]):
            g, kept, a = row(slopes[m, i]), row(own[i]), row(bits[m, i])
            for j in range(g.shape[0]):
                value = g[j] * kept[j]
                g[j] = value if (a[j] > 0) | (a[j] == least) else zero


@Loop
def gather(table, rows, out):
    """Write rows of a table."""
    for i in range(rows.shape[0]):
        source, target = row(table[rows[i]]), row(out[i])
        for j in range(source.shape[0]):
            target[j] = source[j]
