"""``complete``: the code that belongs at the cursor, from a local model, while a person types."""

from __future__ import annotations

import time

from pydantic import ConfigDict, Field

from nootropic_kernel.agents.completer import complete_code
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability


class CompleteParams(Params):
    """What stands around the cursor."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    prefix: str = Field(max_length=200_000, description="The text before the cursor.", json_schema_extra={"body": True})
    suffix: str = Field("", max_length=200_000, description="The text after it.")
    language: str = Field("", max_length=60, description="The language's name, as `python`.")
    path: str = Field("", description="The file, as the workspace names it.", json_schema_extra={"complete": "path"})
    max_tokens: int = Field(48, ge=1, le=256, description="The most that is written.")
    backend: str = Field(
        "", description="A backend of your settings, by name; without it only local ones.",
        json_schema_extra={"complete": "backend"},
    )  # fmt: skip


class CompleteResult(Result):
    """The text to insert (empty: nothing fits), who wrote it, and in how many seconds."""

    insert: str
    model: str
    backend: str
    seconds: float

    def text(self) -> str:
        """The text alone, so that it can be piped."""
        return self.insert

    def html(self) -> str | None:
        """None: a program asks for it, not a page."""
        return None


@capability(effect=CapabilityEffect.READ)
def complete(params: CompleteParams, session: Session) -> CompleteResult:
    """Complete code at the cursor: a few tokens that fit between what stands before and after it.

    A model that was trained to fill in the middle is asked so; any other one is asked in words. Only local models are
    asked, unless `--backend` names another one of your settings. Nothing is kept.
    """
    began = time.monotonic()
    written = complete_code(
        session.workspace, session.settings(), session.cancel, prefix=params.prefix, suffix=params.suffix,
        language=params.language, path=params.path, max_tokens=params.max_tokens, backend=params.backend,
    )  # fmt: skip
    return CompleteResult(
        insert=written.text, model=written.model, backend=written.backend, seconds=round(time.monotonic() - began, 3)
    )
