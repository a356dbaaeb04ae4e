"""project-spec.md: the plan as one Markdown file that a person can read and edit, and that loses nothing.

Front matter and the blocks fenced as ``yaml plan`` hold one ``key: <JSON value>`` a line; headings hold ids and titles;
check boxes hold acceptance; prose stands between body markers. What a hand edit leaves outside this grammar is kept
in the body of the element it stands in, and reported with its line; what cannot be understood at all is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nootropic_kernel.planning.errors import SpecForeign, SpecUnreadable
from nootropic_kernel.planning.model import SCHEMA, Acceptance, Epic, Plan, Story, Task
from nootropic_kernel.planning.records import RecordInvalid, decode, encode, from_plain, shown

FILE_NAME = "project-spec.md"

_FENCE, _FENCE_END = "```yaml plan", "```"
_LIST, _LIST_END = "[", "  ]"
_BODY, _BODY_END = "<!-- body -->", "<!-- /body -->"
_HEADING = re.compile(r"(##|###|####) ([EST])(\d+) · (.*)")
# Shown even at their default, because people look for them and edit them.
_ALWAYS = frozenset({"revision", "status"})
_READ_FIRST = ("schema", "id", "revision", "title", "brief", "goals", "limits", "budget", "agents")
_LEVELS = {"##": "E", "###": "S", "####": "T"}
_CHECK = re.compile(r"- \[([ xX])\] ([A-Za-z][A-Za-z0-9_-]*): (.*)")
_KEY = re.compile(r"([a-z_]+): (.*)")
_MARKER_LIKE = re.compile(r"\\*<!-- /?body -->\s*")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_UNSAFE_BODY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
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


# ---- writing --------------------------------------------------------------------------------------------------------


def dump(plan: Plan) -> str:
    """The plan as project-spec.md."""
    return "\n".join(_lines(canonical(plan))) + "\n"


def canonical(plan: Plan) -> Plan:
    """The plan with stories in the order of their epics, and tasks in the order of their stories."""
    epics = {epic.id: place for place, epic in enumerate(plan.epics)}
    try:
        stories = tuple(sorted(plan.stories, key=lambda story: epics[story.epic]))
        places = {story.id: place for place, story in enumerate(stories)}
        tasks = tuple(sorted(plan.tasks, key=lambda task: places[task.story]))
    except KeyError as missing:
        raise ValueError("a story or task belongs to nothing in the plan") from missing
    return replace(plan, stories=stories, tasks=tasks)


def _lines(plan: Plan) -> Iterator[str]:
    yield "---"
    outside = frozenset({"schema", "title", "epics", "stories", "tasks", "body", "words", "tree", "bindings", "ext"})
    fields = shown(plan, leave_out=outside, always=_ALWAYS)
    words = [[word.text, word.verdict, word.meaning] for word in plan.words]
    # What people read comes first; what only programs read, the tree and what it was made from, comes last.
    record = {"schema": plan.schema, **_titled(fields, plan.title), **_bodied(plan.body)}
    first = [key for key in _READ_FIRST if key in record]
    for key in (*first, *(key for key in record if key not in first)):
        yield f"{key}: {encode(record[key])}"
    yield from _entries("words", words)
    for key in ("ext", "bindings"):
        if value := getattr(plan, key):
            yield f"{key}: {encode(value)}"
    yield from _entries("tree", [shown(node) for node in plan.tree])
    yield from ("---", "", f"# {_heading(plan.title)}", "")
    yield from _prose(plan.body)
    for epic in plan.epics:
        yield from _element("##", epic, frozenset({"id", "title", "body"}))
        for story in plan.stories_of(epic.id):
            yield from _element("###", story, frozenset({"id", "title", "body", "epic", "acceptance"}))
            for task in plan.tasks_of(story.id):
                yield from _element("####", task, frozenset({"id", "title", "body", "story", "acceptance"}))


def _entries(key: str, entries: Sequence[Any]) -> Iterator[str]:
    """A list with an entry a line."""
    if entries:
        lines = [encode(entry) for entry in entries]
        yield from (f"{key}: [", *(f"  {line}," for line in lines[:-1]), f"  {lines[-1]}", _LIST_END)


def _element(level: str, element: Epic | Story | Task, outside: frozenset[str]) -> Iterator[str]:
    yield from (f"{level} {element.id} · {_heading(element.title)}", "")
    record = {**_titled(shown(element, leave_out=outside, always=_ALWAYS), element.title), **_bodied(element.body)}
    if isinstance(element, Task):
        record["how"] = shown(element.how)
    if record:
        yield _FENCE
        for key, value in record.items():
            yield f"{key}: {encode(value)}"
        yield from (_FENCE_END, "")
    checks = getattr(element, "acceptance", ())
    for check in checks:
        text = check.text if _is_plain(check.text) and not check.text.startswith('"') else encode(check.text)
        yield f"- [{'x' if check.met else ' '}] {check.id}: {text}"
        if check.verify is not None:
            yield f"  verify: {encode(check.verify)}"
    if checks:
        yield ""
    yield from _prose(element.body)


def _prose(body: str) -> Iterator[str]:
    if body and not _UNSAFE_BODY.search(body):
        yield _BODY
        for line in body.split("\n"):
            yield "\\" + line if _MARKER_LIKE.fullmatch(line) else line
        yield from (_BODY_END, "")


def _is_plain(text: str) -> bool:
    return bool(text) and text == text.strip() and not _UNSAFE.search(text)


def _heading(title: str) -> str:
    return title if _is_plain(title) else " ".join(_UNSAFE.sub(" ", title).split()) or "(untitled)"


def _titled(record: dict[str, Any], title: str) -> dict[str, Any]:
    return record if _is_plain(title) else {"title": title, **record}


def _bodied(body: str) -> dict[str, Any]:
    return {"body": body} if _UNSAFE_BODY.search(body) else {}


# ---- reading --------------------------------------------------------------------------------------------------------


def load(text: str) -> Plan:
    """The plan in a project-spec.md (see :func:`read`)."""
    return read(text).plan


def is_ours(text: str) -> bool:
    """Whether a file looks like a plan that Nootropic wrote, however damaged."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n", 40)
    return lines[0].strip() == "---" and any(line.startswith(("schema:", "archetype:", "revision:")) for line in lines)


