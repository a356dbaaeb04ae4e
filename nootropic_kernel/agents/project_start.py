"""The start of a project: its plan, the page that shows it, the project itself, and on request the push of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from nootropic_kernel.agents.scaffolder import Scaffold
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.projects.rendering import RenderedFile
from nootropic_kernel.planning.views.page import PATH, plan_page
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.git import Git, GitFailed
from nootropic_kernel.workspace.location import Workspace

# What stands before the host: of the web's addresses often a key.
_LOGIN = re.compile(r"^(https?://)[^/]*@", re.IGNORECASE)


class PushRefused(NootropicError):
    """Nothing was pushed; what was committed stays."""


def with_plan_page(workspace: Workspace, scaffold: Scaffold, plan: Plan) -> Scaffold:
    """The scaffold with a page that shows the plan, unless there is one: it tells how the project was started."""
    if (workspace.root / PATH).exists():
        return scaffold
    page = RenderedFile(plan_page(plan).encode("utf-8"), False, "the plan")
    files: Mapping[str, RenderedFile] = {**scaffold.files, PATH: page}
    return replace(scaffold, files=files)


def remote_address(workspace: Workspace, remote: str) -> str:
    """Where a push to a remote of the repository goes, every address of it, for people: names and keys are left out.

    :raises PushRefused: when there is none of that name.
    """
    git = Git(workspace.root)
    known = git.text("remote").split()
    if remote not in known:
        raise PushRefused(
            f"There is no remote {remote!r} here, so nothing was pushed.",
            why=f"The repository has {', '.join(known)}." if known else "The repository has none.",
            next=f"Add it (`git remote add {remote} ADDRESS`), then run this again." if not known else "",
            remote=remote,
        )
    addresses = git.text("remote", "get-url", "--push", "--all", remote).splitlines()
    return ", ".join(_LOGIN.sub(r"\1", address) for address in addresses)


def push(workspace: Workspace, remote: str) -> str:
    """Push the current branch to a remote; returns the branch.

    :raises PushRefused: when there is no branch, or the remote does not take it.
    """
    git = Git(workspace.root)
    branch = git.branch()
    if branch is None or git.head() is None:
        raise PushRefused("There is no branch with a commit to push.", next="Check out a branch, then run this again.")
    try:
        git.run("push", "--quiet", "--set-upstream", remote, f"refs/heads/{branch}:refs/heads/{branch}")
    except GitFailed as error:
        raise PushRefused(
            f"{remote} did not take the branch {branch}.",
            why=error.why,
            next=f"What was committed stays. Mend what Git names, then `git push {remote} {branch}`.",
            remote=remote,
            branch=branch,
        ) from error
    return branch
