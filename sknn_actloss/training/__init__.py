"""Training: minibatches, stacks of networks, their epochs and how they end, L-BFGS."""

from sknn_actloss.training.baseline import (
    EXPLAINED,
    constant_loss,
    explained,
    flaw_of_loss,
    rough_constant_loss,
)
from sknn_actloss.training.batches import Batch, Batches, Group
from sknn_actloss.training.course import Course
from sknn_actloss.training.evaluation import TrainingLoss
from sknn_actloss.training.finder import RangeTest, range_test, try_rates
from sknn_actloss.training.judge import Judge, LossJudge, Validation
from sknn_actloss.training.kept import has_grown, is_unsettled, settle
from sknn_actloss.training.lbfgs import BestIterate, minimize
from sknn_actloss.training.loop import Epoch, Observer, run_epochs
from sknn_actloss.training.member import Member, MemberSpec, MemberState
from sknn_actloss.training.progress import ProgressBar
from sknn_actloss.training.resample import Draw
from sknn_actloss.training.run import FitResult, Run
from sknn_actloss.training.stack import Stack
from sknn_actloss.training.stopping import REMEDY, STOPPING_RULES, StoppingRule
from sknn_actloss.training.target_moments import OFFSET, SCALE_FACTOR, TargetMoments
from sknn_actloss.training.targets import Columns, EncodedTargets, OneHot
from sknn_actloss.training.task import Holdout, Task

__all__ = [
    "EXPLAINED",
    "OFFSET",
    "REMEDY",
    "SCALE_FACTOR",
    "STOPPING_RULES",
    "Batch",
    "Batches",
    "BestIterate",
    "Columns",
    "Course",
    "Draw",
    "EncodedTargets",
    "Epoch",
    "FitResult",
    "Group",
    "Holdout",
    "Judge",
    "LossJudge",
    "Member",
    "MemberSpec",
    "MemberState",
    "Observer",
    "OneHot",
    "ProgressBar",
    "RangeTest",
    "Run",
    "Stack",
    "StoppingRule",
    "TargetMoments",
    "Task",
    "TrainingLoss",
    "Validation",
    "constant_loss",
    "explained",
    "flaw_of_loss",
    "has_grown",
    "is_unsettled",
    "minimize",
    "range_test",
    "rough_constant_loss",
    "run_epochs",
    "settle",
    "try_rates",
]
