"""The coder: a written instruction and files become edits, by a model. A step; it touches nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer
from nootropic_kernel.changes.formats.notebook_json import NotebookText, cell_source, with_source
from nootropic_kernel.checks.parsing import mask_magics, parse_problem
from nootropic_kernel.checks.scan import REDACTED
from nootropic_kernel.models.prompts import Prompt, load_prompt
from nootropic_kernel.runs.effects import All, Answer, Ask, Message, Read, Search, Snippet, Step
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid

FORMAT_RETRIES = 3
# A model that did not come to an end twice does not come to one the third time, and long answers take long.
_CUT_RETRIES = 1
_ENDLESS = ("cut", "repeats")
_SNIPPETS = 4
_MOST_TOKENS = 2048


_PARTS = ("system", "whole", "blocks", "file", "reference", "user", "repair")


@dataclass(frozen=True)
class EditPrompt:
    """The prompt of an edit and its bounds, in characters: files rewritten whole, and context."""

    prompt: Prompt
    whole_up_to: int
    context_up_to: int

    @classmethod
    def load(cls, workspace: Workspace | None) -> EditPrompt:
        """Raise ResourceInvalid when the prompt lacks a part or a bound is no number."""
        prompt = load_prompt("code_edit", None, workspace)
        bounds = [prompt.settings.get(key, usual) for key, usual in (("whole_up_to", 6000), ("context_up_to", 3000))]
        if missing := [part for part in _PARTS if part not in prompt.parts]:
            raise ResourceInvalid("The prompt code_edit is not complete.", why=f"It lacks {', '.join(missing)}.")
        if not all(type(bound) is int for bound in bounds):
            raise ResourceInvalid("The prompt code_edit cannot be used.", why="Its bounds must be whole numbers.")
        return cls(prompt, *bounds)

    def fill(self, part: str, **values: object) -> str:
        """A part with its placeholders filled."""
        return self.prompt.fill(part, **values)


@dataclass(frozen=True)
class Instruction:
    """What is asked of the coder. ``cell`` names one cell of the one notebook in ``files``."""

    text: str
    files: tuple[str, ...] = ()
    cell: str | None = None


@dataclass(frozen=True)
class Draft:
    """Edits with the answer they come from, and the conversation so far (for a repair)."""

    edits: tuple[FileEdit, ...]
    answer: Answer
    context: tuple[str, ...]
    messages: tuple[Message, ...] = field(repr=False, default=())


class CellNotFound(NootropicError):
    """The notebook has no such cell."""


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
            next="Name the file with --file.",
        )
    contents: list[bytes | None] = yield All(tuple(Read(path) for path in targets))
    bases = dict(zip(targets, contents, strict=True))
    shown = _shown(bases, instruction)
    snippets = _fitting([each for each in found if each.path not in targets], prompt.context_up_to)
    messages = _messages(instruction, prompt, shown, targets, snippets)
    context = tuple(f"{each.path}:{each.start}-{each.end}" for each in snippets)
    draft = yield from _asked(messages, prompt, bases, shown, instruction)
    return replace(draft, context=(*targets, *context))


def repair_step(draft: Draft, findings: str, instruction: Instruction, prompt: EditPrompt) -> Step[Draft]:
    """Ask for a corrected edit after its checks failed; the new edit is against the original files."""
    bases = {edit.path: edit.base for edit in draft.edits}
    targets = tuple(dict.fromkeys([*bases, *instruction.files]))
    missing = [path for path in targets if path not in bases]
    if missing:
        contents: list[bytes | None] = yield All(tuple(Read(path) for path in missing))
        bases |= dict(zip(missing, contents, strict=True))
    shown = _shown(bases, instruction)
    size = sum(len(data) for data in shown.values())
    form = prompt.fill(_form(size, prompt), example_path=next(iter(shown), "path/of/file.py"))
    text = prompt.fill("repair", findings=findings, format=form)
    answered = Message("assistant", draft.answer.text)
    messages = (*draft.messages, answered, Message("user", text))
    repaired = yield from _asked(messages, prompt, bases, shown, instruction, "repair")
    return replace(repaired, context=draft.context)


def _asked(
    messages: tuple[Message, ...],
    prompt: EditPrompt,
    bases: Mapping[str, bytes | None],
    shown: Mapping[str, bytes],
    instruction: Instruction,
    purpose: str = "code",
) -> Step[Draft]:
    room = 384 + sum(len(data) for data in shown.values()) // 2
    talk = messages
    cuts = 0
    for attempt in range(FORMAT_RETRIES + 1):
        answer: Answer = yield Ask(
            talk,
            purpose=purpose if attempt == 0 else "format retry",
            max_tokens=min(_MOST_TOKENS, room),
            prompt=prompt.prompt.name,
            prompt_version=prompt.prompt.version,
        )
        try:
            with span(None, "parse edit", {"nootropic.attempt": attempt + 1}):
                edits = _edits(answer, bases, shown, instruction)
            return Draft(tuple(edits), answer, (), messages)
        except NoUsableEdit as problem:
            problem.data["model"] = answer.model
            problem.data["attempts"] = attempt + 1
            cuts += problem.kind in _ENDLESS
            if attempt == FORMAT_RETRIES or cuts > _CUT_RETRIES:
                raise
            # Only the last exchange goes along: earlier failures would fill a small window for nothing.
            said = str(problem.data.get("useful", answer.text))  # what was repeated would be said again
            talk = (*messages, Message("assistant", said), Message("user", problem.feedback()))
    raise AssertionError("unreachable")


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


def _shown(bases: Mapping[str, bytes | None], instruction: Instruction) -> dict[str, bytes]:
    """What the model sees as files: the bases that exist, or the one cell as a file of its own."""
    if instruction.cell is None:
        return {path: data for path, data in bases.items() if data is not None}
    path, _, cell = _cell(bases, instruction)
    return {_cell_path(path, cell): cell_source(cell).encode()}


def _cell(bases: Mapping[str, bytes | None], instruction: Instruction) -> tuple[str, int, dict[str, Any]]:
    """The notebook, the cell's place in it, and the cell."""
    notebooks = [path for path in bases if path.endswith(".ipynb")]
    if len(notebooks) != 1 or bases[notebooks[0]] is None:
        raise UsageError("--cell needs one notebook.", next="Name it with --file, for example --file notes.ipynb.")
    path = notebooks[0]
    cells = NotebookText.read(bases[path] or b"").document["cells"]
    for index, cell in enumerate(cells):
        if instruction.cell in (cell.get("id"), str(index + 1)):
            return path, index, cell
    known = ", ".join(str(cell.get("id") or number) for number, cell in enumerate(cells, start=1))
    raise CellNotFound(f"{path} has no cell {instruction.cell!r}.", next=f"Its cells: {known}.")


