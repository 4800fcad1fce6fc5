"""Each trouble is found where it is, and the advice fits the estimator."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_digits, make_friedman1
from sklearn.preprocessing import StandardScaler, scale

from sknn_actloss import MLPClassifier, MLPRegressor
from sknn_actloss.activations import LeakyReLU
from sknn_actloss.inspection import diagnose

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = scale(X)[:400], y[:400]


def classifier(sizes=(30,), **parameters):
    return MLPClassifier(sizes, **{"max_iter": 20, "random_state": 0, **parameters}).fit(X, y)


def found(model, kind, rows=X, targets=y):
    return [finding for finding in diagnose(model, rows, targets).findings if finding.kind == kind]


def kinds(model, rows=X, targets=y):
    return [finding.kind for finding in diagnose(model, rows, targets).findings]


def deep(**parameters):
    return classifier((20,) * 8, activation="logistic", **parameters)


# What is found


def test_dead_units():
    model = classifier((30, 30))
    model.intercepts_[1][:24] = -1e3
    (finding,) = found(model, "dead_units")
    assert finding.layer == 1
    assert "80% of the 30 units of hidden 2" in finding.message
    assert finding.parameters == ("learning_rate_init", "activation", "normalization")
    assert "from 0.001 to 0.0001" in finding.advice
    assert "activation='leaky_relu'" in finding.advice


def test_a_dead_layer_blocks_gradients_which_is_not_called_vanishing():
    model = classifier((30, 30))
    model.intercepts_[0][:] = -1e3
    assert kinds(model)[0] == "dead_units"
    assert not found(model, "vanishing_gradients")


def test_saturation():
    model = classifier(activation="tanh")
    model.coefs_[0] *= 1e3
    (finding,) = found(model, "saturation")
    assert finding.layer == 0
    assert "range of tanh" in finding.message


def test_vanishing_gradients():
    (finding,) = found(deep(), "vanishing_gradients")
    assert finding.layer == 0
    expected = ("normalization", "activation", "skip_connections", "hidden_layer_sizes")
    assert finding.parameters == expected
    assert "hidden_layer_sizes=(20, 20)" in finding.advice


@pytest.mark.parametrize(
    "cure", [{"normalization": "batch"}, {"activation": "tanh"}, {"skip_connections": True}]
)
def test_cured_gradients(cure):
    model = MLPClassifier((20,) * 8, "logistic", max_iter=20, random_state=0)
    model.set_params(**cure).fit(X, y)
    assert not found(model, "vanishing_gradients")


def test_exploding_gradients():
    model = classifier((20,) * 4, activation=np.sin)
    for coefs in model.coefs_:
        coefs *= 10
    (finding,) = found(model, "exploding_gradients")
    assert finding.parameters[0] == "gradient_clip"


def test_gradients_that_are_not_finite():
    model = classifier((20,) * 4, activation="identity")
    for coefs in model.coefs_:
        coefs *= 1e100
    assert found(model, "exploding_gradients")


@pytest.mark.parametrize(
    ("rows", "flaw"),
    [
        (X * np.where(np.arange(X.shape[1]) % 2, 1000, 1), "very different scales"),
        (X + 2000, "far from zero"),
        (1000 * X, "large"),
    ],
)
def test_scales_of_inputs(rows, flaw):
    model = MLPClassifier(max_iter=20, random_state=0).fit(rows, y)
    (finding,) = found(model, "input_scales", rows)
    assert flaw in finding.message
    assert finding.parameters == ("StandardScaler",)


@pytest.mark.parametrize("column", [np.ones(400), np.eye(400)[0], np.full(400, 0.1)])
def test_constant_and_rare_inputs_are_no_flaw(column):
    rows = np.column_stack([X, column])
    model = MLPClassifier(max_iter=20, random_state=0).fit(rows, y)
    assert not found(model, "input_scales", rows)


def test_plateau():
    model = deep(max_iter=60)
    assert kinds(model) == ["vanishing_gradients", "plateau"]
    (finding,) = found(model, "plateau")
    assert finding.parameters == ("learning_rate_init", "learning_rate")


def test_plateau_of_a_strong_penalty():
    (finding,) = found(classifier(alpha=100.0, max_iter=200, learning_rate_init=0.01), "plateau")
    assert finding.parameters[0] == "alpha"


def test_plateau_of_a_low_rate_with_another_loss():
    (finding,) = found(classifier(loss="hinge", learning_rate_init=1e-7), "plateau")
    assert "raise learning_rate_init from 1e-07 to 1e-06" in finding.advice.lower()
    assert "loss='log_loss'" in finding.advice


def test_oscillation():
    (finding,) = found(classifier(learning_rate_init=0.5, batch_size=20), "oscillation")
    assert finding.parameters == ("learning_rate_init", "batch_size", "learning_rate")
    assert "batch_size from 20 to 80" in finding.advice


def noisy():
    """Return rows and random targets."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 20)), rng.integers(2, size=60)


