"""What `noo bench-model` measured on this machine, one small file a model and server in the person's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nootropic_kernel.workspace.hardware import Hardware, hardware
from nootropic_kernel.workspace.location import download_cache


class Measurement(BaseModel):
    """Speed and quality of a model as one server has it.

    :param prefill_tokens_per_s, decode_tokens_per_s: reading the prompt, writing the answer; medians.
    :param first_token_s: seconds until the first piece of a short answer; median.
    :param quality: the share of the fixed tasks whose answers were right.
    :param at: when, in seconds since the epoch; ``machine`` is the processor, cores and cards it was measured with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str
    model: str
    prefill_tokens_per_s: float | None = Field(default=None, gt=0)
    decode_tokens_per_s: float = Field(gt=0)
    first_token_s: float = Field(ge=0)
    quality: float = Field(ge=0, le=1)
    tasks: int = Field(ge=1)
    at: float
    machine: str


def machine_of(found: Hardware) -> str:
    """A line that parts machines whose speed differs: a home folder may be shared by several."""
    cards = ", ".join(gpu.name for gpu in found.gpus)
    return f"{found.cpu}, {found.cores:g} cores" + (f", {cards}" if cards else "")


def keep(measurement: Measurement, url: str) -> Path:
    """Keep it, in the place of an older one; gives the file.

    :raises OSError: when the cache cannot be written.
    """
    file = _file(url, measurement.model)
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".measured-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(measurement.model_dump_json(indent=2))
    Path(temporary).replace(file)
    return file


def measured(url: str, model: str) -> Measurement | None:
    """What was measured on this machine of ``model`` at ``url`` (empty for the embedded one)."""
    try:
        return Measurement.model_validate_json(_file(url, model).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None  # It is a cache: what cannot be read was not measured.


def _file(url: str, model: str) -> Path:
    key = "\n".join((machine_of(hardware()), url, model))
    return download_cache() / "benchmarks" / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
