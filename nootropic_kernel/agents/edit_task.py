"""What a model is asked to edit: the files as it sees them, the format it answers in, and the room for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nootropic_kernel.agents.edit_prompt import EditPrompt, fence_for
from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.changeset import is_notebook
from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.formats import NoUsableEdit, text_of
from nootropic_kernel.changes.notebook_file import Cell, source_of
from nootropic_kernel.models.errors import ContextOverflow
from nootropic_kernel.runs.effects import Message, Snippet
from nootropic_kernel.workspace.errors import NootropicError, UsageError

_MOST_TOKENS = 4096
_MOST_TOKENS_OF_PARTS = 2048
_LEAST_TOKENS = 256  # with less room no edit can be answered
_OVERHEAD = 700  # tokens of the prompt beside its files
_BYTES_A_TOKEN = 3  # code has three to four


@dataclass(frozen=True)
class Instruction:
    """What is asked of the coder. ``cell`` names one cell of the one notebook in ``files``."""

    text: str
    files: tuple[str, ...] = ()
    cell: str | None = None


class CellNotFound(NootropicError):
    """The notebook has no such cell."""


class NotEditable(NootropicError):
    """A file that no model can change: binary, too large, or of an unknown notebook format."""


@dataclass(frozen=True)
class EditTask:
    """What is asked, of which files, in which format: everything that the size of a prompt follows from."""

    instruction: Instruction
    prompt: EditPrompt
    bases: Mapping[str, bytes | None]
    shown: Mapping[str, bytes]
    targets: Sequence[str]

    @property
    def form(self) -> str:
        """The format that the model is asked for: by the table of formats, the files' size and the window."""
        cells = any(is_notebook(path) for path in self.shown)
        plain = [data for path, data in self.shown.items() if not is_notebook(path)]
        if cells and not plain:
            return "cells"
        row = self.prompt.row()
        size = sum(map(len, plain))
        window = self.prompt.model.window
        # A whole file stands in the window twice: as it is and as it becomes.
        whole = size <= row.whole_up_to and (window is None or 2 * _tokens(size) + _OVERHEAD <= window)
        form = "whole" if whole else row.above
        return f"cells+{form}" if cells else form

    def format_text(self) -> str:
        """How the model is told to answer."""
        texts = [_text(data) for data in self.shown.values()]
        plain = next((path for path in self.shown if not is_notebook(path)), self.targets[0])
        notebook = next((path for path in self.shown if is_notebook(path)), "")
        examples = {"cells": notebook}
        return "\n\n".join(
            self.prompt.fill(each, example_path=examples.get(each, plain), fence=fence_for(texts)).rstrip("\n")
            for each in self.form.split("+")
        )

    def messages(self, snippets: Sequence[Snippet]) -> tuple[Message, ...]:
        """The first messages of the conversation."""
        prompt = self.prompt
        files = "".join(self._file(path, data) + "\n" for path, data in self.shown.items())
        fresh = [path for path in self.targets if path not in self.shown] if self.instruction.cell is None else []
        files += "".join(f"File {path} does not exist yet.\n\n" for path in fresh)
        context = "".join(
            prompt.fill(
                "reference",
                path=each.path,
                start=each.start,
                end=each.end,
                text=each.text,
                fence=fence_for([each.text]),
            )
            + "\n"
            for each in snippets
        )
        told = {"files": files, "context": context, "instruct": self.instruction.text, "format": self.format_text()}
        return (Message("system", prompt.fill("system")), Message("user", prompt.fill("user", **told)))

    def room(self, messages: Sequence[Message]) -> int:
        """Tokens for the answer: enough for the format, within what the window leaves."""
        most = _MOST_TOKENS if "whole" in self.form else _MOST_TOKENS_OF_PARTS
        wanted = min(most, 384 + sum(len(data) for data in self.shown.values()) // 2)
        window = self.prompt.model.window
        return wanted if window is None else min(wanted, window - _tokens_of(messages))

    def fits(self, messages: Sequence[Message]) -> bool:
        """Whether the messages leave room for an answer in the model's window, as far as that is known."""
        return self.room(messages) >= _LEAST_TOKENS

    def refuse_overflow(self, messages: Sequence[Message]) -> None:
        """Raise ContextOverflow rather than have the files cut to fit."""
        if self.fits(messages):
            return
        tokens, window = _tokens_of(messages), self.prompt.model.window
        raise ContextOverflow(
            f"The files are too long for the model {self.prompt.model.name or 'here'}.",
            why=f"The prompt has about {tokens} tokens; the window holds {window}, answer included.",
            next="Ask about a smaller file or fewer files, or name a backend with a larger window in your settings.",
            tokens=tokens,
            window=window,
            estimated=True,
        )

    def _file(self, path: str, data: bytes) -> str:
        if not is_notebook(path):
            text = _text(data)
            return self.prompt.fill("file", path=path, text=text.rstrip("\n"), fence=fence_for([text]))
        notebook = notebook_file.parse(data)
        cells = []
        for number, cell in enumerate(notebook.cells if notebook else (), start=1):
            told = {"number": number, "kind": cell.get("cell_type"), "text": source_of(cell)}
            cells.append(self.prompt.fill("notebook_cell", fence=fence_for([source_of(cell)]), **told))
        return self.prompt.fill("notebook", path=path, cells="\n".join(cells))


def _text(data: bytes) -> str:
    encoding = detect(data)
    return encoding.decode(data).replace("\r\n", "\n") if encoding is not None else ""


def _tokens(size: int) -> int:
    """A cautious estimate for so many bytes of text."""
    return -(-size // _BYTES_A_TOKEN)


def _tokens_of(messages: Sequence[Message]) -> int:
    return _tokens(sum(len(message.content.encode("utf-8", "surrogatepass")) for message in messages))


def shown_files(bases: Mapping[str, bytes | None], instruction: Instruction) -> dict[str, bytes]:
    """What the model edits: the bases that exist, or the one cell as a file of its own. Raises NotEditable."""
    for path in bases:
        if any(sign < " " or "\ud800" <= sign <= "\udfff" for sign in path):  # no answer could name it
            why = "Its name holds control signs, or bytes that are not UTF-8, which a model cannot say."
            raise NotEditable(f"{path!r} cannot be changed by a model.", why=why, next="Rename it first.", path=path)
    if instruction.cell is not None:
        path, _, cell = cell_of(bases, instruction)
        return {cell_path(path, cell): source_of(cell).encode("utf-8", "surrogatepass")}
    shown = {path: data for path, data in bases.items() if data is not None}
    for path, data in shown.items():
        try:
            text_of(path, data)
        except NoUsableEdit as problem:
            raise NotEditable(f"{path} cannot be changed by a model.", why=problem.why, path=path) from problem
        if is_notebook(path) and data.strip() and notebook_file.parse(data) is None:
            why = "It is not a notebook of format 4."
            raise NotEditable(f"{path} cannot be changed by a model.", why=why, path=path)
    return shown


def cell_of(bases: Mapping[str, bytes | None], instruction: Instruction) -> tuple[str, int, Cell]:
    """The notebook, the cell's place in it, and the cell."""
    notebooks = [path for path in bases if is_notebook(path)]
    if len(notebooks) != 1 or bases[notebooks[0]] is None:
        raise UsageError("--cell needs one notebook.", next="Name it with --file, for example --file notes.ipynb.")
    path = notebooks[0]
    notebook = notebook_file.parse(bases[path] or b"")
    if notebook is None:
        raise NotEditable(f"{path} cannot be changed by a model.", why="It is not a notebook of format 4.", path=path)
    for index, cell in enumerate(notebook.cells):
        if instruction.cell in (cell.get("id"), str(index + 1)):
            return path, index, cell
    known = ", ".join(str(cell.get("id") or number) for number, cell in enumerate(notebook.cells, start=1))
    raise CellNotFound(f"{path} has no cell {instruction.cell!r}.", next=f"Its cells: {known}.")


def cell_path(path: str, cell: Cell) -> str:
    suffix = ".py" if cell.get("cell_type") == "code" else ".md"
    return path.removesuffix(".ipynb") + "-cell" + suffix
