"""The contract of a capability: typed parameters in, a session that carries what a face lends, a typed result out."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict

from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.plain_text import readable, visible
from nootropic_kernel.workspace.settings import Settings, load_settings


class CapabilityEffect(StrEnum):
    """What a capability may do: look, propose a change, or decide. Only a person decides."""

    READ = "read"
    PROPOSE = "propose"
    DECIDE = "decide"


def to_kebab(name: str) -> str:
    """``allow_executable`` → ``allow-executable``: the name of a parameter as faces show it."""
    return name.rstrip("_").replace("_", "-")


class Params(BaseModel):
    """Base of parameter models. Options are named in kebab case; unknown ones are refused.

    ``json_schema_extra`` of a field tells faces more: ``position`` (0, 1 …: may be given without its name), ``body``
    (the rest of the cell), ``dialogue`` (at a terminal, asked for again and again), ``mentions`` (`@name` stands for
    something), ``short`` (``i``: ``-i``), ``complete`` (what its values are: task, turn, path, …). That of the model:
    ``unlisted`` (programs call the verb, or it takes over a terminal: pages offer no command of it).
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_kebab, populate_by_name=True)


class Result(BaseModel):
    """Base of results: a document for programs that also knows how to show itself to a person."""

    mime: ClassVar[str | None] = None

    @property
    def failed(self) -> bool:
        """True when the verb did its work and the outcome is bad (a check that found faults): exit code 1."""
        return False

    def streamed(self) -> None:
        """Told by a face that showed what the verb wrote: a result that repeats that need not show it again."""

    def text(self) -> str:
        """The result for a terminal."""
        return self.model_dump_json(indent=2)

    def pager_text(self) -> str | None:
        """All of a long result, for a pager in a terminal; None where :meth:`text` is all."""
        return None

    def markdown(self) -> str:
        """The result as Markdown."""
        return f"```text\n{visible(self.text())}\n```"

    def html(self) -> str | None:
        """The result as HTML that needs nothing from outside; every text in it is escaped."""
        return f"<pre>{html.escape(visible(self.text()))}</pre>"

    def data(self) -> dict[str, Any]:
        """What goes under :attr:`mime` for our own renderers."""
        return self.document()

    def document(self) -> dict[str, Any]:
        """The JSON document that ``--json`` prints."""
        return self.model_dump(mode="json", by_alias=True)

    def bundle(self) -> dict[str, Any]:
        """Every form of the result, by MIME type."""
        forms: dict[str, Any] = {"text/plain": readable(self.text()), "text/markdown": self.markdown()}
        if (page := self.html()) is not None:
            forms["text/html"] = page
        if self.mime is not None:
            forms[self.mime] = self.data()
        return forms

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.bundle()

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Progress:
    """News of running work: ``text`` is streamed, ``status`` is a line that replaces the last, ``fraction`` is 0..1."""

    kind: str
    text: str = ""
    fraction: float | None = None


@dataclass
class Session:
    """What a face lends to a verb for one call.

    ``approve`` is None where no person can be asked; ``ask`` for a line of text (None: the input ended) is None where
    none can answer in words; ``edit_text`` opens a text (and the path that it belongs to) in the person's editor, None
    where there is none; ``variables`` are the live variables of the notebook; ``unsaved`` are paths with unsaved edits
    in open tabs, relative to the root. ``form`` is how the result will be shown (text, json, yaml); ``hand_over`` gives
    standard output back to the process, before another program takes its place. ``cell`` names the notebook's cell that
    calls, and which of its calls of the verb this is; empty where none is known.
    """

    workspace: Workspace
    face: str = "python"
    emit: Callable[[Progress], None] = lambda progress: None
    cancel: threading.Event = field(default_factory=threading.Event)
    approve: Callable[[str], bool] | None = None
    ask: Callable[[str], str | None] | None = None
    edit_text: Callable[[str, str], str] | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    unsaved: frozenset[str] = frozenset()
    form: str = "text"
    hand_over: Callable[[], None] = lambda: None
    cell: str = ""
    _database: StateDatabase | None = None
    _settings: Settings | None = None

    @property
    def in_notebook(self) -> bool:
        """Whether the person reads the answer in JupyterLab, where a cell is at hand."""
        return self.face in ("magic", "lab", "widget")

    @property
    def here(self) -> Path:
        """Where a relative path begins: where the person stands; the server of JupyterLab may stand anywhere."""
        return self.workspace.root if self.face == "lab" else Path.cwd()

    def database(self) -> StateDatabase:
        """The workspace's database, opened on first use; what was killed half-way is settled first."""
        if self._database is None:
            from nootropic_kernel.agents.spec_history import unfinished
            from nootropic_kernel.changes.turns import recover

            self._database = StateDatabase.open(self.workspace)
            for note in self._database.notes:
                self.status(note)
            recover(self.workspace, self._database)
            if unfinished(self._database):
                from nootropic_kernel.agents.spec_settling import settle_spec

                settle_spec(self.workspace, self._database)
        return self._database

    def settings(self) -> Settings:
        """The settings in force, read once a call."""
        if self._settings is None:
            self._settings = load_settings(self.workspace)
        return self._settings

    def status(self, text: str, fraction: float | None = None) -> None:
        """Tell the person what is being done."""
        self.emit(Progress("status" if fraction is None else "fraction", text, fraction))

    def write(self, text: str) -> None:
        """Stream a piece of output to the person."""
        self.emit(Progress("text", text))

    def close(self) -> None:
        """Give back what the call opened."""
        if self._database is not None:
            self._database.close()
            self._database = None


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)
Verb = Callable[[P, Session], R]


@dataclass(frozen=True)
class CapabilityMark:
    """What :func:`capability` notes on a function."""

    verb: str
    effect: CapabilityEffect


def capability(*, effect: CapabilityEffect, verb: str | None = None) -> Callable[[Verb[P, R]], Verb[P, R]]:
    """Mark ``verb(params, session)`` as a capability. Its name is the function's, in kebab case, unless given."""

    def mark(function: Verb[P, R]) -> Verb[P, R]:
        name = verb or to_kebab(getattr(function, "__name__", ""))
        function.__capability__ = CapabilityMark(name, effect)  # type: ignore[attr-defined]
        return function

    return mark
