"""What the gateway is asked, in OpenAI's form. The models make the OpenAPI document too.

https://platform.openai.com/docs/api-reference/chat/create

Nothing is taken and then left out of account: what would change an answer and is not offered here is refused by name;
what only labels a call (``user``, ``metadata``) is allowed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MAX_TOKENS = 512


def _whole(value: Any) -> Any:
    """JSON has one kind of number, and 1.0 is an integer of its schemas."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _off(value: bool) -> bool:
    if value:
        raise ValueError("this is not offered here")
    return value


_Off: TypeAlias = Annotated[bool, AfterValidator(_off), Field(json_schema_extra={"const": False})]
_Tokens: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_whole)]
_Stop: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """Base of what comes in: JSON types as they are, and no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(Body):
    """A piece of a message. Images and sounds are not offered."""

    type: Literal["text"]
    text: str


class ChatMessage(Body):
    """One turn. An assistant's message may carry the empty fields that OpenAI's client gives it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[list[TextPart], Field(min_length=1)]
    refusal: None = None
    audio: None = None
    function_call: None = None
    tool_calls: Annotated[list[Any], Field(max_length=0)] | None = None
    annotations: Annotated[list[Any], Field(max_length=0)] | None = None
    reasoning_content: str | None = Field(None, description="Allowed, and not sent to the model again.")

    def text(self) -> str:
        """What it says."""
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class StreamOptions(Body):
    """``include_usage`` adds a last chunk with the numbers of tokens."""

    include_usage: bool = False
    include_obfuscation: _Off = False


class JsonSchema(Body):
    """A JSON schema (2020-12) that the answer must match. It is always checked, whether ``strict`` or not."""

    name: str = Field(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]+$")
    schema_: dict[str, Any] = Field(alias="schema")
    description: str | None = None
    strict: bool | None = None


class TextFormat(Body):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(Body):
    """Some JSON object."""

    type: Literal["json_object"]


class JsonSchemaFormat(Body):
    """JSON of a given shape."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class ChatCompletionRequest(Body):
    """A conversation to continue.

    A streamed answer with a ``response_format`` comes in one piece, because it is checked before it is sent; one that
    is not of the demanded shape is asked for again, twice at most.
    """

    model: str = Field(
        min_length=1, max_length=200, description="A name from `/v1/models`; `auto` chooses.", examples=["auto"]
    )
    messages: list[ChatMessage] = Field(min_length=1, max_length=2000)
    max_tokens: _Tokens | None = Field(None, description="The older name of max_completion_tokens.")
    max_completion_tokens: _Tokens | None = Field(
        None, description=f"The most that the answer may have; {MAX_TOKENS} unless given."
    )
    temperature: float | None = Field(None, ge=0, le=2, description="0 unless given: the same answer each time.")
    top_p: float | None = Field(None, ge=0, le=1)
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), BeforeValidator(_whole)] | None = None
    stop: _Stop | Annotated[list[_Stop], Field(max_length=4)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    response_format: Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")] | None = (
        None
    )
    n: Annotated[int, Field(ge=1, le=1), BeforeValidator(_whole)] | None = None
    # Taken at the value that changes nothing.
    presence_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    frequency_penalty: Annotated[float, Field(ge=0, le=0)] | None = None
    logprobs: _Off | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    modalities: Annotated[list[Literal["text"]], Field(max_length=1)] | None = None
    tools: Annotated[list[Any], Field(max_length=0)] | None = Field(
        None, description="Not offered: ask for JSON by response_format and act on it yourself."
    )
    tool_choice: Literal["none", "auto"] | None = None
    parallel_tool_calls: bool | None = None
    # Labels, and wishes for a service that nobody sells here.
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    metadata: dict[str, str] | None = None
    store: _Off | None = None
    service_tier: Literal["auto", "default"] | None = None


class NotMeasured(Body):
    """A property that nothing here can measure. ``flag`` and ``log`` are answered with ``not_measured``; ``block`` is
    refused, because it would promise what is not done."""

    threshold: float = Field(ge=0, le=1)
    action: Literal["flag", "log"]


class Enforced(Body):
    """What is done about an answer that breaks a rule."""

    action: Literal["block", "flag", "log"]


class Forbidden(Enforced):
    """Texts that the answer must not contain, in whatever case."""

    texts: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(min_length=1, max_length=100)


class Safety(Body):
    """What the answer is looked at for: ``secrets`` (keys, passwords) and ``forbidden`` texts are enforced."""

    toxicity: NotMeasured | None = None
    bias: NotMeasured | None = None
    factual: NotMeasured | None = None
    secrets: Enforced | None = None
    forbidden: Forbidden | None = None


class SafeChatRequest(ChatCompletionRequest):
    """A conversation to continue, with rules for the answer. With rules a stream comes in one piece."""

    safety: Safety | None = None
    cache: bool = Field(
        False, description="Take the answer that was given to the same request before, where it is still remembered."
    )


class EmbeddingsRequest(Body):
    """Texts to turn into vectors."""

    model: str = Field(
        min_length=1, max_length=200, description="A name from `/v1/models`; `auto` chooses.", examples=["auto"]
    )
    input: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=2048)]
    )
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None