def test_overfitting_shows_on_the_rows_given():
    rows, targets = noisy()
    model = MLPClassifier(max_iter=300, random_state=0).fit(rows[:30], targets[:30])
    assert not found(model, "overfitting", rows[:30], targets[:30])
    (finding,) = found(model, "overfitting", rows[30:], targets[30:])
    assert "on the rows given" in finding.message
    assert finding.parameters == ("alpha", "dropout", "early_stopping", "hidden_layer_sizes")
    assert "hidden_layer_sizes=(25,)" in finding.advice


def test_overfitting_shows_on_the_validation_rows_of_the_fit():
    rows, targets = noisy()
    model = MLPClassifier(max_iter=300, random_state=0)
    model.fit(rows[:30], targets[:30], X_val=rows[30:], y_val=targets[30:])
    (finding,) = found(model, "overfitting", rows[:30], targets[:30])
    assert "on the validation rows" in finding.message


def test_a_restored_network_is_judged_by_the_epoch_that_was_kept():
    rows, targets = noisy()
    model = MLPClassifier(max_iter=300, random_state=0, restore_best=True, monitor="loss")
    model.fit(rows[:30], targets[:30], X_val=rows[30:], y_val=targets[30:])
    assert not found(model, "overfitting", rows[:30], targets[:30])


@pytest.mark.parametrize("early_stopping", [False, "auto"])
def test_a_network_without_validation_rows_is_judged_by_its_last_epoch(early_stopping):
    model = classifier(early_stopping=early_stopping)
    model.loss_curve_ = np.linspace(2.0, 1.0, 20).tolist()
    model.loss_curve_[5] = 0.0
    course = diagnose(model, X, y).course
    assert course.gap == pytest.approx((course.loss - 1.0) / course.constant_loss)


def test_differences_of_losses_are_those_of_r2():
    rows, targets = make_friedman1(200, noise=3.0, random_state=0)
    rows, targets = scale(rows), scale(targets)
    model = MLPRegressor((200,), solver="lbfgs", max_iter=300, random_state=0, alpha=0)
    model.fit(rows[:100], targets[:100])
    gap = diagnose(model, rows[100:], targets[100:]).course.gap
    scores = [model.score(rows[part], targets[part]) for part in (slice(100), slice(100, None))]
    assert gap == pytest.approx(scores[0] - scores[1], abs=0.1)


# Advice


def settings():
    return {
        "defaults": {},
        "lbfgs": {"solver": "lbfgs"},
        "a rate alone": {"learning_rate": 0.001},
        "all remedies taken": {
            "normalization": "batch",
            "skip_connections": True,
            "activation": LeakyReLU(),
            "dropout": 0.1,
            "gradient_clip": 1.0,
            "early_stopping": True,
            "learning_rate": "cosine",
        },
    }


