"""What all backends behind a server have in common; each kind says how it is asked and how its replies read."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

from nootropic_kernel.models import schema
from nootropic_kernel.models.contract import (
    Answer,
    Availability,
    ChatRequest,
    Embedding,
    Features,
    Message,
    OnText,
    Outcome,
    Probe,
    SchemaSupport,
)
from nootropic_kernel.models.conversation import Chunk, Conversation
from nootropic_kernel.models.embedding import measured
from nootropic_kernel.models.errors import InferenceError, InvalidOutput, NotOffered
from nootropic_kernel.models.exchange import Endpoint, Exchange, Frame, Limits
from nootropic_kernel.models.keys import key_of, key_state
from nootropic_kernel.models.output import check_answer
from nootropic_kernel.models.parallel import answer_all
from nootropic_kernel.models.refusals import malformed, parsed_object
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.models.transport import Call, Stream, fetch
from nootropic_kernel.telemetry.calls import Server
from nootropic_kernel.workspace.backend_settings import BackendSettings

Cancel: TypeAlias = threading.Event | None

# Reasoning models refuse some of these, and an answer can do without each.
_SAMPLING = re.compile(r"\b(temperature|top_p|seed)\b")
_refused: dict[tuple[str, str], frozenset[str]] = {}


class ServerBackend(ABC):
    """A model server that the person named in their own settings."""

    kind: ClassVar[str]
    claims: Features = Features()

    def __init__(self, settings: BackendSettings, limits: Limits | None = None) -> None:
        self.settings = settings
        self.limits = limits or Limits()

    def __repr__(self) -> str:
        return f"<{self.kind} backend {self.name!r}: {self.settings.model} at {self.settings.url}>"

    @property
    def name(self) -> str:
        """The name that the person gave it."""
        return self.settings.name

    @property
    def identity(self) -> str:
        """Where it is, and which model it is asked for."""
        return f"{self.kind} {self.settings.url} {self.settings.model}"

    @property
    def is_local(self) -> bool:
        """Whether prompts stay on this machine or the person's own network."""
        return self.settings.is_local

    @property
    def place(self) -> tuple[str, str]:
        """Where which model is asked: what a session learns of it is kept under this."""
        return self.settings.url, self.settings.model

    @property
    def features(self) -> Features:
        """What it can do, as far as this session knows."""
        kept = schema.support(self.place, self.claims.schema)
        return replace(self.claims, schema=kept)

    def available(self) -> Availability:
        """Whether it can be asked as far as this machine knows; the server itself is not contacted."""
        return key_state(self.settings)

    @abstractmethod
    def probe(self, cancel: Cancel = None) -> Probe:
        """Ask the server what it is and serves. This contacts it.

        :raises ModelError: when it does not answer, or not like a server of its kind.
        """

    def chat(self, request: ChatRequest, on_text: OnText | None = None, cancel: Cancel = None) -> Answer:
        """Answer ``request``; a sampling parameter that the model refuses is left out from then on.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        if request.adapter and not self.features.adapters:
            raise self._not_offered("no adapters", "Ask without one.")
        while True:
            try:
                return self._converse(request, on_text, cancel)
            except InferenceError as error:
                refused = _refused_parameter(error)
                if refused is None or refused in _refused.get(self.place, frozenset()):
                    raise
                _refused[self.place] = _refused.get(self.place, frozenset()) | {refused}

    def batch(self, requests: Sequence[ChatRequest], cancel: Cancel = None) -> list[Outcome]:
        """Answer several requests, as many at once as the server gains from; each has its answer or its error.

        :raises Interrupted: within a second of ``cancel`` being set.
        """
        return answer_all(self, requests, cancel, self.features.batch)

    def embed(self, texts: Sequence[str], cancel: Cancel = None) -> Embedding:
        """One vector a text, measured as a call of its own.

        :raises NotOffered: when it has no embeddings.
        :raises BudgetExceeded: when a budget does not allow it.
        :raises ModelError: when there are no whole, valid vectors.
        """
        if not self.features.embeddings:
            raise self._not_offered("no embeddings", "Name a backend that has them.")
        return measured(self._served(), self.settings.url, texts, lambda: self._vectors(texts, cancel))

    def _vectors(self, texts: Sequence[str], cancel: Cancel) -> Embedding:
        """Ask the server for one vector a text; for kinds that claim embeddings.

        :raises ModelError: when there are no whole, valid vectors.
        """
        raise NotImplementedError

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """A cautious estimate, unless the server counts itself."""
        return estimate(content)

    def window(self, cancel: Cancel = None) -> int | None:
        """How many tokens prompt and answer may have together: what the settings say, else what the server says.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        return self.settings.context_window

    def close(self) -> None:  # noqa: B027 — no kind needs one so far
        """Nothing is held between calls."""

    def endpoint(self) -> Endpoint:
        """Where to ask now, the key included.

        :raises AuthenticationFailed: when a key is named and cannot be had.
        """
        return Endpoint(self.name, self.settings.url, self.settings.model, key_of(self.settings))

    def _headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        """The headers that carry the key."""
        return {"Authorization": f"Bearer {endpoint.key.reveal()}"} if endpoint.key is not None else {}

    def _call(self, endpoint: Endpoint, url: str, body: Mapping[str, Any] | None = None, stream: Stream = None) -> Call:
        return Call(url, body, stream, lambda: self._headers(endpoint))

    def _fetch(self, url: str, body: Mapping[str, Any] | None, cancel: Cancel) -> dict[str, Any]:
        """The JSON object that the server answers with.

        :raises ModelError: when it is none, or an error.
        """
        endpoint = self.endpoint()
        return parsed_object(fetch(endpoint, self._call(endpoint, url, body), cancel, self.limits), self.name)

    @property
    def root(self) -> str:
        """The URL without the version part, below which servers have what is not of OpenAI's protocol."""
        return self.settings.url.removesuffix("/v1")

    def _converse(self, request: ChatRequest, on_text: OnText | None, cancel: Cancel) -> Answer:
        endpoint = self.endpoint()
        kept = self._kept(request)
        prepared = schema.in_words(request) if kept == "none" else request
        conversation = Conversation(
            endpoint=endpoint,
            server=self._served(),
            request=request,
            start=lambda: self._start(endpoint, prepared, kept, on_text is not None, cancel),
            decode=lambda frame: self._decode(frame, prepared),
            check=lambda answer: self._check(request, answer, kept),
            limits=self.limits,
            schema=kept if request.schema is not None else "",
        )
        return conversation.hold(on_text, cancel)

    def _served(self) -> Server:
        """Who answers, for what is measured; the time of a server that is not ours cannot be read."""
        return Server(self.name, self.kind, self.settings.model, self.is_local)

    def _accepted(self, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` without the sampling parameters that the model refused before."""
        without = _refused.get(self.place, frozenset())
        return {key: value for key, value in body.items() if key not in without}

    def _kept(self, request: ChatRequest) -> SchemaSupport:
        """How far it will keep to the schema of ``request``."""
        return self.features.schema if request.schema is not None else "none"

    @abstractmethod
    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        """Start the exchange that answers ``request``.

        :param kept: whether to ask for the schema: with ``none`` it has been said in words.
        :param listened: whether somebody wants the pieces.
        """

    @abstractmethod
    def _decode(self, frame: Frame, request: ChatRequest) -> Chunk:
        """What a frame of the reply to ``request`` says.

        :raises ModelError: when it reports an error, or is no frame of this protocol.
        """

    def _check(self, request: ChatRequest, answer: Answer, kept: SchemaSupport) -> Answer:
        try:
            return check_answer(request, answer)
        except InvalidOutput as error:
            # An answer that the request's own limit cut off, or a schema that is none, says nothing about the server.
            if kept != "none" and error.data["fault"] in ("json", "shape"):
                seen: SchemaSupport = "none" if error.data["fault"] == "json" else "asked"
                schema.lower(self.place, seen)
                error.why += " The server took the schema and did not keep to it."
                error.data["schema_ignored"] = True
            raise

    def _embedding(self, vectors: object, texts: Sequence[str], model: str, tokens: int | None) -> Embedding:
        """The vectors as numbers, one a text and all of one length.

        :raises InferenceError: when they are not.
        """
        rows: list[tuple[float, ...]] = []
        for row in vectors if isinstance(vectors, list) else ():
            if not isinstance(row, list) or not row or not all(isinstance(x, int | float) for x in row):
                raise malformed(self.name, str(row)[:200])
            rows.append(tuple(float(x) for x in row))
        if len(rows) != len(texts) or len({len(row) for row in rows}) > 1:
            raise malformed(self.name, f"{len(rows)} vectors for {len(texts)} texts")
        return Embedding(tuple(rows), model or self.settings.model, tokens)

    def _not_offered(self, what: str, next: str) -> NotOffered:
        return NotOffered(
            f"The backend {self.name!r} has {what}.",
            why=f"A server of the kind {self.kind} has none that we could ask for.",
            next=next,
            backend=self.name,
        )


def _refused_parameter(error: InferenceError) -> str | None:
    """The sampling parameter that a refusal is about."""
    if error.data.get("status") not in (400, 422):
        return None
    found = _SAMPLING.search(f"{error.data.get('param')} {error.why}")
    return found[1] if found else None
