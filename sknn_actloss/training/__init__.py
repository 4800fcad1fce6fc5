"""Training: minibatches, the epoch loop, stopping rules, checkpoints, the bridge to L-BFGS."""

from sknn_actloss.training.archive import CheckpointError
from sknn_actloss.training.batches import Batch, Batches, Group
from sknn_actloss.training.checkpoint import Checkpoint, CheckpointFile
from sknn_actloss.training.finder import RangeTest, range_test
from sknn_actloss.training.lbfgs import BestIterate, minimize
from sknn_actloss.training.loop import Observer, train
from sknn_actloss.training.stack import Member, Stack
from sknn_actloss.training.stopping import Course, Outcome, Validation

__all__ = [
    "Batch",
    "Batches",
    "BestIterate",
    "Checkpoint",
    "CheckpointError",
    "CheckpointFile",
    "Course",
    "Group",
    "Member",
    "Observer",
    "Outcome",
    "RangeTest",
    "Stack",
    "Validation",
    "minimize",
    "range_test",
    "train",
]
