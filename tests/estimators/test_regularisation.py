"""Dropout, penalties, bounds, normalisation, skip connections and averages in the estimators."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.averaging import AVERAGES, EMA, SWA
from sknn_actloss.core import mask_streams
from sknn_actloss.core.dropout import Dropout
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.estimators import JointFit
from sknn_actloss.normalization import NORMALIZATIONS, BatchNorm

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
NUMBERS = make_regression(120, 6, n_targets=2, noise=1.0, random_state=0)[1] / 100
BASE = {"hidden_layer_sizes": (8, 8), "batch_size": 25, "max_iter": 5, "random_state": 0}
OPTIONS = {
    "dropout": {"dropout": 0.3},
    "dropout of inputs": {"dropout": (0.1, 0.2, 0.0)},
    "falling dropout": {"dropout": FallingDropout(0.3)},
    "l1": {"l1": 0.1},
    "max_norm": {"max_norm": 0.5},
    "gradient_clip": {"gradient_clip": 0.1},
    "skip_connections": {"skip_connections": True},
    **{name: {"normalization": name} for name in NORMALIZATIONS},
    **{name: {"weight_averaging": name} for name in AVERAGES},
    "all": {
        "dropout": 0.1,
        "l1": 0.01,
        "max_norm": 2.0,
        "gradient_clip": 1.0,
        "normalization": "batch",
        "skip_connections": True,
        "weight_averaging": "ema",
    },
}
every_option = pytest.mark.parametrize("option", OPTIONS)


def classifier(option=None, **changes):
    return MLPClassifier(**{**BASE, **(OPTIONS[option] if option else {}), **changes})


def arrays(model):
    names = ("coefs_", "intercepts_", "normalization_scales_", "normalization_offsets_")
    names += ("running_means_", "running_variances_")
    return [array for name in names for array in getattr(model, name, [])]


def assert_same(first, second, **close):
    for one, other in zip(arrays(first), arrays(second), strict=True):
        assert_allclose(one, other, **({"rtol": 0} | close))
    assert_allclose(first.loss_curve_, second.loss_curve_, **({"rtol": 0} | close))


@every_option
def test_options_take_effect_and_are_reproducible(option):
    first, second = classifier(option).fit(X, y), classifier(option).fit(X, y)
    assert_same(first, second)
    plain = classifier().fit(X, y)
    assert any(not np.array_equal(a, b) for a, b in zip(first.coefs_, plain.coefs_, strict=True))


@every_option
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_types_and_copies(option, dtype):
    model = classifier(option).fit(X.astype(dtype), y)
    assert {array.dtype for array in arrays(model)} == {np.dtype(dtype)}
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert clone(model).get_params().keys() == model.get_params().keys()


@every_option
def test_sparse_rows(option):
    if option == "dropout of inputs":
        pytest.skip("sparse rows draw a number for each stored entry")
    dense, thin = classifier(option).fit(X, y), classifier(option).fit(sparse.csr_array(X), y)
    assert_same(dense, thin, rtol=1e-8, atol=1e-10)
    assert_allclose(dense.predict_proba(X), thin.predict_proba(sparse.csr_array(X)), rtol=1e-7)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_members_with_different_dropout_of_inputs(container):
    settings = [{"dropout": (rate, 0.0, 0.1)} for rate in (0.0, 0.3, 0.6)]
    estimators = [classifier(None, **setting) for setting in settings]
    together = JointFit(estimators, container(X), y)
    assert together.stacks == [[0, 1, 2]]
    together.train()
    for estimator, setting in zip(estimators, settings, strict=True):
        alone = classifier(None, **setting).fit(container(X), y)
        assert_same(estimator, alone, rtol=1e-9)


def test_dropout_of_inputs_leaves_out_stored_entries():
    random = sparse.random(200, 30, 0.3, "csr", random_state=0, dtype=np.float64)
    X, out = sparse.csr_array(random), [sparse.csr_array((200, 30)) for _ in range(2)]
    dropout = Dropout([0.0, 0.4], mask_streams(0, 1)[0], 200, 30, np.dtype(np.float64))
    dropout.drop_entries(X, out)
    assert_array_equal(out[0].toarray(), X.toarray())
    assert np.mean(out[1].data == 0) == pytest.approx(0.4, abs=0.05)
    kept = out[1].data != 0
    assert_allclose(out[1].data[kept], X.data[kept] / 0.6, rtol=1e-4)


@every_option
def test_calls_of_partial_fit_go_on_where_fit_would(option):
    if option == "swa":
        pytest.skip("the share of max_iter counts the epochs of one fit")
    whole = classifier(option, shuffle=False, tol=0, n_iter_no_change=99).fit(X, y)
    parts = classifier(option, shuffle=False, tol=0, n_iter_no_change=99)
    for _ in range(BASE["max_iter"]):
        parts.partial_fit(X, y, classes=np.unique(y))
    for one, other in zip(arrays(whole), arrays(parts), strict=True):
        assert_allclose(one, other, rtol=1e-12)


@every_option
def test_a_warm_start_goes_on_from_the_weights(option):
    model = classifier(option, warm_start=True, max_iter=2).fit(X, y)
    before = [array.copy() for array in arrays(model)]
    model.fit(X, y)
    assert any(not np.array_equal(a, b) for a, b in zip(before, arrays(model), strict=True))
    assert len(model.loss_curve_) == 4


@every_option
def test_early_stopping(option):
    model = classifier(option, early_stopping=True, max_iter=30).fit(X, y)
    assert len(model.validation_scores_) == model.n_iter_
    assert np.isfinite(model.predict_proba(X)).all()


def test_regression_with_everything():
    model = MLPRegressor(**BASE, **OPTIONS["all"]).fit(X, NUMBERS, np.arange(120.0))
    assert model.predict(X).shape == (120, 2)
    assert [array.shape for array in model.running_means_] == [(8,), (8,)]


@pytest.mark.parametrize("shuffle", [True, False])
def test_estimators_that_differ_share_a_stack_and_end_where_they_end_alone(shuffle):
    shared = {"shuffle": shuffle, "tol": 0.0, "n_iter_no_change": 99}
    settings = [
        {},
        {"dropout": 0.2},
        {"dropout": (0.1, 0.4, 0.0), "alpha": 0.1, "max_iter": 3},
        {"dropout": FallingDropout(0.2, 0.1)},
        {"dropout": FallingDropout(0.2), "max_iter": 4},
        {"l1": 0.1, "gradient_clip": 0.05},
        {"max_norm": 0.5, "weight_averaging": EMA(0.9), "solver": "sgd"},
        {"weight_averaging": SWA(0.2), "loss": "focal"},
    ]
    estimators = [classifier(None, **shared, **setting) for setting in settings]
    together = JointFit(estimators, X, y)
    assert together.stacks == [list(range(8))]
    together.train()
    for estimator, setting in zip(estimators, settings, strict=True):
        assert_same(estimator, classifier(None, **shared, **setting).fit(X, y), rtol=1e-9)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_normalised_networks_share_a_stack(name):
    norm = NORMALIZATIONS[name]
    settings = [
        {"normalization": norm()},
        {"normalization": norm(epsilon=0.1), "dropout": 0.2},
        {"normalization": norm(epsilon=0.3), "weight_averaging": "ema", "activation": "tanh"},
        {"normalization": norm(epsilon=0.3), "skip_connections": True},
        {},
    ]
    estimators = [classifier(None, **setting) for setting in settings]
    together = JointFit(estimators, X, y)
    assert together.stacks == [[0, 1, 2], [3], [4]]
    together.train()
    for estimator, setting in zip(estimators, settings, strict=True):
        assert_same(estimator, classifier(None, **setting).fit(X, y), rtol=1e-8)


def test_dropout_leaves_the_order_of_the_rows_as_it_is():
    states = []
    for dropout in (0.0, 0.5):
        random_state = np.random.RandomState(3)
        classifier(None, dropout=dropout, random_state=random_state).fit(X, y)
        states.append(random_state.randint(1 << 30, size=5))
    assert_array_equal(*states)


@pytest.mark.parametrize("seed", [0, None])
def test_pauses_of_dropout_do_not_repeat_masks(seed):
    model = classifier(None, dropout=0.5, shuffle=False, learning_rate_init=1e-12)
    model.set_params(random_state=seed).partial_fit(X, y, classes=np.unique(y))
    first = model.loss_
    model.partial_fit(X, y)
    assert abs(model.loss_ - first) > 1e-4


def test_dropout_turns_off_in_predictions():
    model = classifier(None, dropout=0.5).fit(X, y)
    assert_array_equal(model.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("dropout", "message"),
    [
        ((0.1,), r"dropout=\(0\.1,\) has 1 entries, but hidden_layer_sizes has 2"),
        ((0.1,) * 4, "one more in front for the inputs"),
        ((0.1, 1.0), r"dropout=\(0\.1, 1\.0\) must hold rates of at least 0 and below 1"),
        ((0.1, -0.1), "must hold rates"),
        ((0.1, "a"), "must hold rates"),
        (1.0, "'dropout' parameter"),
        (-0.1, "'dropout' parameter"),
        (FallingDropout(1.0), "'rate' parameter of FallingDropout"),
        (FallingDropout(input_rate=-0.1), "'input_rate' parameter of FallingDropout"),
    ],
)
def test_rates_of_dropout(dropout, message):
    with pytest.raises(ValueError, match=message):
        classifier(None, dropout=dropout).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"l1": -1.0}, "'l1' parameter"),
        ({"max_norm": 0.0}, "'max_norm' parameter"),
        ({"gradient_clip": -1.0}, "'gradient_clip' parameter"),
        ({"normalization": "group"}, "'normalization' parameter.*'batch'"),
        ({"normalization": BatchNorm(momentum=0.0)}, "'momentum' parameter of BatchNorm"),
        ({"weight_averaging": "mean"}, "'weight_averaging' parameter.*'ema'"),
        ({"weight_averaging": EMA(1.0)}, "'decay' parameter of EMA"),
        ({"skip_connections": "yes"}, "'skip_connections' parameter"),
    ],
    ids=str,
)
def test_bad_values(parameters, message):
    with pytest.raises(ValueError, match=message):
        classifier(None, **parameters).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "remedy"),
    [
        ({"dropout": 0.1}, "Set dropout=0"),
        ({"dropout": (0.1, 0.0, 0.0)}, "Set dropout=0"),
        ({"dropout": FallingDropout(0.1)}, "Set dropout=0"),
        ({"l1": 0.1}, "Set l1=0"),
        ({"max_norm": 1.0}, "Set max_norm=None"),
        ({"gradient_clip": 1.0}, "Set gradient_clip=None"),
        ({"normalization": "batch"}, "Set normalization='layer'"),
        ({"weight_averaging": "swa"}, "Set weight_averaging=None"),
    ],
    ids=str,
)
def test_what_lbfgs_does_not_take(parameters, remedy):
    with pytest.raises(ValueError, match=remedy):
        classifier(None, solver="lbfgs", **parameters).fit(X, y)


@pytest.mark.parametrize("parameters", [{"normalization": "layer"}, {"skip_connections": True}])
def test_what_lbfgs_takes(parameters):
    parameters = {"hidden_layer_sizes": (8,) * 4, **parameters}
    model = classifier(None, solver="lbfgs", **parameters).set_params(max_iter=200).fit(X, y)
    assert model.score(X, y) > 0.95


def test_components_are_reached_from_outside():
    model = classifier(None, normalization="batch", weight_averaging="ema")
    model.set_params(normalization__momentum=0.3, weight_averaging__decay=0.5)
    assert model.normalization == BatchNorm(momentum=0.3)
    assert model.weight_averaging == EMA(0.5)


@pytest.mark.parametrize(
    ("first", "second"), [("batch", None), (None, "batch"), ("layer", "batch")]
)
def test_training_goes_on_with_the_same_normalisation_only(first, second):
    model = classifier(None, normalization=first, warm_start=True).fit(X, y)
    model.set_params(normalization=second)
    with pytest.raises(ValueError, match=f"normalization={second!r}.*warm_start=False"):
        model.fit(X, y)
    model.set_params(warm_start=False).fit(X, y)
    assert hasattr(model, "running_means_") == (second == "batch")
    assert model.predict(X).shape == (120,)


def test_an_average_that_never_began_is_told():
    model = classifier(None, weight_averaging=SWA(0.9), tol=10.0, n_iter_no_change=1, max_iter=50)
    with pytest.warns(
        ConvergenceWarning, match=r"SWA\(start=0\.9\) has averaged nothing.*max_iter=50"
    ):
        model.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(weight_averaging="ema").fit(X, y)
