"""Spans are kept in the workspace, nested as the work was, and never disturb it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.telemetry import spans
from nootropic_kernel.telemetry.spans import current_span, flush, read_trace, span
from nootropic_kernel.telemetry.store import SpanRecord, SpanStore
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace


@pytest.fixture
def kept(workspace: Workspace) -> Workspace:
    """A workspace whose state folder exists, as it does once a verb has kept anything."""
    workspace.ensure()
    return workspace


def test_spans_nest_and_carry_their_attributes(kept: Workspace) -> None:
    with span(kept, "noo plan", {"nootropic.verb": "plan", "left.out": None}) as outer:
        with span(None, "chat small", {"stop": ("a", "b"), "where": Path("x")}) as inner:
            assert current_span() is inner
            inner.set("gen_ai.usage.output_tokens", 7)
    first, second = read_trace(kept, outer.trace_id)
    assert (first.name, first.parent_id, first.attributes) == ("noo plan", None, {"nootropic.verb": "plan"})
    assert (second.name, second.parent_id) == ("chat small", outer.span_id)
    assert second.attributes == {"stop": ["a", "b"], "where": "x", "gen_ai.usage.output_tokens": 7}
    assert 0 <= second.duration_s <= first.duration_s
    assert inner.trace_id == outer.trace_id and len(outer.trace_id) == 32 and len(outer.span_id) == 16


def test_a_failure_is_noted_by_its_kind_without_its_text_and_goes_on(kept: Workspace) -> None:
    with pytest.raises(NootropicError), span(kept, "work") as current:
        raise NootropicError("the secret prompt")
    (record,) = read_trace(kept, current.trace_id)
    assert record.error == "NootropicError" == record.attributes["error.type"]
    assert "secret" not in repr(record)


def test_without_a_workspace_nothing_is_recorded_and_the_work_runs() -> None:
    with span(None, "anything") as current:
        current.set("a", 1)
        current.set("nootropic.task", "T1")
        with span(None, "below") as below:
            assert below.work("nootropic.task") == ""
    assert (current.trace_id, current.span_id) == ("", "")


def test_a_looking_verb_leaves_no_folder_behind(workspace: Workspace) -> None:
    with span(workspace, "noo status") as current:
        pass
    assert read_trace(workspace, current.trace_id) == []
    assert not workspace.state_dir.exists()


def test_the_span_of_the_persons_own_tracing_is_neither_parent_nor_changed(kept: Workspace) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    theirs = TracerProvider(shutdown_on_exit=False).get_tracer("notebook")
    with theirs.start_as_current_span("their cell") as their_span:
        with span(kept, "ours") as ours:
            assert trace.get_current_span() is their_span
    (record,) = read_trace(kept, ours.trace_id)
    assert record.parent_id is None
    assert record.trace_id != f"{their_span.get_span_context().trace_id:032x}"


def test_two_workspaces_keep_their_spans_apart(kept: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Workspace.find(folder)
    other.ensure()
    with span(kept, "here") as here, span(other, "there") as there:
        pass
    assert [record.name for record in read_trace(kept, here.trace_id)] == ["here"]
    assert [record.name for record in read_trace(other, there.trace_id)] == ["there"]


def test_spans_inherit_the_task_of_the_work_that_they_are_part_of(kept: Workspace) -> None:
    with span(kept, "run") as run, span(None, "job", {"nootropic.task": "T1"}), span(None, "ask") as ask:
        assert ask.work("nootropic.task") == "T1" and run.work("nootropic.task") == ""
        run.set("nootropic.plan", "later")
        assert ask.work("nootropic.plan") == ""


def test_each_thread_has_its_own_current_span(kept: Workspace) -> None:
    seen: list[str] = []
    with span(kept, "outer"):
        worker = threading.Thread(target=lambda: seen.append(current_span().trace_id))
        worker.start()
        worker.join()
    assert seen == [""]


def test_long_texts_are_cut(kept: Workspace) -> None:
    with span(kept, "long", {"text": "x" * 100_000}) as current:
        pass
    (record,) = read_trace(kept, current.trace_id)
    assert len(record.attributes["text"]) == 4000


def test_old_spans_expire(tmp_path: Path) -> None:
    store = SpanStore(tmp_path / "spans.db")
    day = 86_400 * 10**9
    now_ns = 100 * day
    store.add(
        SpanRecord("t", f"s{age}", None, "n", now_ns - age * day, now_ns - age * day, None, {}) for age in (1, 20)
    )
    assert store.expire(keep_days=14, now=now_ns / 1e9) == 1
    assert [record.span_id for record in store.trace("t")] == ["s1"]


def test_spans_from_before_they_were_numbered_are_taken_over(kept: Workspace) -> None:
    with closing(sqlite3.connect(kept.state_dir / "spans.db")) as old, old:
        old.execute(
            "CREATE TABLE spans (trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT, name TEXT NOT NULL,"
            " start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, error TEXT, attributes TEXT NOT NULL,"
            " PRIMARY KEY (trace_id, span_id)) WITHOUT ROWID"
        )
        rows = [("t", "b", "a", "inner", 5, 6, None, "{}"), ("t", "a", None, "outer", 1, 9, "Bad", '{"k": 1}')]
        old.executemany("INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    store = SpanStore(kept.state_dir / "spans.db")
    outer, inner = store.trace("t")
    assert (outer.name, outer.error, outer.attributes) == ("outer", "Bad", {"k": 1}) and inner.parent_id == "a"
    assert [number for number, _ in store.since(0)] == [1, 2]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 30), max_size=8))
def test_whoever_reads_on_gets_every_span_once(batches: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, seq, got, total = SpanStore(Path(folder) / "spans.db"), 0, list[str](), 0
        for size in batches:
            store.add(SpanRecord("t", f"{total + i}", None, "n", 0, 0, None, {}) for i in range(size))
            total += size
            for number, record in store.since(seq, limit=20):
                seq = number
                got.append(record.span_id)
        while more := store.since(seq, limit=20):
            seq = more[-1][0]
            got += [record.span_id for _, record in more]
        assert got == [str(i) for i in range(total)] and store.last_seq() == total


def test_a_clock_that_is_set_back_makes_no_span_end_before_it_began(
    kept: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with span(kept, "work") as current:
        monkeypatch.setattr("opentelemetry.sdk.trace.time_ns", lambda: 0)
        time.sleep(0.01)
    (record,) = read_trace(kept, current.trace_id)
    assert 0.01 <= record.duration_s < 10


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b""])
def test_a_damaged_store_loses_spans_and_nothing_else(kept: Workspace, damage: bytes) -> None:
    (kept.state_dir / "spans.db").write_bytes(damage)
    with span(kept, "work") as current:
        done = True
    read_trace(kept, current.trace_id)
    assert done


def test_a_locked_store_does_not_hold_the_work_up(kept: Workspace) -> None:
    with span(kept, "first"):
        pass
    assert flush()
    holder = sqlite3.connect(kept.state_dir / "spans.db", isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        with span(kept, "second"):
            pass
        flush(deadline_s=0.2)
        assert time.monotonic() - started < 2
    finally:
        holder.close()


def test_flush_gives_up_at_its_own_deadline(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with span(kept, "work"):
        pass
    provider = spans._providers[kept.state_dir]
    monkeypatch.setattr(provider, "force_flush", lambda *_: time.sleep(1.5))
    started = time.monotonic()
    assert flush(deadline_s=0.1) is False
    assert time.monotonic() - started < 1


def test_spans_of_a_process_that_ends_are_written(kept: Workspace) -> None:
    code = (
        "import sys; from nootropic_kernel.telemetry.spans import span\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "with span(Workspace.find(sys.argv[1]), 'short life') as s: print(s.trace_id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(kept.root)], capture_output=True, text=True, check=True, timeout=60
    )
    assert [record.name for record in read_trace(kept, done.stdout.strip())] == ["short life"]


def test_a_disabled_sdk_records_nothing(kept: Workspace) -> None:
    code = (
        "import sys; from nootropic_kernel.telemetry.spans import span\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "with span(Workspace.find(sys.argv[1]), 'quiet') as s: print(repr(s.trace_id))"
    )
    environment = {**os.environ, "OTEL_SDK_DISABLED": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(kept.root)],
        capture_output=True, text=True, check=True, env=environment, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "''"


def test_importing_the_room_does_not_load_the_sdk() -> None:
    code = (
        "import sys, nootropic_kernel.telemetry.spans; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
