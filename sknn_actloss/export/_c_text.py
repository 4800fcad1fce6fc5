"""Numbers, strings, comments and small functions as C99 has them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

#: Types of values in C.
TYPES = {
    np.dtype(np.float32): "float",
    np.dtype(np.float64): "double",
    np.dtype(np.int64): "int",
    np.dtype(np.bool_): "int",
}

#: Functions that the code calls, with their name for PREFIX, their type for REAL, and the ending
#: of the functions of math.h for it as F.
HELPERS = {
    "maximum": """\
static REAL PREFIX_maximum_REAL(REAL a, REAL b)
{
    return a > b || isnan(a) ? a : b;
}
""",
    "minimum": """\
static REAL PREFIX_minimum_REAL(REAL a, REAL b)
{
    return a < b || isnan(a) ? a : b;
}
""",
    "logistic": """\
static REAL PREFIX_logistic_REAL(REAL z)
{
    return 1 / (1 + expF(-z));
}
""",
    "normal_cdf": """\
static REAL PREFIX_normal_cdf_REAL(REAL z)
{
    return erfcF(-z * (REAL)0.70710678118654752) / 2;
}
""",
    "linear": """\
static void PREFIX_linear_REAL(int n_inputs, int n_units, const REAL *weights,
                               const REAL *biases, const REAL *x, REAL *out)
{
    int i, j;
    for (j = 0; j < n_units; ++j)
        out[j] = biases[j];
    for (i = 0; i < n_inputs; ++i, weights += n_units)
        for (j = 0; j < n_units; ++j)
            out[j] += x[i] * weights[j];
}
""",
    "softmax": """\
static void PREFIX_softmax_REAL(int n, const REAL *z, REAL *out)
{
    int i;
    REAL top = z[0], total = 0;
    for (i = 1; i < n; ++i)
        top = z[i] > top || isnan(z[i]) ? z[i] : top;
    for (i = 0; i < n; ++i)
        total += out[i] = expF(z[i] - top);
    for (i = 0; i < n; ++i)
        out[i] /= total;
}
""",
    "row_sum": """\
static REAL PREFIX_row_sum_REAL(int n, const REAL *z)
{
    int i;
    REAL total = 0;
    for (i = 0; i < n; ++i)
        total += z[i];
    return total;
}
""",
    "argmax": """\
static int PREFIX_argmax_REAL(int n, const REAL *z)
{
    int i, best = 0;
    for (i = 1; i < n; ++i)
        if (z[i] > z[best])
            best = i;
    return best;
}
""",
    "sort": """\
static void PREFIX_sort_REAL(int n, int size, const REAL *z, REAL *out)
{
    int start, i, j;
    for (start = 0; start < n; start += size)
        for (i = start; i < start + size; ++i) {
            for (j = i; j > start && out[j - 1] > z[i]; --j)
                out[j] = out[j - 1];
            out[j] = z[i];
        }
}
""",
    "is_finite": """\
static int PREFIX_is_finite_REAL(int n, const REAL *x)
{
    int i;
    for (i = 0; i < n; ++i)
        if (!isfinite(x[i]))
            return 0;
    return 1;
}
""",
    "has_no_infinity": """\
static int PREFIX_has_no_infinity_REAL(int n, const REAL *x)
{
    int i;
    for (i = 0; i < n; ++i)
        if (isinf(x[i]))
            return 0;
    return 1;
}
""",
}


def helper(name: str, prefix: str, real: str) -> str:
    """Return the source of a function of :data:`HELPERS` for a type."""
    source = HELPERS[name].replace("PREFIX", prefix).replace("REAL", real)
    for function in ("exp", "erfc"):
        source = source.replace(f"{function}F(", f"{function}{suffix(real)}(")
    return source


def suffix(real: str) -> str:
    """Return how the functions of math.h for a type end."""
    return "f" if real == "float" else ""


def literals(numbers: np.ndarray) -> Iterable[str]:
    """Return the numbers of an array as C has them, to the last bit."""
    flat = numbers.ravel()
    if flat.dtype == np.float32:
        return (f"{digits}f" for digits in flat.astype(str).tolist())
    return map(repr if flat.dtype.kind == "f" else integer, flat.tolist())


def integer(number: int) -> str:
    """Return an integer as C has it; the lowest one is a difference there."""
    if number < -(2**63) + 1:
        return f"({integer(number + 1)} - 1)"
    endings = {31: "", 63: "LL", 64: "ULL"}
    return f"{int(number)}" + next(end for bits, end in endings.items() if abs(number) < 2**bits)


def string(text: str) -> str:
    """Return a string literal, with escapes for all but plain characters.

    Raises
    ------
    ValueError
        If the text contains the character that ends strings in C.
    """
    if "\0" in text:
        raise ValueError(
            f"The class {text!r} contains a null character, which ends strings in C. Fit the "
            "estimator with other labels."
        )
    plain = set(range(32, 127)) - set(b'"\\?')
    encoded = text.encode("utf-8", "surrogatepass")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in encoded) + '"'


def comment(text: str) -> str:
    """Return text that may stand in a comment."""
    shown = text.encode("ascii", "backslashreplace").decode()
    shown = "".join(character if character.isprintable() else " " for character in shown)
    for pair in ("*/", "/*", "??", "\\"):
        while pair in shown:
            shown = shown.replace(pair, " ".join(pair) if len(pair) > 1 else "|")
    return shown


def array(declaration: str, items: Iterable[str]) -> str:
    """Return the definition of an array, in lines of about 100 characters at most."""
    lines: list[list[str]] = [[]]
    length = 0
    for item in items:
        length += len(item) + 2
        if length > 96 and lines[-1]:
            lines.append([])
            length = len(item) + 2
        lines[-1].append(item)
    inner = ",\n".join("    " + ", ".join(line) for line in lines)
    return f"{declaration} = {{\n{inner}\n}};\n"