def _cell_path(path: str, cell: Mapping[str, Any]) -> str:
    suffix = ".py" if cell.get("cell_type") == "code" else ".md"
    return path.removesuffix(".ipynb") + "-cell" + suffix


def _into_notebook(
    edits: Sequence[FileEdit], bases: Mapping[str, bytes | None], instruction: Instruction, answer: Answer
) -> FileEdit:
    path, index, cell = _cell(bases, instruction)
    base = bases[path] or b""
    wanted = [edit for edit in edits if edit.path == _cell_path(path, cell)]
    if len(edits) != 1 or len(wanted) != 1 or wanted[0].new is None:
        raise NoUsableEdit("wrong_file", "the answer changes something else than the cell", text=answer.text)
    source = wanted[0].new.decode()
    if not cell_source(cell).endswith("\n"):
        source = source.removesuffix("\n")
    if cell.get("cell_type") == "code" and (problem := parse_problem("cell.py", mask_magics(source).encode())):
        raise NoUsableEdit("broken", f"the cell would not parse: {problem}", text=answer.text)
    notebook = NotebookText.read(base)
    cells = list(notebook.document["cells"])
    cells[index] = with_source(cell, source)
    return FileEdit(path, base, notebook.write({**notebook.document, "cells": cells}))


def _fitting(snippets: Sequence[Snippet], room: int) -> list[Snippet]:
    chosen: list[Snippet] = []
    for each in snippets[:_SNIPPETS]:
        if len(each.text) <= room:
            chosen.append(each)
            room -= len(each.text)
    return chosen


def _form(size: int, prompt: EditPrompt) -> str:
    return "whole" if size <= prompt.whole_up_to else "blocks"


def _messages(
    instruction: Instruction,
    prompt: EditPrompt,
    shown: Mapping[str, bytes],
    targets: Sequence[str],
    snippets: Sequence[Snippet],
) -> tuple[Message, ...]:
    files = "".join(
        prompt.fill("file", path=path, text=data.decode("utf-8", "replace").rstrip("\n")) + "\n"
        for path, data in shown.items()
    )
    fresh = [path for path in targets if path not in shown] if instruction.cell is None else []
    files += "".join(f"File {path} does not exist yet.\n\n" for path in fresh)
    context = "".join(
        prompt.fill("reference", path=each.path, start=each.start, end=each.end, text=each.text) + "\n"
        for each in snippets
    )
    example = next(iter(shown), targets[0])
    form = prompt.fill(_form(sum(len(data) for data in shown.values()), prompt), example_path=example)
    user = prompt.fill("user", files=files, context=context, instruct=instruction.text, format=form)
    return (Message("system", prompt.fill("system")), Message("user", user))
