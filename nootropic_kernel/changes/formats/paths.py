"""The file that an answer means by a path; what leads outside, or is no plain name, is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.workspace.rules import lexical_fault

_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)


def target(path: str | None, files: Collection[str], *, must_exist: bool) -> str:
    """The path that an answer means.

    Args:
        path: as the answer wrote it; None when it named none, which means the only file given.
        files: the files that were given.
        must_exist: the edit is of a file given; then its last part is enough, when it is the only one so named
            (the edit's own lines prove that it is meant).

    Raises:
        NoUsableEdit: `wrong_file`; `no_edit` when no file is named and there are several.
    """
    if path is None:
        if len(files) != 1:
            raise NoUsableEdit("no_edit", "the edit does not name its file")
        return next(iter(files))
    if path in files:
        return path
    clean = path.strip()
    explicit = clean.startswith(("./", ".\\"))
    if "\\" in clean and clean.replace("\\", "/").removeprefix("./") in files:
        return clean.replace("\\", "/").removeprefix("./")
    clean = clean.removeprefix("./")
    if clean in files:
        return clean
    if fault := _fault(clean):
        raise NoUsableEdit(
            "wrong_file", f"the path {path[:200]!r} cannot be used: {fault[:1].lower()}{fault[1:]}", path=path
        )
    twins = [each for each in files if _folded(each) == _folded(clean)]
    namesakes = [each for each in files if each.endswith("/" + clean)]
    # Models put folders of their own making before a path: `path/to/a.py` for `a.py`.
    longer = [each for each in files if clean.endswith("/" + each)]
    if must_exist and len(namesakes) == 1 and not twins:
        return namesakes[0]
    if twins or ((namesakes or longer) and not explicit):
        near = (twins or namesakes or longer)[0]
        why = f"{clean} is not one of the files given; write {near} if that is meant, or ./{clean} for a new file"
        raise NoUsableEdit("wrong_file", why, path=clean)
    if must_exist:
        raise NoUsableEdit("wrong_file", f"{clean} is not one of the files given", path=clean)
    return clean


def _fault(path: str) -> str:
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in path):
        return "It holds characters that cannot be seen"
    if path.startswith("~") or "://" in path or ":" in path:
        return "It must be relative to the repository"
    parts = path.split("/")
    if any(part != part.rstrip(". ") or part != part.lstrip() or _RESERVED.fullmatch(part) for part in parts):
        # `..` and `.` are said better by the rules of the workspace
        return lexical_fault(path) or "Some systems take that name for another one"
    return lexical_fault(path)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
