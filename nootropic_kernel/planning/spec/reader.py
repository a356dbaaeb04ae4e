"""Reading project-spec.md: a plan, with what a hand edit left outside the grammar, or the line that breaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.model import SCHEMA, Acceptance, Epic, Plan, Story, Task
from nootropic_kernel.planning.schedule.budgets import unknown_budget_keys
from nootropic_kernel.planning.schedule.resources import unknown_agent_keys
from nootropic_kernel.planning.spec.records import TURNING, RecordInvalid, decode, encode, from_plain

FENCE, FENCE_END = "```yaml plan", "```"
LIST, LIST_END = "[", "  ]"
BODY, BODY_END = "<!-- body -->", "<!-- /body -->"
MARKER_LIKE = re.compile(r"\\*<!-- /?body -->\s*")
_HEADING = re.compile(r"(##|###|####) ([EST])(\d+) · (.*)")
_LEVELS = {"##": "E", "###": "S", "####": "T"}
_CHECK = re.compile(r"- \[([ xX])\] ([A-Za-z][A-Za-z0-9_-]*): (.*)")
_KEY = re.compile(r"([a-z_]+): (.*)")
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff{TURNING}]")
OWN_KIND = "task"  # of a task that a person added without saying one; no method makes such
_KINDS: dict[str, type[Epic] | type[Story] | type[Task]] = {"E": Epic, "S": Story, "T": Task}


@dataclass(frozen=True)
class SpecNote:
    """A hand edit outside the grammar: where it stands, what it says, where it is kept."""

    line: int
    text: str
    kept_in: str

    def sentence(self) -> str:
        """The note for people."""
        return f"line {self.line}: {self.text[:60]!r} is outside the plan's grammar; kept as prose of {self.kept_in}"


@dataclass(frozen=True)
class Spec:
    """A plan read from its file, with what was found beside the grammar."""

    plan: Plan
    notes: tuple[SpecNote, ...] = ()


def load(text: str) -> Plan:
    """The plan in a project-spec.md (see :func:`read`)."""
    return read(text).plan


def is_plain(text: str) -> bool:
    """Whether a text can stand as it is in a line of Markdown."""
    return bool(text) and text == text.strip() and not _UNSAFE.search(text)


def heading(title: str) -> str:
    """What stands in the heading of a title; one that cannot stand there is kept as a key too."""
    return title if is_plain(title) else " ".join(_UNSAFE.sub(" ", title).split()) or "(untitled)"


def is_ours(text: str) -> bool:
    """Whether a file looks like a plan that Nootropic wrote, however damaged."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n", 40)
    return lines[0].strip() == "---" and any(line.startswith(("schema:", "archetype:", "revision:")) for line in lines)


