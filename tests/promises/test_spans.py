"""Every arrow of the flow is a span kept here, and a proposal is followed back through them, whoever made it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.sandbox import available
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.promises.rooms import GOOD, call, environment, noo

pytestmark = pytest.mark.usefixtures("no_embedded_model")
BREAKS = GOOD.replace("sorted(books, key=str.casefold)", "list(books)")


def kept(repo: Path) -> list[SpanRecord]:
    """All spans of the workspace, in the order of their start."""
    store = SpanStore(Workspace.find(repo).state_dir / "spans.db")
    with closing(store._connect()) as connection:
        traces = [row[0] for row in connection.execute("SELECT trace_id FROM spans GROUP BY 1 ORDER BY MIN(start_ns)")]
    return [record for trace in traces for record in store.trace(trace)]


def ancestors(spans: dict[str, SpanRecord], record: SpanRecord) -> list[str]:
    """The names of the spans around a span, innermost first."""
    names = []
    while record.parent_id in spans:
        record = spans[record.parent_id]
        names.append(record.name)
    return names


def test_a_model_edit_from_the_brief_to_the_commit(repo: Path, person_home: Path, tmp_path: Path) -> None:
    """Made by one process, shown by another."""
    answers = ["I would rather not.", BREAKS, GOOD] if not available() else ["I would rather not.", GOOD]
    with scripted_model(tmp_path, person_home, answers):
        done = noo(repo, "code", "--instruct", "by_title should sort the books without regard to case")
    assert done.returncode == 0, done.stderr
    shown = call(repo, "show", id="P1")
    trail = shown.trail
    assert (trail.prompt, trail.answer) == ("code_edit", GOOD) and trail.prompt_version
    assert "shelf/books.py" in " ".join(trail.context) and "scripted-1" in trail.model
    names = [each.name for each in trail.spans]
    asks = 3 if not available() else 2
    for name, count in (("noo code", 1), ("retrieve", 1), ("ask", asks), ("chat scripted", asks), ("propose", 1)):
        assert names.count(name) == count, (name, names)
    assert "parse edit" in names and "scan" in names
    if not available():
        assert names.count("critique") == 1 and "run tests" in names
    failed = [each.name for each in trail.spans if each.error]
    assert failed == ["parse edit"], "the answer without an edit"
    by_id = {record.span_id: record for record in kept(repo) if record.trace_id == trail.trace_id}
    chat = next(record for record in by_id.values() if record.name == "chat scripted")
    assert ancestors(by_id, chat) == ["ask", "job model", "noo code"]
    text = shown.text()
    assert "trace    " in text and "chat scripted" in text and "I would rather not" not in text
    turn = call(repo, "accept", refs=["P1"])
    call(repo, "show", id="P1")  # writes what waits
    (accepted,) = [record for record in kept(repo) if record.name == "noo accept"]
    assert accepted.error is None
    noted = {"nootropic.proposal": "P1", "nootropic.turn": turn.id, "nootropic.commit": turn.commit}
    assert noted.items() <= accepted.attributes.items(), "from the proposal to the commit"


def test_a_recipe_from_the_brief_to_the_proposal(repo: Path) -> None:
    call(repo, "plan", brief="Build a blog platform")
    made = call(repo, "run", tasks=["T1"])
    trail = call(repo, "show", id="P1").trail
    assert (trail.task, trail.model, trail.prompt, trail.answer) == ("T1", None, None, None)
    assert trail.task_title == made.tasks[0].title and trail.how.startswith("recipe ")
    names = [each.name for each in trail.spans]
    assert names[0] == "noo run" and f"job {trail.how}" in names and trail.how in names
    assert {"scan", "propose"} <= set(names) and not any(name.startswith(("ask", "chat")) for name in names)
    job: Any = next(each for each in trail.spans if each.name.startswith("job "))
    assert job.attributes["nootropic.task"] == "T1" and job.attributes["nootropic.proposal"] == "P1"
    assert "noo plan" in [record.name for record in kept(repo)]
    assert "model    none: no model was asked" in call(repo, "show", id="P1").text()


def test_several_processes_write_spans_at_once(repo: Path) -> None:
    code = (
        "import sys\n"
        "from nootropic_kernel.telemetry.spans import span\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "found = Workspace.find(sys.argv[1]); found.ensure()\n"
        "for number in range(50):\n"
        "    with span(found, f'outer {sys.argv[2]}'):\n"
        "        with span(None, f'inner {sys.argv[2]}', {'number': number}):\n            pass\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(repo), str(name)], env=environment()) for name in range(3)
    ]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    records = kept(repo)
    by_id = {record.span_id: record for record in records}
    for name in range(3):
        inner = [record for record in records if record.name == f"inner {name}"]
        assert sorted(record.attributes["number"] for record in inner) == list(range(50))
        assert all(ancestors(by_id, record) == [f"outer {name}"] for record in inner)
