"""What holds for every loss, whatever its formula."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from loss_cases import CASES, LINKS, Case, instances, value_and_gradient
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sknn_actloss import losses
from sknn_actloss._component import stack, stackable
from sknn_actloss._interval import UNIT
from sknn_actloss.losses import (
    LOSSES,
    TARGET_KINDS,
    AbsolutePercentageError,
    BoundLoss,
    Focal,
    FunctionLoss,
    GaussianHead,
    GaussianNLL,
    Hinge,
    Huber,
    LogLoss,
    Loss,
    LossSpec,
    Poisson,
    ProbabilityHead,
    Quantile,
    QuantileHead,
    SquaredError,
    Tweedie,
    resolve_loss,
)

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_loss = pytest.mark.parametrize(
    "loss",
    [*instances("regression"), *instances("classification"), Focal(alpha=[0.5, 1.0, 2.0])],
    ids=repr,
)


def differences(function, x, step=1e-5):
    """Return the derivatives of a row-wise function by its elements, to fourth order."""
    result = np.empty_like(x)
    for k in range(x.shape[-1]):
        shift = np.zeros(x.shape[-1])
        shift[k] = step
        near = function(x + shift) - function(x - shift)
        far = function(x + 2 * shift) - function(x - 2 * shift)
        result[..., k] = (8 * near - far) / (12 * step)
    return result


@every_case
def test_gradient_is_the_derivative_of_the_value(case: Case) -> None:
    loss = case.formulas
    y, raw = case.sample(np.random.default_rng(5))
    out = np.empty_like(raw)
    loss.gradient(y, raw, out)
    expected = differences(lambda x: loss.value(y, x), raw)
    rounding = 1e-10 * loss.value(y, raw)[..., np.newaxis]
    assert np.all(np.abs(out - expected) <= 1e-8 + 1e-6 * np.abs(expected) + rounding)


@every_case
def test_gradient_of_prediction_is_the_derivative_of_its_value(case: Case) -> None:
    loss = case.formulas
    y, raw = case.sample(np.random.default_rng(1))
    prediction = LINKS[loss.link](raw / 2)
    out = np.empty_like(raw)
    loss.gradient_of_prediction(y, prediction, out)
    expected = differences(lambda p: loss.value_of_prediction(y, p), prediction)
    assert_allclose(out, expected, rtol=1e-6, atol=1e-7)


@every_case
def test_arguments_are_left_alone(case: Case) -> None:
    y, raw = case.sample(np.random.default_rng(2))
    before = y.copy(), raw.copy()
    values = value_and_gradient(case.formulas, y, raw, np.empty_like(raw))
    assert values.shape == raw.shape[:-1]
    assert_array_equal(y, before[0])
    assert_array_equal(raw, before[1])


@every_case
def test_value_of_prediction_is_the_value_through_the_link(case: Case) -> None:
    loss = case.formulas
    y, raw = case.sample(np.random.default_rng(3))
    value = loss.value_of_prediction(y, LINKS[loss.link](raw))
    assert_allclose(value, loss.value(y, raw), rtol=1e-9)


@every_case
def test_losses_are_bounded_from_below(case: Case) -> None:
    y, raw = case.sample(np.random.default_rng(4))
    least = 0.0
    if isinstance(case.loss, GaussianNLL):  # the logarithm of a density
        least = case.n_targets * np.log(2 * np.pi * case.loss.min_variance) / 2
    assert np.all(case.formulas.value(y, raw) >= least)


@every_case
def test_members_are_independent(case: Case) -> None:
    loss = case.formulas
    y, raw = case.sample(np.random.default_rng(5), n_members=3)
    out, single = np.empty_like(raw), np.empty_like(raw[0])
    values = value_and_gradient(loss, y, raw, out)
    for member in range(3):
        assert_array_equal(values[member], value_and_gradient(loss, y, raw[member], single))
        assert_array_equal(out[member], single)


@every_case
def test_float32_stays(case: Case) -> None:
    loss = case.formulas
    y, raw = (array.astype(np.float32) for array in case.sample(np.random.default_rng(6)))
    prediction = LINKS[loss.link](raw)
    head = loss.head
    values = [
        loss.value(y, raw),
        value_and_gradient(loss, y, raw, np.empty_like(raw)),
        loss.value_of_prediction(y, prediction),
        head.point(prediction),
        *([head.probabilities(prediction)] if isinstance(head, ProbabilityHead) else []),
        *([head.quantiles(prediction)] if isinstance(head, QuantileHead) else []),
        *([head.variance(prediction)] if isinstance(head, GaussianHead) else []),
    ]
    assert {value.dtype for value in values} == {np.dtype(np.float32)}
    assert_allclose(values[0], loss.value(y.astype(float), raw.astype(float)), rtol=1e-4, atol=1e-5)


@every_case
def test_chain_rule_is_finite_where_other_outputs_saturate(case: Case) -> None:
    loss = case.formulas
    y = case.targets(np.random.default_rng(7)).astype(np.float32)
    high = min(loss.prediction_domain.high, 1e4)
    low = max(loss.prediction_domain.low, -1e4)
    for end in (low, high):
        prediction = np.full((len(y), case.n_outputs), end, y.dtype)
        out = np.empty_like(prediction)
        with warnings.catch_warnings():
            if loss.link == "identity":  # exp(1e4) of the exponential loss
                warnings.simplefilter("ignore", RuntimeWarning)
            loss.gradient_of_prediction(y, prediction, out)
        assert not np.any(np.isnan(loss.value_of_prediction(y, prediction)))
        assert np.all(np.isfinite(out)) or loss.link == "identity"


@every_case
def test_stack_gives_what_its_members_give(case: Case) -> None:
    same_targets = [other.formulas for other in CASES if other[1:] == case[1:]]
    members = [
        other
        for other in same_targets
        if stackable(other, case.formulas) and other.target_domain == case.formulas.target_domain
    ]
    y, raw = case.sample(np.random.default_rng(8), n_members=len(members))
    merged = stack(members, np.dtype(np.float64))
    out, single = np.empty_like(raw), np.empty_like(raw[0])
    values = value_and_gradient(merged, y, raw, out)
    prediction = LINKS[merged.link](raw)
    of_prediction = merged.value_of_prediction(y, prediction)
    for i, member in enumerate(members):
        assert_allclose(values[i], value_and_gradient(member, y, raw[i], single), rtol=1e-12)
        assert_allclose(out[i], single, rtol=1e-12)
        assert_allclose(of_prediction[i], member.value_of_prediction(y, prediction[i]), rtol=1e-12)


@every_case
def test_initial_prediction_counts_rows_by_weight(case: Case) -> None:
    loss, rng = case.formulas, np.random.default_rng(9)
    y = case.targets(rng)
    weight = rng.integers(0, 4, size=len(y)).astype(float)
    weighted = loss.initial_prediction(y, weight)
    if case.kind != "continuous":
        assert weighted is None
    if weighted is None:
        return
    repeated = np.repeat(y, weight.astype(int), axis=0)
    assert weighted.shape == (case.n_outputs,)
    assert loss.prediction_domain.contains(weighted)
    assert_allclose(weighted, loss.initial_prediction(repeated, np.ones(len(repeated))))
    assert loss.initial_prediction(y.astype(np.float32), weight).dtype == np.float32


@pytest.mark.parametrize(
    "loss",
    [
        *(LOSSES["regression"][name]() for name in ("absolute_error", "gamma", "tweedie")),
        AbsolutePercentageError(),
        Quantile(),
        Quantile((0.9, 0.1, 0.5)),
        GaussianNLL(),
    ],
    ids=repr,
)
def test_initial_prediction_is_the_best_constant(loss: LossSpec) -> None:
    rng = np.random.default_rng(10)
    y, weight = rng.gamma(2.0, size=(101, 2)), rng.random(101)
    bound = loss.for_targets("continuous", loss.natural_output("continuous"))
    best = bound.initial_prediction(y, weight)
    least = loss(y, np.tile(best, (101, 1)), weight)
    for index in range(len(best)):
        for factor in (0.98, 1.02):
            other = best.copy()
            other[index] *= factor
            assert loss(y, np.tile(other, (101, 1)), weight) > least


@pytest.mark.parametrize("name", ["gamma", "tweedie", "squared_log_error"])
def test_initial_prediction_is_positive(name: str) -> None:
    loss = LOSSES["regression"][name]().for_targets("continuous", "")
    initial = loss.initial_prediction(np.zeros((4, 2)), np.ones(4))
    assert np.all(initial > 0)


def test_losses_that_start_as_scikit_learn_does() -> None:
    y, weight = np.ones((5, 1)), np.ones(5)
    for loss in (SquaredError(), Poisson(), FunctionLoss(np.subtract), LogLoss()):
        bound = loss.for_targets("continuous" if "regression" in loss.tasks else "binary", "")
        assert bound.initial_prediction(y, weight) is None


@every_case
def test_mean_of_rows(case: Case) -> None:
    y, raw = case.sample(np.random.default_rng(11), n_members=1)
    weight = np.random.default_rng(11).random(len(y))
    prediction = LINKS[case.loss.natural_output(case.kind)](raw[0])
    natural = case.loss.for_targets(case.kind, case.loss.natural_output(case.kind))
    rows = natural.value_of_prediction(y, prediction)
    kind = {"target_kind": case.kind}
    assert case.loss(y, prediction, **kind) == pytest.approx(rows.mean())
    assert case.loss(y, prediction, weight, **kind) == pytest.approx(
        np.average(rows, weights=weight)
    )
    if case.n_outputs == 1:
        assert case.loss(y[:, 0], prediction[:, 0], **kind) == pytest.approx(rows.mean())
    if natural.encoding == (-1.0, 1.0):
        assert case.loss(y > 0, prediction, **kind) == pytest.approx(rows.mean())


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_kind_of_targets_is_told_from_data(kind: str) -> None:
    for loss in instances("classification"):
        case = Case(loss, kind, 1 if kind == "binary" else 3, loss.natural_output(kind))
        y, raw = case.sample(np.random.default_rng(12), n_members=1)
        prediction = LINKS[case.output](raw[0])
        assert loss(y, prediction) == loss(y, prediction, target_kind=kind)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3, 2\).*with 1 column"):
        SquaredError()(np.zeros(3), np.zeros((3, 2)))
    for loss, n_outputs in ((GaussianNLL(), 2), (Quantile((0.5, 0.9, 0.1)), 3)):
        assert np.isfinite(loss(np.zeros((4, 2)), np.zeros((4, 2 * n_outputs))))
        with pytest.raises(ValueError, match=rf"\(4, 2\).*\(4, 2\).*with {n_outputs} column"):
            loss(np.zeros((4, 2)), np.zeros((4, 2)))


@every_loss
def test_component(loss: LossSpec) -> None:
    loss.validate()
    again = eval(repr(loss), vars(losses))
    for other in (again, clone(loss), pickle.loads(pickle.dumps(loss)), copy.deepcopy(loss)):
        assert other == loss
        assert type(other) is type(loss)
    assert loss.formula
    assert loss.advice
    assert {field: getattr(loss, field) for field in loss.get_params()} == loss.get_params()


@every_case
def test_formulas_are_what_the_spec_says(case: Case) -> None:
    formulas = case.formulas
    assert isinstance(formulas, BoundLoss)
    assert isinstance(case.loss, LossSpec)
    assert formulas.outputs_per_target == case.loss.outputs_per_target
    assert isinstance(formulas.head, case.loss.head_kind)
    assert pickle.loads(pickle.dumps(formulas)) == formulas
    assert pickle.loads(pickle.dumps(formulas.head)) == formulas.head


@every_case
def test_heads_read_any_leading_axes(case: Case) -> None:
    head, (_, raw) = case.formulas.head, case.sample(np.random.default_rng(13))
    prediction = LINKS[case.formulas.link](raw)
    assert head.point(prediction).shape == (*raw.shape[:-1], case.n_targets)
    assert_array_equal(head.point(prediction)[0], head.point(prediction[0]))
    if isinstance(head, ProbabilityHead) and "classification" in case.loss.tasks:
        assert UNIT.contains(head.probabilities(LINKS["logistic"](raw)))


def test_output_activations() -> None:
    assert LogLoss().for_targets("multiclass", "softmax").link == "softmax"
    for kind, output in [("multiclass", "logistic"), ("binary", "softmax"), ("multilabel", "")]:
        assert LogLoss().for_targets(kind, output).link == "logistic"
    for kind in TARGET_KINDS:
        assert SquaredError().natural_output(kind) == FunctionLoss(np.add).natural_output(kind)
    assert str(SquaredError().for_targets("binary", "logistic").prediction_domain) == "[0, 1]"
    assert str(SquaredError().for_targets("continuous", "").prediction_domain) == "(-inf, inf)"


def test_aliases_and_public_names() -> None:
    for table in LOSSES.values():
        for alias, name in table.aliases.items():
            assert table[alias] is table[name]
    public = {getattr(losses, name) for name in losses.__all__ if name != "LOSSES"}
    assert {make for table in LOSSES.values() for make in table.values()} < public


@pytest.mark.parametrize("task", LOSSES)
def test_resolve(task: str) -> None:
    for name in LOSSES[task].names:
        assert isinstance(resolve_loss(name, task), LOSSES[task][name])
    loss = FunctionLoss(np.add)
    assert resolve_loss(loss, task) is loss


@pytest.mark.parametrize(
    ("spec", "task", "error", "message"),
    [
        ("hinge", "regression", ValueError, "Valid names are: absolute_error, .*tweedie"),
        ("exponential", "regression", ValueError, "not a known regression loss"),
        ("huber", "classification", ValueError, "Valid names are: binary_crossentropy, .*hinge"),
        (Hinge(), "regression", ValueError, r"Hinge\(\) is not a regression loss.*absolute_error"),
        (Huber(), "classification", ValueError, "is not a classification loss.*log_loss"),
        (Hinge, "classification", TypeError, "instance"),
        (3, "classification", TypeError, "log_loss"),
        (Huber(delta=0), "regression", ValueError, "'delta' parameter of Huber"),
        (Quantile(quantile=1), "regression", ValueError, "'quantile' parameter of Quantile"),
        (GaussianNLL(0), "regression", ValueError, "'min_variance' parameter of GaussianNLL"),
        (Tweedie(power=0.5), "regression", ValueError, r"\(-inf, 0.0\] .* \[1.0, inf\)"),
        (LogLoss(label_smoothing=1.0), "classification", ValueError, "'label_smoothing'"),
        (Focal(alpha=1.5), "classification", ValueError, "'alpha' parameter of Focal"),
        (Focal(alpha=[1.0, -1.0]), "classification", ValueError, r"weights in \[0, inf\)"),
        (Focal(alpha=["a", "b"]), "classification", ValueError, "'alpha' parameter of Focal"),
        (Focal(alpha=[[1.0]]), "classification", ValueError, "'alpha' parameter of Focal"),
        (Focal(alpha=[[1.0, 2.0], [1.0]]), "classification", ValueError, "'alpha' parameter"),
        (Focal(alpha={0: 1.0}), "classification", ValueError, "'alpha' parameter of Focal"),
        (Focal(alpha=[10**400, 1]), "classification", ValueError, "'alpha' parameter of Focal"),
        (Quantile([10**400, 0.5]), "regression", ValueError, "'quantile' parameter of Quantile"),
        (FunctionLoss("mse"), "regression", ValueError, "'value' parameter"),
    ],
)
def test_errors(spec, task: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        resolve_loss(spec, task)


def test_focal_weights_match_the_classes() -> None:
    loss, y = Focal(alpha=[0.5, 1.0]), np.eye(3)
    with pytest.raises(ValueError, match="2 weights for 3 classes"):
        loss.for_targets("multiclass", "softmax").value(y, y)
    for kind, output in [("binary", "logistic"), ("multiclass", "logistic")]:
        with pytest.raises(ValueError, match="weight of positives as a number"):
            loss.for_targets(kind, output)


SPECS = [LogLoss(), Focal(), Tweedie(), Huber(), Quantile((0.1, 0.5)), FunctionLoss(np.subtract)]


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_no_method_waits_for_targets(spec: LossSpec) -> None:
    assert not type(spec).__abstractmethods__
    if not isinstance(spec, BoundLoss):
        for name in ("gradient_calls", "link", "encoding", "target_domain", "head"):
            assert not hasattr(spec, name)


class Own(Loss):
    """A user's loss with a head of its own words."""

    probabilistic = True

    def value(self, y, raw):
        return np.sum((raw - y) ** 2, axis=-1)

    def gradient(self, y, raw, out):
        out[...] = 2 * (raw - y)

    def point(self, prediction):
        return -prediction

    def variance(self, prediction):
        return prediction**2

    def probabilities(self, prediction):
        return prediction / 2


