"""``mentions``: what a message would send along, shown before it is sent."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.mentioned import Looked, Resolver
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.models.tokens import estimate

_SHOWN_LINES = 8


class MentionsParams(Params):
    """A message that is not sent yet."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    message: str = Field(
        description="The message. @path, @cell:ID, @name (a live variable), @P1 and @T3 are looked up.",
        json_schema_extra={"position": 0, "words": True, "body": True, "mentions": True},
    )
    attach: dict[str, str] = Field(
        default_factory=dict, description="What a mention stands for, by its key (df, cell:3), where the caller knows."
    )


class MentionItem(BaseModel):
    """One mention: the text that would go along, in full, or why none would. ``tokens`` is an estimate."""

    written: str
    kind: str
    name: str
    key: str
    found: bool
    text: str = ""
    characters: int = 0
    tokens: int = 0
    problem: str = ""

    @classmethod
    def of(cls, looked: Looked) -> MentionItem:
        """The item of what was looked up."""
        mention, material, refused = looked.mention, looked.material, looked.refused
        text = "" if material is None else material.text
        return cls(
            written=mention.written,
            kind=mention.kind,
            name=mention.name,
            key=mention.key,
            found=material is not None,
            text=text,
            characters=len(text),
            tokens=estimate(text) if material is not None else 0,
            problem="" if refused is None else str(refused),
        )


class MentionsResult(Result):
    """What would go along with the message."""

    items: list[MentionItem]

    def text(self) -> str:
        """One block a mention, its text cut to some lines."""
        if not self.items:
            return "Nothing is mentioned."
        return "\n".join(line for item in self.items for line in _lines(item))


def _lines(item: MentionItem) -> list[str]:
    if not item.found:
        return [f"{item.written}: {item.problem or 'names nothing here; it would be sent as it is written.'}"]
    lines = item.text.splitlines()
    cut = [f"  … {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
    head = f"{item.written}: {item.characters} characters, about {item.tokens} tokens"
    return [head, *(f"  {line}" for line in lines[:_SHOWN_LINES]), *cut]


@capability(effect=CapabilityEffect.READ)
def mentions(params: MentionsParams, session: Session) -> MentionsResult:
    """Show what the mentions in a message would send along, and send nothing.

    It is what `chat` would send: bounded, and with secrets taken out.
    """
    # A verb that only looks makes no folder.
    database = session.database() if session.workspace.state_dir.exists() else None
    bench = Workbench(session.workspace, session.settings())
    resolver = Resolver(bench, database, session.variables, session.cancel, params.attach)
    return MentionsResult(items=[MentionItem.of(each) for each in resolver.look(params.message)])
