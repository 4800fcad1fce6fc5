"""What users write, with every public class: read by a type checker, never run.

Lines of which a type checker has to complain say so, and it complains where they are right.
"""

from typing import Any, assert_type

import numpy as np

from sknn_actloss import (
    Checkpoint,
    CheckpointError,
    Committee,
    MLPClassifier,
    MLPRegressor,
    Monitor,
    TabularClassifier,
    TabularRegressor,
    config_context,
    from_sklearn,
    get_config,
    set_config,
    to_sklearn,
)
from sknn_actloss.activations import (
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    BoundActivation,
    Exp,
    FunctionActivation,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    Link,
    Logistic,
    Mish,
    ReLU,
    ReLU6,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Squareplus,
    Tanh,
)
from sknn_actloss.averaging import EMA, SWA, Averaging
from sknn_actloss.dropout import FallingDropout
from sknn_actloss.export import register_onnx_converters, to_c, to_onnx
from sknn_actloss.feature_scale import FeatureScale
from sknn_actloss.initializers import (
    Glorot,
    He,
    Initializer,
    LeCun,
    Orthogonal,
    ScikitLearn,
    VarianceScaling,
)
from sknn_actloss.inspection import (
    ActivationDisplay,
    CommitteeDiagnosis,
    CourseReport,
    Diagnosis,
    DiagnosisDisplay,
    FeatureImportanceDisplay,
    Finding,
    InputReport,
    LayerReport,
    LearningRateCurve,
    LearningRateDisplay,
    LossCurveDisplay,
    LossDisplay,
    ScheduleDisplay,
    diagnose,
    feature_importances,
    find_learning_rate,
    input_gradients,
    integrated_gradients,
)
from sknn_actloss.losses import (
    AbsoluteError,
    AbsolutePercentageError,
    BoundLoss,
    CategoricalHinge,
    EpsilonInsensitive,
    Exponential,
    Focal,
    FunctionLoss,
    Gamma,
    GaussianHead,
    GaussianNLL,
    Head,
    Hinge,
    Huber,
    LogCosh,
    LogLoss,
    Loss,
    LossSpec,
    ModifiedHuber,
    Poisson,
    ProbabilityHead,
    Quantile,
    QuantileHead,
    SquaredEpsilonInsensitive,
    SquaredError,
    SquaredHinge,
    SquaredLogError,
    Tweedie,
)
from sknn_actloss.model_selection import (
    CommitteeClassifier,
    CommitteeRegressor,
    StackedGridSearchCV,
    StackedHalvingGridSearchCV,
    StackedHalvingRandomSearchCV,
    StackedRandomizedSearchCV,
)
from sknn_actloss.normalization import BatchNorm, LayerNorm, Normalization, Pass
from sknn_actloss.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CosineCycles,
    CosineRestarts,
    Exponential as ExponentialDecay,
    FunctionSchedule,
    InvScaling,
    LearningRate,
    Linear,
    MultiStep,
    OneCycle,
    Polynomial,
    Progress,
    ReduceOnPlateau,
    ScaledSchedule,
    Schedule,
    Step,
)
from sknn_actloss.solvers import (
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    BoundSolver,
    Lion,
    Nadam,
    RMSprop,
    Solver,
    StochasticSolver,
)
from sknn_actloss.tabular import PiecewiseLinearEncoder, TableEncoder
from sknn_actloss.tracking import MLflowCallback

X = np.zeros((20, 3))
y = np.zeros(20)


