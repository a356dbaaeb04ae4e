"""The loaded models: one engine process for a model file, shared by all clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nootropic_kernel.host.turns import Turns
from nootropic_kernel.models.engine import EngineProcess, Running
from nootropic_kernel.models.engine_options import EngineOptions
from nootropic_kernel.telemetry.energy import has_nvidia_gpu
from nootropic_kernel.telemetry.meter import Meter, Used, metered


@dataclass
class _Held:
    engine: EngineProcess
    turns: Turns
    leases: int = 0


@dataclass(frozen=True)
class ModelGrant:
    """A loopback port, the key for it, and the engine behind it."""

    running: Running
    meter: Meter

    @property
    def terms(self) -> dict[str, Any]:
        """``port``, ``key`` and ``pid``."""
        return {"port": self.running.port, "key": self.running.key, "pid": self.running.pid}

    def how_it_ended(self) -> str | None:
        """How the engine ended, in words; None when it still runs."""
        return self.running.how_it_ended()

    def used(self) -> Used:
        """The client's part of the engine's time and energy."""
        return self.meter()


class ModelHolder:
    """The engines of one workspace; each ends when nobody has used it for ``idle_s`` seconds."""

    def __init__(self, state: Path, idle_s: float) -> None:
        self._logs = state / "models"
        self._idle_s = idle_s
        self._held: dict[tuple[Path, EngineOptions], _Held] = {}
        self._guard = threading.Lock()

    @contextmanager
    def lease(self, params: Mapping[str, Any], gone: threading.Event) -> Iterator[ModelGrant]:
        """The engine for ``params["model"]`` (a path) with ``params["options"]``, started when it does not run.

        With ``params["queued"]`` false the client does not wait for its turn: it counts tokens, and asks for no answer.

        :raises ModelLoadFailed: when it does not start.
        :raises Interrupted: when ``gone`` is set before the client's turn.
        """
        options = replace(EngineOptions.from_json(params["options"]), idle_s=self._idle_s)
        with self._using(Path(params["model"]), options) as held:
            with held.turns.turn(gone) if params.get("queued", True) else nullcontext():
                with held.engine.request(gone) as running:
                    # Metered here, where all of its users meet, so that their parts add up to the whole. Who asks for
                    # no answer takes no part: nobody would pay for it.
                    gpu = options.gpu and has_nvidia_gpu()
                    with metered(running.pid, gpu) if params.get("queued", True) else nullcontext(dict) as meter:
                        yield ModelGrant(running, meter)

    def status(self) -> dict[str, Any]:
        """Each engine that runs: model, process id, clients that use it and that wait."""
        with self._guard:
            rows = [(model, held) for (model, _), held in self._held.items()]
        return {
            "engines": [
                {
                    "model": held.engine.options.alias,
                    "file": str(model),
                    "pid": held.engine.pid,
                    "leases": held.leases,
                    "waiting": held.turns.waiting,
                }
                for model, held in rows
                if held.engine.pid is not None
            ]
        }

    def tidy(self) -> None:
        """Keep the logs short, and collect engines that ended by themselves."""
        with self._guard:
            engines = [held.engine for held in self._held.values()]
        for engine in engines:
            engine.is_alive()
            engine.shorten_log()

    def close(self) -> None:
        """End every engine."""
        with self._guard:
            engines = [held.engine for held in self._held.values()]
            self._held.clear()
        for engine in engines:
            engine.close()

    @contextmanager
    def _using(self, model: Path, options: EngineOptions) -> Iterator[_Held]:
        with self._guard:
            # One copy of a model in memory: with other options it is loaded anew, once nobody uses the old one.
            for place in [place for place, held in self._held.items() if place[0] == model and not held.leases]:
                if place[1] != options:
                    self._held.pop(place).engine.close()
            if (model, options) not in self._held:
                self._held[model, options] = _Held(EngineProcess(model, options, self._logs), Turns(options.slots))
            held = self._held[model, options]
            held.leases += 1
        try:
            yield held
        finally:
            with self._guard:
                held.leases -= 1
