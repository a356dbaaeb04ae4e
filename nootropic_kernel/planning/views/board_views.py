"""The board for people: lanes and columns in a terminal, as Markdown, and as HTML that needs nothing from outside.

A plan of thousands of tasks stays readable: above a limit lanes are told as numbers, columns begin with what comes
first in them, and the rest is a fold or a command away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nootropic_kernel.planning.history import Since
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.views.board import (
    Column,
    Costs,
    Health,
    Lane,
    States,
    columns,
    lanes,
    next_tasks,
    progress,
)
from nootropic_kernel.planning.views.board import state_of as state
from nootropic_kernel.planning.views.mermaid import mermaid_graph
from nootropic_kernel.planning.views.patch import html as patch_html
from nootropic_kernel.planning.views.patch import text as patch_text
from nootropic_kernel.planning.views.tree import harmless, in_html, in_markdown, path_title, who_lines
from nootropic_kernel.telemetry.budget import usd

LIGHTS: Mapping[str | None, str] = {"green": "🟢", "yellow": "🟡", "red": "🔴", None: "⚪"}
_COLOURS: Mapping[str | None, str] = {"green": "#2e7d32", "yellow": "#b26a00", "red": "#b3261e", None: "#9e9e9e"}
_MANY = 100  # tasks; above it not all of them are listed unless they are asked for
_FIRST = 10  # of each column, then
_ROWS = 200  # of a Markdown table
_PAGE = 900_000  # bytes of cards on a page


@dataclass(frozen=True)
class Board:
    """What a board shows.

    :param chosen: the tasks that are looked for, in plan order.
    :param wanted: what was looked for, in words; empty for all.
    :param money: what models cost so far and will cost, in words.
    :param complete: whether all tasks are listed, however many they are.
    """

    plan: Plan
    states: States
    chosen: Sequence[Task]
    health: Mapping[str, Health | None]
    costs: Mapping[str, Costs] = field(default_factory=dict)
    wanted: str = ""
    money: str = ""
    since: Since | None = None
    notes: tuple[str, ...] = ()
    complete: bool = False

    @property
    def many(self) -> bool:
        """Whether only the beginning of each column is listed."""
        return len(self.chosen) > _MANY and not self.complete

    @property
    def long(self) -> bool:
        """Whether the listing fills several screens."""
        return len(self.chosen) > _MANY and self.complete


# ---- terminal -------------------------------------------------------------------------------------------------------


def text(board: Board) -> str:
    """The board for a terminal: a section a column, in it the tasks by epic."""
    lines = [*_head(board), ""]
    shown = columns(board.plan, board.states, board.chosen)
    if board.many:
        lines += [*_lane_table(board), ""]
    for column in shown:
        if column.tasks:
            lines += [f"{column.title} ({len(column.tasks)})", *_column_lines(board, column), ""]
    if not board.chosen:
        lines += ["No task is like that." if board.wanted else "The plan has no tasks.", ""]
    lines += _tail(board)
    if board.since is not None and not board.since.patch.empty:
        lines += patch_text(board.since.past.plan, board.since.patch).split("\n")[1:]  # its summary is said above
    return harmless("\n".join(lines).rstrip("\n"))


def _column_lines(board: Board, column: Column) -> Iterator[str]:
    names = {epic.id: f"{epic.id} {epic.title}" for epic in board.plan.epics}
    epic_of = {story.id: story.epic for story in board.plan.stories}
    tasks = _first(board, column.tasks)
    last = ""
    for task in tasks:
        epic = epic_of.get(task.story, "")
        if epic != last and len(names) > 1:
            yield f"  {names.get(epic, epic)}"
        last = epic
        star = "*" if task.schedule.critical else ""
        note = state(task, board.states).note
        yield f"  {LIGHTS[board.health.get(task.id)]} {task.id}{star} {task.title}{_aside(board, task)}" + (
            f"  – {note}" if note else ""
        )
    if len(tasks) < len(column.tasks):
        yield f"  … and {len(column.tasks) - len(tasks)} more: `noo board --status {column.key} --all`"


def _lane_table(board: Board) -> Iterator[str]:
    """A line a lane: how many of its tasks stand where, and how they are."""
    for lane in lanes(board.plan, board.states, board.chosen):
        lights = [
            f"{LIGHTS[each]} {count}" for each in ("green", "yellow", "red") if (count := _count(board, lane, each))
        ]
        places = [f"{column.title} {len(column.tasks)}" for column in lane.columns]
        yield f"{lane.epic.id} {lane.epic.title}: {', '.join(places)}  {' '.join(lights)}"


def _count(board: Board, lane: Lane, health: str) -> int:
    return sum(board.health.get(task.id) == health for column in lane.columns for task in column.tasks)


def _first(board: Board, tasks: Sequence[Task]) -> Sequence[Task]:
    """What of a column is listed: all, or the critical tasks and those that need a person first."""
    if not board.many or len(tasks) <= _FIRST:
        return tasks
    urgent = {"red": 0, "yellow": 1, "green": 2}
    order = sorted(tasks, key=lambda each: (urgent.get(board.health.get(each.id) or "", 3), not each.schedule.critical))
    kept = {task.id for task in order[:_FIRST]}
    return [task for task in tasks if task.id in kept]


def _aside(board: Board, task: Task) -> str:
    """What is said of a task beside its title: slack, cost, origin."""
    said = [] if task.schedule.critical else [f"slack {in_hours(task.schedule.slack_h)} h"]
    if state(task, board.states).status in ("done", "superseded", "cancelled", "deferred"):
        said = []
    if task.agent:
        said.append(task.agent)
    if cost := _cost(board.costs.get(task.id)):
        said.append(cost)
    if task.origin != "library":
        said.append(f"from {task.origin}")
    return f"  ({', '.join(said)})" if said else ""


def _cost(costs: Costs | None) -> str:
    """What a task cost against what was foreseen; empty for one that no model was asked for."""
    if costs is None or not costs.calls:
        return ""
    spent = "unknown" if costs.spent is None else usd(costs.spent)
    more = f" + unknown for {costs.unknown} of {costs.calls} calls" if costs.spent is not None and costs.unknown else ""
    return f"cost {spent}{more}" + (f" of {usd(costs.forecast)}" if costs.forecast is not None else "")


def _head(board: Board) -> list[str]:
    plan = board.plan
    done, live = progress(plan, board.states)
    places = ", ".join(f"{column.title} {len(column.tasks)}" for column in columns(plan, board.states))
    lines = [
        f"{plan.title}: {places}  [revision {plan.revision}, {done} of {live} done, {in_hours(plan.hours())} hours]"
    ]
    if board.wanted:
        lines.append(f"Shown: {len(board.chosen)} of {len(plan.tasks)} tasks ({board.wanted})")
    return lines


def _tail(board: Board) -> list[str]:
    lines = []
    if path := board.plan.critical_path():
        shown = path if len(path) <= 12 or board.complete else (*path[:6], f"… {len(path) - 11} more …", *path[-5:])
        lines.append(f"{path_title(board.plan)}: {' → '.join(shown)}")
    if ready := next_tasks(board.plan, board.states):
        more = f" and {len(ready) - 5} more (`noo next`)" if len(ready) > 5 else ""
        lines.append(f"Next: {', '.join(task.id for task in ready[:5])}{more}")
    lines += who_lines(board.plan, board.states)
    lines += [board.money] if board.money else []
    lines += board.since.sentences() if board.since is not None else []
    return [*lines, *board.notes]


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(board: Board) -> str:
    """The board as a table, a row for each task, with its graph as a Mermaid block."""
    head, *more = _head(board)
    parts = [f"## {in_markdown(head)}", *map(in_markdown, more)]
    if board.many:
        parts.append("\n".join(f"- {in_markdown(line)}" for line in _lane_table(board)))
    tasks = board.chosen if board.complete else board.chosen[:_ROWS]
    rows = ["| | Task | | How | After | Hours | Slack | State |", "|---|---|---|---|---|---|---|---|"]
    rows += [_markdown_row(board, task) for task in tasks]
    if len(tasks) < len(board.chosen):
        rows.append(f"| | … | and {len(board.chosen) - len(tasks)} more: `noo board --all` | | | | | |")
    parts.append("\n".join(rows))
    if graph := mermaid_graph(board.plan, board.states, board.chosen):
        parts.append(f"```mermaid\n{graph}\n```")
    parts += [in_markdown(line) for line in _tail(board)]
    return "\n\n".join(parts) + "\n"


def _markdown_row(board: Board, task: Task) -> str:
    found = state(task, board.states)
    status = f"{found.status}: {in_markdown(found.note)}" if found.note else found.status
    slack = "critical" if task.schedule.critical else in_hours(task.schedule.slack_h)
    return (
        f"| {LIGHTS[board.health.get(task.id)]} | {task.id} | {in_markdown(task.title)} "
        f"| {in_markdown(task.how.sentence())} | {', '.join(task.depends_on)} | {in_hours(task.estimate.hours)} "
        f"| {slack} | {status} |"
    )


# ---- HTML -----------------------------------------------------------------------------------------------------------


def html(board: Board) -> str:
    """The board as one piece of HTML: a fold a lane and a column, no script, every text escaped."""
    left = _PAGE
    parts = ['<div class="nootropic-board" style="font-family:sans-serif;font-size:13px">']
    head, *more = _head(board)
    parts.append(f'<div style="font-weight:600">{in_html(head)}</div>')
    parts += [f'<div style="opacity:.75">{in_html(line)}</div>' for line in more]
    for lane in lanes(board.plan, board.states, board.chosen):
        lights = " ".join(
            f"{LIGHTS[each]} {count}" for each in ("green", "yellow", "red") if (count := _count(board, lane, each))
        )
        fold = "" if board.many else " open"
        parts.append(
            f'<details{fold} style="margin:6px 0"><summary><b>{lane.epic.id}</b> {in_html(lane.epic.title)} {lights}'
            '</summary><div style="display:flex;gap:8px;align-items:flex-start;overflow-x:auto;margin:4px 0">'
        )
        for column in lane.columns:
            cards = []
            for task in column.tasks:
                card = _card(board, task)
                left -= len(card.encode())
                if left < 0:
                    break
                cards.append(card)
            parts.append(_html_column(board, column, cards))
        parts.append("</div></details>")
    parts += [f'<div style="margin-top:2px">{in_html(line)}</div>' for line in _tail(board)]
    if board.since is not None and not board.since.patch.empty:
        parts.append(
            f"<details><summary>Changes</summary>{patch_html(board.since.past.plan, board.since.patch)}</details>"
        )
    return "".join(parts) + "</div>"


def _html_column(board: Board, column: Column, cards: Sequence[str]) -> str:
    drawn = "".join(cards)
    if len(cards) < len(column.tasks):
        command = f"noo board --status {column.key} --all"
        drawn += f"<div>… and {len(column.tasks) - len(cards)} more: <code>{command}</code></div>"
    title = f"{in_html(column.title)} ({len(column.tasks)})"
    if len(column.tasks) > _FIRST and board.many:
        body = f"<details><summary>{title}</summary>{drawn}</details>"
    else:
        body = f'<div style="font-weight:600">{title}</div>{drawn}'
    return f'<div style="flex:1 0 150px;max-width:260px">{body}</div>'


def _card(board: Board, task: Task) -> str:
    found = state(task, board.states)
    colour = _COLOURS[board.health.get(task.id)]
    mark = "★ " if task.schedule.critical else ""
    told = found.note.startswith("waits for")
    after = f" · after {', '.join(task.depends_on)}" if task.depends_on and not told else ""
    note = f"<div>{in_html(found.note)}</div>" if found.note else ""
    return (
        f'<div style="border-left:3px solid {colour};padding:2px 6px;margin:4px 0">'
        f"{LIGHTS[board.health.get(task.id)]} <b>{mark}{task.id}</b> {in_html(task.title)}"
        f'<div style="opacity:.75">{in_html(task.how.sentence() + _aside(board, task) + after)}{note}</div></div>'
    )
