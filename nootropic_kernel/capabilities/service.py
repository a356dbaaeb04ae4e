"""``service``: the background process that owns the loaded model, seen and ended."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace import service as client
from nootropic_kernel.workspace.location import Workspace


class ServiceParams(Params):
    """What to do with it."""

    action: Literal["status", "stop"] = Field(
        "status", description="Show the service, or end it and the model it holds.", json_schema_extra={"position": 0}
    )


class HeldModel(BaseModel):
    """A model that the service has loaded."""

    name: str
    pid: int
    clients: int = Field(description="Requests that use it or wait for it.")


class ServiceState(BaseModel):
    """The workspace's service; without ``pid`` it does not run, and ``obstacle`` says whether it could."""

    pid: int | None = None
    uptime_s: float = 0.0
    memory_mb: float = Field(default=0.0, description="Of the service and the models it holds.")
    clients: list[int] = Field(default_factory=list, description="Process ids of those that use it now.")
    models: list[HeldModel] = Field(default_factory=list)
    obstacle: str = ""

    def words(self) -> str:
        """The state in one line."""
        if self.pid is None:
            return f"none: {self.obstacle}" if self.obstacle else "starts on first use of the model"
        users = "nobody uses it now" if not self.clients else f"used by {', '.join(map(str, self.clients))}"
        held = "".join(f", {model.name} (pid {model.pid})" for model in self.models) or ", no model loaded"
        return f"pid {self.pid}, up {self.uptime_s / 60:.0f} min, {self.memory_mb:.0f} MB{held}; {users}"


class ServiceResult(Result):
    """What was done, and how the service stands."""

    message: str
    service: ServiceState

    def text(self) -> str:
        """The message alone: it holds the state."""
        return self.message


@capability(effect=CapabilityEffect.DECIDE)
def service(params: ServiceParams, session: Session) -> ServiceResult:
    """Show or end the background process that owns the loaded model.

    One such process per workspace is shared by notebooks, the command line and pipelines. It starts on first use and
    ends when nobody has used it for a while (`serviceIdleMinutes` in your settings, 10 unless you say otherwise;
    `workspaceService: false` switches it off). `stop` lets running answers end for some seconds; the next question
    starts it anew.
    """
    if params.action == "stop":
        ended = client.stop(session.workspace)
        message = "The service does not run." if ended is None else f"The service (pid {ended}) has ended."
        return ServiceResult(message=message, service=service_state(session.workspace))
    state = service_state(session.workspace)
    return ServiceResult(message=f"Service: {state.words()}.", service=state)


def service_state(workspace: Workspace) -> ServiceState:
    """How the workspace's service stands; starts nothing."""
    found = client.status(workspace)
    if found is None:
        return ServiceState(obstacle=client.obstacle(workspace))
    engines = found["holds"]["model"]["engines"]
    models = [HeldModel(name=row["model"], pid=row["pid"], clients=row["leases"]) for row in engines]
    return ServiceState(
        pid=found["pid"],
        uptime_s=max(0.0, time.time() - found["since"]),
        memory_mb=sum(map(_memory_mb, (found["pid"], *(model.pid for model in models)))),
        clients=found["clients"],
        models=models,
    )


def _memory_mb(pid: int) -> float:
    import psutil

    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0
