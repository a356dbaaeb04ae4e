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
from nootropic_kernel.models.tries import Prepare, Tries
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
        request: ChatRequest | Prepare,
        on_text: OnText | None = None,
        cancel: threading.Event | None = None,
        *,
        policy: Policy | None = None,
        on_anew: Callable[[str], None] | None = None,
    ) -> Answer:
        """The answer of the first backend that gives a whole one; it says what was tried before, and why it was left.

        :param request: what to ask; or who makes that for a backend, called just before each is asked. A model error in
            making it counts as that backend's own.
        :param on_anew: gets a sentence each time the request is sent anew. Who gives it can take an answer that begins
            again after pieces of it were heard; without it, an answer that had begun is never begun again.
        :raises ModelError: when nobody answers; the error is that of the backend that was asked first.
        :raises BudgetExceeded, PriceUnknown: when a budget allows none of those that could answer.
        :raises Interrupted: within a second of ``cancel`` being set, also while waiting between two tries.
        """
        policy = policy or Policy()
        ranked = self.rank(policy)
        usable = [each for each in ranked if not each.out]
        if not usable:
            raise self._no_model(ranked)
        first = usable[0].candidate
        prepare = _Prepared(request)
        if policy.reuse and (cached := self._cached(first, prepare, policy)) is not None:
            if on_text is not None and cached.text:
                on_text(cached.text)
            return cached
        tries = Tries(usable, self._memory, inference().recovery, self._limits, self._settings.measuring, policy)
        answer, candidate = tries.answer(prepare, on_text, cancel or threading.Event(), on_anew)
        late = policy.max_latency_s is not None and tries.took_s > policy.max_latency_s
        self._memory.of(candidate.place).note(not late)
        if tries.request is not None and not tries.is_degraded:
            self._memory.cache.put(_key(candidate, tries.request, policy.prompt), answer)
        answer = self._told(answer, candidate, tries, ranked, policy)
        current_span().set(semconv.SWITCHED, list(answer.switched) or None)
        return answer

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

    def _cached(self, candidate: Candidate, prepare: _Prepared, policy: Policy) -> Answer | None:
        """The answer that ``candidate`` gave to the same request before, if that may be given again."""
        request = prepare.ahead(candidate.backend)
        if request is None or (request.temperature > 0 and not policy.reuse_sampled):
            return None
        answer = self._memory.cache.get(_key(candidate, request, policy.prompt))
        if answer is not None:
            told = {semconv.OPERATION: "chat", semconv.REQUEST_MODEL: candidate.model, semconv.CACHED: True}
            with span(None, f"chat {candidate.model}", told):
                pass
        return answer

    def _told(
        self, answer: Answer, candidate: Candidate, tries: Tries, ranked: Sequence[Ranked], policy: Policy
    ) -> Answer:
        """``answer`` with what was tried before; when another backend than last time gave it, the journal says so."""
        first = next(each.candidate.place for each in ranked if not each.out)
        before = first
        if not policy.backend:
            # Who names one has not been switched away from another.
            before, self._memory.answered = self._memory.answered or first, candidate.place
        sentences, cause = list(tries.switched), tries.cause
        if before == candidate.place:
            return replace(answer, switched=tuple(sentences))
        left = next((each for each in ranked if each.candidate.place == before), None)
        if not sentences and left is not None and left.behind:
            cause = "sla"
            sentences.append(f"{before[0]!r} is asked after the others for now. {left.behind}")
        reason = " ".join(sentences) or f"{candidate.name!r} comes first again."
        try:
            database = StateDatabase.open(self._workspace)
            try:
                with database.transaction() as connection:
                    append(
                        connection, SWITCHED, candidate.name,
                        model=candidate.model, before=before[0], cause=cause or "order", reason=reason,
                    )  # fmt: skip
            finally:
                database.close()
        except WorkspaceUnusable as error:
            # The person asked for an answer and has it; that the journal lacks a line is told with it.
            sentences.append(f"The journal could not note this: {error.what}")
        return replace(answer, switched=tuple(sentences))

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


class _Prepared:
    """The request for each backend; an error in making it ahead of time is told when that backend's turn comes."""

    def __init__(self, request: ChatRequest | Prepare) -> None:
        self._request = request
        self._failed: dict[str, ModelError] = {}

    def __call__(self, backend: Backend) -> ChatRequest:
        if (error := self._failed.pop(backend.name, None)) is not None:
            raise error
        return self._request if isinstance(self._request, ChatRequest) else self._request(backend)

    def ahead(self, backend: Backend) -> ChatRequest | None:
        """The request before it is due; None when it cannot be made."""
        try:
            return self(backend)
        except ModelError as error:
            self._failed[backend.name] = error
            return None


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
