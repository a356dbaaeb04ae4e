"""A model's proposal as it came: read whatever its types, freed of what no plan may hold, each thing told."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from nootropic_kernel.planning.errors import ProposalRefused
from nootropic_kernel.planning.proposal.schema import MAX_HOURS, MAX_ITEMS, MAX_TASKS, MAX_TEXT, MAX_TITLE
from nootropic_kernel.workspace.rules import lexical_fault
from nootropic_kernel.workspace.secrets import redact

MAX_CHARS = 1_000_000
Outcome: TypeAlias = Literal["mended", "left out", "kept"]

_KEYS = frozenset({
    "id", "kind", "title", "story", "requires", "provides", "depends_on", "files", "hours", "body", "acceptance",
})  # fmt: skip
_TERMINAL = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\|\x1b\[[0-9;?<>=!]*[ -/]*[@-~]|\x1b.?|\x9b[0-9;?]*[@-~]"
)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
# Words to whoever reads the plan for a program's work, not to the person: what a task says is later an instruction.
_INSTRUCTS = re.compile(
    r"(?:ignore|disregard|forget|override)\b.{0,20}\b(?:all|any|previous|prior|above|earlier|your)\b.{0,30}"
    r"\b(?:instructions?|rules|prompts?|guidelines)\b"
    r"|\bsystem prompt\b|<\|[a-z_]+\|>|\[/?INST\]"
    r"|\byou are now (?:an? |the |in )?(?:assistant|agent|ai\b|admin|root|developer mode|unrestricted|dan\b)"
    r"|\b(?:accept|approve)\b.{0,30}\b(?:hunks?|pending (?:proposals?|changes?))\b"
    r"|\b(?:do not|don't|never) (?:tell|inform) (?:the |any)?(?:user|person|human|reviewer)s?\b(?!')"
    r"|\b(?:curl|wget)\b[^|\n]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\bnoo (?:accept|undo|plugin|models)\b",
    re.IGNORECASE | re.DOTALL,
)
_HARMS = re.compile(
    r"\b(?:rm|rmdir|unlink|shred|mkfs\S*|dd|truncate|del|erase|rmtree|removedirs|kill|killall|pkill|chmod|chown|sudo|su"
    r"|shutdown|reboot|curl|wget|nc|ssh|scp|eval|xargs|crontab)\b"
    r"|\bgit\s+(?:clean|reset|push|checkout|restore|branch\s+-d|stash|rebase|filter-branch|gc|update-ref)\b"
    r"|\b(?:drop|truncate)\s+(?:table|database|schema)\b|\bdelete\s+from\b|--?delete\b|--force\b|\bos\.(?:remove|unlink)\b"
    r"|\bshutil\.|\bsubprocess\b|\bos\.system\b|>\s*[/~.\w]|\bprune\b|:\(\)\s*\{|`|\$\(|\bbase64\b|/dev/|~/|\.\./",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    """Something in a proposal that could not stay as it was; ``where`` is the task's id as the model gave it."""

    where: str
    problem: str
    outcome: Outcome = "mended"

    def sentence(self) -> str:
        """The finding for people."""
        return f"{self.where + ': ' if self.where else ''}{self.problem} ({self.outcome})"


@dataclass
class Draft:
    """One proposed task, its fields of the right types and harmless; ``told`` are the fields that it had.

    ``coined`` are products that only the model knows.
    """

    given: str
    kind: str = ""
    title: str = ""
    story: str = ""
    body: str = ""
    hours: float | None = None
    requires: list[str] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)
    coined: list[str] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    acceptance: list[tuple[str, str | None]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    told: frozenset[str] = frozenset()
    mended: bool = False


@dataclass
class Proposal:
    """All of it, with what was found while it was read."""

    drafts: list[Draft]
    goals: list[str]
    findings: list[Finding]


def parse(text: str) -> Any:
    """The JSON document in a model's answer.

    :raises ProposalRefused: when it is none, or far too large for a plan.
    """
    if len(text) > MAX_CHARS:
        raise ProposalRefused(f"it has {len(text):,} characters; a plan has at most {MAX_CHARS:,}")
    fenced = re.fullmatch(r"\s*```[a-zA-Z]*\n(.*?)\n?```\s*", text, re.DOTALL)
    try:
        return json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError) as error:
        raise ProposalRefused(f"it is not JSON ({type(error).__name__}: {error})"[:200]) from error


def read_proposal(document: Any) -> Proposal:
    """Read a proposal, whatever its shape.

    :raises ProposalRefused: when nothing in it can be used, or it is too large.
    """
    if not isinstance(document, dict) or not isinstance(document.get("tasks"), list):
        raise ProposalRefused("it is not an object with a list of `tasks`")
    tasks = document["tasks"]
    if not tasks:
        raise ProposalRefused("it has no tasks")
    if len(tasks) > MAX_TASKS:
        raise ProposalRefused(f"it has {len(tasks):,} tasks; one plan is made of {MAX_TASKS} at most")
    findings = [
        Finding("", f"{_short(key)} is not part of a proposal", "left out")
        for key in list(document)[:MAX_ITEMS]
        if key not in ("tasks", "goals")
    ]
    drafts = [draft for entry in tasks if (draft := _Reader(findings).task(entry)) is not None]
    if not drafts:
        reasons = "; ".join(finding.sentence() for finding in findings[:5])
        raise ProposalRefused(f"none of its {len(tasks)} tasks can be used: {reasons}")
    goals = _Reader(findings, "goals").texts(document.get("goals", []), "goals", most=MAX_TASKS)
    return Proposal(drafts, goals, findings)


