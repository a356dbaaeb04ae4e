"""Earlier revisions of project-spec.md, from Git, and what was decided since, from the journal."""

from __future__ import annotations

import re

from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.history import PastPlan, Since, since
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.spec.file import FILE_NAME, load
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.location import Workspace

_MOST = 300  # commits of project-spec.md that are looked through
_NUMBER = re.compile(r"[0-9]{1,9}")
_HELD = ("hunk.accepted", "hunk.edited")


def changed_since(
    workspace: Workspace, database: StateDatabase, plan: Plan, states: dict[str, TaskState], revision: str = ""
) -> Since | None:
    """What changed since an earlier revision; None where no earlier one is known.

    :param revision: the number of a revision of the plan, or a commit; without it the revision before this one,
        or this one as it was committed where tasks were taken out of it by hand.
    :raises UsageError: when there is no such revision.
    """
    past = past_plan(workspace, plan, revision.strip())
    return None if past is None else since(past, plan, states, _decided(workspace, database, plan, past))


def past_plan(workspace: Workspace, plan: Plan, revision: str) -> PastPlan | None:
    """An earlier revision of a plan, as Git keeps it."""
    git = Git(workspace.root)
    if not workspace.has_git or git.head() is None:
        if revision:
            raise UsageError("Without Git no earlier revision of the plan is kept.")
        return None
    if revision and not _NUMBER.fullmatch(revision):
        return _at_commit(git, revision)
    log = git.text("log", f"-{_MOST}", "--format=%H%x00%ct%x00%s", "--", FILE_NAME)
    for line in log.splitlines():
        commit, at, why = line.split("\0", 2)
        text = _text(git, commit)
        number = int(found[1]) if (found := re.search(r"^revision: (\d{1,9})\s*$", text, re.M)) else 0
        if (number == int(revision)) if revision else (0 < number <= plan.revision):
            try:
                past = load(text)
            except (SpecUnreadable, SpecForeign):
                continue
            # Of the same revision, where a person has taken tasks out of it since.
            if past.id == plan.id and (revision or number < plan.revision or _lost(past, plan)):
                return PastPlan(past, commit, float(at), why)
    if revision:
        raise UsageError(
            f"There is no revision {revision} of this plan.", next=f"`git log {FILE_NAME}` shows those there are."
        )
    return None


def _lost(past: Plan, plan: Plan) -> bool:
    return bool({task.id for task in past.tasks} - {task.id for task in plan.tasks})


def _at_commit(git: Git, name: str) -> PastPlan:
    try:
        wanted = git.text("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        commit, at, why = git.text("log", "-1", "--format=%H%x00%ct%x00%s", wanted).strip("\n").split("\0", 2)
        return PastPlan(load(_text(git, commit)), commit, float(at), why)
    except GitFailed as error:
        raise UsageError(
            f"There is no revision or commit {name}.", next="Say a number (`--since 3`) or a commit (`--since HEAD~2`)."
        ) from error
    except (SpecUnreadable, SpecForeign) as error:
        raise UsageError(f"The commit {name} holds no {FILE_NAME} that can be read.") from error


def _text(git: Git, commit: str) -> str:
    """The plan's file in a commit; empty where it was not there."""
    return git.result("show", f"{commit}:./{FILE_NAME}", ok=None).stdout.decode("utf-8", "replace")


def _decided(workspace: Workspace, database: StateDatabase, plan: Plan, past: PastPlan) -> set[str]:
    """Tasks of which something was accepted, or that were found done, since a revision of the plan."""
    connection = database.read()
    # A commit's time counts in seconds; where the journal knows the commit, it knows the order.
    made = [each for each in journal.events(connection, subject=plan.id) if each.data.get("commit") == past.commit]
    start = made[0].id if made else 0
    tasks = {
        each.id: {each.task, *(each.tasks if each.status == "accepted" else ())} - {None}
        for each in ProposalStore(database, workspace).overview().proposals
    }
    found: set[str] = set()
    for kind in _HELD:
        for event in journal.events(connection, after=start, kind=kind):
            if made or event.at > past.at:
                found.update(filter(None, tasks.get(event.subject.partition(":")[0], ())))
    for event in journal.events(connection, after=start, kind="task.satisfied", subject=plan.id):
        if made or event.at > past.at:
            found.add(str(event.data.get("task")))
    return found
