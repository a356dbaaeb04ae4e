"""The one entry for whoever asks a model: `Router.answer` chooses a backend, heals what can be healed, and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from nootropic_kernel.models.cache import Key
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Embedding, OnText, Outcome
from nootropic_kernel.models.errors import ModelError, NoModel
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.inference import inference
from nootropic_kernel.models.matcher import Candidate, Policy, Ranked, rank
from nootropic_kernel.models.parallel import answer_all
from nootropic_kernel.models.standing import Memory, memory_of
from nootropic_kernel.models.tries import Tries
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span, span
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.journal import append
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings

SWITCHED = "ModelSwitched"


class Router:
    """Asks the models that the person's settings allow.

    Routers over one workspace share, within a process, what was seen of its backends.

    :param limits: how long a single try may take.
    :param memory: what was seen of the backends so far; without one, what this process has seen in the workspace.
    """

    def __init__(
        self, settings: Settings, workspace: Workspace, limits: Limits | None = None, memory: Memory | None = None
    ) -> None:
        self._settings = settings
        self._workspace = workspace
        self._limits = limits or Limits()
        self._memory = memory or memory_of(workspace)

    def rank(self, policy: Policy | None = None) -> list[Ranked]:
        """Every backend in the order in which they are asked, and why some are not. Nobody is contacted."""
        return rank(self._settings, self._workspace, policy or Policy(), self._memory)

    def choose(self, policy: Policy | None = None) -> Ranked:
        """The backend that is asked first, and why. Nothing is loaded and nobody is contacted.

        :raises NoModel: when no backend can be asked; it names what to do for each.
        """
        ranked = self.rank(policy)
        return next((each for each in ranked if not each.out), None) or _raise(self._no_model(ranked))

    def answer(
        self,
        request: ChatRequest,
        on_text: OnText | None = None,
        cancel: threading.Event | None = None,
        *,
        policy: Policy | None = None,
        on_anew: Callable[[str], None] | None = None,
    ) -> Answer:
        """The answer of the first backend that gives a whole one; it says what was tried before, and why it was left.

        :param on_anew: gets a sentence each time the request is sent anew. Who gives it can take an answer that begins
            again after pieces of it were heard; without it, an answer that had begun is never begun again.
        :raises ModelError: when nobody answers; the error is that of the backend that was asked first.
        :raises Interrupted: within a second of ``cancel`` being set, also while waiting between two tries.
        """
        policy = policy or Policy()
        ranked = self.rank(policy)
        usable = [each for each in ranked if not each.out]
        if not usable:
            raise self._no_model(ranked)
        first = usable[0].candidate
        if (cached := self._cached(first, request, policy)) is not None:
            if on_text is not None and cached.text:
                on_text(cached.text)
            return cached
        tries = Tries(
            usable, self._memory, inference().recovery, self._limits, self._settings.measuring, policy.deadline_s,
            policy.gather,
        )  # fmt: skip
        answer, candidate = tries.answer(request, on_text, cancel or threading.Event(), on_anew)
        late = policy.max_latency_s is not None and tries.took_s > policy.max_latency_s
        self._memory.of(candidate.place).note(not late)
        if not tries.is_degraded:
            self._memory.cache.put(_key(candidate, request, policy.prompt), answer)
        current_span().set(semconv.SWITCHED, tries.switched or None)
        return self._told(replace(answer, switched=tuple(tries.switched)), candidate, first)

    def batch(
        self,
        requests: Sequence[ChatRequest],
        cancel: threading.Event | None = None,
        *,
        policy: Policy | None = None,
    ) -> list[Outcome]:
        """Answer several requests, as many at once as the first backend gains from; each has its answer or its error.

        :raises NoModel: when no backend can be asked.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        width = self.choose(policy).candidate.backend.features.batch
        return answer_all(_Routed(self, policy), requests, cancel, width)

    def embed(
        self, texts: Sequence[str], cancel: threading.Event | None = None, *, policy: Policy | None = None
    ) -> Embedding:
        """One vector a text, of the first backend that has embeddings. Vectors of two models cannot be compared, so no
        other is asked when it fails: keep the model that the result names beside the vectors.

        :raises NoModel: when none has them.
        :raises ModelError: when there are no whole, valid vectors.
        """
        ranked = self.rank(policy)
        for each in ranked:
            if not each.out and each.candidate.backend.features.embeddings:
                return each.candidate.open(self._limits).embed(texts, cancel)
        raise NoModel(
            "No backend here has embeddings.",
            why="The embedded model has none, and none of the other backends of your settings that can be asked does.",
            next="Name one that has them (Ollama, vLLM) in backends and modelPreference of your settings.",
        )

    def report(self, answer: Answer, passed: bool) -> None:
        """Tell what became of an answer: whether it passed the checks of whoever asked for it. One that did not is not
        given again, and a backend whose answers fail again and again goes behind the others."""
        if not passed:
            self._memory.cache.drop(answer)
        for each in self.rank():
            if each.candidate.name == answer.backend:
                self._memory.of(each.candidate.place).note(passed)

    def _cached(self, candidate: Candidate, request: ChatRequest, policy: Policy) -> Answer | None:
        """The answer that ``candidate`` gave to the same request before, if that may be given again."""
        if request.temperature > 0 and not policy.reuse_sampled:
            return None
        answer = self._memory.cache.get(_key(candidate, request, policy.prompt))
        if answer is not None:
            told = {semconv.OPERATION: "chat", semconv.REQUEST_MODEL: candidate.model, semconv.CACHED: True}
            with span(None, f"chat {candidate.model}", told):
                pass
        return answer

    def _told(self, answer: Answer, candidate: Candidate, first: Candidate) -> Answer:
        """``answer``; when another backend than last time gave it, the journal says so."""
        before = self._memory.answered or first.place
        self._memory.answered = candidate.place
        if before == candidate.place:
            return answer
        reason = " ".join(answer.switched) or f"{candidate.name!r} comes first again."
        try:
            database = StateDatabase.open(self._workspace)
            try:
                with database.transaction() as connection:
                    append(connection, SWITCHED, candidate.name, model=candidate.model, before=before[0], reason=reason)
            finally:
                database.close()
        except WorkspaceUnusable as error:
            # The person asked for an answer and has it; that the journal lacks a line is told with it.
            return replace(answer, switched=(*answer.switched, f"The journal could not note this: {error.what}"))
        return answer

    def _no_model(self, ranked: Sequence[Ranked]) -> NoModel:
        known = {name for each in ranked for name in (each.candidate.name, each.candidate.model)}
        reasons = [each.out for each in ranked if each.out]
        reasons += [
            f"Your settings prefer {name!r}, which no backend in them is called."
            for name in self._settings.model_preference
            if name not in known
        ]
        steps = dict.fromkeys(each.next for each in ranked if each.next)
        return NoModel(
            "No model can answer here.",
            why=" ".join(reasons),
            next=" ".join(step if step.endswith((".", "`")) else f"{step}." for step in steps),
            reasons=reasons,
        )


class _Routed:
    """A router with a policy, as one that answers one request at a time."""

    def __init__(self, router: Router, policy: Policy | None) -> None:
        self._router = router
        self._policy = policy

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """The router's answer."""
        return self._router.answer(request, on_text, cancel, policy=self._policy)


def _key(candidate: Candidate, request: ChatRequest, prompt: str) -> Key:
    file = candidate.known.file.sha256 if isinstance(candidate.known, CatalogueModel) and not candidate.url else ""
    return Key(candidate.place, candidate.kind, file, request, prompt)


def candidates(settings: Settings, workspace: Workspace) -> list[Backend]:
    """The backends that are allowed, in the order in which they are asked, those that lack something included."""
    return [each.candidate.backend for each in Router(settings, workspace).rank() if each.allowed]


def choose(settings: Settings, workspace: Workspace) -> Backend:
    """The backend that is asked first. Nothing is loaded and nobody is contacted.

    :raises NoModel: when no backend can be asked; it names what to do for each.
    """
    return Router(settings, workspace).choose().candidate.backend


def _raise(error: ModelError) -> Ranked:
    raise error
