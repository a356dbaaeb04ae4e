"""``mcp``: the verbs that look and propose as tools for an MCP client, and plan and proposals to read."""

from __future__ import annotations

from pydantic import ConfigDict

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.serve import become_face
from nootropic_kernel.workspace.errors import UsageError


class McpParams(Params):
    """It takes nothing."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})


class McpResult(Result):
    """Nothing: the command becomes the server."""


@capability(effect=CapabilityEffect.DECIDE)
def mcp(params: McpParams, session: Session) -> McpResult:
    """Offer the verbs that look and propose as tools over MCP, and plan and proposals to read, on standard streams.

    An MCP client starts this itself: name `noo -C FOLDER mcp` as its command. What decides is not among the tools:
    a proposal that one makes waits for you, as any other does.
    """
    if session.form != "text":
        raise UsageError(
            f"`mcp` takes no --{session.form}: its standard output is the protocol itself.", next="Leave it out."
        )
    become_face(session, "mcp", "nootropic_kernel.gateway.mcp_server", [])
