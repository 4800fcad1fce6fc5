"""The text that a printed diagnosis shows: a table of the layers, the loss, and advice."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from sknn_actloss.inspection._course import CourseReport
from sknn_actloss.inspection._findings import Finding
from sknn_actloss.inspection._layers import LayerReport

#: Characters of a line of text.
WIDTH = 96

#: Heads of the table of layers.
COLUMNS = (
    "layer",
    "activation",
    "units",
    "dead",
    "saturated",
    "mean",
    "std",
    "gradient",
    "step/weight",
)


def layer_table(layers: Sequence[LayerReport]) -> str:
    """Return a table with a line for each layer."""
    rows = [COLUMNS]
    rows += [
        (
            layer.name,
            textwrap.shorten(layer.activation, 24, placeholder="..."),
            str(layer.n_units),
            _number(layer.dead, ".1%"),
            _number(layer.saturated, ".1%"),
            _number(layer.mean, ".3g"),
            _number(layer.std, ".3g"),
            _number(layer.gradient_norm, ".2e"),
            _number(layer.update_ratio, ".1e"),
        )
        for layer in layers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def course_line(course: CourseReport) -> str:
    """Return what became of the loss."""
    text = (
        f"Loss: {course.loss:.4g} on these rows, {course.constant_loss:.4g} with the best "
        "constant output"
    )
    if course.last_loss is not None:
        text += (
            f"; in training {course.first_loss:.4g} in the first epoch and "
            f"{course.last_loss:.4g} in the last of {course.n_epochs}"
        )
    return _paragraph(f"{text}.", indent="")


def advice(findings: Sequence[Finding]) -> str:
    """Return what is wrong and what to change, numbered."""
    if not findings:
        return "Nothing wrong was found."
    return "\n".join(
        _paragraph(f"{number}. {finding.kind}: {finding.message}")
        + "\n"
        + _paragraph(f"   -> {finding.advice}", indent=" " * 6)
        for number, finding in enumerate(findings, start=1)
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _paragraph(text: str, indent: str = "   ") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, replace_whitespace=False)
