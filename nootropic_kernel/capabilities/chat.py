"""``chat``: a conversation about the repository; not available yet."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace.errors import NootropicError


class NotAvailableYet(NootropicError):
    """A verb whose work is not built yet."""


class ChatParams(Params):
    """What to say."""

    message: str = Field("", description="What to say.", json_schema_extra={"position": 0, "words": True, "body": True})


class ChatResult(Result):
    """An answer."""

    answer: str


@capability(effect=CapabilityEffect.READ)
def chat(params: ChatParams, session: Session) -> ChatResult:
    """Talk with a model about the repository. Not available yet.

    Until it is, `search` finds pieces of the repository and `code` changes files.
    """
    raise NotAvailableYet(
        "Nootropic cannot chat yet.",
        next="Use `noo search` to find something in the repository, or `noo code` to have something changed.",
    )
