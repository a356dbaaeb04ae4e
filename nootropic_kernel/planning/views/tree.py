"""A plan for people: a tree for the terminal, Markdown for GitHub, HTML that needs nothing from outside."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterator
from typing import Any

from nootropic_kernel.planning.model import GIVEN_UP, GONE, Plan, Task, WordUse
from nootropic_kernel.planning.reading.wording import listing
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.schedule.resources import agents_of
from nootropic_kernel.planning.spec.records import TURNING, to_plain
from nootropic_kernel.planning.views.board import Column, States, columns, next_tasks, progress, state_of
from nootropic_kernel.planning.views.mermaid import mermaid_graph

_SIGNS = {
    "done": "✓", "ready": "▸", "review": "?", "running": "…", "blocked": "✗", "failed": "✗",
    "superseded": "–", "cancelled": "–", "deferred": "–",
}  # fmt: skip
_COLOURS = {
    "done": "#2e7d32", "ready": "#1565c0", "review": "#b26a00", "running": "#b26a00", "blocked": "#b3261e",
    "failed": "#b3261e", "pending": "#757575", "superseded": "#9e9e9e", "cancelled": "#9e9e9e", "deferred": "#9e9e9e",
}  # fmt: skip
_OWN = 12  # tasks of an agent that are named
_GRAPH_LIMIT = 60  # beyond it a graph is a thicket; the board still shows everything


_VERDICTS = {
    "matched": "Understood",
    "assumed": "Assumed",
    "noted": "Noted",
    "not understood": "Not understood",
}

# ---- terminal -------------------------------------------------------------------------------------------------------


def tree(plan: Plan, states: States, *, notes: tuple[str, ...] = ()) -> str:
    """The plan as an indented tree, with the words of its brief, the critical path and what can be done next."""
    return harmless("\n".join(_tree_lines(plan, states, notes)))


def _tree_lines(plan: Plan, states: States, notes: tuple[str, ...]) -> Iterator[str]:
    done, live = progress(plan, states)
    yield f"{plan.title}  [{plan.archetype}, revision {plan.revision}, {done} of {live} tasks done]"
    for epic in plan.epics:
        yield f"{epic.id} {epic.title}"
        for story in plan.stories_of(epic.id):
            yield f"  {story.id} {story.title}"
            for task in plan.tasks_of(story.id):
                state = state_of(task, states)
                star = "*" if task.schedule.critical else " "
                detail = [task.how.sentence(), *([f"after {', '.join(task.depends_on)}"] if task.depends_on else [])]
                detail += [said] if (said := origin_of(task)) else []
                yield f"    {_SIGNS.get(state.status, '·')}{star}{task.id} {task.title}  ({'; '.join(detail)})"
                if state.note and not state.note.startswith("waits for"):  # "after" says that already
                    yield f"         {state.status}: {state.note}"
                yield from (f"         careful: {warning}" for warning in warnings_of(task))
    yield ""
    if path := plan.critical_path():
        yield f"{path_title(plan)}: {_path(path)}, {_hours(plan.hours())}"
    yield from who_lines(plan, states)
    if ready := next_tasks(plan, states):
        yield f"Next: {_names(ready)}"
    yield from word_lines(plan)
    yield from notes


def path_title(plan: Plan) -> str:
    """What the critical path of a plan is: with agents, tasks wait for whoever does them too."""
    return "Critical path, by dependencies and by who is free" if agents_of(plan) else "Critical path"


def who_lines(plan: Plan, states: States) -> Iterator[str]:
    """What each agent does, in the order in which it begins; none where nobody waits for anybody."""
    agents = {agent.id: agent for agent in agents_of(plan)}
    for name, agent in agents.items():
        own = [t for t in plan.tasks if t.agent == name and state_of(t, states).status not in {*GONE, "done"}]
        if not own:
            continue
        own.sort(key=lambda task: task.schedule.start_h)
        names = ", ".join(task.id for task in own[:_OWN]) + (f" and {len(own) - _OWN} more" if len(own) > _OWN else "")
        many = f" ({agent.capacity} at a time)" if agent.capacity > 1 else ""
        work = sum(task.schedule.end_h - task.schedule.start_h for task in own)
        until = max(task.schedule.end_h for task in own)
        yield f"{name}{many}: {names}; {in_hours(work)} h of work, until hour {in_hours(until)}"


def origin_of(task: Task) -> str:
    """Who a task is from, where that is not the library."""
    return {"library": "", "model": "proposed by a model", "repaired": "proposed by a model, mended"}.get(
        task.origin, task.origin
    )


def warnings_of(task: Task) -> list[str]:
    """What a person should know before running what a task names; an entry that a hand edit spoilt is passed over."""
    kept: Any = task.ext.get("warnings")
    return [each for each in kept if isinstance(each, str)] if isinstance(kept, list) else []


def _how(task: Task) -> str:
    return "; ".join(filter(None, [task.how.sentence(), origin_of(task)]))


def word_lines(plan: Plan) -> Iterator[str]:
    """What became of the brief's words, a line for each verdict."""
    if plan.limits:
        yield f"Limits: {'; '.join(plan.limits)}"
        checked = [task for task in plan.tasks if any(each.text in plan.limits for each in task.acceptance)]
        live = [task.id for task in checked if task.status not in GIVEN_UP]
        if live:
            yield f"No command checks these: look whether they are kept to when you review {listing(live, 12)}"
    yield from verdict_lines(plan, *_VERDICTS)


