"""``scaffold``: the project of a plan or a spec, from a template."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.agents.scaffolder import (
    Scaffold,
    Scaffolded,
    build_scaffold,
    choose_template,
    git_author,
    scaffold_folder,
)
from nootropic_kernel.capabilities import plugins
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.changes.layers import NeedsOwnYes
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.projects.scaffold import (
    Project,
    ScaffoldInvalid,
    project_from_document,
    project_from_plan,
)
from nootropic_kernel.planning.projects.templates import TemplateLibrary
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.planning.spec.file import read as read_plan
from nootropic_kernel.workspace.errors import PathRefused, UsageError, WorkspaceUnusable
from nootropic_kernel.workspace.homes import named_path
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import lexical_fault
from nootropic_kernel.workspace.settings import load_settings

_MOST_BYTES = 1_000_000


class ScaffoldParams(Params):
    """What to make, and where."""

    spec: str | None = Field(
        None,
        description="A spec.yaml or a project-spec.md. Without it the plan of this workspace.",
        json_schema_extra={"complete": "path"},
    )
    out: str | None = Field(
        None,
        description="The folder; it is made when there is none. Without it the workspace itself.",
        json_schema_extra={"complete": "folder"},
    )
    template: str | None = Field(
        None,
        description="A template by name, or a folder with a cookiecutter.json. Without it the plan decides.",
    )
    list_: bool = Field(False, alias="list", description="Only list the templates.")
    allow_executable: bool = Field(
        False, description="Yes to files of a template that can run by themselves (shipped ones need no yes)."
    )


class TemplateView(BaseModel):
    """One template."""

    name: str
    origin: str
    about: str


class ScaffoldResult(Result):
    """What became of the project: ``written``, ``proposed``, ``there`` already, ``undone`` before, or ``listed``."""

    action: str
    folder: str = ""
    template: str = ""
    title: str = ""
    paths: list[str] = Field(default_factory=list)
    left: list[str] = Field(default_factory=list)
    proposal: str | None = None
    turn: str | None = None
    commit: str | None = None
    tasks: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    templates: list[TemplateView] = Field(default_factory=list)

    @classmethod
    def of(cls, done: Scaffolded, folder: Path) -> ScaffoldResult:
        """The view of what was done."""
        return cls(
            action=done.action,
            folder=str(folder),
            template=done.scaffold.template.name,
            title=done.scaffold.project.title,
            paths=list(done.paths),
            left=list(done.left),
            proposal=done.proposal,
            turn=done.turn.id if done.turn else None,
            commit=done.turn.commit if done.turn else None,
            tasks=list(done.tasks),
            notes=[*done.scaffold.notes, *done.notes],
        )

    def text(self) -> str:
        if self.action == "listed":
            width = max((len(each.name) for each in self.templates), default=0)
            return "\n".join(
                f"{each.name:{width}}  {each.about}{'' if each.origin == 'shipped' else f' ({each.origin})'}"
                for each in self.templates
            )
        lines = [self._head()]
        if self.paths:
            shown = ", ".join(self.paths[:6]) + (f" and {len(self.paths) - 6} more" if len(self.paths) > 6 else "")
            lines.append(f"  {shown}")
        if self.left:
            lines.append(f"  Left as they are, because they are there already: {', '.join(self.left)}.")
        if self.tasks:
            when = "Done with it" if self.action != "proposed" else "Done once all of it is accepted"
            lines.append(f"  {when}: {', '.join(self.tasks)}.")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes), *self._next()])

    def _head(self) -> str:
        files = f"{len(self.paths)} file{'s' if len(self.paths) != 1 else ''}"
        commit = f" (commit {self.commit[:10]})" if self.commit else ""
        return {
            "written": f"Made {self.title} from the template {self.template}: {files} in {self.folder}{commit}.",
            "proposed": f"{self.folder} is not empty, so {self.title} ({self.template}) waits for a review: "
            f"{self.proposal}, {files}. Nothing was written.",
            "there": f"{self.title} ({self.template}) is in {self.folder} already; nothing was changed.",
            "undone": f"{self.title} ({self.template}) was made here and taken back.",
        }[self.action]

    def _next(self) -> list[str]:
        return {
            "written": [f"Next: `make install test` in {self.folder}; `noo undo {self.turn}` takes it back."],
            "proposed": [f"Next: `noo review {self.proposal}`, then `noo accept {self.proposal}`."],
            "undone": [f"Next: `noo redo {self.proposal}` brings it back."],
        }.get(self.action, [])


@capability(effect=CapabilityEffect.DECIDE)
def scaffold(params: ScaffoldParams, session: Session) -> ScaffoldResult:
    """Make the project of a plan, or of a small spec, from a Cookiecutter template.

    Packaging, tests, CI for GitHub and GitLab, README, licence, and working code for the things that the plan keeps. An
    empty folder is filled and committed as one step that `undo` takes back; where anything lies already, the missing
    files become a proposal to review, and nothing is overwritten. Tasks of the plan that this does are done. Running it
    again changes nothing.

    Templates come from this workspace (`experiments/templates/`), from plugins that you trust, and with Nootropic;
    `--list` shows them, `--template` takes a name or a folder. None is ever fetched, and hooks of templates are not
    run.
    """
    library = template_library(session.workspace)
    if params.list_:
        views = [TemplateView(name=each.name, origin=each.origin, about=each.about) for each in library.all()]
        return ScaffoldResult(action="listed", templates=views)
    project, plan, source = _project(params, session)
    with _place(params.out, session) as (there, folder):
        if plan is not None and not (source == there.workspace.root / FILE_NAME and not folder):
            plan = None  # tasks are done where their plan is kept
        template = choose_template(library, project, params.template)
        session.status(f"Making {project.title} from the template {template.name}")
        made = build_scaffold(library, template, _with_author(project, there.workspace), date.today())
        done = fill(there, made, folder=folder, plan=plan, source=source, allow=params.allow_executable)
        return ScaffoldResult.of(done, there.workspace.root / folder)


def template_library(workspace: Workspace) -> TemplateLibrary:
    """The templates of a workspace; of its plugins only those that the person trusts as they are now."""
    trusted = load_settings(workspace).trusted_plugins
    folders = [each for each in plugins.find_folders(workspace.root, trusted) if each.trusted]
    return TemplateLibrary(workspace, [Path(each.path) / "templates" for each in folders])


def fill(
    session: Session,
    made: Scaffold,
    *,
    folder: str = "",
    plan: Plan | None = None,
    source: Path | None = None,
    allow: bool = False,
) -> Scaffolded:
    """Write or propose a project; files that run by themselves need a yes, unless the template is a shipped one."""
    root = session.workspace.root
    ignored = [source.relative_to(root / folder).as_posix()] if source and (root / folder) in source.parents else []

    def go(allowed: bool) -> Scaffolded:
        return scaffold_folder(
            session.workspace,
            session.database(),
            made,
            folder=folder,
            plan=plan,
            ignored=ignored,
            unsaved=session.unsaved,
            allow_executable=allowed,
        )

    try:
        return go(allow or made.shipped)
    except NeedsOwnYes as refusal:
        refusal.next = "Read the template, then scaffold with --allow-executable."
        if session.approve is None or not session.approve(f"{refusal.what} Write it?"):
            raise
        return go(True)


@contextmanager
def elsewhere(session: Session, workspace: Workspace) -> Iterator[Session]:
    """The same session in another workspace; what it opens there is closed at the end."""
    if workspace == session.workspace:  # which has changed where `init` has just made the repository
        yield session
        return
    other = dataclasses.replace(session, workspace=workspace, _database=None, _settings=None)
    try:
        yield other
    finally:
        other.close()


def make_folder(path: str, base: Path) -> Path:
    """A folder that the person named, made when there is none.

    :param base: where a relative path begins.
    :raises WorkspaceUnusable: when it cannot be made.
    :raises UsageError: when no folder can be called that.
    """
    folder = named_path(path, base)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceUnusable(
            f"The folder {str(folder)!r} cannot be made.",
            why=error.strerror or str(error),
            next="Name a folder that you may write to.",
            path=str(folder),
        ) from error
    return folder


@contextmanager
def _place(out: str | None, session: Session) -> Iterator[tuple[Session, str]]:
    if out is None:
        yield session, ""
        return
    named = named_path(out, session.here)
    folder, root = named.resolve(), session.workspace.root
    if Path(os.path.normpath(named)).is_relative_to(root) and not folder.is_relative_to(root.resolve()):
        raise PathRefused(out, f"A link leads from it out of the repository, to {folder}")
    workspace = Workspace.find(next(each for each in (folder, *folder.parents) if each.is_dir()))
    inside = folder.relative_to(workspace.root.resolve()).as_posix()
    inside = "" if inside == "." else inside
    if inside and (fault := lexical_fault(inside)):
        raise PathRefused(inside, fault)
    make_folder(str(folder), folder)
    with elsewhere(session, workspace) as there:
        yield there, inside


def _project(params: ScaffoldParams, session: Session) -> tuple[Project, Plan | None, Path | None]:
    """The project that is asked for, the plan that it comes from if it does, and the file that says so."""
    if params.spec is None:
        plan = current_spec(session.workspace).plan
        return project_from_plan(plan), plan, session.workspace.root / FILE_NAME
    path = named_path(params.spec, session.here).resolve()
    text = _read(path)
    if path.suffix == ".md":
        plan = read_plan(text).plan
        return project_from_plan(plan), plan, path
    return project_from_document(_yaml(path, text)), None, path


def _read(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {str(path)!r}.", next="Name a spec.yaml or a project-spec.md.")
        if path.stat().st_size > _MOST_BYTES:
            raise ScaffoldInvalid(f"{path.name} is larger than {_MOST_BYTES // 1_000_000} MB.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScaffoldInvalid(f"{path.name} cannot be read.", why=str(error)) from error


def _yaml(path: Path, text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScaffoldInvalid(f"{path.name} is not valid YAML.", why=str(error)) from error


def _with_author(project: Project, workspace: Workspace) -> Project:
    return project if project.author else dataclasses.replace(project, author=git_author(workspace))
