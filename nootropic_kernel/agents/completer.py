"""The completer: a few tokens at a cursor. It is no step: a completion is asked for once and never resumed."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.backends.llamacpp import LlamaCpp
from nootropic_kernel.models.backends.tabby import Tabby
from nootropic_kernel.models.contract import Backend, ChatRequest, Message
from nootropic_kernel.models.engine_backend import EngineBackend
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.prompts import load_prompt
from nootropic_kernel.models.router import Router
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import lexical_fault
from nootropic_kernel.workspace.settings import Settings

# A completion is about what is near; more would only make it slow.
_BEFORE, _AFTER = 2000, 800
_DEADLINE_S = 8.0
_FENCE = re.compile(r"\s*```[\w+-]*\n(.*?)(?:\n```.*)?\Z", re.DOTALL)


@dataclass(frozen=True)
class Completion:
    """The text, and who wrote it; an empty text where nothing fits."""

    text: str
    model: str
    backend: str


def complete_code(
    workspace: Workspace,
    settings: Settings,
    cancel: threading.Event,
    *,
    prefix: str,
    suffix: str,
    language: str,
    path: str,
    max_tokens: int,
    backend: str,
) -> Completion:
    """Ask a model for what belongs between ``prefix`` and ``suffix``.

    :param backend: the one that the person named; empty: only local ones.
    :raises ModelError: when nobody can be asked, or no answer came.
    :raises Interrupted: within a second of ``cancel`` being set.
    """
    policy = Policy(backend=backend, where="any" if backend else "local", deadline_s=_DEADLINE_S)
    router = Router(settings, workspace)
    candidate = router.choose(policy).candidate
    asked = candidate.backend
    if not prefix.strip() or (path and lexical_fault(path)):
        return Completion("", candidate.model, asked.name)
    before, after = prefix[-_BEFORE:], suffix[:_AFTER]
    if not asked.is_local:
        before, after = redact(before), redact(after)
    text = _filled(asked, before, after, language, max_tokens, cancel)
    if text is None:
        text = _told(router, policy, workspace, before, after, language, max_tokens, cancel)
    return Completion(_fitting(text, prefix, suffix), candidate.model, asked.name)


def _filled(
    backend: Backend, before: str, after: str, language: str, max_tokens: int, cancel: threading.Event
) -> str | None:
    """From a server that takes the bare text; None where it has to be asked in words."""
    if isinstance(backend, Tabby):
        return backend.fill(before, after, language, cancel)
    if isinstance(backend, LlamaCpp):
        return backend.fill(before, after, max_tokens, cancel)
    if isinstance(backend, EngineBackend):
        return backend.with_engine(lambda server: server.fill(before, after, max_tokens, cancel), cancel)
    return None


def _told(
    router: Router, policy: Policy, workspace: Workspace, before: str, after: str, language: str, max_tokens: int,
    cancel: threading.Event,
) -> str:  # fmt: skip
    """From a model that is asked in words."""
    prompt = load_prompt("complete", None, workspace)
    messages = (
        Message("system", prompt.fill("system", language=language or "text")),
        Message("user", prompt.fill("user", before=before, after=after)),
    )
    request = ChatRequest(messages, max_tokens=max_tokens, purpose="complete", stop=("\n\n\n",))
    try:
        answer = router.answer(request, cancel=cancel, policy=policy)
    except ModelError as error:
        # An answer that reached its limit is as good as one that ended: it is only the beginning that is shown.
        if partial := error.data.get("partial"):
            return str(partial)
        raise
    fence = _FENCE.fullmatch(answer.text)
    return fence[1] if fence else answer.text


def _fitting(text: str, prefix: str, suffix: str) -> str:
    """Without what stands there already: the line's beginning said again, or the rest of the line after it."""
    line = prefix.rpartition("\n")[2]
    if line.strip() and text.lstrip().startswith(line.strip()):
        text = text.lstrip()[len(line.strip()) :]
        text = text.lstrip() if line[-1].isspace() else text
    text = text.rstrip()
    rest = suffix.partition("\n")[0].rstrip()
    if rest.strip() and text.endswith(rest):
        text = text[: -len(rest)]
    return text
