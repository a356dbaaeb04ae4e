"""The OpenAPI document, made from the models of requests and replies.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import nootropic_kernel
from nootropic_kernel.gateway import replies, requests
from nootropic_kernel.models.discovery import GATEWAY_TITLE

_REPLIES: tuple[type[BaseModel], ...] = (
    replies.ChatCompletion,
    replies.ChatCompletionChunk,
    replies.ModelList,
    replies.ModelCard,
    replies.EmbeddingList,
    replies.Health,
    replies.ErrorReply,
)
_REQUESTS: tuple[type[BaseModel], ...] = (
    requests.ChatCompletionRequest,
    requests.SafeChatRequest,
    requests.EmbeddingsRequest,
)
_ERRORS = {
    400: "The request is wrong, or cannot be kept here.",
    401: "The key is missing or wrong.",
    402: "The person's budget for models is spent, or the price of the call is not known (`budget_exceeded`, "
    "`price_unknown`). Asking again will not help.",
    403: "The Host header is another server's, or a web page asks.",
    404: "There is no such model.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    429: "Too many requests wait; `retry-after` says for how many seconds to wait.",
    500: "The model failed; asking again will not help.",
    502: "The model did not keep to the demanded shape, however often it was told (`schema_violation`).",
    503: "No model can answer at present.",
    504: "The model did not answer in time.",
}


def document() -> dict[str, Any]:
    """The document that ``/openapi.json`` serves."""
    _, schemas = models_json_schema(
        [*((model, "validation") for model in _REQUESTS), *((model, "serialization") for model in _REPLIES)],
        ref_template="#/components/schemas/{model}",
    )
    key = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": GATEWAY_TITLE,
            "version": nootropic_kernel.__version__,
            "description": "The models of this workspace, OpenAI-compatible.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"key": []}],
        "paths": {
            "/health": {"get": {**_operation("health", replies.Health, (403,)), "security": []}},
            "/v1/models": {"get": _operation("listModels", replies.ModelList, (401, 403, 500))},
            "/v1/models/{model}": {
                "get": {
                    **_operation("retrieveModel", replies.ModelCard, (401, 403, 404, 500)),
                    "parameters": [{"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}],
                }
            },
            "/v1/chat/completions": {
                "post": _asking("createChatCompletion", requests.ChatCompletionRequest, replies.ChatCompletion)
            },
            "/v1/chat": {"post": _asking("createSafeChat", requests.SafeChatRequest, replies.ChatCompletion)},
            "/v1/embeddings": {
                "post": _asking("createEmbeddings", requests.EmbeddingsRequest, replies.EmbeddingList, streams=False)
            },
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": key},
    }


def _operation(name: str, reply: type[BaseModel], failures: tuple[int, ...]) -> dict[str, Any]:
    answers = {str(status): _answer(_ERRORS[status], replies.ErrorReply) for status in failures}
    return {
        "operationId": name,
        "summary": (reply.__doc__ or "").splitlines()[0],
        "responses": {"200": _answer("The answer.", reply), **answers},
    }


def _asking(name: str, body: type[BaseModel], reply: type[BaseModel], *, streams: bool = True) -> dict[str, Any]:
    operation = _operation(name, reply, tuple(_ERRORS))
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    if streams:
        data = {
            "type": "string",
            "description": "A ChatCompletionChunk each; then `[DONE]`, or an ErrorReply when the answer was cut.",
            "contentSchema": _ref(replies.ChatCompletionChunk),
        }
        operation["responses"]["200"]["content"]["text/event-stream"] = {
            "schema": {"type": "object", "properties": {"data": data}, "required": ["data"]}
        }
    return operation


def _answer(description: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(model)}}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
