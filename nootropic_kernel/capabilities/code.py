"""``code``: a written instruction becomes a proposal, by a model, or by the recipe that its words name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from nootropic_kernel.agents.edit_task import Instruction
from nootropic_kernel.agents.executor import Job, Performed, perform
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.proposal_views import ProposalResult
from nootropic_kernel.changes.diff_view import unified_diff
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import EmptyProposal, Proposal
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.rules import check_path

_TITLE = 72


class CodeParams(Params):
    """What is to be changed, and where."""

    instruct: str = Field(
        "",
        description="What to change, in your own words.",
        json_schema_extra={"position": 0, "words": True, "body": True},
    )
    file: list[str] = Field(
        default_factory=list,
        description="A file to change; may be given several times. Without it, the file that fits best is taken.",
        json_schema_extra={"complete": "path"},
    )
    cell: str | None = Field(
        None, description="Change only this cell of the notebook that --file names: its id, or its number from 1."
    )
    model: bool = Field(False, description="Ask a model even where a recipe would do.")


class CodeResult(ProposalResult):
    """A proposal with its whole diff."""

    diff: str
    escalated: bool = False

    @property
    def failed(self) -> bool:
        """The change was proposed, but its checks fail even after repair: a person must look."""
        return self.escalated

    @classmethod
    def made(cls, done: Performed, session: Session, *, notes: Sequence[str] = ()) -> CodeResult:
        """The result for a job that was done.

        :raises EmptyProposal: when nothing was left to do.
        """
        if done.proposal is None:
            raise EmptyProposal()
        notes = [*done.notes, *notes, *unsaved_note(done.proposal, session)]
        view = ProposalResult.of(done.proposal, session.workspace, notes=notes)
        fields: dict[str, Any] = {name: getattr(view, name) for name in ProposalResult.model_fields}
        return cls(**fields, diff=unified_diff(done.proposal.changeset), escalated=done.escalated)


@capability(effect=CapabilityEffect.PROPOSE)
def code(params: CodeParams, session: Session) -> CodeResult:
    """Have a model change files, as a proposal that you review.

    Nothing is written to your files. The change is checked (does it parse, are its names defined, does it carry a
    secret, do the repository's tests pass on a copy in the sandbox); a failing one is repaired at most twice. The
    answer says which model spoke. Stopped or broken off, the same call goes on where it was. "rename X to Y" and
    "add docstrings to F" alone are done by recipes, without a model; `--model` asks a model all the same.
    """
    text = params.instruct.strip()
    if not text:
        raise UsageError("There is no instruction.", next='Say what to change: `noo code --file F --instruct "…"`.')
    files = tuple(dict.fromkeys(path.removeprefix("./") for path in params.file))
    if params.cell is not None and not (len(files) == 1 and files[0].endswith(".ipynb")):
        raise UsageError("--cell needs the notebook it is in.", next="Name it: --file notes.ipynb --cell ID.")
    for path in files:
        check_path(session.workspace, path)
    title = text.splitlines()[0]
    title = title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
    job = Job(title, instruction=Instruction(text, files, params.cell), by_model=params.model)
    new = _new_files(files, session)
    for note in new:
        session.status(note)
    try:
        done = do(job, session)
    except NoUsableEdit as problem:
        problem.why = " ".join([problem.why, *new])
        raise
    return CodeResult.made(done, session, notes=new)


def do(job: Job, session: Session) -> Performed:
    """Perform a job with what the session lends."""
    bench = Workbench(
        session.workspace, session.settings(), approve=session.approve, on_text=session.write, tell=session.status
    )
    session.workspace.ensure()
    try:
        return perform(job, session.workspace, session.database(), bench, session.cancel)
    except NoUsableEdit as problem:
        model = problem.data.get("model")
        if model and model not in problem.why:
            problem.why = f"{problem.why} (the model {model}, {problem.data.get('attempts', 1)} attempts)"
        raise


def _new_files(files: Sequence[str], session: Session) -> list[str]:
    """A note for each file that is not there yet: it may be wanted, or be a slip of the pen."""
    missing = [path for path in files if not (session.workspace.root / path).exists()]
    if not missing:
        return []
    known = Git(session.workspace.root).files() if session.workspace.has_git else []
    notes = []
    for path in missing:
        near = difflib.get_close_matches(path, known, n=1, cutoff=0.8)
        meant = f" Did you mean {near[0]}?" if near else ""
        notes.append(f"{path} does not exist yet, so it would be a new file.{meant}")
    return notes


def unsaved_note(proposal: Proposal, session: Session) -> list[str]:
    """A note when the change is made against the saved text of a file that has unsaved edits."""
    open_edits = sorted({path for edit in proposal.changeset.files for path in edit.paths} & session.unsaved)
    return (
        [f"Unsaved edits in {', '.join(open_edits)} are not part of this: save before you accept."]
        if open_edits
        else []
    )
