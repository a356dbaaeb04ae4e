"""From the wishes of an answer to file edits: all of them, or an error and none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.changeset import FileEdit, is_notebook
from nootropic_kernel.changes.encoding import UTF8, Encoding, NotEncodable, detect
from nootropic_kernel.changes.formats.elision import refuse_elision
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.notebook_edits import NotebookEdits
from nootropic_kernel.changes.formats.operations import (
    CellEdit,
    Create,
    Delete,
    InsertAfter,
    Move,
    Operation,
    Replace,
    Rewrite,
    SetMode,
)
from nootropic_kernel.changes.formats.paths import target
from nootropic_kernel.changes.formats.text_edits import TextEdits

# No model writes or reads files beyond this size as text; data is what usually is so large.
MOST_BYTES = 4 << 20
# The outputs in a notebook are not shown to a model; its sources are few.
_MOST_NOTEBOOK = 64 << 20


def text_of(path: str, data: bytes) -> tuple[str, Encoding]:
    """The text of a file and its encoding. Raises NoUsableEdit (`not_text`, `too_large`), naming the file."""
    most = _MOST_NOTEBOOK if is_notebook(path) else MOST_BYTES
    if len(data) > most:
        size = f"{len(data) / 1e6:.1f} MB"
        raise NoUsableEdit("too_large", f"{path} has {size}; at most {most >> 20} MiB are edited", path=path)
    encoding = detect(data)
    if encoding is None:
        raise NoUsableEdit("not_text", f"{path} is not a text file", path=path)
    return encoding.decode(data), encoding


@dataclass
class _Draft:
    """What becomes of one file."""

    path: str
    base: bytes | None
    encoding: Encoding = UTF8
    old: str = ""
    text: TextEdits | None = None
    notebook: NotebookEdits | None = None
    whole: str | None = None
    removed: bool = False
    moved_to: str | None = None
    mode: int | None = None
    said: list[Operation] = field(default_factory=list)


def apply(operations: Iterable[Operation], files: Mapping[str, bytes]) -> list[FileEdit]:
    """The edits that the operations make of the files, those that change nothing left out.

    Raises:
        NoUsableEdit: one of them cannot be made; then none is.
    """
    drafts: dict[str, _Draft] = {}
    for operation in operations:
        creates = isinstance(operation, Create | Rewrite) or (
            isinstance(operation, Replace) and not (operation.search.strip() or operation.cell or operation.at_end)
        )
        path = target(operation.path, files, must_exist=not creates and operation.path not in drafts)
        if path not in drafts:
            drafts[path] = _open(path, files.get(path))
        _take(operation, drafts[path], files)
    edits = [_edit(draft) for draft in drafts.values()]
    paths = [path for edit in edits for path in edit.paths]
    if len(paths) != len(set(paths)):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise NoUsableEdit("overlap", f"two edits want the path {twice}", path=twice)
    return [edit for edit in edits if edit.base != edit.new or edit.renamed_from or edit.mode is not None]


def _open(path: str, base: bytes | None) -> _Draft:
    if base is None:
        return _Draft(path, None)
    text, encoding = text_of(path, base)
    return _Draft(path, base, encoding, text)


def _take(operation: Operation, draft: _Draft, files: Mapping[str, bytes]) -> None:
    path = draft.path
    if draft.removed and operation not in draft.said:
        raise NoUsableEdit("overlap", f"{path} is deleted and edited", path=path)
    draft.said.append(operation)
    match operation:
        case Rewrite(text=text):
            _rewrite(draft, text)
        case Create(text=text):
            if draft.base is not None:
                raise NoUsableEdit("wrong_file", f"{path} is to be created, but exists", path=path)
            _rewrite(draft, text)
        case Delete():
            if draft.base is None or draft.text or draft.notebook or draft.whole is not None or draft.moved_to:
                raise NoUsableEdit("overlap", f"{path} is deleted and edited", path=path)
            if operation.search.strip():
                _edits(draft).replace(Replace(path, operation.search, ""))
                draft.text = None
            draft.removed = True
        case Move(to=to):
            new = target(to, files, must_exist=False)
            if draft.moved_to not in (None, new) or draft.base is None or new in files:
                raise NoUsableEdit("overlap", f"{path} cannot be moved to {new}", path=path)
            draft.moved_to = new
        case SetMode(mode=mode):
            draft.mode = mode
        case CellEdit():
            _cells(draft).add(operation)
        case Replace() | InsertAfter():
            if isinstance(operation, Replace) and is_notebook(path) and draft.base:
                _cells(draft).add(operation)
                return
            if isinstance(operation, Replace):
                refuse_elision(operation.search, draft.old, path)
                refuse_elision(operation.replace, draft.old, path)
                _edits(draft).replace(operation)
            else:
                refuse_elision(operation.text, draft.old, path)
                _edits(draft).insert(operation)


def _rewrite(draft: _Draft, text: str) -> None:
    if draft.whole == text:
        return  # said twice
    if draft.whole is not None or draft.text is not None or draft.notebook is not None:
        raise NoUsableEdit("overlap", f"{draft.path} is given twice, and not alike", path=draft.path)
    draft.whole = text
    if is_notebook(draft.path) and draft.base:
        draft.notebook = NotebookEdits(draft.base, draft.path)
        return
    if is_notebook(draft.path) and notebook_file.parse(text.encode("utf-8", "surrogatepass")) is None:
        raise NoUsableEdit("broken", f"the new text of {draft.path} is not a notebook", path=draft.path)
    refuse_elision(text, draft.old, draft.path)
    _edits(draft).rewrite(text)


def _edits(draft: _Draft) -> TextEdits:
    if draft.text is None:
        draft.text = TextEdits(draft.old, draft.path)
    return draft.text


def _cells(draft: _Draft) -> NotebookEdits:
    if not is_notebook(draft.path) or not draft.base:
        raise NoUsableEdit("wrong_file", f"{draft.path} is not a notebook", path=draft.path)
    if draft.whole is not None:
        raise NoUsableEdit("overlap", f"{draft.path} is given as a whole and in cells", path=draft.path)
    if draft.notebook is None:
        draft.notebook = NotebookEdits(draft.base, draft.path)
    return draft.notebook


def _edit(draft: _Draft) -> FileEdit:
    path, moved_from = (draft.moved_to, draft.path) if draft.moved_to else (draft.path, None)
    if draft.removed:
        return FileEdit(path, draft.base, None)
    new = draft.base
    if draft.notebook is not None:
        if draft.whole is not None:
            new = draft.notebook.rewrite(draft.whole.encode("utf-8", "surrogatepass"))
        else:
            new = draft.notebook.result()
    elif draft.text is not None:
        new = _bytes(draft.text.text(), draft)
    return FileEdit(path, draft.base, new, moved_from, draft.mode)


def _bytes(text: str, draft: _Draft) -> bytes:
    if "\0" in text:
        raise NoUsableEdit("broken", f"the new text of {draft.path} holds a NUL character", path=draft.path)
    try:
        return draft.encoding.bom + draft.encoding.encode(text)
    except NotEncodable as problem:
        why = f"{problem.what.rstrip('.')} ({draft.path})"
        raise NoUsableEdit("broken", why, path=draft.path) from problem