class _Reader:
    """Reads one task; what had to be changed goes to ``findings``."""

    def __init__(self, findings: list[Finding], where: str = "") -> None:
        self.findings, self.where = findings, where
        self.mended = False

    def task(self, entry: Any) -> Draft | None:
        if not isinstance(entry, Mapping):
            self._found(f"{_short(entry)} is no task", "left out")
            return None
        given = entry.get("id")
        self.where = self._id(given)
        for key in entry:
            if key not in _KEYS:
                self._found(f"{_short(key)} is not a field of a task", "left out")
        title = self.text(entry.get("title"), "title", MAX_TITLE, one_line=True)
        if _INSTRUCTS.search(title):
            self._found("its title gives instructions to a program instead of naming work", "left out")
            return None
        draft = Draft(self.where, title=title, told=frozenset(map(str, entry)) & _KEYS)
        draft.kind = self.text(entry.get("kind"), "kind", MAX_TITLE, one_line=True)
        draft.story = self.harmless(self.text(entry.get("story"), "story", MAX_TITLE, one_line=True), "story")
        draft.body = self.harmless(self.text(entry.get("body"), "body", MAX_TEXT * 4), "body")
        draft.hours = self._hours(entry.get("hours"))
        for name in ("requires", "provides", "depends_on"):
            setattr(draft, name, self.texts(entry.get(name, []), name))
        draft.files = [path for path in self.texts(entry.get("files", []), "files") if self._is_allowed(path)]
        self._acceptance(draft, entry.get("acceptance", []))
        draft.mended = self.mended
        return draft

    def text(self, value: Any, name: str, most: int, *, one_line: bool = False) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self._found(f"its {name} is {_short(value)}, which is no text")
            return ""
        if not isinstance(value, str):
            self._found(f"its {name} is a number, not a text")
        told = str(value)
        clean = _UNSEEN.sub("", _TERMINAL.sub("", told))
        clean = " ".join(clean.split()) if one_line else clean.strip()
        if _UNSEEN.search(told):
            self._found(f"its {name} holds signs that steer a terminal or that nobody sees")
        if (shown := redact(clean)) != clean:
            self._found(f"its {name} holds what looks like a secret")
        if len(shown) > most:
            self._found(f"its {name} has {len(shown):,} characters, {most} were kept")
        return shown[:most]

    def texts(self, value: Any, name: str, most: int = MAX_ITEMS * 3) -> list[str]:
        if isinstance(value, str):
            self._found(f"its {name} is a text, not a list")
            value = re.split(r"[,;\s]+", value.strip()) if value.strip() else []
        if not isinstance(value, list):
            self._found(f"its {name} is {_short(value)}, not a list")
            return []
        if len(value) > most:
            self._found(f"its {name} has {len(value):,} entries, {most} were kept")
        read = [self.text(item, name, MAX_TITLE, one_line=True) for item in value[:most]]
        found = list(dict.fromkeys(filter(None, read)))
        if len(found) < len(list(filter(None, read))):
            self._found(f"its {name} names something twice" if name != "goals" else "a goal is there twice")
        return found

    def harmless(self, text: str, name: str) -> str:
        if _INSTRUCTS.search(text):
            self._found(f"its {name} gives instructions to a program", "left out")
            return ""
        return text

    def _id(self, given: Any) -> str:
        if isinstance(given, str) and re.fullmatch(r"T[0-9]{1,4}", given):
            return given
        name = f"T{given}" if isinstance(given, int) and not isinstance(given, bool) and given >= 0 else ""
        name = name or (_UNSEEN.sub("", given).strip()[:40] if isinstance(given, str) else "")
        self.where = name or "a task without id"
        self._found(f"{_short(given)} is no id of a task")
        return self.where

    def _hours(self, value: Any) -> float | None:
        if value is None:
            return None
        if isinstance(value, str) and (found := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:h|hours?)?\s*", value)):
            self._found("its hours are a text, not a number")
            value = float(found[1])
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if not usable or not 0 < value <= MAX_HOURS:
            self._found(f"its hours are {_short(value)}; the library's estimate is taken")
            return None
        return float(value)

    def _is_allowed(self, path: str) -> bool:
        if reason := lexical_fault(path):
            self._found(f"the file {_short(path)} is refused: {reason}", "left out")
        return not reason

    def _acceptance(self, draft: Draft, value: Any) -> None:
        if not isinstance(value, list):
            value = [value]
            self._found("its acceptance is not a list")
        for entry in value[:MAX_ITEMS]:
            if isinstance(entry, str):
                self._found("an acceptance is a text, not an object")
                entry = {"text": entry}
            if not isinstance(entry, Mapping):
                self._found(f"{_short(entry)} is no acceptance", "left out")
                continue
            if unknown := [key for key in entry if key not in ("text", "verify")]:
                self._found(f"{_short(unknown[0])} is not a field of an acceptance", "left out")
            text = self.harmless(self.text(entry.get("text"), "acceptance", MAX_TEXT, one_line=True), "acceptance")
            command = self.text(entry.get("verify"), "verify", MAX_TEXT, one_line=True) or None
            if not text:
                self._found("an acceptance says nothing", "left out")
                continue
            if command is not None and _HARMS.search(command):
                self._found(f"the command {_short(command)} may delete or change something", "kept")
                draft.warnings.append(f"“{text[:60]}”: a model wrote its command, which may delete or change something")
            elif command is not None:
                draft.warnings.append(f"“{text[:60]}”: a model wrote its command; read it before you run it")
            draft.acceptance.append((text, command))

    def _found(self, problem: str, outcome: Outcome = "mended") -> None:
        self.mended = self.mended or outcome != "kept"
        self.findings.append(Finding(self.where, problem, outcome))


def _short(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:59]}…"
