"""``init``: makes a folder ready to work in."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace import state_marks
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import STATE_FOLDER, Workspace, person_home


class InitParams(Params):
    """Which folder, and what it gets."""

    path: str | None = Field(
        None,
        description="The folder; it is made when there is none. Without it the one you are in.",
        json_schema_extra={"position": 0, "complete": "folder"},
    )
    git: bool = Field(False, description="Make a Git repository where there is none.")
    adopt: bool = Field(False, description="Believe the .nootropic folder that is here, made under another account.")
    model: bool = Field(False, description="Fetch the embedded model (the only part that uses the network).")


class InitResult(Result):
    """Where the workspace is, and what was done or was there already."""

    root: str
    has_git: bool
    done: list[str]
    notes: list[str]

    def text(self) -> str:
        lines = [f"Workspace {self.root}", *(f"  {line}" for line in self.done), *(f"  {line}" for line in self.notes)]
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def init(params: InitParams, session: Session) -> InitResult:
    """Make a folder ready to work in; running it again changes nothing.

    It makes the state folder `.nootropic` (which ignores itself in Git) and your own folder for settings. With `--git`
    it makes a Git repository where there is none, with `--model` it fetches the embedded model. Your files are not
    touched and nothing is committed.
    """
    workspace = _workspace(params, session)
    done: list[str] = []
    if not workspace.has_git and (params.git or _agreed(session, workspace)):
        Git(workspace.root).run("init", "--quiet")
        workspace = Workspace.find(workspace.root)
        done.append("Made a Git repository.")
    if params.adopt and (workspace.root / STATE_FOLDER).is_dir():
        state_marks.adopt(workspace.root / STATE_FOLDER)
        workspace = Workspace.find(workspace.root)
        done.append("The state folder is believed from now on.")
    fresh = not workspace.state_dir.exists()
    workspace.ensure()
    done.append(f"Made the state folder {workspace.state_dir}." if fresh else "The state folder is there already.")
    done.append(_home())
    if params.model:
        done.append(_model(session))
    return InitResult(root=str(workspace.root), has_git=workspace.has_git, done=done, notes=list(workspace.notes))


def _workspace(params: InitParams, session: Session) -> Workspace:
    if params.path is None:
        return session.workspace
    folder = Path(params.path).expanduser()
    if not folder.is_absolute():
        folder = Path.cwd() / folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceUnusable(
            f"The folder {str(folder)!r} cannot be made.",
            why=error.strerror or str(error),
            next="Name a folder that you may write to.",
            path=str(folder),
        ) from error
    return Workspace.find(folder)


def _agreed(session: Session, workspace: Workspace) -> bool:
    if session.approve is None:
        return False
    return session.approve(f"There is no Git repository in {workspace.root}. Make one?")


def _home() -> str:
    home = person_home()
    if home.is_dir():
        return f"Your own folder is there already: {home}."
    try:
        home.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise WorkspaceUnusable(
            f"Your own folder {str(home)!r} cannot be made.",
            why=error.strerror or str(error),
            next="Set NOOTROPIC_HOME to a folder that you may write to.",
            path=str(home),
        ) from error
    return f"Made your own folder {home}."


def _model(session: Session) -> str:
    from nootropic_kernel.capabilities.models import ModelsParams, models

    return models(ModelsParams(action="pull", name=None), session).message
