"""Links from the HTML of estimators to the pages of the documentation site."""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any, ClassVar

PACKAGE = __name__.split(".")[0]

#: Environment variable with the address of a copy of the site.
VARIABLE = "SKNN_ACTLOSS_DOCS"


def site() -> str:
    """Return the address of the site, by the environment or the package's metadata, or ""."""
    return os.environ.get(VARIABLE) or _published_site()


@cache
def _published_site() -> str:
    try:
        urls = metadata(PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    found = dict(url.split(", ", 1) for url in urls)
    return found.get("Documentation", "")


class Documented:
    """Base of estimators, in front of scikit-learn's, whose HTML links to the site."""

    _doc_link_module: ClassVar[str] = PACKAGE

    @property
    def _doc_link_template(self) -> str:
        address = site().rstrip("/")
        return f"{address}/api/{{estimator_module}}.{{estimator_name}}.html" if address else ""

    def _doc_link_url_param_generator(self) -> dict[str, Any]:
        cls = type(self)
        part = ".".join(cls.__module__.split(".")[:2])
        is_at_the_top = getattr(sys.modules[PACKAGE], cls.__name__, None) is cls
        return {
            "estimator_module": PACKAGE if is_at_the_top else part,
            "estimator_name": cls.__name__,
        }
