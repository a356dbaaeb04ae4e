"""What the gateway answers, in OpenAI's form."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


def _optional(description: str = "") -> Any:
    """A field that is left out of the document, not null, when there is nothing to say."""
    return Field(None, description=description or None, exclude_if=lambda value: value is None)


class ErrorDetail(BaseModel):
    """What went wrong; ``code`` is the stable name, ``param`` the field at fault."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorReply(BaseModel):
    """Every refusal and failure."""

    error: ErrorDetail


class ReplyMessage(BaseModel):
    """The answer; ``reasoning_content`` is what the model thought aloud before it."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    reasoning_content: str | None = _optional()


class Choice(BaseModel):
    """There is always one."""

    index: Literal[0] = 0
    message: ReplyMessage
    finish_reason: Literal["stop", "length"]
    logprobs: None = None


class Usage(BaseModel):
    """Numbers of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class SafetyFinding(BaseModel):
    """What came of one check. ``detail`` never repeats what was found."""

    check: Literal["toxicity", "bias", "factual", "secrets", "forbidden"]
    action: Literal["block", "flag", "log"]
    status: Literal["passed", "found", "not_measured"]
    detail: str = ""


class ChatCompletion(BaseModel):
    """A whole answer. ``model`` is the name, from `/v1/models`, of what answered."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | None = _optional("Absent where the model's server does not count.")
    cached: Literal[True] | None = _optional("There when this answer was given before; usage is that of then.")
    safety: list[SafetyFinding] | None = _optional()


class Delta(BaseModel):
    """A piece of an answer."""

    role: Literal["assistant"] | None = _optional()
    content: str | None = _optional()


class ChunkChoice(BaseModel):
    """There is one, or none in the chunk that has the usage."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Literal["stop", "length"] | None = None


class ChatCompletionChunk(BaseModel):
    """One event of a stream; the stream ends with ``data: [DONE]``, or with an error in its place."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = _optional()
    safety: list[SafetyFinding] | None = _optional()


class ModelCard(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """The models that can be asked."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class EmbeddingRow(BaseModel):
    """One vector: numbers, or little-endian 32-bit floats in base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    """Numbers of tokens."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(BaseModel):
    """One vector a text, in their order."""

    object: Literal["list"] = "list"
    data: list[EmbeddingRow]
    model: str
    usage: EmbeddingsUsage | None = _optional("Absent where the model's server does not count.")


class Health(BaseModel):
    """Whether the server runs, and how busy it is."""

    status: Literal["ok"] = "ok"
    running: int
    waiting: int
