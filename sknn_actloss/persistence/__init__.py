"""Trainings on disk: when they are saved, how files are written, and how they are told apart."""

from sknn_actloss.persistence.archive import CheckpointError
from sknn_actloss.persistence.checkpoint import Checkpoint, CheckpointFile
from sknn_actloss.persistence.hashing import array_digest, value_digest
from sknn_actloss.persistence.resuming import resumable
from sknn_actloss.persistence.snapshot import restore, snapshot

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "CheckpointFile",
    "array_digest",
    "restore",
    "resumable",
    "snapshot",
    "value_digest",
]
