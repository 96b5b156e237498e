"""Beam search: the loop, and what is kept of it."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from kerasdl.decoding import _programs
from kerasdl.decoding._programs import tensor
from kerasdl.decoding._prompts import Prompts
from kerasdl.decoding.beam_search import BeamSearch
from kerasdl.decoding.decoder import Decoder
from kerasdl.decoding.generated import Generated
from kerasdl.decoding.stream import as_array
from kerasdl.errors import UserError

_KEPT = ("tokens", "parents", "totals", "log_probs", "accepted", "stopped", "covered", "sound")


@dataclasses.dataclass(frozen=True)
class _Found:
    """A whole sequence: where it ends, and what it is worth."""

    score: float
    log_prob: float
    step: int
    place: int
    finished: bool


class _Search:
    """The steps so far, and the whole sequences among them."""

    def __init__(self, strategy: BeamSearch, batch_size: int, longest: int) -> None:
        self.strategy = strategy
        self.longest = longest
        self.steps: list[dict[str, np.ndarray]] = []
        self.found: list[list[_Found]] = [[] for _ in range(batch_size)]
        self.room = np.full(batch_size, strategy.width, "int32")
        self.alive = np.zeros((batch_size, strategy.width), bool)
        self.alive[:, 0] = True

    def add(self, step: dict[str, np.ndarray]) -> None:
        """Takes the step's ended sequences out of the beam, at the last step all the others too."""
        _programs.check_sound(step["sound"], self.alive, len(self.steps))
        number = len(self.steps)
        self.steps.append(step)
        self.alive = step["accepted"] & ~step["stopped"]
        last = number + 1 == self.longest
        for row, place in np.argwhere(step["accepted"] if last else step["stopped"]):
            log_prob = float(step["totals"][row, place])
            score = log_prob / self._length_penalty(number + 1)
            if self.strategy.coverage_penalty:
                score += self.strategy.coverage_penalty * float(step["covered"][row, place])
            ended = bool(step["stopped"][row, place])
            self.found[row].append(_Found(score, log_prob, number, int(place), ended))
        self.room -= step["stopped"].sum(axis=1, dtype="int32")
        for row in range(len(self.room)):
            if last or self._is_certain(row):
                self.room[row] = 0
        self.alive &= self.room[:, None] > 0

    def _length_penalty(self, length: int) -> float:
        return ((5 + length) / 6) ** self.strategy.length_penalty

    def _is_certain(self, row: int) -> bool:
        """Whether nothing in the beam can still get among the best: a log-probability only falls.

        Coverage is at most 0. A later sequence must be better, not as good: the earlier comes
        first among equals.
        """
        wanted = self.strategy.n_best
        if not self.strategy.early_stopping or len(self.found[row]) < wanted:
            return False
        going = self.steps[-1]["totals"][row][self.alive[row]]
        if not len(going):
            return True
        best = float(going.max()) / self._length_penalty(self.longest)
        return best <= self._ranked(row)[wanted - 1].score

    def _ranked(self, row: int) -> list[_Found]:
        return sorted(self.found[row], key=lambda found: -found.score)

    def result(self, stop: tuple[int, ...]) -> Generated:
        """The best sequences of each prompt."""
        shape = (len(self.found), self.strategy.n_best)
        tokens = np.full((*shape, len(self.steps)), -1, "int32")
        shares = np.zeros(tokens.shape, "float32")
        lengths, finished = np.zeros(shape, int), np.zeros(shape, bool)
        log_probs, scores = np.full(shape, -np.inf), np.full(shape, -np.inf)
        for row in range(shape[0]):
            for rank, found in enumerate(self._ranked(row)[: shape[1]]):
                at = (row, rank)
                lengths[at], finished[at] = found.step + 1, found.finished
                log_probs[at], scores[at] = found.log_prob, found.score
                place = found.place
                for number in range(found.step, -1, -1):
                    step = self.steps[number]
                    tokens[(*at, number)] = step["tokens"][row, place]
                    shares[(*at, number)] = step["log_probs"][row, place]
                    place = step["parents"][row, place]
        longest = int(lengths.max())
        return Generated(
            tokens[..., :longest],
            lengths,
            finished,
            shares[..., :longest],
            log_probs,
            scores,
            stop,
        )


def search(
    decoder: Decoder,
    prompts: Prompts,
    inputs: Any,
    strategy: BeamSearch,
    longest: int,
    stop: tuple[int, ...],
) -> Generated:
    """Beam search for at most `longest` tokens."""
    width = strategy.width
    state = _programs.repeated(_programs.begin(decoder, prompts, inputs), width)
    run = _programs.advance_beams(decoder, width)
    kept = _Search(strategy, len(prompts.lengths), longest)
    scores = np.full((len(prompts.lengths), width), -np.inf, "float32")
    scores[:, 0] = 0.0
    scores = tensor(scores)
    coverage = _no_coverage(decoder, state) if strategy.coverage_penalty else None
    last = prompts.tokens[np.arange(len(prompts.lengths)), prompts.lengths - 1]
    tokens = tensor(np.repeat(last, width))
    ends = tensor(np.asarray(stop, "int32"))
    for step in range(longest):
        position = tensor(np.repeat(prompts.lengths - 1 + step, width).astype("int32"))
        result = run(tokens, state, position, scores, tensor(kept.room), ends, coverage)
        state, scores, coverage = (result[name] for name in ("state", "scores", "coverage"))
        tokens = ops.reshape(result["tokens"], (-1,))
        kept.add({name: as_array(result[name]) for name in _KEPT})
        if not kept.alive.any():
            break
    return kept.result(stop)


def _no_coverage(decoder: Decoder, state: Any) -> Any:
    attention = decoder.attention(state)
    if attention is None:
        raise UserError(
            "`coverage_penalty` needs a decoder with attention, and "
            f"{type(decoder).__name__} gives none. Use coverage_penalty=0"
        )
    return ops.zeros(attention[0].shape, "float32")
