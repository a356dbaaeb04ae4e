"""Starting a stand-in, and the settings that name it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.backend_settings import BackendSettings

ROOT = Path(__file__).parents[2]
KEY_VARIABLE = "STAND_IN_KEY"
# Which stand-in speaks the protocol of a kind, and below which path it does.
MODULES = {
    "openai-compatible": ("openai_api", "/v1"),
    "openai": ("openai_api", "/v1"),
    "tabby": ("tabby_server", ""),
    "ollama": ("ollama_server", ""),
    "vllm": ("vllm_server", "/v1"),
    "huggingface": ("huggingface_router", "/v1"),
    "anthropic": ("anthropic_api", ""),
    "petals": ("petals_chat", ""),
}


@dataclass(frozen=True)
class StandIn:
    """A running one: the settings that name it, and what it was asked."""

    settings: BackendSettings
    log: Path

    def requests(self, path: str) -> list[dict[str, Any]]:
        """The bodies of the requests to ``path`` so far."""
        entries = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [entry["body"] for entry in entries if entry["path"] == path]


@contextmanager
def stand_in(kind: str, folder: Path, *flags: str, key: str = "") -> Iterator[StandIn]:
    """Run the stand-in for a kind of server; with a ``key`` it demands that key."""
    module, base = MODULES[kind]
    log = folder / f"{kind}-{'-'.join(flags)}.log"
    command = [sys.executable, "-m", f"tests.models.protocols.{module}"]
    if kind != "petals":
        command += [f"--log={log}", f"--key={key}", *(f"--flag={flag}" for flag in flags)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}{base}"
        variable = KEY_VARIABLE if key else None
        yield StandIn(BackendSettings(f"my-{kind}", url, "toy-1", variable, kind), log)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
