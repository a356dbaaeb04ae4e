"""The gateway as an ASGI application: its routes, and errors in OpenAI's form."""

from __future__ import annotations

import asyncio
import base64
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nootropic_kernel.gateway import errors, openapi
from nootropic_kernel.gateway.calls import Calls, ClientGone
from nootropic_kernel.gateway.chat import chat
from nootropic_kernel.gateway.errors import Refused, not_valid
from nootropic_kernel.gateway.guard import Guard, read_body
from nootropic_kernel.gateway.replies import (
    EmbeddingList,
    EmbeddingRow,
    EmbeddingsUsage,
    Health,
    ModelCard,
    ModelList,
)
from nootropic_kernel.gateway.requests import Body, ChatCompletionRequest, EmbeddingsRequest, SafeChatRequest
from nootropic_kernel.gateway.served import ServedModels, unknown_model
from nootropic_kernel.models.contract import Embedding, OnText
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

B = TypeVar("B", bound=Body)


@dataclass(frozen=True)
class Gateway:
    """The parts of a running gateway."""

    models: ServedModels
    calls: Calls
    started: int

    async def health(self, request: Request) -> Response:
        """Whether it runs."""
        return _json(Health(running=self.calls.running, waiting=self.calls.waiting))

    async def list_models(self, request: Request) -> Response:
        """The models that can be asked."""
        names = await asyncio.to_thread(self.models.names)
        return _json(ModelList(data=[self._card(name) for name in names]))

    async def retrieve_model(self, request: Request) -> Response:
        """One of them."""
        name = str(request.path_params["model"])
        if name not in await asyncio.to_thread(self.models.names):
            raise unknown_model(name)
        return _json(self._card(name))

    async def complete(self, request: Request) -> Response:
        """``/v1/chat/completions``."""
        return await chat(request, await _body(request, ChatCompletionRequest), self.models, self.calls)

    async def chat(self, request: Request) -> Response:
        """``/v1/chat``."""
        return await chat(request, await _body(request, SafeChatRequest), self.models, self.calls)

    async def embeddings(self, request: Request) -> Response:
        """``/v1/embeddings``."""
        body = await _body(request, EmbeddingsRequest)
        texts = [body.input] if isinstance(body.input, str) else body.input
        backend = await asyncio.to_thread(self.models.embedder, body.model)

        def embed(_: OnText, cancel: threading.Event) -> Embedding:
            return self.models.embed(backend, texts, cancel)

        async with self.calls.call(embed, request.receive) as call:
            found = await call.result()
        encode = _base64 if body.encoding_format == "base64" else list[float]
        rows = [EmbeddingRow(index=number, embedding=encode(vector)) for number, vector in enumerate(found.vectors)]
        tokens = found.tokens
        usage = None if tokens is None else EmbeddingsUsage(prompt_tokens=tokens, total_tokens=tokens)
        return _json(EmbeddingList(data=rows, model=backend.name, usage=usage))

    def _card(self, name: str) -> ModelCard:
        return ModelCard(id=name, created=self.started, owned_by="nootropic")


def build(workspace: Workspace, *, key: str, host: str, parallel: int, queue: int) -> tuple[Guard, Calls]:
    """The application, and the calls that it will have under way.

    :param key: what callers must show; ``host`` is the name that the server was started with.
    :param parallel: how many requests are answered at a time; ``queue`` more may wait.
    """
    calls = Calls(parallel, queue)
    gateway = Gateway(ServedModels(workspace), calls, int(time.time()))
    document = openapi.document()

    async def described(request: Request) -> Response:
        return JSONResponse(document)

    app = Starlette(
        routes=[
            Route("/health", gateway.health),
            Route("/openapi.json", described),
            Route("/v1/models", gateway.list_models),
            Route("/v1/models/{model:path}", gateway.retrieve_model),
            Route("/v1/chat/completions", gateway.complete, methods=["POST"]),
            Route("/v1/chat", gateway.chat, methods=["POST"]),
            Route("/v1/embeddings", gateway.embeddings, methods=["POST"]),
        ],
        exception_handlers={
            NootropicError: _known,
            HTTPException: _by_route,
            ClientDisconnect: _gone,
            Exception: _known,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, key, host), calls


async def _body(request: Request, model: type[B]) -> B:
    try:
        return model.model_validate_json(await read_body(request))
    except ValidationError as error:
        raise not_valid(error) from error


async def _known(request: Request, error: Exception) -> Response:
    return errors.response(error)


async def _gone(request: Request, error: Exception) -> Response:
    return errors.response(ClientGone())


async def _by_route(request: Request, error: Exception) -> Response:
    """What the router itself refuses: an unknown path, or a method that a path does not take."""
    assert isinstance(error, HTTPException)
    unknown = error.status_code == 404
    what = "There is nothing at this address." if unknown else f"This address takes no {request.method[:20]}."
    code = "not_found" if unknown else "method_not_allowed"
    refusal = errors.response(Refused(error.status_code, code, what, next="GET /openapi.json describes what there is."))
    refusal.headers.update(error.headers or {})
    return refusal


def _json(reply: BaseModel) -> Response:
    return Response(reply.model_dump_json(), media_type="application/json")


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
