"""The score of a model on this machine: score = α·throughput + β·accuracy − γ·cost − δ·memory pressure.

Each term is between 0 and 1. Throughput is the model's tokens a second over those that count as full speed. Accuracy is
the share of tasks solved. Cost is the price of a million tokens over the one that counts as full price; what runs here
costs nothing. Memory pressure is 0 as long as a model needs no more than half of the memory, and grows to 1 where it
needs all of it. Weights are in ``experiments/inference.yaml``. What was measured here goes before the catalogue's
figures, and those before assumptions; each term says which it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nootropic_kernel.models.catalogue import KnownModel
from nootropic_kernel.models.inference import Scoring
from nootropic_kernel.models.measurements import Measurement
from nootropic_kernel.workspace.hardware import Hardware

Basis: TypeAlias = Literal["measured", "catalogue", "assumed"]
Task: TypeAlias = Literal["code", "general"]


@dataclass(frozen=True)
class Term:
    """A value between 0 and 1, its weight with its sign, and where the value comes from."""

    value: float
    weight: float
    basis: Basis

    @property
    def part(self) -> float:
        """What it adds to the score."""
        return self.value * self.weight


@dataclass(frozen=True)
class Score:
    """The terms of a model's score."""

    throughput: Term
    accuracy: Term
    cost: Term
    memory: Term

    @property
    def total(self) -> float:
        """Their sum."""
        return self.throughput.part + self.accuracy.part + self.cost.part + self.memory.part


@dataclass(frozen=True)
class Subject:
    """What is scored: a model as one server has it.

    :param known: what the catalogue knows of it.
    :param measured: what was measured of it here.
    :param is_local: whether it costs nothing but this machine's time.
    :param is_here: whether it runs on this machine, in its memory.
    :param passed: the share of its last answers that were in time and passed their checks.
    """

    known: KnownModel | None
    measured: Measurement | None = None
    is_local: bool = True
    is_here: bool = True
    passed: float = 1.0


class Scorer:
    """Scores models for a machine and a task; ``use_gpu`` says whether its graphics card may be used."""

    def __init__(self, weights: Scoring, hardware: Hardware, *, use_gpu: bool = True, task: Task = "code") -> None:
        self._weights = weights
        self._hardware = hardware
        self._use_gpu = use_gpu
        self._task = task

    def score(self, subject: Subject) -> Score:
        """The score of ``subject``."""
        return Score(self._throughput(subject), self._accuracy(subject), self._cost(subject), self._memory(subject))

    def room(self, model: KnownModel) -> float:
        """Bytes of memory that ``model`` would run in: the card's where it fits there, else this machine's RAM."""
        card = self._hardware.gpu_memory if self._use_gpu else 0
        return card if _needed(model) <= card else self._hardware.memory

    def is_too_large(self, model: KnownModel) -> bool:
        """Whether this machine has not the memory that ``model`` needs."""
        return _needed(model) > self.room(model)

    def _throughput(self, subject: Subject) -> Term:
        weights, known = self._weights, subject.known
        on_gpu = known is not None and self._use_gpu and 0 < _needed(known) <= self._hardware.gpu_memory
        full = weights.full_speed.gpu if on_gpu else weights.full_speed.cpu
        if subject.measured is not None:
            return Term(min(1.0, subject.measured.decode_tokens_per_s / full), weights.alpha, "measured")
        if known is not None and known.tokens_per_s is not None:
            speed = known.tokens_per_s.gpu if on_gpu else known.tokens_per_s.cpu
            return Term(min(1.0, speed / full), weights.alpha, "catalogue")
        return Term(weights.assumed.throughput, weights.alpha, "assumed")

    def _accuracy(self, subject: Subject) -> Term:
        weights = self._weights
        if subject.measured is not None:
            return Term(subject.measured.quality * subject.passed, weights.beta, "measured")
        if subject.known is not None:
            figures = subject.known.accuracy
            own, other = figures.code, figures.general
            if self._task == "general":
                own, other = other, own
            if figure := own or other:
                return Term(figure.value * subject.passed, weights.beta, "catalogue")
        return Term(weights.assumed.accuracy * subject.passed, weights.beta, "assumed")

    def _cost(self, subject: Subject) -> Term:
        if subject.is_local:
            return Term(0.0, -self._weights.gamma, "catalogue")
        price = subject.known.usd_per_million_tokens if subject.known is not None else None
        if price is not None:
            return Term(min(1.0, price / self._weights.full_price), -self._weights.gamma, "catalogue")
        return Term(self._weights.assumed.cloud_cost, -self._weights.gamma, "assumed")

    def _memory(self, subject: Subject) -> Term:
        known = subject.known
        if not subject.is_here or known is None or known.ram_min_gb is None:
            return Term(0.0, -self._weights.delta, "assumed" if subject.is_here else "catalogue")
        half = self.room(known) / 2
        return Term(min(1.0, max(0.0, (_needed(known) - half) / half)), -self._weights.delta, "catalogue")


def _needed(model: KnownModel) -> float:
    return (model.ram_min_gb or 0.0) * 1e9
