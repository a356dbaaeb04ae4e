"""Which file a line of an answer names: alone on its line, or in a sentence that presents a file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_TAG = re.compile(r"^\s*<(?:path|file_path|file|filename)>\s*(?P<path>[^<>]+?)\s*</\w+>\s*$")
_LABEL = re.compile(
    r"^(?:(?:in|for|the|new|updated|modified|changed|create|edit|update|modify|rewrite)\s+)*"
    r"(?:file|path|filename|file name|file path|filepath)?\s*[:=]?\s*(?=\S)",
    re.I,
)
_COMMENT = re.compile(r"^(?://|--|/\*|<!--|\d{1,3}[.)]|[-*+](?=\s))\s*|\s*(?:\*/|-->)$")
_NOTE = re.compile(r"\s+\((?:new|new file|updated|modified|changed|complete|full|created|edited)\)$", re.I)
_DECORATION = "`*#'\"_()[]: \t"
_PATH = re.compile(r"[^\s`*<>|\"'(){}\[\],;=]+")
_BARE = frozenset({
    "makefile", "gnumakefile", "dockerfile", "justfile", "procfile", "license", "readme", "gemfile", "rakefile",
    "vagrantfile", "jenkinsfile", "notice", "authors", "codeowners", ".gitignore", ".dockerignore", ".editorconfig",
})  # fmt: skip
_PRESENTS = re.compile(
    r"\b(?:here(?:'s| is| are)?|updated?|new|complete|full|contents?|modified|changed|rewritten|fixed|corrected|version"
    r"|final|becomes?|should (?:be|look))\b",
    re.I,
)
# What such a sentence introduces is not the new text of a file.
SHOWS = re.compile(
    r"\b(?:run|usage|use it|using it|example|call|called|calling|try|test it|install|outputs?|prints?|before|was|were"
    r"|old|original|originally|current|currently|error|traceback|instead of|would|could|alternative(?:ly)?|command"
    r"|commands|terminal|shell|excerpt|snippet|part of)\b",
    re.I,
)


@dataclass(frozen=True)
class Name:
    """A path that a line names; ``alone`` when the line says nothing else."""

    path: str
    alone: bool


def name_in(line: str, known: Collection[str]) -> Name | None:
    """The one file that the line names, or None when it names none or several."""
    tag = _TAG.match(line)
    if tag:
        return Name(tag["path"], True)
    bare = _NOTE.sub("", _COMMENT.sub("", line.strip()).strip(" \t#*:")).strip()
    bare = bare.strip(_DECORATION) if bare.strip("`*: \t") not in known else bare.strip("`*: \t")
    for text in (bare, _LABEL.sub("", bare, count=1).strip(_DECORATION)):
        if text in known:
            return Name(text, True)
        if _PATH.fullmatch(text) and _is_path(text):
            return Name(text, True)
    mentioned = {word for word in (each.strip(".,:;!?()") for each in _PATH.findall(line)) if word in known}
    if len(mentioned) == 1 and _PRESENTS.search(line) and not SHOWS.search(line):
        return Name(mentioned.pop(), False)
    return None


def _is_path(text: str) -> bool:
    if text.casefold() in _BARE:
        return True
    if not re.search(r"\w", text) or text.startswith(("<", ">", "=", "--", "@")):
        return False
    last = re.split(r"[/\\]", text)[-1]
    return re.search(r"[/\\]", text) is not None or re.fullmatch(r"[\w.@+~-]*\.[A-Za-z]\w{0,9}", last) is not None
