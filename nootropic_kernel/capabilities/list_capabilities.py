"""``list-capabilities``: the registry itself, for people and for programs."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.registry import load_registry


class ListCapabilitiesParams(Params):
    """Nothing to choose."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})


class ListCapabilitiesResult(Result):
    """Providers with their capabilities, problems, and plugins nobody has trusted."""

    schema_: int = Field(alias="schema")
    fingerprint: str
    providers: list[dict[str, Any]]
    problems: list[dict[str, str]]
    untrusted: list[dict[str, str]]

    def text(self) -> str:
        """One line a verb, by provider."""
        lines = []
        for provider in self.providers:
            lines.append(f"{provider['name']} {provider['version']}")
            width = max((len(entry["verb"]) for entry in provider["capabilities"]), default=0)
            for entry in provider["capabilities"]:
                lines.append(f"  {entry['verb']:<{width}}  {entry['effect']:<7}  {entry['summary']}")
        lines += [f"problem: {item['provider']}: {item['message']}" for item in self.problems]
        lines += [f"not loaded: plugin {item['name']}: {item['why']}" for item in self.untrusted]
        return "\n".join(lines)


@capability(effect=CapabilityEffect.READ)
def list_capabilities(params: ListCapabilitiesParams, session: Session) -> ListCapabilitiesResult:
    """List every verb with its provider, effect and schemas.

    Plugins that you have not trusted are listed, not imported; a plugin that could not be used is named with
    the reason.
    """
    return ListCapabilitiesResult.model_validate(load_registry(session.workspace).document)
