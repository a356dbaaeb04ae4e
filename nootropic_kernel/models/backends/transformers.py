"""A model folder by transformers, in a process of ours: for models that llama.cpp does not run, and for embeddings."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nootropic_kernel.models import schema
from nootropic_kernel.models.catalogue import catalogue
from nootropic_kernel.models.contract import Availability, Embedding, Features
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.engine_options import READY_DEADLINE_S, EngineOptions
from nootropic_kernel.models.errors import NotOffered
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace

_WINDOW = 4096
# Dequantising takes a minute or more, once.
_DEQUANTISE_S = 900.0
_PULL = "Run `noo models pull {}`."
_INSTALL = "Run `pip install 'nootropic[learning]'`."


class Transformers(EngineBackend):
    """A model that the person named: a folder, a GGUF file, or a model of the catalogue.

    It runs in a child process; neither torch nor transformers is ever imported here.
    """

    kind = "transformers"

    def __init__(self, settings: BackendSettings, workspace: Workspace, limits: Limits | None = None) -> None:
        self.settings = settings
        found = {model.name: model for model in catalogue()}.get(settings.model)
        self._file = found.path if found is not None else Path(settings.model).expanduser().absolute()
        self._missing = "Check its path in your settings." if found is None else _PULL.format(found.name)
        facts = _config(self._file)
        longest = facts.get("max_position_embeddings")
        self._embeds = bool(facts) and not any("ForCausalLM" in str(name) for name in facts.get("architectures") or ())
        options = EngineOptions(
            alias=found.name if found is not None else self._file.name,
            n_ctx=settings.context_window or min(longest if isinstance(longest, int) else _WINDOW, _WINDOW),
            adapters=tuple(Path(folder).expanduser().absolute() for folder in settings.adapters),
            kind="transformers",
            four_bit=settings.four_bit,
            load_s=_DEQUANTISE_S if self._file.suffix == ".gguf" else READY_DEADLINE_S,
        )
        super().__init__(settings.name, workspace, self._file, options, limits)

    @property
    def features(self) -> Features:
        """Exact tokens, schemas by LLGuidance, adapters if some are named; embeddings of a model made for them."""
        if self._embeds:
            return Features(streaming=False, embeddings=True, exact_tokens=True)
        kept = schema.support((self.name, self._options.alias), "enforced")
        return Features(schema=kept, exact_tokens=True, adapters=bool(self._options.adapters))

    def available(self) -> Availability:
        """Whether the files and the packages are there. Nothing is started or imported."""
        needed = ["torch", "transformers"]
        needed += ["peft"] * bool(self._options.adapters) + ["bitsandbytes"] * self._options.four_bit
        needed += ["gguf"] * (self._file.suffix == ".gguf")
        missing = [name for name in needed if importlib.util.find_spec(name) is None]
        if missing:
            return Availability(False, f"The backend {self.name!r} needs {', '.join(missing)}.", _INSTALL)
        for path in (self._file, *self._options.adapters):
            if not (path.is_dir() or (path == self._file and path.is_file() and path.suffix == ".gguf")):
                return Availability(
                    False, f"The backend {self.name!r} finds no model folder or GGUF file at {path}.", self._missing
                )
        return Availability(True)

    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> Embedding:
        """One vector a text, of length 1: the mean of its tokens' states. A longer text is cut at the window.

        :raises NotOffered: of a model that was made to write.
        :raises ModelError: when there are no whole, valid vectors.
        """
        if not self._embeds:
            raise NotOffered(
                f"The model of the backend {self.name!r} has no embeddings.",
                why="It was made to write: the vectors of such models do not tell texts apart.",
                next="Name a model that was made for embeddings.",
                backend=self.name,
            )
        return self.with_engine(lambda server: server.embed(texts, cancel), cancel)


def _config(folder: Path) -> dict[str, Any]:
    """What the model's folder says of it; empty for a GGUF file, and where there is none."""
    try:
        document = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
