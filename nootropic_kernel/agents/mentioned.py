"""What the mentions of a question stand for, as texts that can be sent to a model, secrets removed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.planner import NoPlan, current_plan
from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.diff_view import unified_diff
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.mentions import Mention, find_mentions
from nootropic_kernel.models.values import describe
from nootropic_kernel.planning.errors import SpecForeign
from nootropic_kernel.runs.effects import Read
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError, PathRefused

_MOST_CHARACTERS = 20_000
_NOTEBOOKS = 100


class MentionNotFound(NootropicError):
    """A question names something that is not there."""


@dataclass(frozen=True)
class Material:
    """A text that goes along with a question, by the name that the person knows it by."""

    name: str
    text: str


@dataclass(frozen=True)
class Looked:
    """What became of one mention: its text, why there is none, or (neither) that it names nothing."""

    mention: Mention
    material: Material | None = None
    refused: NootropicError | None = None


@dataclass
class Mentioned:
    """What was found, and a sentence for each that was not and may not have been meant."""

    materials: list[Material] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Resolver:
    """Looks mentions up in a workspace and among live variables.

    :param database: None where the workspace has none yet; then there is no proposal and no task.
    :param given: texts that the face knows better (a live variable, a cell that is not saved), by the mention's key.
    """

    bench: Workbench
    database: StateDatabase | None
    variables: Mapping[str, Any]
    cancel: threading.Event
    given: Mapping[str, str] = field(default_factory=dict)

    def look(self, text: str) -> list[Looked]:
        """Each mention of ``text`` on its own; nothing is raised for one that cannot be sent."""
        found = []
        for mention in find_mentions(text):
            try:
                told = self._told(mention)
            except NootropicError as refused:
                found.append(Looked(mention, refused=refused))
                continue
            if told is not None:
                # A cell's number alone would say little.
                name = mention.key if mention.kind == "cell" else mention.name
                found.append(Looked(mention, Material(name, _bounded(redact(told)))))
            else:
                found.append(Looked(mention, refused=_not_found(mention) if mention.sure else None))
        return found

    def resolve(self, text: str) -> Mentioned:
        """Everything that ``text`` mentions.

        :raises MentionNotFound: for something that was named in a form that means nothing else.
        :raises PathRefused: for a file that no model may see.
        """
        found = Mentioned()
        for each in self.look(text):
            if each.refused is not None:
                raise each.refused
            if each.material is not None:
                found.materials.append(each.material)
            else:
                found.notes.append(f"{each.mention.written} names nothing here; it was sent as it is written.")
        return found

    def _told(self, mention: Mention) -> str | None:
        given = self.given.get(mention.key)
        if given is not None and self._may_be_told(mention):
            return given
        match mention.kind:
            case "file":
                return self._file(mention)
            case "cell":
                return self._cell(mention.name)
            case "proposal":
                proposal = next((each for each in self._proposals() if each.id == mention.name), None)
                return proposal and f"{proposal.changeset.provenance.title}\n{unified_diff(proposal.changeset)}"
            case "task":
                return self._task(mention.name)
            case "variable":
                return self._variable(mention.name)

    def _may_be_told(self, mention: Mention) -> bool:
        """Whether what a face gave may be sent: what is no file here, and of files those that a model may see.

        :raises PathRefused: for another file. What an open tab holds of it is as secret as what is saved.
        """
        if mention.kind == "file" and (self.bench.workspace.root / mention.name).exists():
            self._read(mention.name)
        return True

    def _variable(self, name: str) -> str | None:
        return describe(name, self.variables[name], redact) if name in self.variables else None

    def _file(self, mention: Mention) -> str | None:
        try:
            data = self._read(mention.name)
        except PathRefused:
            if mention.sure or mention.name in self.bench.paths():
                raise
            data = None
        if data is None:
            # `@df.columns` speaks of the variable.
            return None if mention.sure else self._variable(mention.name.partition(".")[0])
        if b"\0" in data[:8192]:
            return f"(a binary file of {len(data)} bytes)"
        return data.decode("utf-8", "replace")

    def _cell(self, name: str) -> str | None:
        path, marked, wanted = name.rpartition("#")
        notebooks = [path] if marked else [each for each in self.bench.paths() if each.endswith(".ipynb")][:_NOTEBOOKS]
        for notebook in notebooks:
            try:
                read = notebook_file.parse(self._read(notebook) or b"")
            except NootropicError:
                continue  # one notebook that cannot be read does not hide the cell of another
            for number, cell in enumerate(read.cells if read is not None else [], start=1):
                if wanted == cell.get("id") or (marked and wanted == str(number)):
                    return f"{notebook}, cell {number}\n{notebook_file.source_of(cell)}"
        return None

    def _task(self, name: str) -> str | None:
        if self.database is None:
            return None
        try:
            planned = current_plan(self.bench.workspace, self.database)
        except (NoPlan, SpecForeign):
            return None
        task = next((task for task in planned.plan.tasks if task.id == name), None)
        if task is None:
            return None
        accepted = "\n".join(f"- {each.text}" for each in task.acceptance)
        return f"{task.title} [{planned.states[name].status}]\n{task.body}\n{accepted}".rstrip()

    def _proposals(self) -> Sequence[Any]:
        return [] if self.database is None else ProposalStore(self.database, self.bench.workspace).list()

    def _read(self, path: str) -> bytes | None:
        data: bytes | None = self.bench.handlers().read(Read(path), self.cancel)
        return data


def _not_found(mention: Mention) -> MentionNotFound:
    return MentionNotFound(
        f"There is no {mention.kind} {mention.name!r}.",
        why=f"The question names it as {mention.written}.",
        next="Correct the name, or put it into backticks if nothing is to be inserted.",
    )


def _bounded(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]}\n… {len(text) - _MOST_CHARACTERS} more characters"
