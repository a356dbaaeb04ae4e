"""Which backends may be asked, and in which order: the person's own order, else the score of their models.

A backend is only ever used because the person named it in their own settings; the embedded model is the one that needs
no naming, because it runs here. A cloud is asked only where the person's order has it, and never in the place of a
local backend unless they allowed that too (``allowCloudFallback``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.catalogue import EMBEDDED, CatalogueModel, KnownModel, find_model, known_as, known_models
from nootropic_kernel.models.contract import Backend
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.inference import inference
from nootropic_kernel.models.measurements import measured
from nootropic_kernel.models.score import Score, Scorer, Subject, Task
from nootropic_kernel.models.standing import Memory
from nootropic_kernel.workspace.backend_settings import BackendSettings, is_loopback_url
from nootropic_kernel.workspace.hardware import hardware
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings

# Which server of the same model goes first.
ORDER = (
    "tabby", "ollama", "vllm", "llamacpp", EMBEDDED, "transformers", "openai-compatible",
    "openai", "anthropic", "huggingface", "petals",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a caller wants beyond the person's settings; it narrows them and never widens.

    :param backend: only the backend of this name, or those that serve the model of this name.
    :param task: what it is for: models are better at one than at the other.
    :param where: only what is local, or only what is not.
    :param max_latency_s: an answer that takes longer counts as late, and late ones put a backend behind the others.
    :param deadline_s: bounds the request with all its tries.
    :param prompt: the name and version of the template that the request was made with.
    :param reuse: take the answer that was given to the same request before, where there is one.
    :param reuse_sampled: take an answer that was given before even where it was drawn by chance.
    :param gather: let requests that come at about the same time go together, where the backend gains from that; a
        single one waits a moment for others.
    :param mends_shape: who asks tells a model itself what is wrong with an answer of the wrong shape, so that no other
        is asked because of that.
    :param waits_for_budget: who asks can wait until there is money again: where a budget forbids a backend, other ones
        are asked, but the embedded model is not, which is too small to take the place of most.
    """

    backend: str = ""
    task: Task = "code"
    where: Literal["any", "local", "cloud"] = "any"
    max_latency_s: float | None = None
    deadline_s: float | None = None
    prompt: str = ""
    reuse: bool = True
    reuse_sampled: bool = False
    gather: bool = False
    mends_shape: bool = False
    waits_for_budget: bool = False