def squared(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray((p - y) ** 2)


def sine(z: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(z))


class Cube(Activation):
    def forward(self, z: np.ndarray, out: np.ndarray) -> None:
        np.power(z, 3, out=out)

    def backward(self, z: np.ndarray, a: np.ndarray, grad: np.ndarray) -> None:
        grad *= 3 * z**2


def classify() -> np.ndarray:
    model = MLPClassifier(
        (30, 30),
        ["tanh", LeakyReLU(0.1)],
        loss=Focal(gamma=1.0),
        solver="adamw",
        learning_rate=Cosine(warmup=5),
        learning_rate_init="auto",
        early_stopping=True,
        validation_fraction=0.2,
        weight_init="he_uniform",
        dtype="float32",
        dropout=[0.1, 0.2],
        normalization="batch",
        feature_scale=FeatureScale(2.0),
        weight_averaging=EMA(0.99),
        n_members=Committee(8, "folds", "temperature"),
        monitor=Monitor("accuracy", training=True),
        class_weight="balanced",
        checkpoint=Checkpoint("runs", every_epochs=10),
        random_state=0,
    ).fit(X, y)
    assert_type(model, MLPClassifier)
    assert_type(model.coefs_, list[np.ndarray])
    assert_type(model.n_iter_, int)
    assert_type(model.loss_curve_, list[float])
    assert_type(model.classes_, np.ndarray)
    assert_type(model.predict(X), np.ndarray)
    assert_type(model.predict_set(X, coverage=0.8), np.ndarray)
    assert_type(model.partial_fit(X, y), MLPClassifier)
    assert_type(model.transform(X), np.ndarray)
    assert_type(model.set_params(alpha=0.1), MLPClassifier)
    return model.predict_proba(X)


def regress() -> tuple[np.ndarray, np.ndarray]:
    model = MLPRegressor(loss="gaussian_nll", target_scaling="standard", n_members=4).fit(X, y)
    assert_type(model.predict(X), np.ndarray)
    assert_type(model.predict(X, return_std=False), np.ndarray)
    assert_type(model.target_scale_, np.ndarray)
    assert_type(model.predict_interval(X), np.ndarray)
    assert_type(model.predict_quantiles(X), np.ndarray)
    assert_type(model.best_loss_, float | None)
    return model.predict(X, return_std=True)


def tables() -> None:
    classifier = TabularClassifier(TableEncoder(PiecewiseLinearEncoder(8))).fit(X, y)
    assert_type(classifier.predict_proba(X), np.ndarray)
    assert_type(classifier.encoding_, str)
    regressor = TabularRegressor(network=MLPRegressor((8,)), random_state=0).fit(X, y)
    assert_type(regressor.predict(X), np.ndarray)
    assert_type(regressor.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
    assert_type(regressor.oof_prediction_, np.ndarray)


def search() -> None:
    grid = {"loss": ["log_loss", Hinge()], "activation": ["relu", Tanh()]}
    found = StackedGridSearchCV(MLPClassifier(), grid, committee_size=3).fit(X, y)
    assert_type(found, StackedGridSearchCV)
    assert_type(found.best_score_, float)
    assert_type(found.best_params_, dict[str, Any])
    assert_type(found.cv_results_, dict[str, Any])
    assert_type(found.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
    StackedRandomizedSearchCV(MLPClassifier(), grid, n_iter=3).fit(X, y)
    halving = StackedHalvingGridSearchCV(MLPClassifier(), grid).fit(X, y)
    assert_type(halving.n_resources_, list[int])
    StackedHalvingRandomSearchCV(MLPClassifier(), grid).fit(X, y)
    committee = CommitteeRegressor([MLPRegressor(), MLPRegressor()], weights=[1, 2]).fit(X, y)
    assert_type(committee.weights_, np.ndarray)
    assert_type(committee.predict(X, return_std=True), tuple[np.ndarray, np.ndarray])
    assert_type(CommitteeClassifier([MLPClassifier()]).fit(X, y).predict_proba(X), np.ndarray)


def components() -> None:
    assert_type(FunctionLoss(squared)([0.0], [1.0]), float)
    assert_type(Huber(delta=2.0).report(y, y, sample_weight=[1.0] * 20), float)
    assert_type(GELU()([-1.0, 1.0]), np.ndarray)
    activations: list[Activation] = [
        *(
            CELU(),
            ELU(0.5),
            GELU(approximate=True),
            SELU(),
            Exp(),
            FunctionActivation(sine),
            HardSigmoid(),
        ),
        *(HardSiLU(), HardTanh(), Identity(), LeakyReLU(0.2), Logistic(), Mish(), ReLU(), ReLU6()),
        *(SiLU(), Softmax(), Softplus(2.0), Softsign(), Squareplus(), Tanh(), Cube()),
    ]
    losses: list[LossSpec] = [
        *(AbsoluteError(), AbsolutePercentageError(), CategoricalHinge(), EpsilonInsensitive(0.2)),
        *(Exponential(), Focal(), FunctionLoss(squared, squared), Gamma(), GaussianNLL(), Hinge()),
        *(Huber(), LogCosh(), LogLoss(0.1), ModifiedHuber(), Poisson(), Quantile((0.1, 0.9))),
        *(SquaredEpsilonInsensitive(), SquaredError(), SquaredHinge(), SquaredLogError()),
        Tweedie(1.5),
    ]
    schedules: list[Schedule] = [
        *(Adaptive(), Constant(), Cosine(), CosineCycles(3), CosineRestarts(), ExponentialDecay()),
        *(FunctionSchedule(lambda step: 0.9**step), InvScaling(), Linear(), MultiStep((5, 10))),
        *(OneCycle(), Polynomial(), ReduceOnPlateau(), Step()),
    ]
    solvers: list[Solver] = [
        *(LBFGS(), SGD(0.5), Adadelta(), Adagrad(), Adam(beta_2=0.95), AdamW(), Adamax(), Lion()),
        *(Nadam(), RMSprop()),
    ]
    initializers: list[Initializer] = [Glorot(), He("normal"), LeCun(), Orthogonal(), ScikitLearn()]
    normalizations: list[Normalization] = [BatchNorm(momentum=0.05), LayerNorm()]
    averages: list[Averaging] = [EMA(), SWA(0.5)]
    for activation, loss, schedule, solver in zip(
        activations, losses, schedules, solvers, strict=False
    ):
        loss.validate()
        MLPRegressor((4,), activation, loss=loss, learning_rate=schedule, solver=solver)
    for initializer, normalization, average in zip(
        initializers, normalizations, averages, strict=False
    ):
        MLPRegressor(weight_init=initializer, normalization=normalization, weight_averaging=average)
    MLPRegressor(4, sine, learning_rate=lambda step: 0.9**step, dropout=FallingDropout(0.15))
    MLPRegressor(activation=(np.tanh, "relu"), learning_rate=0.01, n_iter_no_change=np.inf)


def bases(
    bound: BoundActivation | BoundLoss | BoundSolver,
    link: Link,
    loss: Loss,
    heads: list[Head | ProbabilityHead | QuantileHead | GaussianHead],
    schedule: ScaledSchedule,
    solver: StochasticSolver,
    initializer: VarianceScaling,
    normalization: Pass,
    progress: Progress,
    rate: LearningRate,
) -> None:
    components = [bound, link, loss, schedule, solver, initializer]
    assert_type([component.get_params() for component in components], list[dict[str, Any]])
    assert_type(progress.steps_per_epoch, int)
    assert_type(schedule.simulate(100, 4), np.ndarray)
    assert_type(normalization.out, np.ndarray)
    assert len(heads) > 0
    assert_type(rate.schedule, Schedule)


def look(model: MLPClassifier) -> None:
    report = diagnose(model, X, y)
    assert_type(report, Diagnosis | CommitteeDiagnosis)
    if isinstance(report, Diagnosis):
        parts: tuple[CourseReport, InputReport, list[LayerReport], list[Finding]]
        parts = report.course, report.inputs, list(report.layers), list(report.findings)
        assert len(parts) > 0
        DiagnosisDisplay(report).plot()
    curve = find_learning_rate(model, X, y)
    assert_type(curve, LearningRateCurve)
    assert_type(LearningRateDisplay(curve).plot(), LearningRateDisplay)
    assert_type(input_gradients(model, X), np.ndarray)
    assert_type(integrated_gradients(model, X), np.ndarray)
    assert_type(feature_importances(model, X), np.ndarray)
    assert_type(ActivationDisplay.from_activations("relu"), ActivationDisplay)
    assert_type(FeatureImportanceDisplay.from_estimator(model, X), FeatureImportanceDisplay)
    assert_type(LossCurveDisplay.from_estimator(model), LossCurveDisplay)
    assert_type(LossDisplay.from_losses("huber", task="regression"), LossDisplay)
    display = ScheduleDisplay.from_schedules("cosine", n_epochs=10, steps_per_epoch=5)
    assert_type(display, ScheduleDisplay)


def hand_over(model: MLPClassifier) -> str:
    to_onnx(model, X)
    register_onnx_converters()
    MLflowCallback(max_tuning_runs=3)
    assert_type(from_sklearn(to_sklearn(model)), MLPClassifier | MLPRegressor)
    set_config(**get_config())
    with config_context():
        try:
            return to_c(model, name="model")
        except CheckpointError as error:
            return str(error)


def mistakes(model: MLPRegressor) -> None:
    MLPClassifier(solver="sdg")  # type: ignore[arg-type]
    MLPClassifier((8,), "tanhh")  # type: ignore[arg-type]
    MLPClassifier((8,), ["relu", "softmax"])  # type: ignore[list-item]
    MLPClassifier(out_activation="sofmax")  # type: ignore[arg-type]
    MLPClassifier(loss="huber")  # type: ignore[arg-type]
    MLPRegressor(loss="hinge")  # type: ignore[arg-type]
    MLPRegressor(learning_rate="cosin")  # type: ignore[arg-type]
    MLPRegressor(weight_init="he")  # type: ignore[arg-type]
    MLPRegressor(normalization="group")  # type: ignore[arg-type]
    MLPRegressor(weight_averaging="mean")  # type: ignore[arg-type]
    MLPRegressor(target_scaling="minmax")  # type: ignore[arg-type]
    MLPRegressor(dtype="float16")  # type: ignore[arg-type]
    MLPRegressor(activations="relu")  # type: ignore[call-arg]
    mean: np.ndarray = model.predict(X, return_std=True)  # type: ignore[assignment]
    assert mean.ndim == 1
