"""The proposer: a model says what the library's plan lacks. A step, journalled and resumable; it writes nothing."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel import __version__
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.planner import Proposed, base_for
from nootropic_kernel.models.contract import ChatRequest
from nootropic_kernel.models.errors import ContextOverflow, InvalidOutput, ModelError
from nootropic_kernel.models.prompts import Prompt, load_prompt
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.models.validation import Judges, Validator, validated
from nootropic_kernel.planning.errors import ProposalRefused
from nootropic_kernel.planning.healing.situation import Ground
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.proposal.document import parse
from nootropic_kernel.planning.proposal.repair import Repaired, repaired
from nootropic_kernel.planning.proposal.schema import Vocabulary, schema, vocabulary
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.effects import Answer, Ask, Message, Step
from nootropic_kernel.runs.lock import run_lock
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

PROMPT = "plan_proposal"
_TOLD = 5  # how many things that were lost a model is told of
_MOST_TASKS = 12  # that a model is asked for; small models come to no end otherwise


def ask_model(
    workspace: Workspace,
    database: StateDatabase,
    brief: str,
    bench: Workbench,
    cancel: threading.Event,
    *,
    amend: bool = False,
) -> tuple[Proposed | None, tuple[str, ...]]:
    """Have a model say what the plan for a brief lacks, and notes for the person.

    When no model is there, or what it says is of no use, the plan of the library stands, and a note says why.
    """
    found = base_for(workspace, database, brief, amend=amend)
    if found is None:
        return None, ()
    try:
        return propose(*found, workspace, database, bench, cancel), ()
    except (ModelError, ProposalRefused) as problem:
        why = " ".join(filter(None, [f"No model had a part in this plan: {problem.what}", problem.why, problem.next]))
        return None, (why,)


def propose(
    base: Plan,
    ground: Ground,
    frozen: Container[str],
    workspace: Workspace,
    database: StateDatabase,
    bench: Workbench,
    cancel: threading.Event,
) -> Proposed:
    """Ask a model about a plan; broken off, it goes on where it was.

    :raises ProposalRefused: when none of its answers can be used.
    :raises ModelError: when nobody answers.
    :raises Interrupted: when the person stopped it.
    """
    prompt, window = load_prompt(PROMPT, None, workspace), bench.model_facts().window
    told = json.dumps([__version__, base.brief, [task.id + task.title for task in base.tasks], prompt.sha256])
    run = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
    with (
        span(workspace, "plan with a model", {"nootropic.run": run}),
        run_lock(workspace.state_dir / "runs", run, cancel, on_wait=bench.tell_busy),
    ):
        step = proposal_step(base, ground, frozen, prompt, window)
        return replace(drive(step, bench.handlers(), cancel, StepLog(database, run)), run=run)


def proposal_step(
    base: Plan, ground: Ground, frozen: Container[str], prompt: Prompt, window: int | None
) -> Step[Proposed]:
    """Ask, and ask again at most twice with what was wrong; the answer of which most can be used counts.

    :param window: tokens of prompt and answer together; None when nobody tells.
    :raises ProposalRefused: when no answer can be used.
    :raises ContextOverflow: when the plan is too long for the model.
    """
    words = vocabulary(base, ground)

    def mended(text: str) -> Repaired | str:
        """What becomes of an answer, or why nothing does."""
        try:
            return repaired(parse(text), base, ground, words, frozen)
        except ProposalRefused as refusal:
            return refusal.reason

    request = _request(base, words, prompt, window)
    usable: list[tuple[int, Any]] = []
    refused = ""

    def complaint(answer: Answer) -> str:
        made = mended(answer.text)
        if isinstance(made, str):
            return made
        return "; ".join(finding.sentence() for finding in made.lost[:_TOLD])

    talk = validated(request, Validator(request.schema, on_violation="flag"), Judges(), complaint=complaint)
    asked, attempts, model = next(talk), 0, ""
    while (room := _room(asked.messages, prompt, window)) is not None:
        wrong: InvalidOutput | None = None
        try:
            answer: Answer | None = yield Ask(
                room.messages,
                purpose="plan" if attempts == 0 else "plan retry",
                max_tokens=room.tokens,
                schema=asked.schema,
                prompt=prompt.name,
                prompt_version=prompt.version,
            )
        except InvalidOutput as error:  # it is not of the demanded shape; some of it may be of use
            answer, wrong = None, error
        except ModelError:
            if not usable:
                raise
            break  # what was said before can be used
        attempts += 1
        text = answer.text if answer is not None else str(wrong.data.get("text", "")) if wrong is not None else ""
        model = _called(answer, wrong) or model
        made = mended(text)
        if isinstance(made, str):
            refused = made
        else:
            usable.append((len(made.lost), parse(text)))
        try:
            asked = talk.send(answer) if answer is not None else talk.throw(wrong or InvalidOutput(refused))
        except (StopIteration, InvalidOutput):
            break
    if not usable:
        raise ProposalRefused(refused)
    return Proposed(min(usable, key=lambda each: each[0])[1], model, attempts)


def _called(answer: Answer | None, wrong: InvalidOutput | None) -> str:
    """The model that spoke."""
    if answer is None:
        return str(wrong.data.get("model", "")) if wrong is not None else ""
    return f"{answer.backend}: {answer.model}" if answer.backend not in answer.model else answer.model


def _request(base: Plan, words: Vocabulary, prompt: Prompt, window: int | None) -> ChatRequest:
    limits = f"Limits: {'; '.join(base.limits)}.\n" if base.limits else ""
    user = prompt.fill(
        "user",
        brief=base.brief.replace("```", "'''"),
        limits=limits,
        tasks="\n".join(_lines(base)),
        most=_MOST_TASKS,
        next=base.next_task(),
    )
    messages = (Message("system", prompt.fill("system")), Message("user", user))
    room = _room(messages, prompt, window)
    if room is None:
        raise ContextOverflow(
            "The plan is too long for the model.",
            why=f"Brief and plan have about {estimate(messages)} tokens; its window holds {window}, answer included.",
            next="Name a backend with a larger window in your settings, or plan without `--model`.",
            tokens=estimate(messages),
            window=window,
        )
    return ChatRequest(messages, room.tokens, schema=schema(words, most=_MOST_TASKS), purpose="plan")


@dataclass(frozen=True)
class _Room:
    """What fits into a window: the messages, and the tokens that are left for an answer."""

    messages: tuple[Message, ...]
    tokens: int


def _room(messages: tuple[Message, ...], prompt: Prompt, window: int | None) -> _Room | None:
    """The messages, without the answer that was wrong where there is no room for it; None where even that is too much.

    What a model said before is the last but one message of a retry.
    """
    most, least = int(prompt.settings.get("answer_tokens", 3072)), int(prompt.settings.get("least_tokens", 384))
    if window is None:
        return _Room(messages, most)
    for kept in (messages, (*messages[:-2], messages[-1]) if len(messages) > 3 else messages):
        left = window - estimate(kept)
        if left >= least:
            return _Room(kept, min(most, left))
    return None


def _lines(base: Plan) -> Iterator[str]:
    for task in base.tasks:
        yield f"{task.id} {task.kind}: {task.title} ({_flow(task)}; {task.estimate.hours:g} h)"


def _flow(task: Task) -> str:
    return f"{', '.join(task.requires) or 'nothing'} > {', '.join(task.provides)}"
