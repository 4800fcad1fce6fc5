"""Trainings on disk: when they are saved, how files are written, and how they are told apart."""

from sknn_actloss.persistence.archive import CheckpointError
from sknn_actloss.persistence.checkpoint import Checkpoint, CheckpointFile
from sknn_actloss.persistence.hashing import array_digest, value_digest
from sknn_actloss.persistence.plausibility import check
from sknn_actloss.persistence.resuming import digest, resumable, resume, train_saving
from sknn_actloss.persistence.snapshot import restore, snapshot

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointFile",
    "array_digest",
    "check",
    "digest",
    "restore",
    "resumable",
    "resume",
    "snapshot",
    "train_saving",
    "value_digest",
]
