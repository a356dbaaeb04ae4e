"""``experiments/inference.yaml``: how requests are routed, healed, kept and gathered. Comes with the package only."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from nootropic_kernel.models.errors import AIErrorType
from nootropic_kernel.workspace.resources import ResourceInvalid, load_yaml


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Backoff(_Record):
    """Pauses between tries: the first lasts ``initial`` seconds, the next ones 2, 4, 8… or 2, 3, 4… times as long."""

    type: Literal["exponential", "linear"] = "exponential"
    initial: float = Field(default=0.5, ge=0)


class Fallback(_Record):
    """Whom to ask instead: ``model`` (a backend's or a model's name) first, nobody with a score below ``threshold``."""

    model: str = ""
    threshold: float | None = None


class StrategyConfig(_Record):
    """What a strategy needs to know; each reads its own part."""

    max_attempts: int = Field(default=2, ge=1, le=32)
    backoff: Backoff = Backoff()
    fallback: Fallback = Fallback()
    context: Literal["smaller"] | None = None
    quantisation: Literal["smaller"] | None = None


class RecoveryStrategy(_Record):
    """One way to go on after an error."""

    type: Literal["retry", "fallback", "degrade"]
    config: StrategyConfig = StrategyConfig()


class Recovery(_Record):
    """The strategies of each type of error; ``deadline`` seconds bound a request with all its tries."""

    deadline: float = Field(gt=0)
    longest_pause: float = Field(gt=0)
    strategies: dict[AIErrorType, tuple[RecoveryStrategy, ...]]

    def find(self, error: AIErrorType, kind: Literal["retry", "fallback", "degrade"]) -> StrategyConfig | None:
        """The configuration of one strategy for this type of error, if it has that strategy."""
        found = (strategy.config for strategy in self.strategies.get(error, ()) if strategy.type == kind)
        return next(found, None)


class BreakerSettings(_Record):
    """After ``failures`` in a row a backend rests for ``rest`` seconds."""

    failures: int = Field(ge=1)
    rest: float = Field(gt=0)


class Sla(_Record):
    """``breaches`` among the last ``of`` answers put a backend behind the others for ``rest`` seconds; in a chat, an
    answer that takes more than ``chat`` seconds is late."""

    breaches: int = Field(ge=1)
    of: int = Field(ge=1)
    rest: float = Field(gt=0)
    chat: float = Field(gt=0)


class FullSpeed(_Record):
    """Tokens a second that count as 1."""

    cpu: float = Field(gt=0)
    gpu: float = Field(gt=0)


class Assumed(_Record):
    """What is assumed of a model that nobody knows."""

    throughput: float = Field(ge=0, le=1)
    accuracy: float = Field(ge=0, le=1)
    cloud_cost: float = Field(ge=0, le=1)


class Scoring(_Record):
    """The weights of the score; full speed is in tokens a second, full price in US dollars a million tokens."""

    alpha: float = Field(ge=0)
    beta: float = Field(ge=0)
    gamma: float = Field(ge=0)
    delta: float = Field(ge=0)
    full_speed: FullSpeed
    full_price: float = Field(gt=0)
    assumed: Assumed


class CacheSettings(_Record):
    """How many answers are kept, and for how many seconds."""

    entries: int = Field(ge=1)
    max_age: float = Field(gt=0)


class Batching(_Record):
    """Requests within ``window`` seconds go together, at most so many."""

    window: float = Field(ge=0)
    most: int = Field(ge=1)


class Inference(_Record):
    """The whole file."""

    schema_: Literal["nootropic/inference@1"] = Field(alias="schema")
    recovery: Recovery
    breaker: BreakerSettings
    sla: Sla
    scoring: Scoring
    cache: CacheSettings
    batching: Batching


@cache
def inference() -> Inference:
    """The shipped configuration.

    :raises ResourceInvalid: when it does not fit the schema.
    """
    document = load_yaml("", "inference")
    try:
        return Inference.model_validate(document)
    except ValidationError as error:
        raise ResourceInvalid(
            "experiments/inference.yaml is not valid.",
            why=str(error),
            next="Install Nootropic again, or mend the file.",
        ) from error
