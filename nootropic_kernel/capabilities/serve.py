"""``serve``: the models of this workspace as an OpenAI-compatible server for other programs."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import NoReturn

from pydantic import ConfigDict, Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace.errors import NootropicError, UsageError

_FACE = "nootropic_kernel.gateway.server"


class ServerNotInstalled(NootropicError):
    """The packages that serve HTTP are not installed."""


class ServeParams(Params):
    """Where to listen, and how much to do at a time."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    port: int = Field(4000, ge=0, le=65535, description="The port to listen on; 0 means any free one.")
    host: str = Field("127.0.0.1", description="The address to listen on; any other than this lets others in.")
    parallel: int = Field(4, ge=1, le=64, description="How many requests are answered at a time.")
    metrics: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Also serve metrics for Prometheus to this machine, on this port (9464 unless given; 0: any free).",
        json_schema_extra={"bare": 9464},
    )
    queue: int = Field(32, ge=0, le=10_000, description="How many more may wait; further ones get 429.")


class ServeResult(Result):
    """Nothing: the command becomes the server."""


@capability(effect=CapabilityEffect.DECIDE)
def serve(params: ServeParams, session: Session) -> ServeResult:
    """Serve your models to other programs by OpenAI's protocol, until Ctrl-C.

    Callers must show a key: that in NOOTROPIC_API_KEY, or else one that is made, shown once and kept nowhere.
    Only this machine can reach the server unless you give another --host. `/openapi.json` describes it. With --json,
    standard output is one line: the address, and where the key is from.
    """
    if session.form == "yaml":
        raise UsageError("`serve` prints no YAML.", next="Use --json: one line that says where it listens.")
    words = [
        f"--host={params.host}",
        f"--port={params.port}",
        f"--parallel={params.parallel}",
        f"--queue={params.queue}",
    ]
    words += [f"--metrics={params.metrics}"] if params.metrics is not None else []
    words += ["--json"] if session.form == "json" else []
    needs = ("starlette", "uvicorn") if params.metrics is None else ("starlette", "uvicorn", "prometheus_client")
    become_face(session, "serve", _FACE, words, needs)


def become_face(
    session: Session, verb: str, module: str, arguments: list[str], needs: tuple[str, ...] = ()
) -> NoReturn:
    """Let the process of the command line go on as the face ``module``, so that signals and pipes are its own.

    :raises UsageError: anywhere but on the command line.
    :raises ServerNotInstalled: when a package that it ``needs`` is missing.
    """
    if session.face != "cli":
        raise UsageError(f"`{verb}` runs until it is ended.", next=f"Run `noo {verb}` in a terminal.")
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        raise ServerNotInstalled(
            f"`noo {verb}` needs {' and '.join(missing)}.",
            next=f"Install it: `{sys.executable} -m pip install {' '.join(missing)}`.",
            missing=missing,
        )
    command = [sys.executable, "-m", module, f"--workspace={session.workspace.root}", *arguments]
    session.close()
    session.hand_over()
    sys.stdout.flush()
    os.execv(sys.executable, command)
