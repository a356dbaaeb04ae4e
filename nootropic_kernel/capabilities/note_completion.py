"""``note-completion``: a person took a completion; what the model learns from, without the text itself."""

from __future__ import annotations

import hashlib

from pydantic import ConfigDict, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace import journal


class NoteCompletionParams(Params):
    """What was taken, and how long it took."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    text: str = Field(max_length=20_000, description="The text that was inserted.", json_schema_extra={"body": True})
    latency_s: float = Field(0.0, ge=0, description="Seconds from the request to the text.")
    shown_s: float = Field(0.0, ge=0, description="Seconds that it was looked at.")
    model: str = Field("", max_length=200, description="The model that wrote it.")
    language: str = Field("", max_length=60, description="The language that it is in.")


class NoteCompletionResult(Result):
    """What was noted: the text's SHA-256 and its length in characters."""

    sha256: str
    length: int

    def text(self) -> str:
        """One line."""
        return f"Noted: a completion of {self.length} characters was accepted."


@capability(effect=CapabilityEffect.DECIDE)
def note_completion(params: NoteCompletionParams, session: Session) -> NoteCompletionResult:
    """Note in the journal that you took a completion: its length and digest, its model and times, not its text."""
    digest = hashlib.sha256(params.text.encode("utf-8", "surrogatepass")).hexdigest()
    with session.database().transaction() as connection:
        journal.append(
            connection, "completion.accepted", digest[:12], sha256=digest, length=len(params.text),
            latency_s=round(params.latency_s, 3), shown_s=round(params.shown_s, 3), model=params.model,
            language=params.language,
        )  # fmt: skip
    return NoteCompletionResult(sha256=digest, length=len(params.text))
