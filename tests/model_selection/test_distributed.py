"""The same search on a cluster, also when a worker dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_actloss import MLPClassifier, config_context, get_config
from sknn_actloss._config import WithConfig
from sknn_actloss.model_selection import StackedGridSearchCV, StackedHalvingGridSearchCV

distributed = pytest.importorskip("dask.distributed", reason="needs the extra 'distributed'")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

X, Y = make_classification(600, 20, random_state=0)
GRID = {"activation": ["relu", "tanh", "gelu"], "learning_rate_init": [0.001, 0.01]}
PIPELINE_GRID = {f"mlpclassifier__{name}": values for name, values in GRID.items()}
CLASSIFIER = MLPClassifier((16,), max_iter=27, batch_size=32, random_state=0)
PIPELINE = make_pipeline(StandardScaler(), CLASSIFIER)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class Killing:
    """Accuracy; the first call of all in a worker kills it, once a file is there to tell."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
        try:
            os.remove(self.path)
        except FileNotFoundError:
            return estimator.score(X, y)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")


def assert_same_scores(actual: Any, expected: Any) -> None:
    assert actual.cv_results_.keys() == expected.cv_results_.keys()
    for name, values in expected.cv_results_.items():
        if "time" not in name:
            assert_array_equal(actual.cv_results_[name], values)


@pytest.mark.parametrize(
    ("kind", "estimator", "grid"),
    [
        (StackedGridSearchCV, CLASSIFIER, GRID),
        (StackedHalvingGridSearchCV, PIPELINE, PIPELINE_GRID),
    ],
    ids=["bare", "pipeline and halving"],
)
def test_a_worker_dies(client: Any, tmp_path: Any, kind: Any, estimator: Any, grid: Any) -> None:
    path = tmp_path / "alive"
    client.wait_for_workers(2)
    expected = kind(estimator, grid, scoring=Killing(str(path)), cv=4).fit(X, Y)
    before = set(client.run(os.getpid).values())
    path.touch()
    with parallel_config(backend="dask"):
        actual = kind(estimator, grid, scoring=Killing(str(path)), cv=4).fit(X, Y)
    assert not path.exists()
    client.wait_for_workers(2)
    assert len(before & set(client.run(os.getpid).values())) == 1
    assert_same_scores(actual, expected)
    assert_array_equal(actual.predict_proba(X), expected.predict_proba(X))


def test_data_are_sent_once(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    submit = client.submit

    def counting(function: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            sent.append(args[0])
        return submit(function, *args, **kwargs)

    client.wait_for_workers(2)
    monkeypatch.setattr(client, "submit", counting)
    with parallel_config(backend="dask"):
        StackedGridSearchCV(CLASSIFIER, GRID, cv=4, refit=False).fit(X, Y)
    assert len([data for data in sent if getattr(data, "X", None) is X]) == 1


@pytest.mark.parametrize("kernels", ["auto", "numpy"])
def test_workers_have_the_settings_of_the_search(client, kernels):
    with config_context(kernels=kernels):
        send = WithConfig(get_config)
    assert client.submit(send, pure=False).result() == {"kernels": kernels}
