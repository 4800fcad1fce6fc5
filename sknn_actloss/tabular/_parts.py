"""Parameters that are estimators, reached by grids also where they are ``None``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator, clone

from sknn_actloss._pickling import Stamped
from sknn_actloss._site import Documented


class HasParts(Documented, Stamped, BaseEstimator):
    """Base of estimators with parts: parameters that are estimators, or ``None`` for a default."""

    #: Makes the default of each part.
    _default_parts: ClassVar[dict[str, Callable[[], Any]]] = {}

    def set_params(self, **params: Any) -> Self:
        """Set the parameters of this estimator.

        Parameters
        ----------
        **params : dict
            Parameters by name. ``numbers__n_bins`` and the like reach into parts; where the part
            is ``None``, its default takes the place first.

        Returns
        -------
        self : estimator instance
            The estimator itself.
        """
        nested = {name: value for name, value in params.items() if "__" in name}
        super().set_params(**{name: params[name] for name in params if name not in nested})
        reached = {name.partition("__")[0] for name in nested} & set(self._default_parts)
        absent = [name for name in reached if getattr(self, name) is None]
        for name in absent:
            setattr(self, name, self._default(name))
        try:
            return super().set_params(**nested)
        except Exception:
            for name in absent:
                setattr(self, name, None)
            raise

    def _default(self, name: str) -> Any:
        return self._default_parts[name]()

    def _part(self, name: str) -> Any:
        """Return a copy of a part to be fitted."""
        given = getattr(self, name)
        return self._default(name) if given is None else clone(given, safe=False)
