"""The executor: a task, a recipe or a written instruction becomes a checked proposal, or a clear reason why not."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nootropic_kernel import __version__
from nootropic_kernel.agents.coder import Draft, code_step, repair_step
from nootropic_kernel.agents.consent import with_consent
from nootropic_kernel.agents.critic import ESCALATED, REPAIRS, check_step, critique, escalation, failing
from nootropic_kernel.agents.edit_prompt import EditPrompt
from nootropic_kernel.agents.edit_task import Instruction
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.recipe_words import is_recipe, recipe_for
from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import CheckResult, Proposal, ProposalStore
from nootropic_kernel.checks.recipes import MemoryFiles, get_recipe, run_recipe
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.effects import All, Read, Step
from nootropic_kernel.runs.lock import run_lock
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span, span
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, PathRefused
from nootropic_kernel.workspace.location import Workspace

_READ_AT_ONCE = 64
_FINISHED = "run.finished"
FAILED = "run.failed"
_MODEL_INSTEAD = "`noo code --model …` asks a model instead."


@dataclass(frozen=True)
class Job:
    """What is to be done: a recipe with arguments, or an instruction for a model.

    An instruction that says just what a recipe does is done by the recipe, unless ``by_model`` is set.
    """

    title: str
    task: str | None = None
    recipe: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    instruction: Instruction | None = None
    by_model: bool = False

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
    notes: tuple[str, ...] = ()


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
    """Do a job and keep its change as a proposal. Broken off, it goes on where it was; see `runs` for what that means.

    Another process that does the same at this moment is waited for, and its result is this one's.

    Raises:
        NootropicError: what stopped it; nothing was written to the person's files.
        Interrupted: the person stopped it; what was answered so far is kept for the next try.
    """
    job, notes = _possible(job, workspace, bench)
    prompt = EditPrompt.load(workspace, bench.model_facts()) if job.recipe is None else None
    if job.recipe is None:
        bench.forewarn(job.title)
    run = _run_name(job)
    told = {semconv.TASK: job.task, "nootropic.title": redact(job.title), "nootropic.run": run}
    with span(workspace, f"job {job.how}", told) as current:
        begun = journal.last_id(database.read())
        with run_lock(
            workspace.state_dir / "runs", run, cancel, about=job.task or "", on_wait=bench.tell_busy
        ) as waited:
            if waited and (done := _done_meanwhile(run, begun, database, workspace)):
                return done
            log = StepLog(database, run)
            step = with_consent(job_step(job, bench.paths(), bench.trial, prompt))
            try:
                found = drive(step, bench.handlers(), cancel, log)
            except NootropicError as problem:
                _keep_last_answer(job, run, problem, database)
                if job.recipe is not None and job.instruction is not None and not isinstance(problem, Interrupted):
                    problem.next = f"{problem.next} {_MODEL_INSTEAD}".strip()
                raise
            try:
                performed = _kept(job, found, log, database, workspace, prompt)
            except PathRefused:
                log.forget()  # the same answers would only lead to the same file again
                raise
        if performed.proposal is not None:
            current.set(semconv.PROPOSAL, performed.proposal.id)
        return replace(performed, notes=(*notes, *performed.notes))


def _possible(job: Job, workspace: Workspace, bench: Workbench) -> tuple[Job, tuple[str, ...]]:
    """The job, or the recipe that does just what its words say.

    Raises:
        NoModel: no recipe does it, and no model can answer.
    """
    if job.instruction is None:
        return job, ()
    why = ""
    if not job.by_model and job.instruction.cell is None and is_recipe(job.instruction.text):
        found = recipe_for(job.instruction.text, job.instruction.files, repository_facts(workspace))
        if not isinstance(found, str):
            recipe, args = found
            did = f"The recipe {recipe} did it; no model was asked. {_MODEL_INSTEAD}"
            return replace(job, recipe=recipe, args=args), (did,)
        why = found
    try:
        bench.model()
    except NoModel as problem:
        problem.why = f"{problem.why} {why}".strip()
        problem.next = f"{problem.next} `noo recipes` lists what needs no model."
        raise
    return job, ()


def _as_kept(said: str) -> bytes:
    """What is kept of a model's words: they may quote a secret, and hold what no file of text can."""
    return redact(said).encode("utf-8", "replace")


def _keep_last_answer(job: Job, run: str, problem: NootropicError, database: StateDatabase) -> None:
    """Keep what the model said last, so that the person can look at it though nothing came of it."""
    said = problem.data.get("text") or problem.data.get("partial")
    if not said:
        return
    with database.transaction() as connection:
        blob = put_blob(connection, _as_kept(str(said)))
        told = {"title": redact(job.title), "task": job.task, "error": problem.what, "why": problem.why, "answer": blob}
        name = f"R{journal.append(connection, FAILED, run, **told)}"
    problem.data["run"] = name
    problem.next = f"{problem.next} `noo show {name}` shows what the model said.".strip()


def _kept(
    job: Job, found: Finished, log: StepLog, database: StateDatabase, workspace: Workspace, prompt: EditPrompt | None
) -> Performed:
    """Keep the result and forget the way to it, in one transaction: a kill leaves both or neither."""
    proposal = None
    with span(workspace, "propose"), database.transaction() as connection:
        if found.changeset.hunks:
            proposal = _proposed(job, found, connection, database, workspace, prompt)
        escalated = any(check.name == ESCALATED for check in found.checks)
        name = proposal.id if proposal is not None else None
        journal.append(connection, _FINISHED, log.run, proposal=name, escalated=escalated)
        log.forget()
    return Performed(proposal, escalated, tuple(_told(log)))


def _told(log: StepLog) -> Iterator[str]:
    if log.replayed:
        steps = log.replayed + log.recorded
        yield f"Resumed: {log.replayed} of {steps} steps were done before."
    if log.damage:
        yield f"What was kept of an earlier try cannot be read, so it was done anew ({log.damage})."


def _done_meanwhile(run: str, since: int, database: StateDatabase, workspace: Workspace) -> Performed | None:
    """What the process that was waited for has made of the same job; None when it did not finish."""
    finished = journal.events(database.read(), after=since, kind=_FINISHED, subject=run)
    if not finished:
        return None
    told = finished[-1].data
    proposal = ProposalStore(database, workspace).get(told["proposal"]) if told["proposal"] else None
    return Performed(proposal, told["escalated"], ("Another process did the very same meanwhile; this is its result.",))


def _proposed(
    job: Job,
    found: Finished,
    connection: sqlite3.Connection,
    database: StateDatabase,
    workspace: Workspace,
    prompt: EditPrompt | None,
) -> Proposal:
    title, trace = redact(job.title), current_span().trace_id or None
    provenance = Provenance(task=job.task, title=title, how=job.how, trace_id=trace)
    if found.draft is not None:
        answer = found.draft.answer
        provenance = replace(
            provenance,
            model=f"{answer.backend}: {answer.model}" if answer.backend not in answer.model else answer.model,
            prompt=prompt.name if prompt else None,
            prompt_version=prompt.version if prompt else None,
            format=found.draft.form or None,
            context=found.draft.context,
            answer_blob=put_blob(connection, _as_kept(answer.text)),
        )
    changeset = replace(found.changeset, provenance=provenance)
    return ProposalStore(database, workspace).propose(changeset, checks=found.checks)


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
    return (yield from check_step(changeset, every, trial, asked="\n".join(words)))


def _run_name(job: Job) -> str:
    """The same for the same job; another version of this package starts afresh, as its steps may ask otherwise."""
    told = json.dumps([__version__, asdict(job)], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
