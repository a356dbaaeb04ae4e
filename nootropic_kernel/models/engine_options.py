"""How an engine runs, and what whoever uses one knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from nootropic_kernel.telemetry.meter import Meter

READY_DEADLINE_S = 120.0


@dataclass(frozen=True)
class EngineOptions:
    """How the engine runs: answers carry the ``alias``; ``threads`` None means one less than there are cores.

    ``adapters`` are files of LoRA adapters, read with the model (llama.cpp) or when first asked for (transformers),
    and applied to the requests that ask for one;
    ``slots`` is how many answers it may write at a time. ``kind`` is what runs the model, ``four_bit`` whether it is
    quantised while it is loaded (transformers only), and ``load_s`` how many seconds loading may take.
    """

    alias: str
    n_ctx: int = 4096
    n_batch: int = 256
    gpu: bool = False
    idle_s: float = 600.0
    threads: int | None = None
    adapters: tuple[Path, ...] = ()
    slots: int = 1
    kind: Literal["llamacpp", "transformers"] = "llamacpp"
    four_bit: bool = False
    load_s: float = READY_DEADLINE_S

    def to_json(self) -> dict[str, Any]:
        """The options as JSON."""
        return {**asdict(self), "adapters": [str(path) for path in self.adapters]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> EngineOptions:
        """The options that :meth:`to_json` wrote.

        :raises TypeError: when it names what is none.
        """
        return cls(**{**document, "adapters": tuple(map(Path, document.get("adapters", ())))})


class Reached(Protocol):
    """An engine that can be asked at present."""

    @property
    def port(self) -> int:
        """The loopback port that it listens on."""
        ...

    @property
    def key(self) -> str:
        """The key that it demands."""
        ...

    @property
    def pid(self) -> int:
        """Its process."""
        ...

    @property
    def meter(self) -> Meter | None:
        """Tells what was used for this request so far, where somebody else meters the engine for all of its users."""
        ...

    def how_it_ended(self) -> str | None:
        """How it ended, in words; None when it still runs."""
        ...
