"""Writes plugin folders for tests, good and bad ones, and trusts them as a person would."""

from __future__ import annotations

import textwrap
from pathlib import Path

from nootropic_kernel.capabilities.plugins import digest, read_content
from nootropic_kernel.workspace.settings import update_person_settings

GREETER = """
import pathlib, time
from pydantic import Field
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability

pathlib.Path({marker!r}).write_text("imported")


class GreetParams(Params):
    whom: str = Field("world", description="Whom to greet.", json_schema_extra={{"position": 0}})


class Greeting(Result):
    message: str

    def text(self) -> str:
        return self.message


@capability(effect=CapabilityEffect.READ)
def greet(params: GreetParams, session: Session) -> Greeting:
    '''Greet somebody.

    It does no more than that.
    '''
    return Greeting(message=f"Hello, {{params.whom}}.")


class WaitParams(Params):
    seconds: float = Field(30.0, json_schema_extra={{"position": 0}})
    deaf: bool = Field(False, description="Do not look at the stop.")


@capability(effect=CapabilityEffect.READ)
def wait(params: WaitParams, session: Session) -> Greeting:
    '''Wait, and say so all the time.'''
    session.database()
    until = time.monotonic() + params.seconds
    while time.monotonic() < until:
        session.write("tick ")
        session.status("waiting", 0.5)
        if params.deaf:
            time.sleep(0.05)
        elif session.cancel.wait(0.05):
            from nootropic_kernel.workspace.errors import Interrupted
            raise Interrupted("Waiting was stopped.")
    return Greeting(message="done waiting")


class AskParams(Params):
    pass


@capability(effect=CapabilityEffect.READ)
def ask(params: AskParams, session: Session) -> Greeting:
    '''Ask the person.'''
    print("printed by the plugin")
    if session.approve is None:
        return Greeting(message="nobody to ask")
    return Greeting(message="yes" if session.approve("Go on?") else "no")


@capability(effect=CapabilityEffect.READ)
def variables(params: AskParams, session: Session) -> Greeting:
    '''Look at a live variable.'''
    return Greeting(message=str(session.variables.get("answer")))


@capability(effect=CapabilityEffect.READ)
def fault(params: AskParams, session: Session) -> Greeting:
    '''Fail unexpectedly.'''
    raise ZeroDivisionError("a fault of the plugin")


def describe():
    return {{"name": {name!r}, "version": "1.0", "capabilities": [greet, wait, ask, variables, fault]}}
"""


def write_plugin(root: Path, name: str, source: str, file: str = "plugin.py") -> Path:
    """Write a plugin folder into a workspace and return it."""
    folder = root / "plugins" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(textwrap.dedent(source))
    return folder


def write_greeter(root: Path, marker: Path, name: str = "greeter") -> Path:
    """Write a plugin that leaves a marker file when it is imported."""
    return write_plugin(root, name, GREETER.format(marker=str(marker), name=name))


def trust(folder: Path) -> None:
    """Put the folder's present content into the person's settings."""
    content = digest(read_content(folder))

    def note(document: dict[str, object]) -> None:
        trusted = document.setdefault("trustedPlugins", {})
        assert isinstance(trusted, dict)
        trusted[str(folder.resolve())] = content

    update_person_settings(note)
