"""States of a training on disk: whole or not there, checked when read, the oldest removed."""

from kerasdl.checkpoints.files import DamagedCheckpoint, Snapshot, read_checkpoint, write_checkpoint
from kerasdl.checkpoints.folder import CheckpointFolder

__all__ = [
    "CheckpointFolder",
    "DamagedCheckpoint",
    "Snapshot",
    "read_checkpoint",
    "write_checkpoint",
]
