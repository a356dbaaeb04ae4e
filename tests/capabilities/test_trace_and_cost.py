"""The verbs trace and cost on real work with a scripted model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.code import CodeParams, code
from nootropic_kernel.capabilities.cost import CostParams, CostResult, cost
from nootropic_kernel.capabilities.run import RunParams, TaskRun, run
from nootropic_kernel.capabilities.show import ShowParams, show
from nootropic_kernel.capabilities.trace import TraceParams, TraceResult, trace
from nootropic_kernel.capabilities.trace_views import ordered, tree_html, tree_text
from nootropic_kernel.planning.model import Epic, How, Plan, Story, Task
from nootropic_kernel.planning.spec import file as spec_file
from nootropic_kernel.telemetry.budget import BudgetExceeded
from nootropic_kernel.telemetry.ledger import Call, Ledger, day_start
from nootropic_kernel.telemetry.semconv import TASK
from nootropic_kernel.telemetry.spans import flush, span, span_store
from nootropic_kernel.telemetry.store import Forwarding, SpanRecord
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.telemetry.settings_files import person_says

ANSWER = (
    'shelf/books.py\n```python\n"""Books and how to sort them."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n'
    "    return sorted(books, key=str.casefold)\n```\n"
)


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


@pytest.fixture
def model(tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    with scripted_model(tmp_path, person_home, [ANSWER]) as running:
        yield running


def code_once(session: Session) -> str:
    """Let the model change a file; the id of the trace."""
    with span(session.workspace, "noo code") as current:
        code(CodeParams(instruct="Sort without regard to case", file=["shelf/books.py"]), session)
    return current.trace_id


class Boxes(HTMLParser):
    """Checks that every element that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.slow
def test_a_trace_is_found_by_every_name_and_shows_its_steps(session: Session, model: ScriptedModel) -> None:
    trace_id = code_once(session)
    listed = trace(TraceParams(), session).traces
    assert [(each.id, each.model_calls, each.usd) for each in listed] == [(trace_id, 1, 0.0)]
    for name in ("last", trace_id, trace_id[:6], "P1"):
        assert trace(TraceParams(id=name), session).id == trace_id
    found = trace(TraceParams(id="last"), session)
    names = [each.name for each in found.spans]
    assert names[0] == "noo code" and {"ask", "chat scripted", "retrieve"} <= set(names)
    chat = next(each for each in found.spans if each.name == "chat scripted")
    ask = next(each for each in found.spans if each.name == "ask")
    assert chat.depth == ask.depth + 1 and "$0.00 by own hardware" in chat.line() and not chat.said
    told = trace(TraceParams(id="last", text=True), session)
    said = next(each.said for each in told.spans if each.name == "chat scripted")
    assert said[-1].text == ANSWER and "Sort without regard to case" in said[-2].text
    assert "Sort without regard to case" in told.text() and "Sort without regard" not in found.text()
    only = trace(TraceParams(id="last", model="mine"), session)
    assert [each.name for each in only.spans][-1] == "chat scripted" and len(only.spans) < len(found.spans)
    assert trace(TraceParams(id="last", slow=9999), session).spans == []
    assert "chat scripted" in str(show(ShowParams(id="P1"), session).trail)


@pytest.mark.slow
def test_a_budget_stops_a_verb_with_an_error_that_tells_what_to_do(
    session: Session, model: ScriptedModel, person_home: Path
) -> None:
    person_says(
        person_home,
        backends={"mine": {"kind": "openai", "url": model.url, "model": "gpt-5"}},
        modelPreference=["mine"],
        budget={"perDayUsd": 0.0001},
    )
    with pytest.raises(BudgetExceeded) as refused:
        code_once(session)
    assert refused.value.data["forecast_usd"] > 0.0001 and "noo cost" in refused.value.next
    assert model.requests() == [] and Ledger().calls() == []


def write_plan(workspace: Workspace) -> None:
    """A plan with two tasks for a model."""
    tasks = tuple(
        Task(f"T{n}", "S1", "edit", f"Sort without regard to case {n}", How("model"), files=("shelf/books.py",))
        for n in (1, 2)
    )
    plan = Plan("shelf", "Shelf", "Sort books", "library", epics=(Epic("E1", "Books"),),
                stories=(Story("S1", "E1", "Sorting"),), tasks=tasks)  # fmt: skip
    (workspace.root / "project-spec.md").write_text(spec_file.dump(plan))


@pytest.mark.slow
def test_what_a_task_of_the_plan_took_is_known_by_task_and_foreseen_for_the_rest(
    session: Session, model: ScriptedModel, person_home: Path
) -> None:
    write_plan(session.workspace)
    cloud = {"mine": {"kind": "openai", "url": model.url, "model": "gpt-5"}}
    person_says(person_home, backends=cloud, modelPreference=["mine"], budget={"perPlanUsd": 0.04})
    (ran,) = invoke_run(session)
    assert ran.outcome == "proposed"
    (line,) = Ledger().calls()
    # The scripted server tells no tokens, so that the call counts with all that it could have cost.
    assert (line.plan, line.task, line.label) == ("shelf", "T1", "at most") and line.usd is not None
    assert trace(TraceParams(id="T1"), session).id == line.run
    shown = cost(CostParams(), session)
    assert [row.name for row in shown.tasks] == ["T1"]
    assert shown.forecast is not None and (shown.forecast.tasks, shown.forecast.measured) == (1, 1)
    assert shown.forecast.usd == pytest.approx(line.usd)
    person_says(person_home, backends=cloud, modelPreference=["mine"], budget={"perPlanUsd": line.usd * 1.5})
    (ran,) = invoke_run(Session(session.workspace), "T2")
    assert ran.outcome == "waits" and "budget of this plan" in ran.note
    assert len(model.requests()) == 1


@pytest.mark.slow
def test_work_on_this_machine_costs_nothing_done_or_foreseen(
    session: Session, model: ScriptedModel, person_home: Path
) -> None:
    write_plan(session.workspace)
    code_once(session)
    told = cost(CostParams(), session)
    assert told.total.cost == "$0.00" and told.sources == {"own hardware": 1}
    assert told.forecast is not None and (told.forecast.tasks, told.forecast.usd) == (2, 0.0)
    assert "likely $0.00 (none was measured yet)" in told.text() and "unknown" not in told.text().split("\n\n")[-1]
    assert "Model cost: $0.00 so far, $0.00 foreseen" in board(BoardParams(), session).text()
    own = {"mine": {"url": model.url, "model": "scripted"}}
    person_says(person_home, modelPreference=["mine"], backends=own, tariff={"usdPerKwh": 0, "machineUsd": 0})
    own_roof = Session(session.workspace)
    assert "$0.00 so far, $0.00 foreseen" in board(BoardParams(), own_roof).text(), "a price of nothing is none"
    own_roof.close()
    # With a price of electricity it is no longer nothing, and with a model elsewhere it never was.
    here = {"backends": own, "tariff": {"usdPerKwh": 0.3}}
    elsewhere = {"backends": {"mine": {"kind": "openai", "url": model.url, "model": "gpt-5"}}}
    for other_settings in (here, elsewhere):
        person_says(person_home, modelPreference=["mine"], **other_settings)
        other = Session(session.workspace)
        assert "$0.00 so far, unknown foreseen" in board(BoardParams(), other).text()
        assert "likely an unknown amount" in cost(CostParams(), other).text()
        other.close()


def invoke_run(session: Session, *tasks: str) -> list[TaskRun]:
    """Run tasks as a face does, within the span of the verb."""
    with span(session.workspace, "noo run"):
        return run(RunParams(tasks=list(tasks)), session).tasks


def test_names_that_stand_for_nothing_are_told(session: Session) -> None:
    session.workspace.ensure()
    for name in ("last", "T7", "zz", "abcd1234"):
        with pytest.raises(UsageError):
            trace(TraceParams(id=name), session)
    with pytest.raises(UsageError):
        trace(TraceParams(id="last", follow=True), session)
    assert trace(TraceParams(), session).text() == "There is nothing to show."


def test_the_trace_of_a_task_is_the_latest_that_worked_on_it(session: Session) -> None:
    session.workspace.ensure()
    ids = []
    for _ in range(2):
        with span(session.workspace, "noo run") as root, span(None, "job model", {TASK: "T3"}), span(None, "ask"):
            pass
        ids.append(root.trace_id)
        time.sleep(0.01)
    found = trace(TraceParams(id="t3"), session)
    assert found.id == ids[1] and ids[0][:8] in " ".join(found.notes)


def test_following_tells_steps_as_they_end(session: Session) -> None:
    session.workspace.ensure()
    told: list[str] = []
    waiting = threading.Event()

    def hear(news: Progress) -> None:
        told.append(news.text) if news.kind == "text" else waiting.set()

    session.emit = hear
    results: list[TraceResult] = []
    follower = threading.Thread(target=lambda: results.append(trace(TraceParams(follow=True), session)))
    follower.start()
    assert waiting.wait(30)
    with span(session.workspace, "outer"), span(None, "inner"):
        pass
    flush(30)
    deadline = time.monotonic() + 30
    while len(told) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    session.cancel.set()
    follower.join(30)
    assert "inner" in told[0] and "outer" in told[1] and results[0].spans == []


def test_a_destination_that_stays_away_is_one_note(session: Session, person_home: Path) -> None:
    session.workspace.ensure()
    with span(session.workspace, "work"):
        pass
    assert flush(30)  # before the endpoint is named: no forwarder is to start here
    person_says(person_home, telemetry={"otlpEndpoint": "http://127.0.0.1:9/v1/traces"})
    state = Forwarding("otlp http://127.0.0.1:9/v1/traces", 0, time.time(), "It could not be reached.")
    span_store(session.workspace).note_forwarding(state)
    notes = trace(TraceParams(), session).notes
    assert len(notes) == 1 and "could not be reached" in notes[0]


@st.composite
def traces(draw: st.DrawFn) -> list[SpanRecord]:
    """Spans of a trace, some of whose parents are missing, in any order of their times."""
    count = draw(st.integers(1, 12))
    records = []
    for number in range(count):
        parent = draw(st.none() | st.integers(0, max(0, number - 1)).map(str) | st.just("gone"))
        start = draw(st.integers(0, 10**10))
        parent = None if parent == str(number) else parent
        name, error = draw(st.sampled_from(["chat <b>", "ask", "run"])), draw(st.sampled_from([None, "Bad<i>"]))
        end = start + draw(st.integers(0, 10**10))
        records.append(SpanRecord("t", str(number), parent, name, start, end, error, {}))
    return records


@settings(deadline=None)
@given(traces())
def test_every_span_is_in_the_tree_once_below_its_parent(records: list[SpanRecord]) -> None:
    views = ordered(records)
    assert sorted(each.id for each in views) == sorted(record.span_id for record in records)
    depths = {each.id: each.depth for each in views}
    known = {record.span_id for record in records}
    for record in records:
        above = depths[record.parent_id] + 1 if record.parent_id in known and record.parent_id else 0
        assert depths[record.span_id] == above
    assert len(tree_text(views).splitlines()) == len(records)
    boxes = Boxes()
    boxes.feed(tree_html(views))
    assert boxes.open == [] and "i" not in boxes.seen
    kept = ordered(records, lambda record: record.name == "ask")
    assert {each.id for each in kept} >= {record.span_id for record in records if record.name == "ask"}


def line(day: int, **facts: object) -> Call:
    """A call so many days ago, here unless said otherwise."""
    told = {"workspace": "", "plan": "p", "task": "T1", "model": "m", "local": True, "usd": 1.0, "cpu_s": 2.0, **facts}
    return Call(day_start() - day * 86_400 + 60, run="r", backend="b", label="test", **told)  # type: ignore[arg-type]


def test_cost_by_model_task_and_day_with_what_is_unknown(session: Session, person_home: Path) -> None:
    here = str(session.workspace.root)
    ledger = Ledger()
    for call in (
        line(0, workspace=here),
        line(0, workspace=here, model="n", usd=None, cpu_s=None),
        line(2, workspace=here),
        line(0, workspace="/elsewhere"),
        line(40, workspace=here),
    ):
        ledger.add(call)
    person_says(person_home, budget={"perDayUsd": 5, "perRunUsd": 1})
    today = cost(CostParams(), session)
    assert {row.name: (row.usd, row.unknown) for row in today.models} == {"b: m": (1.0, 0), "b: n": (None, 1)}
    assert today.total.usd == 1.0 and "unknown for 1 of 2" in today.total.cost
    text = today.text()
    assert "unknown" in text and "$2.00 of $5.00 spent" in text and "budget per run: $1.00" in text
    week = cost(CostParams(days=7), session)
    assert [row.calls for row in week.by_day] == [2, 1] or [row.calls for row in week.by_day] == [1, 2]
    assert cost(CostParams(everywhere=True), session).total.calls == 3
    boxes = Boxes()
    boxes.feed(week.html())
    assert boxes.open == []
    assert CostResult.model_validate_json(week.model_dump_json()) == week


def test_cost_makes_no_folder(session: Session, person_home: Path) -> None:
    shown = cost(CostParams(), session).text()
    assert "No model was asked here" in shown
    assert not session.workspace.state_dir.exists() and not (person_home / "spend.db").exists()
