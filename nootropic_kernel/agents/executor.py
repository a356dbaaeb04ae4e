"""The executor: a task, a recipe or a written instruction becomes a checked proposal, or a clear reason why not."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nootropic_kernel.agents.coder import Draft, EditPrompt, Instruction, code_step, repair_step
from nootropic_kernel.agents.critic import REPAIRS, check_step, critique, escalation, failing
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import CheckResult, Proposal, ProposalStore
from nootropic_kernel.checks.recipes import MemoryFiles, get_recipe, run_recipe
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.effects import All, Read, Step
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span, span
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace

_READ_AT_ONCE = 64


@dataclass(frozen=True)
class Job:
    """What is to be done: a recipe with arguments, or an instruction for a model."""

    title: str
    task: str | None = None
    recipe: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    instruction: Instruction | None = None

    @property
    def how(self) -> str:
        """In a few words, as provenance keeps it."""
        return f"recipe {self.recipe}" if self.recipe else "model"


@dataclass(frozen=True)
class Finished:
    """What a job's step found: the change (without hunks when there is nothing to do), and what its checks said."""

    changeset: ChangeSet
    checks: tuple[CheckResult, ...] = ()
    draft: Draft | None = None


@dataclass(frozen=True)
class Performed:
    """A job that was done: its proposal, or None when everything it would do is there already."""

    proposal: Proposal | None
    escalated: bool = False


def job_step(
    job: Job, paths: Sequence[str], trial: Callable[[Sequence[FileEdit]], str], prompt: EditPrompt | None
) -> Step[Finished]:
    """Make the change, check it, and repair a model's change at most twice; then a person gets it.

    Args:
        job: what to do.
        paths: the repository's files.
        trial: gives edits a name under which a command can be run on them.
        prompt: for a job that a model does.
    """
    if job.recipe is not None:
        edits = yield from _recipe_step(job, paths)
        changeset = build_changeset(edits)
        if not changeset.hunks:
            return Finished(changeset)
        checks = yield from _checked(job, changeset, paths, trial)
        if failing(checks):
            checks = (*checks, escalation(checks, 0))
        return Finished(changeset, checks)
    assert job.instruction is not None and prompt is not None
    draft = yield from code_step(job.instruction, prompt)
    changeset = build_changeset(draft.edits)
    checks = yield from _checked(job, changeset, paths, trial)
    repairs = 0
    while failing(checks) and repairs < REPAIRS:
        repairs += 1
        try:
            with span(None, "critique", {"nootropic.repair": repairs, "nootropic.failing": len(failing(checks))}):
                findings = critique(checks)
            draft = yield from repair_step(draft, findings, job.instruction, prompt)
        except NoUsableEdit:
            continue  # the change as it is goes to the person, with what its checks said
        changeset = build_changeset(draft.edits)
        checks = yield from _checked(job, changeset, paths, trial)
    if failing(checks):
        checks = (*checks, escalation(checks, repairs))
    return Finished(changeset, checks, draft)


def perform(
    job: Job, workspace: Workspace, database: StateDatabase, bench: Workbench, cancel: threading.Event
) -> Performed:
    """Do a job and keep its change as a proposal. Broken off, it resumes where it was while no file changed.

    Raises:
        NootropicError: what stopped it; nothing was written to the person's files, and nothing is kept of this run.
        Interrupted: the person stopped it; what was answered so far is kept for the next try.
    """
    prompt = EditPrompt.load(workspace) if job.recipe is None else None
    log = StepLog(database, _run_name(job, bench, prompt))
    with span(workspace, f"job {job.how}", {semconv.TASK: job.task, "nootropic.title": job.title}) as current:
        try:
            step = job_step(job, bench.paths(), bench.trial, prompt)
            done = drive(step, bench.handlers(), cancel, log)
        except Interrupted:
            raise
        except Exception:
            log.forget()  # the same question would only be given the same answer
            raise
        if not done.changeset.hunks:
            log.forget()
            return Performed(None)
        with span(workspace, "propose"):
            proposal = _proposed(job, done, database, workspace, prompt)
        current.set(semconv.PROPOSAL, proposal.id)
        log.forget()
    return Performed(proposal, any(check.name == "escalated" for check in done.checks))


def _proposed(
    job: Job, done: Finished, database: StateDatabase, workspace: Workspace, prompt: EditPrompt | None
) -> Proposal:
    provenance = Provenance(task=job.task, title=job.title, how=job.how, trace_id=current_span().trace_id or None)
    if done.draft is not None:
        answer = done.draft.answer
        with database.transaction() as connection:
            blob = put_blob(connection, answer.text.encode())
        provenance = replace(
            provenance,
            model=f"{answer.backend}: {answer.model}" if answer.backend not in answer.model else answer.model,
            prompt=prompt.prompt.name if prompt else None,
            prompt_version=prompt.prompt.version if prompt else None,
            context=done.draft.context,
            answer_blob=blob,
        )
    changeset = replace(done.changeset, provenance=provenance)
    return ProposalStore(database, workspace).propose(changeset, checks=done.checks)


def _recipe_step(job: Job, paths: Sequence[str]) -> Step[tuple[FileEdit, ...]]:
    recipe = get_recipe(job.recipe or "")
    recipe.check_args(job.args)
    wanted = recipe.reads(list(paths), job.args)
    contents: dict[str, bytes] = {}
    for start in range(0, len(wanted), _READ_AT_ONCE):
        some = wanted[start : start + _READ_AT_ONCE]
        answers: list[bytes | None] = yield All(tuple(Read(path) for path in some))
        contents |= {path: data for path, data in zip(some, answers, strict=True) if data is not None}
    with span(None, f"recipe {recipe.name}"):
        return run_recipe(recipe, MemoryFiles(contents, paths), job.args).edits


def _checked(
    job: Job, changeset: ChangeSet, paths: Sequence[str], trial: Callable[[Sequence[FileEdit]], str]
) -> Step[tuple[CheckResult, ...]]:
    every = {*paths, *(edit.path for edit in changeset.files)}
    words = [job.title, job.instruction.text if job.instruction else "", job.how, *map(str, job.args.values())]
    return (yield from check_step(changeset, every, trial(changeset.files), trial(()), "\n".join(words)))


def _run_name(job: Job, bench: Workbench, prompt: EditPrompt | None) -> str:
    told = [asdict(job), asdict(prompt) if prompt else None, bench.fingerprint()]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return f"{job.task or 'job'}:{digest}"