@pytest.mark.parametrize("name", settings())
def test_advice_names_parameters_and_what_is_not_yet_set(name):
    model = classifier((20, 20, 20), **settings()[name])
    for coefs in model.coefs_:
        coefs *= 1e100
    model.loss_curve_ = [2.3] * 20
    findings = diagnose(model, 1e4 * X, y).findings
    assert {"input_scales", "exploding_gradients", "plateau"} <= {f.kind for f in findings}
    for finding in findings:
        assert finding.advice[0].isupper()
        assert finding.advice.endswith(".")
        valid = {*inspect.signature(MLPClassifier).parameters, "StandardScaler"}
        assert finding.parameters
        assert set(finding.parameters) <= valid
        taken = settings()[name]
        for parameter in set(finding.parameters) & set(taken) - {"learning_rate"}:
            assert f"set {parameter}=" not in finding.advice


def test_lbfgs_is_not_told_of_rates():
    model = classifier((20, 20), solver="lbfgs")
    model.intercepts_[0][:] = -1e3
    (finding,) = found(model, "dead_units")
    assert finding.parameters == ("activation", "normalization")
    assert "normalization='layer'" in finding.advice


def test_a_number_as_learning_rate_is_the_parameter_to_change():
    model = classifier((20, 20), learning_rate=0.5)
    model.intercepts_[0][:] = -1e3
    assert found(model, "dead_units")[0].advice.startswith("Lower learning_rate from 0.5 to 0.05")


def test_findings_of_breast_cancer_without_scaling():
    rows, targets = load_breast_cancer(return_X_y=True)
    model = MLPClassifier(max_iter=20, random_state=0).fit(rows, targets)
    assert kinds(model, rows, targets)[0] == "input_scales"


SHIFTS = {"far": (1.0, 1e3), "tiny": (1e-6, 0.0), "huge": (1e6, 0.0)}


def learnt(factor, shift, **parameters):
    targets = (X[:, 20] - X[:, 30]) * factor + shift
    return MLPRegressor((8,), max_iter=20, random_state=0).set_params(**parameters), targets


@pytest.mark.parametrize("name", SHIFTS)
def test_scales_of_targets(name):
    model, targets = learnt(*SHIFTS[name])
    report = diagnose(model.fit(X, targets), X, targets).findings
    assert report[0].kind == "target_scales"
    assert report[0].parameters == ("target_scaling", "TransformedTargetRegressor")
    assert "target_scaling='standard'" in report[0].advice
    assert {"plateau", "oscillation"}.isdisjoint(finding.kind for finding in report)


@pytest.mark.parametrize("name", SHIFTS)
def test_scaled_targets_have_no_flaw(name):
    model, targets = learnt(*SHIFTS[name], target_scaling="standard")
    around = TransformedTargetRegressor(learnt(1, 0)[0], transformer=StandardScaler())
    for estimator in (model, around):
        assert "target_scales" not in kinds(estimator.fit(X, targets), X, targets)


def test_one_target_of_several_on_another_scale():
    model, targets = learnt(1, 0)
    several = np.c_[targets, 1e4 * targets]
    assert "target_scales" in kinds(model.fit(X, several), X, several)


def test_losses_that_fix_the_units_have_no_flaw_of_targets():
    model, targets = learnt(1e4, 1e6, loss="poisson")
    assert "target_scales" not in kinds(model.fit(X, targets), X, targets)
    rare = np.arange(len(X)) < 1
    classifier = MLPClassifier((8,), loss="squared_error", max_iter=20, random_state=0)
    assert "target_scales" not in kinds(classifier.fit(X, rare), X, rare)


def test_worse_than_a_constant():
    model, targets = learnt(1, 0, max_iter=300, alpha=0.0, learning_rate_init=0.01)
    noise = np.random.RandomState(0).normal(size=len(X))
    (finding,) = found(model.fit(X, targets), "worse_than_constant", X, noise)
    assert finding.parameters == ("alpha", "early_stopping")
    assert "worse_than_constant" not in kinds(model, X, targets)
