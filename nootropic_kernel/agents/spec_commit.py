"""project-spec.md in Git: whether HEAD holds it, and a commit of it alone."""

from __future__ import annotations

from nootropic_kernel.changes.commit import REGULAR, CommitRefused, Entry, GitBusy, Repository
from nootropic_kernel.changes.files import read_file
from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import FILE_NAME, read
from nootropic_kernel.workspace.location import Workspace


def committed_plan(repository: Repository) -> Plan | None:
    """The plan in HEAD, if there is a readable one."""
    committed = repository.content(repository.in_head(FILE_NAME))
    try:
        return read(committed.decode("utf-8")).plan if committed is not None else None
    except (SpecUnreadable, SpecForeign, UnicodeDecodeError):
        return None


def head_is_behind(repository: Repository, plan: Plan) -> bool:
    """Whether HEAD lacks this revision of the plan. Edits by hand of the same revision are the person's to commit."""
    if repository.in_head(FILE_NAME) is None:
        return True
    committed = committed_plan(repository)
    return committed is not None and committed.revision < plan.revision


def has_edits(workspace: Workspace) -> bool:
    """Whether project-spec.md differs from what is committed."""
    if not workspace.has_git:
        return False
    state = read_file(workspace.root, FILE_NAME)
    content = state.content if state else None
    return Repository(workspace.root, workspace.state_dir).differs_from_head(FILE_NAME, content)


def commit_plan(
    workspace: Workspace, plan: Plan, message: str, content: bytes | None = None
) -> tuple[str | None, list[str]]:
    """Commit project-spec.md alone; what Git does not let through is told, the file stays written.

    :param content: what to commit; the file as it is now where not given.
    """
    if not workspace.has_git:
        return None, []
    repository = Repository(workspace.root, workspace.state_dir)
    if repository.git.is_ignored(FILE_NAME):
        return None, ["project-spec.md is written, not committed: Git ignores it here."]
    if content is None:
        state = read_file(workspace.root, FILE_NAME)
        assert state is not None
        content = state.content
    try:
        repository.check_ready()
        before, staged, parent = repository.in_head(FILE_NAME), repository.in_index(FILE_NAME), repository.git.head()
        cleaned = repository.clean(FILE_NAME, content)
        assert cleaned is not None
        entry = Entry(repository.store(cleaned), before.mode if before else REGULAR)
        follows = staged == before  # a person who staged something else of it keeps that
        if follows:
            # First: of a process killed right behind its commit Git would say that the file was taken away or back.
            repository.stage({FILE_NAME: entry})
        try:
            commit = repository.commit({FILE_NAME: entry}, f"{message}\n\nNootropic-Plan: {plan.id}\n", parent)
        except (CommitRefused, GitBusy):
            if follows:
                repository.stage({FILE_NAME: staged})
            raise
    except (CommitRefused, GitBusy) as refusal:
        return None, [f"project-spec.md is written, not committed: {refusal.what} {refusal.why}".strip()]
    return commit, []
