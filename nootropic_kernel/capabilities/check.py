"""``check``: the scan and the tests, on a proposal or on the files as they are."""

from __future__ import annotations

import html
import threading

from pydantic import Field

from nootropic_kernel.agents.consent import with_consent
from nootropic_kernel.agents.critic import check_step
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.proposal_document import BELOW, CHECK_MARKS, CheckView
from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.checks.scan import scan
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.homes import named_path
from nootropic_kernel.workspace.rules import check_path


class CheckParams(Params):
    """What to check."""

    what: list[str] = Field(
        default_factory=list,
        description="A proposal (P1), or paths. Without any, what differs from the last commit.",
        json_schema_extra={"position": 0, "complete": "proposal path"},
    )
    no_tests: bool = Field(False, description="Scan only; do not run the tests.")


class CheckOutcome(Result):
    """What each check said about what."""

    subject: str
    checks: list[CheckView]

    @property
    def failed(self) -> bool:
        """A check says no."""
        return any(check.passed is False for check in self.checks)

    def text(self) -> str:
        """One line a check; what was not run says so."""
        lines = [f"{self.subject}"]
        for check in self.checks:
            vouched = f"  (vouched for by: {check.vouched_by})" if check.vouched_by else ""
            detail = check.detail.replace("\n", BELOW)
            lines.append(f"  {CHECK_MARKS[check.passed]} {check.name}: {detail}{vouched}")
        return "\n".join(lines)

    def html(self) -> str:
        """A list."""
        items = "".join(
            f"<li>{CHECK_MARKS[check.passed]} <b>{html.escape(check.name)}</b>: "
            f'<span style="white-space:pre-wrap">{html.escape(check.detail)}</span> '
            f"<em>{html.escape(check.vouched_by)}</em></li>"
            for check in self.checks
        )
        return f"<p>{html.escape(self.subject)}</p><ul>{items}</ul>"


@capability(effect=CapabilityEffect.READ)
def check(params: CheckParams, session: Session) -> CheckOutcome:
    """Check a proposal, files, or what you changed since the last commit.

    Tells whether everything parses, whether a name became undefined, whether something looks like a secret, whether a
    file is touched that runs by itself, and whether the repository's tests pass on a copy in the sandbox. Each result
    says who vouches for it.
    """
    names = params.what
    if len(names) == 1 and names[0][:1].upper() == "P" and names[0][1:].isdigit():
        return _proposal(names[0].upper(), params, session)
    if any(":" in name for name in names):
        raise UsageError("A single hunk cannot be checked.", next="Check its whole proposal.")
    changeset = _working_tree(names, session)
    subject = ", ".join(names) if names else "What differs from the last commit"
    if not changeset.hunks:
        return CheckOutcome(subject=f"{subject}: nothing", checks=[])
    return CheckOutcome(subject=subject, checks=[*map(CheckView.of, _checked(changeset, params, session))])


def _proposal(name: str, params: CheckParams, session: Session) -> CheckOutcome:
    store = ProposalStore(session.database(), session.workspace)
    proposal = store.get(name)
    checks = _checked(proposal.changeset, params, session)
    if not params.no_tests:
        store.set_checks(name, checks)
    return CheckOutcome(subject=f"{name} {proposal.changeset.provenance.title}", checks=[*map(CheckView.of, checks)])


def _checked(changeset: ChangeSet, params: CheckParams, session: Session) -> list[CheckResult]:
    asked = f"{changeset.provenance.title} ({changeset.provenance.how})"
    if params.no_tests:
        return scan(changeset, asked)
    bench = Workbench(session.workspace, session.settings(), approve=session.approve, tell=session.status)
    paths = {*bench.paths(), *(edit.path for edit in changeset.files)}
    before = tuple(FileEdit(edit.path, edit.new, edit.base) for edit in changeset.files)
    step = check_step(changeset, paths, bench.trial, before, asked)
    return list(drive(with_consent(step), bench.handlers(), session.cancel or threading.Event()))


def _working_tree(names: list[str], session: Session) -> ChangeSet:
    """The files named, or those that differ from the last commit, as edits from the committed bytes."""
    workspace = session.workspace
    git = Git(workspace.root)
    if not names and not workspace.has_git:
        raise UsageError("There is no Git repository, so nothing to compare with.", next="Name the files to check.")
    head = git.head() if workspace.has_git else None
    if names:
        listed = [name.removeprefix("./") for name in names]
        for path in listed:
            place = named_path(str(workspace.root / path), workspace.root)
            check_path(workspace, path)
            if not place.is_file():
                raise UsageError(f"There is no file {path}.", next="Name a file of this repository, or a proposal.")
    else:
        changed = git.run("diff", "--name-only", "-z", "HEAD", "--", ".").split(b"\0") if head else []
        fresh = git.run("ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
        found = [name.decode("utf-8", "surrogateescape") for name in [*changed, *fresh] if name]
        listed = sorted({*found, *(git.files() if head is None else ())})
    edits = []
    for path in listed:
        place = workspace.root / path
        new = place.read_bytes() if place.is_file() and not place.is_symlink() else None
        base = git.show("HEAD", path) if head and not names else None
        if base is not None or new is not None:
            edits.append(FileEdit(path, base, new))
    return build_changeset(edits)