def test_a_users_loss_is_bound_to_all_targets_and_its_head_reads_its_methods() -> None:
    loss, outputs = Own(), np.array([[0.5, 1.0]])
    assert loss.for_targets("continuous", "identity") is loss
    assert loss.head_kind is type(loss.head)
    assert isinstance(loss.head, ProbabilityHead)
    assert not isinstance(Huber().head, ProbabilityHead)
    assert_array_equal(loss.head.point(outputs), -outputs)
    assert_array_equal(loss.head.variance(outputs), outputs**2)
    assert_array_equal(loss.head.probabilities(outputs), outputs / 2)


def test_a_derivative_is_given_in_one_form() -> None:
    with pytest.raises(TypeError, match=r"Mine\.gradient_calls .*final in PlainGradient: write"):

        class Mine(Own):
            def gradient_calls(self, y, raw, out):
                return []

    with pytest.raises(TypeError, match=r"BentError\.gradient .* final in GradientByCalls: extend"):

        class BentError(SquaredError):
            def gradient(self, y, raw, out):
                pass

    class WeighedError(SquaredError):
        def value(self, y, raw):
            return 2 * super().value(y, raw)

        def gradient_calls(self, y, raw, out):
            return [*super().gradient_calls(y, raw, out), (np.multiply, (out, 2.0, out))]

    out = np.empty((1, 2))
    WeighedError().gradient(np.zeros((1, 2)), np.ones((1, 2)), out)
    assert_array_equal(out, 2 * np.ones((1, 2)))


class OwnQuantiles(Own):
    """A user's loss with a head of the package."""

    outputs_per_target = 3

    @property
    def head(self):
        return QuantileHead((0.2, 0.5, 0.8))


def test_a_users_loss_may_return_a_head_of_the_package() -> None:
    loss = OwnQuantiles()
    assert loss.head_kind is QuantileHead
    assert_array_equal(loss.head.point(np.array([[3.0, 1.0, 2.0]])), [[2.0]])


@pytest.mark.parametrize("size", [1e300, 1.0, 1e-3])
@pytest.mark.parametrize("weight", [1e-300, 1.0, 1e300])
def test_percentages_start_at_their_median_whatever_the_units(size, weight) -> None:
    y, weights = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 1.0, 9.0])
    found = LOSSES["regression"]["mape"]().initial_prediction(size * y, weight * weights)
    assert_allclose(found, size * 3.0)
