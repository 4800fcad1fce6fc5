"""What is said of components that cannot be exported."""

from __future__ import annotations


def refusal(what: str, instead: str) -> NotImplementedError:
    """Return the error for a component whose formula is known to Python only.

    Parameters
    ----------
    what : str
        The component.
    instead : str
        What can be exported.
    """
    return NotImplementedError(
        f"{what} cannot be exported: its formula is Python code of its own. Fit the estimator "
        f"with {instead}."
    )