def verdict_lines(plan: Plan, *verdicts: str) -> Iterator[str]:
    """The words with these verdicts, a line for each that has any."""
    for verdict in verdicts:
        title = _VERDICTS[verdict]
        uses = [use for use in plan.words if use.verdict == verdict]
        if not uses:
            continue
        if verdict == "matched":
            yield f"{title}: {', '.join(use.text for use in uses)}"
        elif verdict == "noted":
            yield f"{title}: {', '.join(_noted(use) for use in uses)}"
        else:
            yield f"{title}: {'; '.join(f'{use.text} ({use.meaning})' for use in uses)}"


def _noted(use: WordUse) -> str:
    if use.meaning.startswith("uses "):
        return use.meaning
    return f"{use.text} ({use.meaning})" if "not enforced" in use.meaning else use.text


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(plan: Plan, states: States, *, notes: tuple[str, ...] = ()) -> str:
    """The plan as Markdown, its graph as a Mermaid block, as GitHub shows both."""
    done, live = progress(plan, states)
    parts = [
        f"## {in_markdown(plan.title)}",
        f"*{in_markdown(plan.archetype)}, revision {plan.revision}, "
        f"{done} of {live} tasks done, {_hours(plan.hours())}*",
        board_markdown(plan, states),
    ]
    if graph := mermaid_graph(plan, states):
        parts.append(f"```mermaid\n{graph}\n```")
    if path := plan.critical_path():
        parts.append(f"**{path_title(plan)}:** {_path(path)}")
    parts += [in_markdown(line) for line in (*who_lines(plan, states), *word_lines(plan), *notes)]
    return "\n\n".join(parts) + "\n"


def board_markdown(plan: Plan, states: States) -> str:
    """The board as a Markdown table, a row for each task."""
    rows = ["| Task | | How | After | Hours | Slack | State |", "|---|---|---|---|---|---|---|"]
    for task in plan.tasks:
        state = state_of(task, states)
        status = f"{state.status}: {in_markdown(state.note)}" if state.note else state.status
        slack = "critical" if task.schedule.critical else in_hours(task.schedule.slack_h)
        rows.append(
            f"| {task.id} | {in_markdown(task.title)} | {in_markdown(_how(task))} "
            f"| {', '.join(task.depends_on)} | {in_hours(task.estimate.hours)} | {slack} | {status} |"
        )
    return "\n".join(rows)


# ---- HTML -----------------------------------------------------------------------------------------------------------


def html(plan: Plan, states: States, *, notes: tuple[str, ...] = ()) -> str:
    """Board, dependencies and critical path as one piece of HTML: inline styles, no script, every text escaped."""
    done, live = progress(plan, states)
    head = (
        f'<div class="nootropic-plan" style="font-family:sans-serif;font-size:13px">'
        f'<h3 style="margin:0 0 4px">{in_html(plan.title)}</h3>'
        f'<div style="opacity:.75">{in_html(plan.archetype)}, revision {plan.revision}, {done} of {live} tasks done, '
        f"{_hours(plan.hours())}</div>"
    )
    board = "".join(_column(column, states) for column in columns(plan, states))
    row = "display:flex;gap:8px;align-items:flex-start;overflow-x:auto;margin:8px 0"
    parts = [head, f'<div style="{row}">{board}</div>']
    if path := plan.critical_path():
        parts.append(f"<div><b>{path_title(plan)}:</b> {in_html(_path(path))}</div>")
    parts.append(timeline(plan, states))
    parts += [
        f'<div style="margin-top:2px">{in_html(line)}</div>'
        for line in (*who_lines(plan, states), *word_lines(plan), *notes)
    ]
    return "".join(parts) + "</div>"


