"""scikit-learn's own tests of its MLPs, found in the installed package, run on ours."""

import importlib.util
from pathlib import Path
from unittest import mock

import pytest
import sklearn.neural_network

import sknn_actloss

#: Tests that reach into private members, with the members that they need.
LEFT_OUT = {
    "test_gradient": "calls _loss_grad_lbfgs with lists of activations and deltas",
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def load():
    """Import scikit-learn's test module with our classes in place of its own."""
    path = Path(sklearn.neural_network.__file__).parent / "tests" / "test_mlp.py"
    spec = importlib.util.spec_from_file_location("scikit_learn_test_mlp", path)
    module = importlib.util.module_from_spec(spec)
    with mock.patch.multiple(
        sklearn.neural_network,
        MLPClassifier=sknn_actloss.MLPClassifier,
        MLPRegressor=sknn_actloss.MLPRegressor,
    ):
        spec.loader.exec_module(module)
    return module


MODULE = load()
TESTS = {name: test for name, test in vars(MODULE).items() if name.startswith("test_")}
globals().update({name: test for name, test in TESTS.items() if name not in LEFT_OUT})


@pytest.fixture(params=[42])
def global_random_seed(request):
    return request.param


def test_the_module_holds_our_classes():
    assert MODULE.MLPClassifier is sknn_actloss.MLPClassifier
    assert MODULE.MLPRegressor is sknn_actloss.MLPRegressor
    theirs = {sklearn.neural_network.MLPClassifier, sklearn.neural_network.MLPRegressor}
    marks = [mark for test in TESTS.values() for mark in getattr(test, "pytestmark", [])]
    values = [value for mark in marks if mark.name == "parametrize" for value in mark.args[1]]
    assert values
    for value in values:
        parts = value if isinstance(value, tuple | list) else [value]
        assert not any(part is their_class for part in parts for their_class in theirs)


def test_what_is_left_out_exists_and_is_little():
    assert set(LEFT_OUT) <= set(TESTS)
    assert len(TESTS) - len(LEFT_OUT) >= 40
