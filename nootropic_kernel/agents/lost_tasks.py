"""Tasks that a person took out of project-spec.md, with the commit that has them still."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nootropic_kernel.agents.spec_commit import committed_plan
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace

_MOST = 300  # commits of project-spec.md that are looked through
_TAKEN_OUT = re.compile(r"^-#### (T\d+) · (.*)$", re.MULTILINE)
_PLAN_ID = re.compile(r"^\+id: ", re.MULTILINE)


@dataclass(frozen=True)
class LostTask:
    """A task that the file does not hold any more; no verb takes one out of it."""

    id: str
    title: str
    commit: str

    def sentence(self) -> str:
        """What happened to it, and how it is brought back."""
        title = f"“{self.title}” " if self.title else ""
        return (
            f"{self.id} {title}was taken out of {FILE_NAME} by hand; the commit {self.commit[:10]} has it. To bring "
            f"it back, copy its section from `git show {self.commit[:10]}:./{FILE_NAME}` to where it stood; "
            f"`noo task {self.id} --status cancelled` gives up a task and keeps its record."
        )


def lost_tasks(workspace: Workspace, plan: Plan) -> list[LostTask]:
    """The tasks that a commit of this plan has and the plan has not, each with the newest such commit."""
    git = Git(workspace.root)
    if not workspace.has_git or git.head() is None:
        return []
    here = {task.id for task in plan.tasks}
    found: dict[str, LostTask] = {}
    committed = committed_plan(Repository(workspace.root, workspace.state_dir))
    if committed is not None and committed.id == plan.id:
        head = git.text("log", "-1", "--format=%H", "--", FILE_NAME).strip()
        found |= {task.id: LostTask(task.id, task.title, head) for task in committed.tasks if task.id not in here}
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--unified=0")
    log = git.text("log", f"-{_MOST}", "--patch", *plain, "--format=%x00%H %P", "--", FILE_NAME)
    for entry in log.split("\0")[1:]:
        names, _, patch = entry.partition("\n")
        if _PLAN_ID.search(patch):
            break  # the plan's first commit: what it took out of the file was another plan's
        for name, title in _TAKEN_OUT.findall(patch):
            if name not in here and name not in found and len(parents := names.split()) > 1:
                found[name] = LostTask(name, title, parents[1])
    return sorted(found.values(), key=lambda lost: int(lost.id[1:]))
