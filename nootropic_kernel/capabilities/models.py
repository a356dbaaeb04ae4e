"""``models``: which models can answer here and why, and fetching the embedded one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.models.catalogue import CatalogueModel, KnownModel, find_model, known_models
from nootropic_kernel.models.download import ensure_model_cached
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.models.files import is_present, is_verified
from nootropic_kernel.models.matcher import unserved
from nootropic_kernel.models.router import Router, candidates
from nootropic_kernel.models.score import Score
from nootropic_kernel.models.serving import unavailable
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.hardware import hardware


class ModelsParams(Params):
    """What to do with which model."""

    action: Literal["list", "pull", "status"] = Field(
        "list",
        description="`list` the catalogue, `pull` a model to this machine, or tell the `status` of each backend.",
        json_schema_extra={"position": 0},
    )
    name: str | None = Field(
        None,
        description="The model to pull, as `list` names it; without it the embedded one.",
        json_schema_extra={"position": 1},
    )
    why: bool = Field(
        default=False,
        description="Show each backend's and each known model's score, term by term, and why some are not asked.",
    )


class ModelEntry(BaseModel):
    """A model of the catalogue and whether its file is on this machine; ``get`` is the command that brings it."""

    name: str
    title: str
    licence: str
    size: int
    download: int = 0
    context_window: int
    embedded: bool = False
    present: bool = False
    path: str = ""
    get: str


class ScoreEntry(BaseModel):
    """A backend, or a model that none serves: its score, what each term adds to it, and why it is not asked.

    ``basis`` says of each term whether it was measured, is the catalogue's, or assumed; ``behind`` why it is asked
    after others at present, whatever its score.
    """

    backend: str | None
    model: str
    score: float
    terms: dict[str, float]
    basis: dict[str, str]
    out: str = ""
    next: str = ""
    behind: str = ""


class BackendEntry(BaseModel):
    """A backend that may be asked: where it stands in the order, and what it needs when it cannot be asked."""

    name: str
    model: str
    url: str = ""
    ok: bool
    reason: str = ""
    next: str = ""
    running: bool = False
    note: str = ""


class ModelsResult(Result):
    """Models, backends in the order in which they are asked, and the name of the one that would answer now."""

    message: str
    models: list[ModelEntry] = Field(default_factory=list)
    backends: list[BackendEntry] = Field(default_factory=list)
    scores: list[ScoreEntry] = Field(default_factory=list)
    chosen: str | None = None

    def text(self) -> str:
        """The message, then one line a model and a backend."""
        lines = [self.message]
        for model in self.models:
            download = f" ({_mb(model.download)})" if model.download else ""
            here = "here" if model.present else f"not here: `{model.get}`{download}"
            lines.append(f"  {model.name}  {model.title}, {_mb(model.size)}, {model.licence}  [{here}]")
        for backend in self.backends:
            where = backend.url or ("running" if backend.running else "starts on first use")
            where = f"{where}. {backend.note}" if backend.note else where
            state = where if backend.ok else f"{backend.reason} {backend.next}".strip()
            lines.append(f"  {'*' if backend.name == self.chosen else ' '} {backend.name} ({backend.model})  {state}")
        for entry in self.scores:
            terms = "  ".join(f"{name} {value:+.3f} ({entry.basis[name]})" for name, value in entry.terms.items())
            mark = "*" if entry.backend is not None and entry.backend == self.chosen else " "
            name = f"{entry.backend} ({entry.model})" if entry.backend else entry.model
            lines.append(f"  {mark} {name}  {entry.score:.3f} = {terms}")
            if entry.out:
                lines.append(f"      not asked: {entry.out} {entry.next}".rstrip())
            elif entry.behind:
                lines.append(f"      asked after the others: {entry.behind}")
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def models(params: ModelsParams, session: Session) -> ModelsResult:
    """List models, fetch one, or show which backend answers.

    `list` shows the catalogue, `pull` fetches a model's file into your cache (checked by sha256, fetched only when it
    is not there), `status` shows the backends in the order in which they are asked, `--why` explains that order: the
    score of each and why others are not asked. Nothing but `pull` uses the network, and none of them starts a model.
    """
    if params.action == "pull":
        return _pull(params.name, session)
    if params.name is not None:
        raise UsageError(f"`models {params.action}` takes no name.", next="Leave it out.", name=params.name)
    if params.why:
        return _why(session)
    if params.action == "status":
        return _status(session)
    entries = [_entry(model) for model in known_models()]
    here = sum(entry.present for entry in entries)
    return ModelsResult(message=f"{len(entries)} in the catalogue, {here} on this machine.", models=entries)


def _pull(name: str | None, session: Session) -> ModelsResult:
    model = find_model(name)
    most = session.settings().max_model_size_gb
    if most is not None and model.file.size > most * 1e9:
        raise DownloadFailed(
            f"The model {model.name!r} is larger than your settings allow.",
            why=f"It has {model.file.size / 1e9:.2f} GB; maxModelSizeGB is {most:g}.",
            next="Raise maxModelSizeGB in your settings, or pull a smaller model.",
            model=model.name,
        )
    done = ensure_model_cached(model, session.status, session.cancel)
    if done.downloaded:
        message = f"Fetched {model.name} to {done.path}; its sha256 is right."
    else:
        message = f"{model.name} is already here: {done.path}. Nothing was fetched."
    return ModelsResult(message=message, models=[_entry(model)])


def _status(session: Session) -> ModelsResult:
    settings = session.settings()
    entries: list[BackendEntry] = []
    chosen: str | None = None
    for backend in candidates(settings, session.workspace):
        state = backend.available()
        named = settings.backends.get(backend.name)
        ours = backend if isinstance(backend, EngineBackend) else None
        entry = BackendEntry(
            name=backend.name, model=named.model if named else find_model().name, url=named.url if named else "",
            ok=state.ok, reason=state.reason, next=state.next, running=ours is not None and ours.is_running(),
        )  # fmt: skip
        if ours is not None and (alone := unavailable(session.workspace)):
            entry.note = f"Each process loads a copy of its own: {alone}"
        if isinstance(backend, EmbeddedBackend) and state.ok and not is_verified(backend.model):
            entry.ok, entry.reason = False, "Its file is damaged."
            entry.next = f"Run `noo models pull {backend.model.name}`."
        entries.append(entry)
        if entry.ok and chosen is None:
            chosen = entry.name
    message = f"{chosen} answers." if chosen else "No model can answer here; everything that needs none works."
    return ModelsResult(message=message, backends=entries, chosen=chosen)


def _why(session: Session) -> ModelsResult:
    settings = session.settings()
    ranked = Router(settings, session.workspace).rank()
    entries: list[ScoreEntry] = []
    for each in ranked:
        entry = _score_entry(each.candidate.name, each.candidate.model, each.score)
        entries.append(entry.model_copy(update={"out": each.out, "next": each.next, "behind": each.behind}))
    for other in unserved(settings, ranked):
        entries.append(_score_entry(None, other.model.name, other.score).model_copy(update={"out": other.out}))
    chosen = next((each for each in ranked if not each.out), None)
    found = hardware()
    machine = f"{found.cpu}, {found.cores:g} cores, {found.memory / 1e9:.1f} GB of memory"
    cards = ", ".join(f"{gpu.name} ({gpu.memory / 1e9:.1f} GB)" for gpu in found.gpus) or "no graphics card"
    answers = f"{chosen.candidate.name} answers" if chosen else "Nobody answers"
    because = ", by your modelPreference" if settings.model_preference and chosen else ""
    message = f"{answers}{because}. This machine: {machine}, {cards}."
    return ModelsResult(message=message, scores=entries, chosen=chosen.candidate.name if chosen else None)


def _score_entry(backend: str | None, model: str, score: Score) -> ScoreEntry:
    terms = {name: getattr(score, name) for name in ("throughput", "accuracy", "cost", "memory")}
    return ScoreEntry(
        backend=backend,
        model=model,
        score=round(score.total, 4),
        terms={name: round(term.part, 4) + 0.0 for name, term in terms.items()},
        basis={name: term.basis for name, term in terms.items()},
    )


def _entry(model: KnownModel) -> ModelEntry:
    if not isinstance(model, CatalogueModel):
        return ModelEntry(
            name=model.name,
            title=model.title,
            licence=model.licence,
            size=round((model.size_gb or 0) * 1e9),
            context_window=model.context_window,
            get=model.get,
        )
    return ModelEntry(
        name=model.name,
        title=model.title,
        licence=model.licence,
        size=model.file.size,
        download=model.source.size,
        context_window=model.context_window,
        embedded=model.embedded,
        present=is_present(model),
        path=str(model.path),
        get=f"noo models pull {model.name}",
    )


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
