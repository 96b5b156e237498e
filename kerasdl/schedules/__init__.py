"""Learning-rate schedules that compose: `0.001 * (Warmup(100) >> Hold(400) >> Cosine(500))`.

Each is a `keras.optimizers.schedules.LearningRateSchedule` and works in any Keras optimizer.
"""

from kerasdl.schedules.chain import Chain
from kerasdl.schedules.cosine import Cosine
from kerasdl.schedules.epochs import Epochs
from kerasdl.schedules.exponential import Exponential
from kerasdl.schedules.hold import Hold
from kerasdl.schedules.inverse_square_root import InverseSquareRoot
from kerasdl.schedules.linear import Linear
from kerasdl.schedules.one_cycle import OneCycle
from kerasdl.schedules.parse import parse_schedule
from kerasdl.schedules.scaled import Scaled
from kerasdl.schedules.schedule import Schedule
from kerasdl.schedules.step import Step
from kerasdl.schedules.values import schedule_values
from kerasdl.schedules.warmup import Warmup
from kerasdl.schedules.warmup_stable_decay import WarmupStableDecay

NAMED: dict[str, type[Schedule]] = {
    "warmup": Warmup,
    "hold": Hold,
    "linear": Linear,
    "cosine": Cosine,
    "step": Step,
    "exponential": Exponential,
    "inverse_square_root": InverseSquareRoot,
    "one_cycle": OneCycle,
    "warmup_stable_decay": WarmupStableDecay,
}
"""The schedules by the names that expressions use."""

__all__ = [
    "NAMED",
    "Chain",
    "Cosine",
    "Epochs",
    "Exponential",
    "Hold",
    "InverseSquareRoot",
    "Linear",
    "OneCycle",
    "Scaled",
    "Schedule",
    "Step",
    "Warmup",
    "WarmupStableDecay",
    "parse_schedule",
    "schedule_values",
]
