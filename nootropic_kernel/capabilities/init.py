"""``init``: makes a folder ready to work in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pydantic import Field

from nootropic_kernel.agents.planner import Planned, check_brief, plan_brief
from nootropic_kernel.agents.project_start import PushRefused, push, remote_address, with_plan_page
from nootropic_kernel.agents.scaffolder import Scaffold, build_scaffold, choose_template, git_author
from nootropic_kernel.agents.scheduler import schedule_plan
from nootropic_kernel.agents.spec_commit import commit_plan
from nootropic_kernel.agents.task_states import finished, load_states
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.plan_views import notes_on_budget
from nootropic_kernel.capabilities.scaffold import ScaffoldResult, elsewhere, fill, make_folder, template_library
from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.projects.scaffold import project_from_plan
from nootropic_kernel.planning.projects.templates import NoSuchTemplate
from nootropic_kernel.planning.spec.file import FILE_NAME, read
from nootropic_kernel.planning.views.tree import verdict_lines
from nootropic_kernel.workspace import state_marks
from nootropic_kernel.workspace.errors import UsageError, WorkspaceUnusable
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
    brief: str | None = Field(
        None,
        description="What is to be made: it is planned, made and committed.",
        json_schema_extra={"body": True},
    )
    template: str | None = Field(None, description="With --brief: a template by name, or its folder.")
    push: bool = Field(False, description="With --brief: push the branch to --remote afterwards.")
    remote: str = Field("origin", description="With --push: the remote; it must be there.")
    model: bool = Field(False, description="Fetch the embedded model (the only part that uses the network).")


class InitResult(Result):
    """Where the workspace is, and what was done or was there already."""

    root: str
    has_git: bool
    done: list[str]
    notes: list[str]
    project: ScaffoldResult | None = None

    def text(self) -> str:
        lines = [f"Workspace {self.root}", *(f"  {line}" for line in self.done), *(f"  {line}" for line in self.notes)]
        if self.project is not None:
            lines += self.project.text().split("\n")
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def init(params: InitParams, session: Session) -> InitResult:
    """Make a folder ready to work in; running it again changes nothing.

    It makes the state folder `.nootropic` (which ignores itself in Git) and your own folder for settings. With `--git`
    it makes a Git repository where there is none, with `--model` it fetches the embedded model. Your files are not
    touched; only a plan that was here before the repository is committed.

    With `--brief` it starts a project: a Git repository, the plan (project-spec.md), the project from a template with
    the plan's graph in docs/plan.md, and a commit of each, so that `undo` takes
    the project back and leaves the plan. What the project did at once takes no time of the plan: what is left is
    scheduled anew. In a folder that is not empty the project becomes a proposal
    to review. Nothing is pushed unless you say `--push`. After an interruption the same call goes on.
    """
    if params.brief is None and (params.push or params.template):
        raise UsageError("`--push` and `--template` go with `--brief`.")
    if params.brief is not None:
        check_brief(params.brief)
    workspace = _workspace(params, session)
    done: list[str] = []
    if not workspace.has_git and (params.git or params.brief is not None or _agreed(session, workspace)):
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
    notes = list(workspace.notes)
    if workspace.has_git and params.brief is None:
        done += _plan_committed(workspace, notes)
    project = _start(params, params.brief, workspace, session, done, notes) if params.brief is not None else None
    return InitResult(root=str(workspace.root), has_git=workspace.has_git, done=done, notes=notes, project=project)


def _start(
    params: InitParams, brief: str, workspace: Workspace, session: Session, done: list[str], notes: list[str]
) -> ScaffoldResult | None:
    """Plan, project, push; each step is whole or not there, and is skipped where it was done before."""
    if params.path is not None and make_folder(params.path, session.here).resolve() != workspace.root.resolve():
        raise UsageError(
            f"{params.path} lies in the repository {workspace.root}.",
            why="A project is started in a repository of its own.",
            next=f"Choose a folder outside, or make a repository there first (`git init {params.path}`).",
        )
    address = remote_address(workspace, params.remote) if params.push else ""
    with elsewhere(session, workspace) as there:
        there.status("Reading the brief")
        planned = plan_brief(workspace, there.database(), brief, unsaved=there.unsaved)
        done.append(_planned(planned))
        notes += [*planned.notes, *verdict_lines(planned.plan, "not understood")]
        made, missing = _made(params, there, planned)
        result = None if made is None else _filled(there, made, planned)
        latest = planned if made is None or result is None else _scheduled(there, made, planned, result, done)
        notes += [*notes_on_budget(latest), *missing]
    if params.push:
        done.append(_push(params, workspace, session, address))
    return result


def _made(params: InitParams, there: Session, planned: Planned) -> tuple[Scaffold | None, list[str]]:
    """The project in memory; None, and why, where no template makes one of that sort."""
    workspace = there.workspace
    library = template_library(workspace)
    project = project_from_plan(planned.plan)
    try:
        template = choose_template(library, project, params.template)
    except NoSuchTemplate as missing:
        if params.template is not None:
            raise
        return None, [f"{missing.what} The plan is there; its tasks start from what is here."]
    there.status(f"Making {project.title} from the template {template.name}")
    made = build_scaffold(library, template, replace(project, author=git_author(workspace)), date.today())
    return with_plan_page(workspace, made, planned.plan), []


def _filled(there: Session, made: Scaffold, planned: Planned) -> ScaffoldResult:
    return ScaffoldResult.of(fill(there, made, plan=planned.plan), there.workspace.root)


def _scheduled(there: Session, made: Scaffold, planned: Planned, result: ScaffoldResult, done: list[str]) -> Planned:
    """The plan scheduled anew: what the project did at once takes no time. Never after anything else was done."""
    plan = planned.plan
    if result.action not in ("written", "there") or plan.revision > 1:
        return planned
    states = load_states(there.workspace, there.database(), plan)
    at_once = {task.id for task in plan.tasks if task.provides and set(task.provides) <= made.provides}
    ready = finished(states)
    if not ready or not ready <= at_once:
        return planned
    latest = schedule_plan(there.workspace, there.database(), unsaved=there.unsaved)
    if latest.action == "amended":
        commit = f" (commit {latest.commit[:10]})" if latest.commit else ""
        done.append(f"Scheduled what is left{commit}. {latest.notes[0]}")
    return latest


def _plan_committed(workspace: Workspace, notes: list[str]) -> list[str]:
    """A plan that was made before there was a repository is committed now."""
    if not (workspace.root / FILE_NAME).is_file() or Git(workspace.root).head() is not None:
        return []
    try:
        plan = read((workspace.root / FILE_NAME).read_text("utf-8")).plan
    except (SpecUnreadable, SpecForeign, UnicodeDecodeError) as problem:
        notes.append(f"{FILE_NAME} is not committed: it cannot be read as a plan ({problem}).")
        return []
    commit, refused = commit_plan(workspace, plan, f"Plan: {plan.title}")
    notes += refused
    return [f"Committed the plan that was here (commit {commit[:10]})."] if commit else []


def _planned(planned: Planned) -> str:
    commit = f" (commit {planned.commit[:10]})" if planned.commit else ""
    count = f"{len(planned.plan.tasks)} tasks"
    if planned.action == "made":
        return f"Planned “{planned.plan.title}”: {count} in project-spec.md{commit}."
    return f"The plan is there already: {count}{commit}."


def _push(params: InitParams, workspace: Workspace, session: Session, address: str) -> str:
    if session.approve is not None and not session.approve(f"Push to {params.remote} ({address})?"):
        raise PushRefused("Nothing was pushed.", why="You said no.", next="What was committed stays.")
    return f"Pushed {push(workspace, params.remote)} to {params.remote} ({address})."


def _workspace(params: InitParams, session: Session) -> Workspace:
    if params.path is None:
        return session.workspace
    return Workspace.find(make_folder(params.path, session.here))


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
