"""A patch of a plan for people: a table of what is given up, new, linked anew and moved, in text, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nootropic_kernel.planning.healing.patch import PlanPatch
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.views.tree import harmless, in_html, in_markdown

_SHOWN = 20  # rows of one sort; beyond that a table of 2,000 tasks says nothing
_SIGNS = {"given up": "–", "removed": "–", "new": "+", "changed": "~", "waits for": "→", "moved": "»"}
_COLOURS = {
    "given up": "#9e9e9e", "removed": "#9e9e9e", "new": "#2e7d32", "changed": "#1565c0", "waits for": "#b26a00",
    "moved": "#757575",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the table: what happens, to which task, and how."""

    what: str
    task: str
    title: str
    detail: str


def rows(before: Plan, patch: PlanPatch) -> list[Row]:
    """The table of a patch; of many tasks of one sort the first 20, and how many more."""
    old = {task.id: task for task in before.tasks}
    new = {task.id: task for task in patch.tasks()}
    heirs: dict[str, list[str]] = {}
    for task in new.values():
        if task.supersedes:
            heirs.setdefault(task.supersedes, []).append(task.id)
    found: list[Row] = []
    found += _cut(Row("given up", name, old[name].title, _instead(heirs.get(name, []))) for name in patch.supersede)
    found += _cut(
        Row("changed", task.id, task.title, _changes(old[task.id], task))
        if task.id in old
        else Row("new", task.id, task.title, _of(task))
        for task in new.values()
    )
    found += _cut(
        Row(
            "waits for", each.id, old[each.id].title,
            f"{', '.join(each.depends_on) or 'nobody'} (before: {', '.join(old[each.id].depends_on) or 'nobody'})",
        )
        for each in patch.relink
    )  # fmt: skip
    found += _cut(
        Row(
            "moved", each.id, old[each.id].title if each.id in old else "",
            f"{_span(old[each.id])} h → {each.start_h:g}–{each.end_h:g} h",
        )
        for each in patch.reschedule
    )  # fmt: skip
    return found


def summary(before: Plan, patch: PlanPatch) -> str:
    """The patch in one sentence."""
    if patch.empty:
        return "Nothing in the plan changes."
    known = {task.id for task in before.tasks}
    changed = sum(task.id in known for task in patch.tasks())
    counts = [
        (len(patch.supersede), "given up"),
        (len(patch.tasks()) - changed, "new"),
        (changed, "changed"),
        (len(patch.relink), "linked anew"),
        (len(patch.reschedule), "moved"),
    ]
    said = [f"{count} task{'s' if count != 1 else ''} {word}" for count, word in counts if count]
    hours = patch.cost_delta.get("hours", 0.0)
    said += [f"{hours:+g} hours"] if hours else []
    money, above = patch.cost_delta.get("cost_usd", 0.0), patch.cost_delta.get("over_usd", 0.0)
    said += [f"{money:+.2f} US dollars"] if money else []
    said += [f"{above:.2f} US dollars above the budget"] if above else []
    over = patch.cost_delta.get("over_hours", 0.0)
    return ", ".join(said) + (f"; the plan is now {over:g} hours above its budget." if over else ".")


def text(before: Plan, patch: PlanPatch) -> str:
    """The table for a terminal."""
    table = rows(before, patch)
    width = max((len(row.task) for row in table), default=0)
    lines = [f"  {_SIGNS[row.what]} {row.task:<{width}}  {_told(row)}" for row in table]
    return harmless("\n".join([summary(before, patch), *lines]))


def markdown(before: Plan, patch: PlanPatch) -> str:
    """The table as Markdown."""
    lines = [in_markdown(summary(before, patch))]
    table = rows(before, patch)
    if table:
        lines += ["", "| | Task | | |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.task} | {in_markdown(row.title)} | {in_markdown(row.detail)} |" for row in table]
    return "\n".join(lines)


def html(before: Plan, patch: PlanPatch) -> str:
    """The table as HTML: inline styles, no script, every text escaped."""
    cell = "padding:1px 8px;text-align:left;vertical-align:top"
    lines = [
        f'<tr><td style="{cell};color:{_COLOURS[row.what]};white-space:nowrap">{_SIGNS[row.what]} {row.what}</td>'
        f'<td style="{cell}"><b>{in_html(row.task)}</b></td><td style="{cell}">{in_html(row.title)}</td>'
        f'<td style="{cell};opacity:.75">{in_html(row.detail)}</td></tr>'
        for row in rows(before, patch)
    ]
    table = f'<table style="border-collapse:collapse;font-size:inherit">{"".join(lines)}</table>' if lines else ""
    return f'<div class="nootropic-replan"><div>{in_html(summary(before, patch))}</div>{table}</div>'


def _cut(found: Iterator[Row]) -> list[Row]:
    every = list(found)
    if len(every) <= _SHOWN:
        return every
    return [*every[:_SHOWN], Row(every[0].what, "…", f"and {len(every) - _SHOWN} more", "")]


def _told(row: Row) -> str:
    parts = [row.title, *([f"waits for {row.detail}" if row.what == "waits for" else row.detail] if row.detail else [])]
    return " · ".join(part for part in parts if part)


def _instead(names: list[str]) -> str:
    return f"{', '.join(names)} instead" if names else ""


def _of(task: Task) -> str:
    after = f", after {', '.join(task.depends_on)}" if task.depends_on else ""
    return f"{task.how.sentence()}{after}, {task.estimate.hours:g} h"


def _changes(old: Task, new: Task) -> str:
    """What a task says otherwise than before; of long texts only that they differ."""
    said = []
    if old.title != new.title:
        said.append(f"was called “{old.title}”")
    if old.status != new.status:
        said.append(f"{old.status} → {new.status}")
    if old.how != new.how:
        before, after = old.how.sentence(), new.how.sentence()
        alike = "other arguments" if old.how.args != new.how.args else "another reason"
        said.append(f"{before} → {after}" if before != after else f"{after}: {alike}")
    if old.depends_on != new.depends_on:
        said.append(
            f"waits for {', '.join(new.depends_on) or 'nobody'} (before: {', '.join(old.depends_on) or 'nobody'})"
        )
    if old.estimate.hours != new.estimate.hours:
        said.append(f"{old.estimate.hours:g} h → {new.estimate.hours:g} h")
    if old.agent != new.agent:
        said.append(f"{old.agent or 'nobody'} → {new.agent or 'nobody'}")
    for name, was, now in (
        ("prose", old.body, new.body), ("acceptance", old.acceptance, new.acceptance), ("files", old.files, new.files),
    ):  # fmt: skip
        if was != now:
            said.append(f"other {name}")
    return "; ".join(said) or _of(new)


def _span(task: Task) -> str:
    return f"{task.schedule.start_h:g}–{task.schedule.end_h:g}"
