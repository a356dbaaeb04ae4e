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
from nootropic_kernel.models.catalogue import EMBEDDED, CatalogueModel, find_model
from nootropic_kernel.models.contract import Backend
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.standing import Memory
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import BackendSettings, Settings

# Which server of the same model goes first.
ORDER = (
    "tabby", "ollama", "vllm", "llamacpp", EMBEDDED, "openai-compatible",
    "openai", "anthropic", "huggingface", "petals",
)  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """What a caller wants beyond the person's settings; it narrows them and never widens.

    :param backend: only the backend of this name, or those that serve the model of this name.
    :param where: only what is local, or only what is not.
    :param max_latency_s: an answer that takes longer counts as late, and late ones put a backend behind the others.
    :param deadline_s: bounds the request with all its tries.
    """

    backend: str = ""
    where: Literal["any", "local", "cloud"] = "any"
    max_latency_s: float | None = None
    deadline_s: float | None = None


@dataclass(frozen=True)
class Candidate:
    """A backend that may be asked for a model; ``open`` connects it with given limits."""

    name: str
    kind: str
    url: str
    model: str
    backend: Backend
    open: Callable[[Limits], Backend]

    @property
    def place(self) -> tuple[str, ...]:
        """What this process's experience with it is kept under."""
        return self.name, self.url, self.model


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place of the order.

    :param out: why it is not asked; empty when it is.
    :param next: what mends that.
    :param allowed: whether the settings and the policy allow it; what is allowed and out lacks something.
    """

    candidate: Candidate
    out: str = ""
    next: str = ""
    allowed: bool = True


def rank(settings: Settings, workspace: Workspace, policy: Policy, memory: Memory) -> list[Ranked]:
    """Every backend of the settings and the embedded one, in the order in which they are asked; nobody is contacted."""
    found = [_named(each) for each in settings.backends.values()]
    found.append(_embedded(find_model(), settings, workspace))
    found.sort(key=lambda candidate: _position(candidate, settings))
    ranked: list[Ranked] = []
    behind_local = False
    for candidate in found:
        ranked.append(_judged(candidate, settings, policy, behind_local))
        behind_local = behind_local or (candidate.backend.is_local and settings.model_location != "cloud")
    # Only now, so that a cloud stays behind the local backends that it was named behind.
    return sorted(ranked, key=lambda each: memory.of(each.candidate.place).is_breached)


def wanted(candidate: Candidate, name: str) -> bool:
    """Whether ``name`` means this candidate: its own, or its model's."""
    return name in (candidate.name, candidate.model)


def _position(candidate: Candidate, settings: Settings) -> tuple[int, int]:
    order = settings.model_preference
    mine = next((number for number, name in enumerate(order) if wanted(candidate, name)), len(order))
    return mine, ORDER.index(candidate.kind)


def _judged(candidate: Candidate, settings: Settings, policy: Policy, behind_local: bool) -> Ranked:
    out, next = _forbidden(candidate, settings, policy, behind_local)
    if out:
        return Ranked(candidate, out, next, allowed=False)
    state = candidate.backend.available()
    return Ranked(candidate) if state.ok else Ranked(candidate, state.reason, state.next)


def _forbidden(candidate: Candidate, settings: Settings, policy: Policy, behind_local: bool) -> tuple[str, str]:
    """Why settings or policy keep it out, and what mends that; both empty when they do not."""
    name, local = candidate.name, candidate.backend.is_local
    if policy.backend and not wanted(candidate, policy.backend):
        return f"Only {policy.backend!r} is asked for.", ""
    for where, whose in ((settings.model_location, "Your settings ask"), (policy.where, "This request asks")):
        if where != "any" and local != (where == "local"):
            return f"{whose} for {where} models only, and {name!r} is {'local' if local else 'not local'}.", ""
    is_preferred = any(wanted(candidate, each) for each in settings.model_preference)
    if not is_preferred and candidate.kind != EMBEDDED and (settings.model_preference or not local):
        return (
            f"Your modelPreference does not name {name!r}.",
            f"Add {name!r} to modelPreference in your settings to have it asked.",
        )
    if not local and behind_local and not policy.backend and not settings.allow_cloud_fallback:
        return (
            f"{name!r} is not local, and stands behind local backends.",
            "Set allowCloudFallback in your settings to have it asked when those fail.",
        )
    return "", ""


def _named(settings: BackendSettings) -> Candidate:
    def open_(limits: Limits) -> Backend:
        return connect(settings, limits)

    return Candidate(settings.name, settings.kind, settings.url, settings.model, connect(settings), open_)


def _embedded(model: CatalogueModel, settings: Settings, workspace: Workspace) -> Candidate:
    def open_(limits: Limits) -> Backend:
        return EmbeddedBackend(
            model, workspace, use_gpu=settings.use_gpu, max_size_gb=settings.max_model_size_gb, limits=limits
        )

    return Candidate(EMBEDDED, EMBEDDED, "", model.name, open_(Limits()), open_)