def read(text: str) -> Spec:
    """Read a project-spec.md.

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
            return part
        if (found := _HEADING.fullmatch(bare)) and _LEVELS[found.group(1)] == found.group(2):
            return self._heading(found)
        if bare == _FENCE and part.letter and not part.has_block:
            part.has_block = True
            self._keys(part, _FENCE_END)
        elif bare == _BODY:
            self._body(part)
        elif (check := _CHECK.fullmatch(bare)) and part.letter in ("S", "T"):
            self._check(part, check)
        elif bare.startswith("# ") and not part.letter and not part.has_title:
            part.has_title, part.title = True, bare[2:].strip()
        else:
            self.notes.append(SpecNote(self.at, line.strip(), part.called))
            part.body.append(line)
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
            if value == _LIST:
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
        start, lines = self.at, [_LIST]
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip()
            self.at += 1
            lines.append(line)
            if line.strip() == _LIST_END.strip():
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
            if line.rstrip() == _BODY_END:
                part.body += taken
                return
            taken.append(line[1:] if line.startswith("\\") and _MARKER_LIKE.fullmatch(line) else line)
        raise SpecUnreadable(start, f"the prose that starts here is not closed by `{_BODY_END}`")

    def _check(self, part: _Part, found: re.Match[str]) -> None:
        mark, name, text = found.groups()
        line = self.at
        if any(check.id == name for check in part.checks):
            raise SpecUnreadable(line, f"{name} is there twice in {part.id}")
        if text.startswith('"'):
            try:
                value = decode(text)
                text = value if isinstance(value, str) else text
            except ValueError:
                pass  # words that merely start with a quotation mark
        verify = None
        if self.at < len(self.lines) and self.lines[self.at].startswith("  verify: "):
            self.at += 1
            try:
                verify = decode(self.lines[self.at - 1].removeprefix("  verify: ").rstrip())
            except ValueError as error:
                raise SpecUnreadable(self.at, f"the value of 'verify' is not JSON ({error})") from None
            if not isinstance(verify, str):
                raise SpecUnreadable(self.at, "verify must be a text in quotes")
        part.checks.append(Acceptance(name, text, mark != " ", verify))

    def _plan(self) -> Plan:
        found: dict[str, list[Any]] = {"E": [], "S": [], "T": []}
        for part in self.parts:
            found[part.letter].append(self._built(part, _KINDS[part.letter]))
        plan = self._built(self.root, Plan)
        assert isinstance(plan, Plan)
        return replace(plan, epics=tuple(found["E"]), stories=tuple(found["S"]), tasks=tuple(found["T"]))

    def _built(self, part: _Part, kind: type[Any]) -> Any:
        if "body" in part.record and part.body:
            part.body.insert(0, part.record.pop("body"))
        given: dict[str, Any] = {"title": part.title or "Plan", "body": "\n".join(part.body), **part.record}
        if part.letter:
            outside = {"id": part.id, "S": {"epic": part.parent}, "T": {"story": part.parent}}
            for key in ("id", "epic", "story", "acceptance", "epics", "stories", "tasks"):
                if key in part.record:
                    raise SpecUnreadable(part.lines[key], f"{key!r} follows from the heading's place; remove the line")
            given |= {"id": outside["id"], **(outside.get(part.letter) or {})}  # type: ignore[dict-item]
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