@lru_cache(maxsize=2)
def read(text: str) -> Spec:
    """Read a project-spec.md; one that was read just before is not read again.

    :raises SpecForeign: when it is not a plan of ours.
    :raises SpecUnreadable: with the line that breaks the grammar.
    """
    if not is_ours(text):
        raise SpecForeign
    return _Reader(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")).read()


@dataclass
class _Part:
    """One element while it is read."""

    letter: str
    id: str
    title: str
    line: int
    parent: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    checks: list[Acceptance] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    has_block: bool = False
    has_title: bool = True

    @property
    def called(self) -> str:
        return self.id or "the plan"


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.notes: list[SpecNote] = []
        self.root = _Part("", "", "", 1, has_title=False)
        self.parts: list[_Part] = []
        self.names: set[str] = set()
        self.latest: dict[str, str] = {}
        self.loose: _Part | None = None  # whose prose the line before belongs to, outside body marks
        self.blank = False

    def read(self) -> Spec:
        self.at = 1
        self._keys(self.root, "---")
        if self.root.record.get("schema") != SCHEMA:
            found = encode(self.root.record.get("schema"))
            raise SpecUnreadable(self.root.lines.get("schema", 1), f"the schema must be {encode(SCHEMA)}, not {found}")
        part = self.root
        while self.at < len(self.lines):
            part = self._line(part)
        return Spec(self._plan(), tuple(self.notes))

    def _line(self, part: _Part) -> _Part:
        line = self.lines[self.at]
        bare = line.rstrip()
        self.at += 1
        if not bare:
            self.blank = True
            return part
        loose, blank, self.loose, self.blank = self.loose, self.blank, None, False
        if (found := _HEADING.fullmatch(bare)) and _LEVELS[found.group(1)] == found.group(2):
            return self._heading(found)
        if bare == FENCE and part.letter and not part.has_block:
            part.has_block = True
            self._keys(part, FENCE_END)
        elif bare == BODY:
            self._body(part)
        elif (check := _CHECK.fullmatch(bare)) and part.letter in ("S", "T"):
            self._check(part, check)
        elif bare.startswith("# ") and not part.letter and not part.has_title:
            part.has_title, part.title = True, bare[2:].strip()
        else:
            self.notes.append(SpecNote(self.at, line.strip(), part.called))
            part.body += ["", line] if blank and loose is part else [line]  # paragraphs stay two
            self.loose = part
        return part

    def _heading(self, found: re.Match[str]) -> _Part:
        letter, name = found.group(2), found.group(2) + found.group(3)
        if name in self.names:
            raise SpecUnreadable(self.at, f"{name} is there twice")
        above = {"E": "", "S": "E", "T": "S"}[letter]
        if above and above not in self.latest:
            raise SpecUnreadable(self.at, f"{name} stands above the first {'epic' if above == 'E' else 'story'}")
        part = _Part(letter, name, found.group(4).strip(), self.at, self.latest.get(above, ""))
        if not part.title:
            raise SpecUnreadable(self.at, f"{name} has no title")
        self.latest[letter] = name
        if letter == "E":
            self.latest.pop("S", None)
        self.parts.append(part)
        self.names.add(name)
        return part

    def _keys(self, part: _Part, end: str) -> None:
        start = self.at
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip()
            self.at += 1
            if line == end:
                return
            if not line:
                continue
            found = _KEY.fullmatch(line)
            if not found:
                raise SpecUnreadable(self.at, f"`key: value` is wanted here, not {line[:60]!r}")
            key, value = found.groups()
            if key in part.record:
                raise SpecUnreadable(self.at, f"{key!r} is there twice")
            first = self.at
            if value == LIST:
                value = self._long_list()
            try:
                part.record[key] = _words(decode(value)) if key == "words" else decode(value)
            except (ValueError, RecursionError) as error:
                reason = f"the value of {key!r} is not JSON ({error}); texts need quotes"
                raise SpecUnreadable(first, reason) from None
            part.lines[key] = first
        raise SpecUnreadable(start, f"the block that starts here is not closed by `{end}`")

    def _long_list(self) -> str:
        """A list with one entry a line, up to its bracket."""
        start, lines = self.at, [LIST]
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip()
            self.at += 1
            lines.append(line)
            if line.strip() == LIST_END.strip():
                return "".join(lines)
            if line == "---":
                break
        raise SpecUnreadable(start, "the list that starts here is not closed by `]`")

    def _body(self, part: _Part) -> None:
        start = self.at
        taken: list[str] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if line.rstrip() == BODY_END:
                part.body += taken
                return
            if line.rstrip() == BODY:  # of another part: the end of this one was deleted
                break
            taken.append(line[1:] if line.startswith("\\") and MARKER_LIKE.fullmatch(line) else line)
        raise SpecUnreadable(start, f"the prose that starts here is not closed by `{BODY_END}`")

    def _check(self, part: _Part, found: re.Match[str]) -> None:
        mark, name, text = found.groups()
        line = self.at
        if any(check.id == name for check in part.checks):
            raise SpecUnreadable(line, f"{name} is there twice in {part.id}")
        if text.startswith('"'):
            try:
                value = decode(text)
                text = value if isinstance(value, str) else text
            except (ValueError, RecursionError):
                pass  # words that merely start with a quotation mark
        verify = None
        if self.at < len(self.lines) and self.lines[self.at].startswith("  verify: "):
            self.at += 1
            try:
                verify = decode(self.lines[self.at - 1].removeprefix("  verify: ").rstrip())
            except (ValueError, RecursionError) as error:
                raise SpecUnreadable(self.at, f"the value of 'verify' is not JSON ({error})") from error
            if not isinstance(verify, str):
                raise SpecUnreadable(self.at, "verify must be a text in quotes")
        part.checks.append(Acceptance(name, text, mark != " ", verify))

    def _plan(self) -> Plan:
        found: dict[str, list[Any]] = {"E": [], "S": [], "T": []}
        for part in self.parts:
            found[part.letter].append(self._built(part, _KINDS[part.letter]))
        plan = self._built(self.root, Plan)
        assert isinstance(plan, Plan)
        self._known_limits(plan)
        return replace(plan, epics=tuple(found["E"]), stories=tuple(found["S"]), tasks=tuple(found["T"]))

    def _known_limits(self, plan: Plan) -> None:
        """A key of the budget or of an agent that nobody reads is refused: a slip in it would lift the limit."""
        for problem in unknown_budget_keys(plan.budget):
            raise SpecUnreadable(self.root.lines["budget"], problem)
        first = self.root.lines.get("agents", 1)
        one_a_line = self.lines[first - 1].rstrip() == f"agents: {LIST}"
        for at, agent in enumerate(plan.agents, start=1):
            for problem in unknown_agent_keys(agent):
                raise SpecUnreadable(first + at if one_a_line else first, problem)

    def _built(self, part: _Part, kind: type[Any]) -> Any:
        if "body" in part.record and part.body:
            told = part.record.pop("body")
            if not isinstance(told, str):
                raise SpecUnreadable(part.lines["body"], f"{part.called}: 'body' must be a text in quotes")
            part.body.insert(0, told)
        kept = part.record.get("title")
        if part.title and isinstance(kept, str) and not is_plain(kept) and heading(kept) != part.title:
            del part.record["title"]  # the heading was edited since the key was written
        elif part.title and isinstance(kept, str) and is_plain(kept) and kept != part.title:
            why = f"{part.called} is called {part.title!r} in its heading and {kept!r} here; remove this line"
            raise SpecUnreadable(part.lines["title"], why)
        given: dict[str, Any] = {"title": part.title or "Plan", "body": "\n".join(part.body), **part.record}
        if part.letter:
            outside = {"id": part.id, "S": {"epic": part.parent}, "T": {"story": part.parent}}
            for key in ("id", "epic", "story", "acceptance", "epics", "stories", "tasks"):
                if key in part.record:
                    raise SpecUnreadable(part.lines[key], f"{key!r} follows from the heading's place; remove the line")
            given |= {"id": outside["id"], **(outside.get(part.letter) or {})}  # type: ignore[dict-item]
        if part.letter == "T":  # what a person adds needs no more than its heading
            given = {"kind": OWN_KIND, "how": {"kind": "person"}, **given}
        try:
            built = from_plain(kind, given)
        except RecordInvalid as error:
            key = re.split(r"[.\[]", error.key)[0]
            raise SpecUnreadable(part.lines.get(key, part.line), f"{part.called}: {error}") from None
        if part.checks:
            built = replace(built, acceptance=tuple(part.checks))
        return built


def _words(value: Any) -> Any:
    """Words as records: written as `[text, verdict, meaning]`, in files of before as objects."""
    if not isinstance(value, list):
        return value
    keys = ("text", "verdict", "meaning")
    return [dict(zip(keys, each, strict=True)) if isinstance(each, list) and len(each) == 3 else each for each in value]