def _column(column: Column, states: States) -> str:
    cards = "".join(_card(task, states) for task in column.tasks)
    return (
        f'<div style="flex:1 0 150px;max-width:260px"><div style="font-weight:600">{in_html(column.title)} '
        f"({len(column.tasks)})</div>{cards}</div>"
    )


def _card(task: Task, states: States) -> str:
    state = state_of(task, states)
    colour = _COLOURS.get(state.status, "#757575")
    told = state.note.startswith("waits for")
    after = f" · after {', '.join(task.depends_on)}" if task.depends_on and not told else ""
    note = f'<div style="opacity:.75">{in_html(state.note)}</div>' if state.note else ""
    mark = "★ " if task.schedule.critical else ""
    return (
        f'<div style="border-left:3px solid {colour};padding:2px 6px;margin:4px 0;border-radius:2px;'
        f'background:rgba(128,128,128,.08)"><b>{mark}{task.id}</b> {in_html(task.title)}'
        f'<div style="opacity:.75">{in_html(_how(task))}{in_html(after)}</div>{note}</div>'
    )


def timeline(plan: Plan, states: States) -> str:
    """The schedule as bars, with what each task waits for: the graph where no Mermaid is at hand."""
    total = plan.hours()
    if not total:
        return ""
    rows = []
    for task in plan.tasks[:_GRAPH_LIMIT]:
        if state_of(task, states).status in ("superseded", "cancelled", "done"):
            continue
        left, width = 100 * task.schedule.start_h / total, 100 * (task.schedule.end_h - task.schedule.start_h) / total
        colour = "#b3261e" if task.schedule.critical else _COLOURS.get(state_of(task, states).status, "#757575")
        after = f"← {', '.join(task.depends_on)}" if task.depends_on else ""
        rows.append(
            f'<tr><td style="padding:0 6px;text-align:left;white-space:nowrap">{task.id} {in_html(after)}</td>'
            f'<td style="width:100%;padding:0"><div title="{in_html(task.title)}" style="height:8px;'
            f'margin-left:{left:.2f}%;width:{max(width, 0.5):.2f}%;background:{colour}"></div></td></tr>'
        )
    more = f"<div>… and {len(plan.tasks) - _GRAPH_LIMIT} more</div>" if len(plan.tasks) > _GRAPH_LIMIT else ""
    return (
        f"<details><summary>Schedule and dependencies ({_hours(total)})</summary>"
        f'<table style="width:100%;border-collapse:collapse;font-size:inherit">{"".join(rows)}</table>{more}</details>'
    )


# ---- for renderers of our own ---------------------------------------------------------------------------------------


def data(plan: Plan, states: States) -> dict[str, Any]:
    """What goes under ``application/vnd.nootropic.plan+json``."""
    return {
        "plan": to_plain(plan),
        "states": {task.id: to_plain(state_of(task, states)) for task in plan.tasks},
        "columns": [
            {"key": column.key, "title": column.title, "tasks": [task.id for task in column.tasks]}
            for column in columns(plan, states)
        ],
        "mermaid": mermaid_graph(plan, states),
        "critical": list(plan.critical_path()),
    }


def _hours(hours: float) -> str:
    return f"{in_hours(hours)} hours"


def _path(path: tuple[str, ...]) -> str:
    return " → ".join(path) if len(path) <= 12 else " → ".join([*path[:6], "…", *path[-5:]])


def _names(tasks: list[Task]) -> str:
    more = f" and {len(tasks) - 5} more" if len(tasks) > 5 else ""
    return f"{', '.join(task.id for task in tasks[:5])}{more}"


def harmless(text: str) -> str:
    """Text that cannot steer a terminal, nor turn the order of words: a plan file may come from somewhere else."""
    return re.sub(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{TURNING}]", "\ufffd", text)


def in_html(text: str) -> str:
    """Text as HTML shows it."""
    return markup.escape(harmless(text))


def in_markdown(text: str) -> str:
    """Text as Markdown shows it, in one line."""
    return re.sub(r"([\\`*_|\[\]<>#])", r"\\\1", harmless(" ".join(text.split())))
