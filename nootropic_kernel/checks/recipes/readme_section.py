"""`readme.section`: a section of README.md; lines that are missing are added, what a person wrote stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.registry import Args, Example, Recipe, RecipeRefused

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")


def apply(files: RepoFiles, args: Args) -> list[FileEdit]:
    """Make the section at the end, or add the missing lines to the one that is there."""
    path = next((path for path in files.paths() if path.lower() == "readme.md"), "README.md")
    base = files.read(path)
    title = " ".join(str(args["title"]).lstrip("# ").split())
    wanted = [part.rstrip() for line in args["lines"] for part in str(line).splitlines() or [""]]
    if not title or not any(wanted):
        raise RecipeRefused("A section needs a title and at least one line.")
    try:
        text = (base or b"").decode("utf-8")
    except UnicodeDecodeError as problem:
        raise RecipeRefused(f"{path} is not UTF-8 text.", why=str(problem)) from problem
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    section = _find(lines, title)
    if section is None:
        head = text if not text or text.endswith(newline) else text + newline
        block = newline.join([f"## {title}" if text.strip() else f"# {title}", "", *wanted, ""])
        gap = newline if head.strip() and not head.endswith(newline * 2) else ""
        return [FileEdit(path, base, (head + gap + block).encode())]
    start, end = section
    present = {line.strip() for line in lines[start:end]}
    missing = [line for line in wanted if line.strip() and line.strip() not in present]
    if not missing:
        return []
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    lead = [""] if end == start + 1 or not _same_block(lines[end - 1], missing[0]) else []
    tail = [""] if end >= len(lines) else []
    new = [*lines[:end], *lead, *missing, *tail, *lines[end:]]
    return [FileEdit(path, base, newline.join(new).encode())]


def _find(lines: Sequence[str], title: str) -> tuple[int, int] | None:
    """The lines from a heading of this title up to the next heading of its level or above."""
    start, level, fenced = -1, 0, False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            continue
        if start >= 0 and len(heading[1]) <= level:
            return start, number
        if start < 0 and heading[2].casefold() == title.casefold():
            start, level = number, len(heading[1])
    return (start, len(lines)) if start >= 0 else None


def _same_block(before: str, after: str) -> bool:
    bullets = ("- ", "* ", "+ ")
    return before.lstrip().startswith(bullets) and after.lstrip().startswith(bullets)


def reads(paths: Sequence[str], args: Args) -> list[str]:
    return [path for path in paths if path.lower() == "readme.md"]


RECIPE = Recipe(
    name="readme.section",
    summary="Add a section, or lines missing from it, to README.md.",
    params={
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "lines"],
        "properties": {
            "title": {"type": "string", "description": "the section's heading"},
            "lines": {"type": "array", "items": {"type": "string"}, "description": "its lines of Markdown"},
        },
    },
    apply=apply,
    reads=reads,
    examples=(
        Example(
            before={"README.md": "# Library\n\nBooks.\n\n## Usage\n\n- read\n\n## Licence\n\nMIT\n"},
            args={"title": "Usage", "lines": ["- read", "- lend"]},
            after={"README.md": "# Library\n\nBooks.\n\n## Usage\n\n- read\n- lend\n\n## Licence\n\nMIT\n"},
        ),
        Example(
            before={"README.md": "# Library"},
            args={"title": "Usage", "lines": ["Run it."]},
            after={"README.md": "# Library\n\n## Usage\n\nRun it.\n"},
        ),
    ),
)
