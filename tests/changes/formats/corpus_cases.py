"""The corpus of answers: data files read into cases. What is expected is written out there, never computed by a parser.

A file's content is a text, the name of a base (``{base: shop}``), or a mapping of ``text`` (or ``base``) with
``encoding``, ``bom``, ``eol`` (crlf) and ``repeat`` (how often the text stands, for large files), or ``hex``.
An expected file may be ``{edits: [[old, new], …]}``: the file given with texts replaced that it holds exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Case:
    """One answer to a set of files; either ``applied`` or ``refused`` is what must come of it."""

    name: str
    format: str
    files: dict[str, bytes]
    answer: str
    finish: str
    applied: dict[str, bytes | None] | None
    renamed: dict[str, str]
    modes: dict[str, int]
    refused: str | None


def load_cases() -> list[Case]:
    """All cases, in the order of their files."""
    bases: dict[str, str] = yaml.safe_load((FOLDER / "bases.yaml").read_text(encoding="utf-8"))
    cases: list[Case] = []
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.name == "bases.yaml":
            continue
        for told in yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            cases.append(_case(told, file.stem, bases))
    return cases


def _case(told: Mapping[str, Any], stem: str, bases: Mapping[str, str]) -> Case:
    unknown = set(told) - {"name", "files", "answer", "finish", "applied", "renamed", "modes", "refused", "format"}
    assert not unknown and ("applied" in told) != ("refused" in told), told["name"]
    specs = told.get("files", {"shop.py": {"base": "shop"}})
    files = {path: _bytes(spec, bases) for path, spec in specs.items()}
    applied = None
    if "applied" in told:
        applied = {
            path: _expected(spec, files.get(told.get("renamed", {}).get(path, path)), specs.get(path), bases)
            for path, spec in told["applied"].items()
        }
    return Case(
        f"{stem}: {told['name']}",
        str(told.get("format", stem)),
        files,
        told["answer"],
        told.get("finish", "stop"),
        applied,
        told.get("renamed", {}),
        told.get("modes", {}),
        told.get("refused"),
    )


def _expected(spec: Any, given: bytes | None, given_spec: Any, bases: Mapping[str, str]) -> bytes | None:
    if spec is None:
        return None
    if isinstance(spec, dict) and "edits" in spec:
        assert given is not None
        style = {**given_spec, "bom": False} if isinstance(given_spec, dict) else {}
        for old, new in spec["edits"]:
            before, after = _encoded(old, style), _encoded(new, style)
            assert given.count(before) == 1, (old, given.count(before))
            given = given.replace(before, after)
        return given
    return _bytes(spec, bases)


def _bytes(spec: Any, bases: Mapping[str, str]) -> bytes:
    if isinstance(spec, str):
        return spec.encode()
    if "hex" in spec:
        return bytes.fromhex(spec["hex"])
    text = bases[spec["base"]] if "base" in spec else spec["text"]
    repeat = spec.get("repeat", {})
    for mark, count in repeat.items():
        line = next(each for each in text.split("\n") if mark in each)
        text = text.replace(f"{line}\n", "".join(f"{line.replace(mark, str(k))}\n" for k in range(count)))
    return _encoded(text, spec)


def _encoded(text: str, style: Mapping[str, Any]) -> bytes:
    if style.get("eol") == "crlf":
        text = text.replace("\n", "\r\n")
    elif style.get("eol") == "cr":
        text = text.replace("\n", "\r")
    return (("\ufeff" if style.get("bom") else "") + text).encode(style.get("encoding", "utf-8"))
