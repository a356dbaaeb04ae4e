"""Edits as JSON: our own schema, and the shapes of the tools that models were trained on.

Ours: ``{"edits": [{"path": …, "search": …, "replace": …} | {"path": …, "content": …} | {"path": …, "delete": true}]}``.
Others: ``old_string``/``new_string`` (and ``old_str``/``new_str``), str_replace_editor's ``command``, ``arguments`` as
an object or as a string of JSON, lists of calls, ``<tool_call>`` tags. Searched text may begin and end inside a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.operations import Delete, InsertAfter, Move, Operation, Replace, Rewrite

_PATH = ("path", "file_path", "filePath", "filepath", "file", "filename", "target_file", "relative_path")
_OLD = ("old_string", "old_str", "oldString", "oldText", "old_text", "search", "find", "SEARCH")
_NEW = ("new_string", "new_str", "newString", "newText", "new_text", "replace", "replacement", "REPLACE")
_WHOLE = ("content", "contents", "file_text", "new_content", "text")
_CALLS = ("tool_calls", "calls", "edits", "changes", "files", "replacements")
_WRITES = re.compile(r"write|create|add|overwrite|whole|insert", re.I)
_READS = re.compile(r"^(?:view|read|open|undo_edit|list|search|grep|run|bash|execute|think|finish|submit)", re.I)
_TELLING = re.compile(r'"(?:old_str|new_str|oldString|old_text|file_text|arguments|edits|insert_line|search|replace)')
_TAG = re.compile(r"<(?:tool_call|function_call)>|\[TOOL_CALLS\]|<\|python_tag\|>|<\|tool_call(?:_begin)?\|>")


@dataclass(frozen=True)
class _Call:
    """What the levels around an edit say for all edits in it."""

    path: str | None = None
    name: str = ""


def read_bare(text: str, known: Collection[str]) -> tuple[list[Operation], str]:
    """The calls that stand in a text without fences, and the text that is left.

    Raises:
        NoUsableEdit: `cut` for JSON without an end, `broken` for a call that says nothing usable.
    """
    found: list[Operation] = []
    left: list[str] = []
    at = 0
    for start in _starts(text):
        if start < at:
            continue
        try:
            value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
        except ValueError as problem:
            if not _TELLING.search(text, start):
                break
            if _looks_cut(text[start:]):
                raise NoUsableEdit("cut", "the JSON of a tool call has no end") from problem
            raise NoUsableEdit("broken", f"the JSON of a tool call cannot be read ({problem})") from problem
        except RecursionError as problem:
            raise NoUsableEdit("broken", "the JSON is nested too deeply to be read") from problem
        if is_call(value):
            found += operations_of(value, known)
            left.append(text[at:start])
            at = end
    return found, "".join([*left, text[at:]])


def read_fenced(body: str, known: Collection[str]) -> list[Operation] | None:
    """The calls of a code block; None when it holds no call. Raises NoUsableEdit as `read_bare` does."""
    if not body.lstrip().startswith(("{", "[", "<tool_call>")):
        return None
    found, left = read_bare(body, known)
    return found if found and not left.replace("<tool_call>", "").replace("</tool_call>", "").strip(" \n,;") else None


def is_call(value: Any) -> bool:
    """Whether a JSON value has the shape of an edit; any other JSON is data."""
    if isinstance(value, list):
        return bool(value) and all(is_call(each) for each in value)
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("function"), dict):
        value = value["function"]
    for key in ("arguments", "parameters", "input", "args"):
        if key in value and isinstance(value.get("name") or value.get("tool"), str):
            return isinstance(value[key], str | dict)
    if any(isinstance(value.get(key), list) and value[key] and is_call(value[key]) for key in _CALLS):
        return True
    has_new = any(key in value for key in _NEW)
    if any(key in value for key in _OLD) and has_new:
        return True
    if not any(isinstance(value.get(key), str) for key in _PATH):
        return False
    return (
        any(isinstance(value.get(key), str) for key in _WHOLE)
        or (isinstance(value.get("command"), str) and (has_new or "insert_line" in value))
        or value.get("delete") is True
        or isinstance(value.get("rename_to"), str)
    )


def operations_of(value: Any, known: Collection[str], around: _Call = _Call()) -> list[Operation]:
    """The operations of a value for which `is_call` holds."""
    if isinstance(value, list):
        return [each for item in value for each in operations_of(item, known, around)]
    if isinstance(value.get("function"), dict):
        value = value["function"]
    path = _text(value, _PATH)
    name = str(value.get("name") or value.get("tool") or value.get("command") or around.name)
    call = _Call(path if path is not None else around.path, name)
    for key in ("arguments", "parameters", "input", "args"):
        if key in value and isinstance(value.get("name") or value.get("tool"), str):
            return _of_arguments(value[key], known, call)
    inner = next((value[key] for key in _CALLS if isinstance(value.get(key), list)), None)
    if inner is not None and not any(key in value for key in _OLD):
        return [each for item in inner for each in operations_of(item, known, call)]
    return [_operation(value, call, known)]


def _of_arguments(told: Any, known: Collection[str], call: _Call) -> list[Operation]:
    if isinstance(told, str):
        try:
            told = json.loads(told, strict=False)
        except ValueError as problem:
            kind = _looks_cut(told)
            why = f"the arguments of the call {call.name} are no JSON ({problem})"
            raise NoUsableEdit("cut" if kind else "broken", why) from problem
    if not isinstance(told, dict):
        raise NoUsableEdit("broken", f"the arguments of the call {call.name} are no object")
    if _READS.match(str(told.get("command", call.name))):
        raise NoUsableEdit(
            "no_edit", f"the call {told.get('command', call.name)} edits nothing, and nothing answers it"
        )
    return operations_of(told, known, _Call(call.path, str(told.get("command", call.name))))


def _operation(value: Mapping[str, Any], call: _Call, known: Collection[str]) -> Operation:
    path, name = call.path, call.name
    line = value.get("insert_line")
    if line is not None:
        text = _text(value, (*_NEW, *_WHOLE, "insert_text"))
        if not isinstance(line, int) or isinstance(line, bool) or text is None:
            raise NoUsableEdit("broken", "an insertion says no line number or no text", path=path or "")
        return InsertAfter(path, line, text)
    if value.get("delete") is True and path is not None:
        return Delete(path)
    if isinstance(value.get("rename_to"), str) and path is not None:
        return Move(path, value["rename_to"])
    old, new, whole = _text(value, _OLD), _text(value, _NEW), _text(value, _WHOLE)
    if value.get("replace_all") is True or value.get("allow_multiple") is True:
        raise NoUsableEdit(
            "broken", "replacing every place at once is not understood; name each place", path=path or ""
        )
    if old is not None and (new is not None or name == "str_replace"):
        return Replace(path, old, new or "", within_lines=True)
    if whole is not None and (path is not None or _WRITES.search(name)):
        return Rewrite(path, whole)
    raise NoUsableEdit("broken", f"an edit says neither old and new text nor content ({', '.join(value)[:120]})")


def _text(value: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value[key] for key in keys if isinstance(value.get(key), str)), None)


def _starts(text: str) -> Iterator[int]:
    """Where JSON may begin: at the first bracket of a line, or after a tag of tool calls."""
    places = {found.start("json") for found in re.finditer(r"^[ \t]*(?P<json>[{\[])", text, re.MULTILINE)}
    for tag in _TAG.finditer(text):
        found = re.compile(r"\s*(?P<json>[{\[])").match(text, tag.end())
        if found:
            places.add(found.start("json"))
    return iter(sorted(places))


def _looks_cut(text: str) -> bool:
    """Whether JSON ends inside a string or with brackets open."""
    depth = 0
    inside = escaped = False
    for char in text:
        if inside:
            escaped, inside = (not escaped and char == "\\"), (escaped or char != '"')
        elif char == '"':
            inside = True
        elif char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
            if depth <= 0:
                return False
    return depth > 0 or inside
