"""The coder: a written instruction and files become edits, by a model. A step; it touches nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nootropic_kernel.agents.edit_prompt import EditPrompt
from nootropic_kernel.agents.edit_task import EditTask, Instruction, cell_of, cell_path, shown_files
from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer
from nootropic_kernel.changes.notebook_file import source_of
from nootropic_kernel.checks.parsing import mask_magics, parse_problem
from nootropic_kernel.checks.scan import REDACTED
from nootropic_kernel.models.errors import ContextOverflow
from nootropic_kernel.runs.effects import All, Answer, Ask, Message, Read, Search, Snippet, Step
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import PathRefused, UsageError

FORMAT_RETRIES = 3
# A model that did not come to an end twice does not come to one the third time, and long answers take long.
_CUT_RETRIES = 1
_ENDLESS = ("cut", "repeats")
_SNIPPETS = 4
# Of no text does a tokenizer make less: a server that reports fewer tokens did not read the whole prompt.
_MOST_BYTES_A_TOKEN = 24


@dataclass(frozen=True)
class Draft:
    """Edits with the answer they come from, and the conversation so far (for a repair)."""

    edits: tuple[FileEdit, ...]
    answer: Answer
    context: tuple[str, ...]
    messages: tuple[Message, ...] = field(repr=False, default=())
    form: str = ""


def code_step(instruction: Instruction, prompt: EditPrompt) -> Step[Draft]:
    """Retrieve context, ask, and read the edit; an edit that does not fit goes back, three times at most.

    Raises:
        NoUsableEdit: no answer could be used; the last one is kept in its data.
        ModelError: nobody could be asked.
    """
    found: list[Snippet] = yield Search(instruction.text, 2 * _SNIPPETS)
    targets = instruction.files or _guessed(found)
    if not targets:
        raise UsageError(
            "It is not clear which file to change.",
            why="Nothing in this repository resembles the instruction.",
            next="Name the file: `noo code --file … --instruct …`.",
        )
    contents: list[bytes | None] = yield All(tuple(Read(path) for path in targets))
    bases = dict(zip(targets, contents, strict=True))
    task = EditTask(instruction, prompt, bases, shown_files(bases, instruction), targets)
    snippets = _fitting([each for each in found if each.path not in targets], prompt.context_up_to)
    messages = task.messages(snippets)
    if not task.fits(messages):
        messages, snippets = task.messages(()), []  # references are what can be left out
    context = tuple(f"{each.path}:{each.start}-{each.end}" for each in snippets)
    draft = yield from _asked(messages, task)
    return replace(draft, context=(*targets, *context))


def repair_step(draft: Draft, findings: str, instruction: Instruction, prompt: EditPrompt) -> Step[Draft]:
    """Ask for a corrected edit after its checks failed; the new edit is against the original files.

    Raises:
        NoUsableEdit: no answer could be used, or what was found does not fit the model's window beside the files.
        ModelError: nobody could be asked.
    """
    bases = {edit.renamed_from or edit.path: edit.base for edit in draft.edits}
    targets = tuple(dict.fromkeys([*bases, *instruction.files]))
    missing = [path for path in targets if path not in bases]
    if missing:
        contents: list[bytes | None] = yield All(tuple(Read(path) for path in missing))
        bases |= dict(zip(missing, contents, strict=True))
    task = EditTask(instruction, prompt, bases, shown_files(bases, instruction), targets)
    text = prompt.fill("repair", findings=findings, format=task.format_text())
    answered = Message("assistant", draft.answer.text)
    messages = (*draft.messages, answered, Message("user", text))
    if not task.fits(messages):
        messages = (*draft.messages, Message("user", text))  # what failed can be left out, the files cannot
    if not task.fits(messages):
        raise NoUsableEdit("too_large", "there is no room to ask for a repair in the model's window")
    repaired = yield from _asked(messages, task, "repair")
    return replace(repaired, context=draft.context)


def _asked(messages: tuple[Message, ...], task: EditTask, purpose: str = "code") -> Step[Draft]:
    prompt = task.prompt
    talk = messages
    cuts = 0
    for attempt in range(FORMAT_RETRIES + 1):
        task.refuse_overflow(talk)
        answer: Answer = yield Ask(
            talk,
            purpose=purpose if attempt == 0 else "format retry",
            max_tokens=task.room(talk),
            prompt=prompt.name,
            prompt_version=prompt.version,
        )
        _refuse_truncation(talk, answer)
        try:
            with span(None, "parse edit", {"nootropic.attempt": attempt + 1, "nootropic.format": task.form}):
                edits = _edits(answer, task.bases, task.shown, task.instruction)
            yield from _refuse_unseen(edits, task.bases)
            return Draft(tuple(edits), answer, (), messages, task.form)
        except NoUsableEdit as problem:
            problem.data["text"] = answer.text
            problem.data["model"] = answer.model
            problem.data["attempts"] = attempt + 1
            problem.data["format"] = task.form
            cuts += problem.kind in _ENDLESS
            if attempt == FORMAT_RETRIES or cuts > _CUT_RETRIES:
                raise
            # Only the last exchange goes along: earlier failures would fill a small window for nothing.
            said = str(problem.data.get("useful", answer.text))  # what was repeated would be said again
            talk = (*messages, Message("assistant", said), Message("user", problem.feedback()))
            if not task.fits(talk):
                talk = (*messages, Message("user", problem.feedback()))
            if not task.fits(talk):
                raise
    raise AssertionError("unreachable")


def _refuse_unseen(edits: Sequence[FileEdit], bases: Mapping[str, bytes | None]) -> Step[None]:
    """Raise NoUsableEdit when an edit creates or moves to a file that exists but was not shown."""
    for edit in edits:
        if edit.path in bases or (edit.base is not None and edit.renamed_from is None):
            continue
        try:
            there: bytes | None = yield Read(edit.path)
        except PathRefused as problem:
            raise NoUsableEdit("wrong_file", f"{edit.path} cannot be used: {problem.why}", path=edit.path) from problem
        if there is not None:
            raise NoUsableEdit("wrong_file", f"{edit.path} exists, but is not one of the files given", path=edit.path)


def _refuse_truncation(talk: Sequence[Message], answer: Answer) -> None:
    """Raise ContextOverflow when the server says that it read far less than was sent: it left text out in silence."""
    size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in talk)
    if answer.input_tokens and answer.input_tokens * _MOST_BYTES_A_TOKEN < size:
        raise ContextOverflow(
            f"{answer.backend!r} left a part of the prompt out.",
            why=f"It says that it read {answer.input_tokens} tokens of {size} bytes, so its window is too small.",
            next="Raise the context length of the server, or ask about a smaller file.",
            tokens=answer.input_tokens,
        )


def _edits(
    answer: Answer, bases: Mapping[str, bytes | None], shown: Mapping[str, bytes], instruction: Instruction
) -> list[FileEdit]:
    edits = parse_answer(answer.text, shown, finish_reason=answer.finish_reason)
    for edit in edits:
        if edit.new is not None and REDACTED.encode() in edit.new and REDACTED.encode() not in (edit.base or b""):
            why = f"{edit.path} holds a secret that was kept from the model, so its answer cannot replace that part"
            raise NoUsableEdit("broken", why, text=answer.text, path=edit.path)
    if instruction.cell is not None:
        edits = [_into_notebook(edits, bases, instruction, answer)]
    for edit in edits:
        problem = parse_problem(edit.path, edit.new) if edit.new is not None else None
        if problem and not (edit.base is not None and parse_problem(edit.path, edit.base)):
            raise NoUsableEdit("broken", f"{edit.path} would not parse: {problem}", text=answer.text, path=edit.path)
    return edits


def _guessed(found: Sequence[Snippet]) -> tuple[str, ...]:
    """The file that the instruction most likely means: the best hit that is not a test."""
    paths = [each.path for each in found if not each.path.endswith(".ipynb")]
    plain = [path for path in paths if not path.rsplit("/", 1)[-1].startswith("test_")]
    return tuple((plain or paths)[:1])


def _into_notebook(
    edits: Sequence[FileEdit], bases: Mapping[str, bytes | None], instruction: Instruction, answer: Answer
) -> FileEdit:
    path, index, cell = cell_of(bases, instruction)
    base = bases[path] or b""
    wanted = [edit for edit in edits if edit.path == cell_path(path, cell)]
    if len(edits) != 1 or len(wanted) != 1 or wanted[0].new is None:
        raise NoUsableEdit("wrong_file", "the answer changes something else than the cell", text=answer.text)
    source = wanted[0].new.decode("utf-8", "surrogatepass")
    if not source_of(cell).endswith("\n"):
        source = source.removesuffix("\n")
    if cell.get("cell_type") == "code" and (problem := parse_problem("cell.py", mask_magics(source).encode())):
        raise NoUsableEdit("broken", f"the cell would not parse: {problem}", text=answer.text)
    notebook = notebook_file.parse(base)
    assert notebook is not None  # `cell_of` found the cell in it
    cells = list(notebook.cells)
    cells[index] = notebook_file.with_source(cell, source)
    return FileEdit(path, base, notebook_file.write({**notebook.document, "cells": cells}, notebook.style))


def _fitting(snippets: Sequence[Snippet], room: int) -> list[Snippet]:
    chosen: list[Snippet] = []
    for each in snippets[:_SNIPPETS]:
        if len(each.text) <= room:
            chosen.append(each)
            room -= len(each.text)
    return chosen
