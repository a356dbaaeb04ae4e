"""What a person says happened, as far as the task that is done next can take it up: names, formats, libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from nootropic_kernel.planning.healing.patch import Event, PlanPatch
from nootropic_kernel.planning.healing.repair import Repair
from nootropic_kernel.planning.model import Task
from nootropic_kernel.planning.reading.lexicon import Lexicon

_MOST = 3
_WORD = re.compile(r"`[^`]+`|[\w.+#/'-]*\w|[.;:!?,]")
# A clause asks for what stands behind these; behind a fault (`it crashed in store.py`) only the stronger ones do, and
# behind a negation only `but`.
_STRONG = frozenset(
    {"use", "using", "via", "try", "take", "need", "needs", "called", "named", "call", "name", "want", "wants", "but"}
)
_ASKS = _STRONG | {"with", "to", "into", "as", "from", "in", "is", "are", "read", "write", "by", "only", "have", "has"}
_NAMES = frozenset({"use", "using", "via", "try", "called", "named"})  # whatever stands right behind is a name
_FAULTS = frozenset(
    {"because", "broke", "broken", "breaks", "failed", "fails", "fail", "crashed", "crashes", "hangs", "missing",
     "error", "errors", "wrong", "slow", "lost"}
)  # fmt: skip
_NEGATED = frozenset(
    {"not", "no", "without", "instead", "never", "isn't", "aren't", "don't", "doesn't", "than", "cannot", "can't",
     "rather", "drop", "avoid"}
)  # fmt: skip
_SAYS = frozenset({"is", "are", "was", "were", "does", "has", "had", "will", "would"})  # behind what a fault is told of
_SHORT = frozenset({"OK", "TODO", "FIXME", "NOT", "AND", "OR", "NO", "I", "A", "IT", "IS", "MUST", "AC"})
_CODE = re.compile(r"`[^`]+`|[A-Za-z_]+_\w+|[\w-]+\.[A-Za-z]\w{0,5}|[A-Z][a-z]+[A-Z]\w+|[A-Z][A-Z0-9]{1,9}")
# Said of a task as a whole, at the end of a clause.
_DROPS = re.compile(
    r"\b(?:(?:drop|cancel|skip|forget|remove|delete)\s+(?:it|(?:this|that|the)(?:\s+task)?|T\d+)"
    r"|(?:it|this|the task|T\d+)(?:\s+is|'s)\s+(?:not|no longer)\s+(?:needed|wanted)"
    r"|(?:do not|don't)\s+(?:need|want)\s+(?:it|this|that|T\d+))(?:\s+(?:any ?more|now|please))?\s*(?:[.,;:!?]|$)",
    re.IGNORECASE,
)
_TASK = re.compile(r"(?:T|AC)\d+")


def taken_up(evidence: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The names that the words ask for: `use polars, pandas is too slow` asks for polars."""
    found: dict[str, None] = {}
    asks, opens, before = False, _ASKS, ""
    words = list(_words(evidence))
    for word, after in zip(words, [*words[1:], ""], strict=True):
        lower = word.lower()
        if word in ".;:!?,":
            asks, opens = asks and word == ",", _ASKS
        elif lower in _FAULTS | _NEGATED:
            asks, opens = False, frozenset({"but"}) if lower in _NEGATED else opens & _STRONG
        elif lower in opens:
            asks, opens = True, _ASKS
        elif asks and _is_name(word, before, lexicon) and after.lower() not in _SAYS | _FAULTS | _NEGATED - {"instead"}:
            found.setdefault(word.strip("`"))
        before = lower
    return tuple(found)[:_MOST]


def _words(evidence: str) -> Iterator[str]:
    return (each.group() for each in _WORD.finditer(evidence.replace("’", "'")))


def _is_name(word: str, before: str, lexicon: Lexicon) -> bool:
    if _TASK.fullmatch(word) or word in _SHORT:
        return False
    known = lexicon.technology(word.lower()) is not None
    return known or bool(_CODE.fullmatch(word)) or _is_new(word.lower(), before, lexicon)


def _is_new(word: str, before: str, lexicon: Lexicon) -> bool:
    """`use biopython`: a word that no list knows, right behind one that gives names."""
    return before in _NAMES and lexicon.is_unknown(word) and not lexicon.is_quality(word)


def with_reason(repair: Repair, event: Event, lexicon: Lexicon) -> Repair:
    """The repair, its task in place of the event's one named by what the reason asks for, and with its words."""
    names = taken_up(event.evidence, lexicon)
    if not names:
        return repair
    return replace(
        repair,
        add=tuple(
            _naming(each, names, event) if isinstance(each, Task) and _is_heir(each, event) else each
            for each in repair.add
        ),
    )


def reason_told(patch: PlanPatch, lexicon: Lexicon) -> str:
    """What became of the reason, for people."""
    event = patch.event
    if event is None or not event.task:
        return ""
    heirs = [each.id for each in patch.add if isinstance(each, Task) and _is_heir(each, event)]
    names = taken_up(event.evidence, lexicon)
    if _DROPS.search(event.evidence.replace("’", "'")):
        dropped = heirs[-1] if heirs else event.task
        return f"Where the work is not wanted at all: `noo task {dropped} --status cancelled`."
    if heirs and names:
        return f"{' and '.join(heirs)} takes up from what you said: {', '.join(names)}."
    why = "it has no name, format or library that a task could take up" if heirs else "no new task stands in its place"
    return f"What you said is only noted, with the plan's history: {why}. `noo task` edits a task by hand."


def _is_heir(each: object, event: Event) -> bool:
    """Whether it is done in place of the event's task, by somebody who reads."""
    return isinstance(each, Task) and each.supersedes == event.task and each.how.kind != "recipe"


def _naming(task: Task, names: tuple[str, ...], event: Event) -> Task:
    said = ", ".join(names)
    plain = re.sub(r" \(take up: [^)]*\)$", "", task.title)
    body = (
        task.body if event.evidence in task.body else f"{task.body}\n\nWhat happened before: {event.evidence}".strip()
    )
    return replace(task, title=f"{plain} (take up: {said})", body=f"{body}\n\nTo be taken up: {said}.")