@dataclass(frozen=True)
class Candidate:
    """A backend that may be asked for a model; ``known`` is what the catalogue knows of that, ``open`` connects it with
    given limits."""

    name: str
    kind: str
    url: str
    model: str
    known: KnownModel | None
    backend: Backend
    open: Callable[[Limits], Backend]

    @property
    def place(self) -> tuple[str, ...]:
        """What this process's experience with it is kept under."""
        return self.name, self.url, self.model

    @property
    def is_here(self) -> bool:
        """Whether its model runs in this machine's memory."""
        return self.kind == EMBEDDED or (self.backend.is_local and is_loopback_url(self.url))


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place of the order.

    :param out: why it is not asked; empty when it is.
    :param next: what mends that.
    :param allowed: whether the settings and the policy allow it; what is allowed and out lacks something.
    :param behind: why it is asked after others at present, whatever its score; empty when it is not.
    """

    candidate: Candidate
    score: Score
    out: str = ""
    next: str = ""
    allowed: bool = True
    behind: str = ""


@dataclass(frozen=True)
class Unserved:
    """A model of the catalogue that no backend here serves: its score if one did, and ``out``, why none does."""

    model: KnownModel
    score: Score
    out: str


def rank(settings: Settings, workspace: Workspace, policy: Policy, memory: Memory) -> list[Ranked]:
    """Every backend of the settings and the embedded one, in the order in which they are asked; nobody is contacted."""
    found = [_named(each, workspace) for each in settings.backends.values()]
    found.append(_embedded(find_model(), settings, workspace))
    scorer = _scorer(settings, policy.task)
    scores = {each.place: scorer.score(_subject(each, memory)) for each in found}
    best: dict[str, float] = {}
    for each in found:
        best[_model(each)] = max(best.get(_model(each), -1.0), scores[each.place].total)
    # The person's order; else the score chooses the model, and the kinds' order its server.
    found.sort(
        key=lambda each: (_preference(each, settings), -best[_model(each)], _model(each), ORDER.index(each.kind))
    )
    if any(each.name == policy.backend for each in found):
        named = {policy.backend}  # and not another's model that happens to be called so
    else:
        named = {each.name for each in found if policy.backend and wanted(each, policy.backend)}
    ranked: list[Ranked] = []
    behind_local = False
    for each in found:
        out, next = _forbidden(each, settings, policy, named, behind_local)
        allowed = not out
        if allowed:
            state = each.backend.available()
            out, next = state.reason, state.next
        ranked.append(Ranked(each, scores[each.place], out, next, allowed, memory.of(each.place).behind))
        behind_local = behind_local or (each.backend.is_local and settings.model_location != "cloud")
    # Only now, so that a cloud stays behind the local backends that it was named behind.
    return sorted(ranked, key=lambda each: memory.of(each.candidate.place).is_breached)


def unserved(settings: Settings, ranked: list[Ranked], task: Task = "code") -> list[Unserved]:
    """The models of the catalogue that none of the backends serves, the best first."""
    served = {each.candidate.known.name for each in ranked if each.candidate.known is not None}
    scorer = _scorer(settings, task)
    found = []
    for model in known_models():
        if model.name in served:
            continue
        out = _too_large(model, settings) or f"Not here: `{model.get}`."
        if scorer.is_too_large(model):
            out = f"Too large: it needs {model.ram_min_gb:g} GB; there are {scorer.room(model) / 1e9:.1f} GB."
        found.append(Unserved(model, scorer.score(Subject(model)), out))
    return sorted(found, key=lambda each: -each.score.total)


def wanted(candidate: Candidate, name: str) -> bool:
    """Whether ``name`` means this candidate: its own, or its model's as the server or the catalogue calls it. Who names
    a model has not named a cloud that serves it."""
    if name == candidate.name or not candidate.backend.is_local:
        return name == candidate.name
    return name == candidate.model or (candidate.known is not None and name == candidate.known.name)


def _model(candidate: Candidate) -> str:
    return candidate.known.name if candidate.known is not None else candidate.model


def _preference(candidate: Candidate, settings: Settings) -> int:
    order = settings.model_preference
    return next((number for number, name in enumerate(order) if wanted(candidate, name)), len(order))


def _scorer(settings: Settings, task: Task) -> Scorer:
    return Scorer(inference().scoring, hardware(), use_gpu=settings.use_gpu, task=task)


def _subject(candidate: Candidate, memory: Memory) -> Subject:
    return Subject(
        candidate.known,
        measured(candidate.url, candidate.model),
        is_local=candidate.backend.is_local,
        is_here=candidate.is_here,
        passed=memory.of(candidate.place).share_passed,
    )


def _too_large(model: KnownModel, settings: Settings) -> str:
    """Whether the settings allow a model of that size; empty when they do."""
    most, size = settings.max_model_size_gb, model.size_gb
    if most is None or size is None or size <= most:
        return ""
    return f"The model {model.name!r} has {size:.2f} GB; your settings allow {most:g} GB."


def _forbidden(
    candidate: Candidate, settings: Settings, policy: Policy, named: set[str], behind_local: bool
) -> tuple[str, str]:
    """Why settings or policy keep it out, and what mends that; both empty when they do not."""
    name, local = candidate.name, candidate.backend.is_local
    if policy.backend and name not in named:
        return (
            f"Only {policy.backend!r} is asked for, and that is not {name!r}.",
            "`noo models status` lists the names.",
        )
    for where, whose in ((settings.model_location, "Your settings ask"), (policy.where, "This request asks")):
        if where != "any" and local != (where == "local"):
            return (
                f"{whose} for {where} models only, and {name!r} is {'local' if local else 'not local'}.",
                "`noo models --why` shows what could be asked.",
            )
    is_preferred = any(wanted(candidate, each) for each in settings.model_preference)
    if not is_preferred and candidate.kind != EMBEDDED and (settings.model_preference or not local):
        return (
            f"Your modelPreference does not name {name!r}.",
            f"Add {name!r} to modelPreference in your settings to have it asked.",
        )
    known = candidate.known if candidate.is_here and candidate.kind != EMBEDDED else None
    if known is not None and (out := _too_large(known, settings)):
        return out, "Raise maxModelSizeGB in your settings."
    if not local and behind_local and not policy.backend and not settings.allow_cloud_fallback:
        return (
            f"{name!r} is not local, and stands behind local backends.",
            "Set allowCloudFallback in your settings to have it asked when those fail.",
        )
    return "", ""


def _named(settings: BackendSettings, workspace: Workspace) -> Candidate:
    def open_(limits: Limits) -> Backend:
        return connect(settings, limits, workspace)

    known = known_as(settings.model)
    return Candidate(
        settings.name, settings.kind, settings.url, settings.model, known, connect(settings, None, workspace), open_
    )


def _embedded(model: CatalogueModel, settings: Settings, workspace: Workspace) -> Candidate:
    def open_(limits: Limits) -> Backend:
        return EmbeddedBackend(
            model, workspace, use_gpu=settings.use_gpu, max_size_gb=settings.max_model_size_gb, limits=limits
        )

    return Candidate(EMBEDDED, EMBEDDED, "", model.name, model, open_(Limits()), open_)
