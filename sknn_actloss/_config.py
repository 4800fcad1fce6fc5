"""Settings of the process that no estimator records."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any

#: What each setting may be.
CHOICES = {"kernels": ("auto", "numpy", "numba")}

#: The environment variable that holds the initial value of each setting.
VARIABLES = {"kernels": "SKNN_ACTLOSS_KERNELS"}

_settings = {name: choices[0] for name, choices in CHOICES.items()}
_of_context: ContextVar[dict[str, str] | None] = ContextVar("sknn_actloss_config", default=None)


def get_config() -> dict[str, str]:
    """Return the settings that hold here.

    Returns
    -------
    config : dict
        Values by name, as :func:`set_config` takes them.

    See Also
    --------
    set_config : Change them for the process.
    config_context : Change them for a block of code.

    Examples
    --------
    >>> import sknn_actloss
    >>> with sknn_actloss.config_context(kernels="numpy"):
    ...     sknn_actloss.get_config()
    {'kernels': 'numpy'}
    """
    return {name: setting(name) for name in CHOICES}


def setting(name: str) -> str:
    """Return the value of one setting."""
    of_context = _of_context.get()
    return _settings[name] if of_context is None else of_context[name]


def set_config(*, kernels: str | None = None) -> None:
    """Change settings for the whole process.

    Stacked searches hand them on to their workers; other workers start with the value of the
    environment variable ``SKNN_ACTLOSS_KERNELS``.

    Parameters
    ----------
    kernels : {"auto", "numpy", "numba"}, optional
        What steps of training and predictions are made of. Compiled kernels give the very numbers
        of NumPy's in less time; they need ``pip install "sknn-actloss[fast]"``. ``"auto"``, the
        default, takes them where they are installed and save more time than it takes to load
        them. ``None`` leaves the setting as it is.

    Raises
    ------
    ValueError
        If a value is none of these.
    ImportError
        If compiled kernels are asked for and numba is not installed; one that cannot be loaded is
        an error of what takes it first.

    See Also
    --------
    get_config : Return the settings.
    config_context : Change them for a block of code.

    Examples
    --------
    >>> import sknn_actloss
    >>> sknn_actloss.set_config(kernels="auto")
    """
    _settings.update(_checked(kernels=kernels))


@contextmanager
def config_context(*, kernels: str | None = None) -> Iterator[None]:
    """Change settings for a block of code, in this thread alone.

    Parameters
    ----------
    kernels : {"auto", "numpy", "numba"}, optional
        As in :func:`set_config`.

    Yields
    ------
    None
        The settings hold within the block.

    Raises
    ------
    ValueError
        If a value is none of these.
    ImportError
        If compiled kernels are asked for and numba is not installed; one that cannot be loaded is
        an error of what takes it first.

    See Also
    --------
    set_config : Change them for the process.

    Examples
    --------
    >>> from sknn_actloss import MLPRegressor, config_context
    >>> with config_context(kernels="numpy"):
    ...     model = MLPRegressor(max_iter=5, tol=0).fit([[0.0], [1.0]], [0.0, 1.0])
    """
    token = _of_context.set(get_config() | _checked(kernels=kernels))
    try:
        yield
    finally:
        _of_context.reset(token)


class WithConfig:
    """A function that carries the settings of where it is made to where it is called.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function, self._config = function, get_config()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the function with those settings."""
        with config_context(**self._config):
            return self._function(*arguments, **keywords)


def _checked(**settings: str | None) -> dict[str, str]:
    """Return the settings that are given."""
    given = {name: value for name, value in settings.items() if value is not None}
    for name, value in given.items():
        _check(name, name, value)
    return given


def _check(name: str, source: str, value: str) -> None:
    """Raise an error unless a setting may have a value, given what it comes from."""
    if not isinstance(value, str) or value not in CHOICES[name]:
        known = ", ".join(map(repr, CHOICES[name]))
        raise ValueError(f"{source} must be one of {known}; got {value!r}.")
    if value == "numba" and find_spec("numba") is None:
        raise ImportError(
            f'{source}="numba" needs numba, which is not installed: pip install '
            '"sknn-actloss[fast]", or take "auto" for kernels that are compiled where it is.'
        )


for _name, _variable in VARIABLES.items():
    if os.environ.get(_variable):
        _check(_name, f"The environment variable {_variable}", os.environ[_variable])
        _settings[_name] = os.environ[_variable]
