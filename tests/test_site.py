"""The HTML of estimators links to their pages on the documentation site."""

import importlib
import re
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as ScikitLearnsClassifier
from sklearn.utils import estimator_html_repr

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, _site
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder

ADDRESS = "https://docs.example/latest"
NETWORK = MLPClassifier()
ESTIMATORS = {
    "sknn_actloss": [NETWORK, MLPRegressor(), TabularClassifier(), TabularRegressor()],
    "sknn_actloss.tabular": [PiecewiseLinearEncoder(), TableEncoder()],
    "sknn_actloss.model_selection": [
        CommitteeClassifier([NETWORK]),
        CommitteeRegressor([MLPRegressor()]),
        StackedGridSearchCV(NETWORK, {}),
        StackedHalvingGridSearchCV(NETWORK, {}),
        StackedHalvingRandomSearchCV(NETWORK, {}),
        StackedRandomizedSearchCV(NETWORK, {}),
    ],
}
CASES = [(module, estimator) for module, found in ESTIMATORS.items() for estimator in found]
REFERENCE = (Path(__file__).parents[1] / "docs" / "api.md").read_text("utf-8")


@pytest.fixture
def address(monkeypatch):
    """Set the address of the site by the environment."""
    monkeypatch.setenv("SKNN_ACTLOSS_DOCS", f"{ADDRESS}/")


@pytest.fixture
def published(monkeypatch):
    """Set what the metadata of the package say, and nothing in the environment."""

    class Metadata:
        urls = None

        def get_all(self, key):
            assert key == "Project-URL"
            return self.urls

    monkeypatch.delenv("SKNN_ACTLOSS_DOCS", raising=False)
    monkeypatch.setattr(_site, "metadata", lambda name: Metadata())
    _site._published_site.cache_clear()
    yield Metadata
    _site._published_site.cache_clear()


@pytest.mark.parametrize(("module", "estimator"), CASES, ids=lambda case: type(case).__name__)
def test_link_leads_to_the_page_of_the_class(module, estimator, address):
    name = type(estimator).__name__
    link = f"{ADDRESS}/api/{module}.{name}.html"
    assert estimator._get_doc_link() == link
    assert f'href="{link}"' in estimator_html_repr(estimator)
    assert getattr(importlib.import_module(module), name) is type(estimator)
    assert re.search(rf"^   {re.escape(module)}$", REFERENCE, flags=re.MULTILINE)


@pytest.mark.parametrize("urls", [None, [], ["Homepage, https://home.example"]])
def test_no_link_where_no_address_is_known(published, urls):
    published.urls = urls
    assert NETWORK._get_doc_link() == ""
    assert "api/" not in estimator_html_repr(NETWORK)


def test_address_in_the_metadata(published):
    published.urls = ["Homepage, https://home.example", f"Documentation, {ADDRESS}"]
    assert NETWORK._get_doc_link() == f"{ADDRESS}/api/sknn_actloss.MLPClassifier.html"


def test_a_users_own_class_has_no_page(address):
    class Own(MLPClassifier):
        pass

    assert Own()._get_doc_link() == ""


@pytest.mark.parametrize("estimator", [LogisticRegression(), ScikitLearnsClassifier()])
def test_links_of_scikit_learn_stay(estimator, address):
    assert estimator._get_doc_link().startswith("https://scikit-learn.org/")
