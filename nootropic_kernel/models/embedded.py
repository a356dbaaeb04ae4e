"""The embedded model: the catalogue's own, served by llama.cpp in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from nootropic_kernel.models import files, schema
from nootropic_kernel.models.catalogue import EMBEDDED, CatalogueModel
from nootropic_kernel.models.contract import Availability, Embedding, Features
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.engine_options import EngineOptions
from nootropic_kernel.models.errors import NotOffered
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.serving import close_all as close_all
from nootropic_kernel.workspace.location import Workspace


class EmbeddedBackend(EngineBackend):
    """The catalogue's embedded model, served by our own child process.

    :param adapters: files of LoRA adapters that requests may ask for, each by its file's name without the ending.
    """

    kind = EMBEDDED

    def __init__(
        self,
        model: CatalogueModel,
        workspace: Workspace,
        *,
        use_gpu: bool = False,
        max_size_gb: float | None = None,
        adapters: Sequence[Path] = (),
        limits: Limits | None = None,
        idle_s: float = 600.0,
    ) -> None:
        self.model = model
        self._max_size_gb = max_size_gb
        options = EngineOptions(
            alias=model.name,
            n_ctx=model.serve.n_ctx,
            n_batch=model.serve.n_batch,
            gpu=use_gpu,
            idle_s=idle_s,
            adapters=tuple(adapters),
        )
        super().__init__(EMBEDDED, workspace, model.path, options, limits)

    @property
    def features(self) -> Features:
        """One answer at a time, exact tokens, schemas by LLGuidance."""
        kept = schema.support((EMBEDDED, self.model.name), "enforced")
        return Features(schema=kept, exact_tokens=True, adapters=bool(self._options.adapters))

    @property
    def identity(self) -> str:
        """The model's file, by its digest, and the adapters on it."""
        adapters = "".join(f" {path}" for path in self._options.adapters)
        return f"{EMBEDDED} {self.model.name} {self.model.file.sha256}{adapters}"

    def available(self) -> Availability:
        """Whether the file is there and small enough. Starts nothing."""
        if self._max_size_gb is not None and self.model.file.size > self._max_size_gb * 1e9:
            return Availability(
                False,
                f"The model {self.model.name!r} has {self.model.file.size / 1e9:.2f} GB; "
                f"your settings allow {self._max_size_gb:g} GB.",
                "Raise maxModelSizeGB in your settings.",
            )
        if not files.is_present(self.model):
            return Availability(
                False,
                f"The model {self.model.name!r} is not on this machine.",
                f"Run `noo models pull` ({self.model.source.size / 1e6:.0f} MB, once).",
            )
        return Availability(True)

    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> Embedding:
        """Refused: its vectors of unrelated texts are all but equal, so that a search by them would mislead.

        :raises NotOffered: always.
        """
        raise NotOffered(
            "The embedded model has no embeddings.",
            why="It was made to write: its vectors of unrelated texts have a cosine of 0.84 and more.",
            next="Name a backend that has them.",
            backend=EMBEDDED,
        )

    def _check_files(self) -> None:
        # A wrong file loads without complaint and babbles.
        files.verified_path(self.model)
