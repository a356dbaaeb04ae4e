"""One loaded model for all processes of a workspace: shared, queued, given back, and back after any kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nootropic_kernel.models import embedded
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.engine_options import EngineOptions
from nootropic_kernel.models.errors import InferenceError, ModelLoadFailed
from nootropic_kernel.models.serving import SharedEngine, shared_engines
from nootropic_kernel.telemetry.energy import process_seconds
from nootropic_kernel.telemetry.ledger import Ledger
from nootropic_kernel.workspace import service
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.service_place import ServicePlace
from tests.host.conftest import processes, wait_until
from tests.host.test_service import client, outcome, pid
from tests.kernel.running import running_kernel

pytestmark = pytest.mark.slow

HELLO = "Say hello."
SHORT = ChatRequest((Message("user", HELLO),), 12)
LONG = ChatRequest((Message("user", "Tell a very long story about a lighthouse keeper."),), max_tokens=2000)
# Killed under load, it is back within two seconds on a machine of its own; this one may be ten times slower.
BACK_S = 20.0


@pytest.fixture
def shared(model: CatalogueModel, workspace: Workspace, run_time: Path) -> Iterator[EmbeddedBackend]:
    """The embedded model behind the workspace's service."""
    yield EmbeddedBackend(model, workspace)
    embedded.close_all()


def test_four_processes_share_one_engine(shared: EmbeddedBackend, workspace: Workspace, run_time: Path) -> None:
    cell = (
        "import nootropic_kernel.models.catalogue as c, nootropic_kernel.models.embedded as e\n"
        "from nootropic_kernel.models.contract import ChatRequest, Message\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        f"b = e.EmbeddedBackend(c.find_model(), Workspace.find({str(workspace.root)!r}))\n"
        f"print(b.chat(ChatRequest((Message('user', {HELLO!r}),), 12)).text, '|', b.engine_pid())"
    )
    clients = [client("ask", str(workspace.root), "0", HELLO) for _ in range(2)]
    with running_kernel(workspace.root) as kernel:
        ran = kernel.run(cell)
        text, _, engine = ran.text.strip().rpartition(" | ")
        rows = [row for each in clients for row in outcome(each)]
    mine = shared.chat(SHORT).text
    assert {row["engine"] for row in rows} == {int(engine)} == {shared.engine_pid()}
    assert {row["text"] for row in rows} == {text} == {mine}
    assert len(processes(run_time)) == 2  # the service and the engine


def test_what_several_processes_pay_for_the_engine_is_what_it_used(
    shared: EmbeddedBackend, workspace: Workspace, run_time: Path
) -> None:
    shared.chat(SHORT)
    engine = shared.engine_pid()
    assert engine is not None
    earlier, before = len(Ledger().calls()), process_seconds(engine)
    clients = [client("ask", str(workspace.root), "1", f"Count to {number}.") for number in range(3)]
    rows = [row for each in clients for row in outcome(each)]
    after = process_seconds(engine)
    assert before is not None and after is not None and all("text" in row for row in rows)
    paid = [line.cpu_s for line in Ledger().calls()[earlier:]]
    assert len(paid) == len(rows) and all(part is not None and part > 0 for part in paid)
    used = after - before
    assert 0.85 * used - 0.1 <= sum(part or 0 for part in paid) <= used + 0.05


def test_stop_gives_the_turn_to_the_next(shared: EmbeddedBackend) -> None:
    shared.count_tokens("warm")
    cancel, begun = threading.Event(), threading.Event()
    stopped: list[float] = []

    def story() -> None:
        try:
            shared.chat(LONG, lambda _: begun.set(), cancel)
        except Interrupted:
            stopped.append(time.monotonic())

    teller = threading.Thread(target=story)
    teller.start()
    assert begun.wait(60)
    timer = threading.Timer(1.0, cancel.set)
    timer.start()
    assert shared.count_tokens("hello world") == 2  # counting waits for nobody
    assert shared.chat(SHORT).text
    teller.join(60)
    assert stopped


def test_who_waits_in_the_queue_can_leave_it(shared: EmbeddedBackend, workspace: Workspace) -> None:
    with shared.engine.request():
        cancel = threading.Event()
        threading.Timer(0.3, cancel.set).start()
        with pytest.raises(Interrupted):
            shared.chat(SHORT, cancel=cancel)
        assert wait_until(lambda: shared_engines(workspace)[0]["leases"] == 1, 20)
    assert shared.chat(SHORT).text


@pytest.mark.parametrize("fork", ["", "fork"])
def test_a_client_that_is_killed_gives_back_its_turn(shared: EmbeddedBackend, workspace: Workspace, fork: str) -> None:
    holder = client("hold", str(workspace.root), fork)
    assert holder.stdout is not None and holder.stdin is not None
    holder.stdout.readline()
    forked = psutil.Process(holder.pid).children()
    assert len(forked) == (1 if fork else 0)
    holder.kill()
    holder.wait()
    try:
        assert shared.chat(SHORT).text
    finally:
        for process in forked:
            process.kill()
        holder.stdin.close()
        holder.stdout.close()


@pytest.mark.parametrize("who", ["service", "engine"])
def test_a_kill_in_the_middle_of_an_answer_is_a_typed_error(
    shared: EmbeddedBackend, workspace: Workspace, run_time: Path, who: str
) -> None:
    killed: list[int] = []

    def kill(_: str) -> None:
        # Once: pieces that were on their way still arrive afterwards.
        if not killed:
            killed.append(pid(workspace) if who == "service" else shared.engine_pid() or 0)
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(InferenceError) as caught:
        shared.chat(LONG, kill)
    ended = "the workspace service ended" if who == "service" else "it was killed by SIGKILL"
    assert caught.value.data["ended"] == ended and caught.value.data["partial"]
    started = time.monotonic()
    assert shared.chat(SHORT).text
    assert time.monotonic() - started < BACK_S
    assert len(processes(run_time)) == 2


@pytest.mark.deep
def test_killed_at_random_under_load_every_call_ends_right_or_typed(
    shared: EmbeddedBackend, workspace: Workspace, run_time: Path
) -> None:
    right = shared.chat(SHORT).text
    chance = random.Random(20)
    clients = [client("ask", str(workspace.root), "6", HELLO) for _ in range(4)]
    killed = 0
    while any(each.poll() is None for each in clients) and killed < 6:
        time.sleep(chance.uniform(0.3, 1.5))
        found = service.status(workspace)
        if found is None:
            continue
        engines = [row["pid"] for row in found["holds"]["model"]["engines"]]
        for victim in chance.choice([[found["pid"]], engines, [found["pid"], *engines]]):
            try:
                os.kill(victim, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    last = time.time()
    rows = [row for each in clients for row in outcome(each)]
    assert killed >= 3
    assert {row["text"] for row in rows if "text" in row} == {right}
    assert {row["error"] for row in rows if "error" in row} <= {"InferenceError", "AnswerCut", "BackendUnreachable"}
    assert shared.chat(SHORT).text == right
    assert time.time() - last < 60 and len(processes(run_time)) == 2


def test_a_file_that_is_no_model_is_a_typed_error(workspace: Workspace, run_time: Path, tmp_path: Path) -> None:
    poisoned = tmp_path / "poisoned.gguf"
    poisoned.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 4096)
    for _ in range(2):
        with pytest.raises(ModelLoadFailed) as caught:
            with SharedEngine(workspace, poisoned, EngineOptions("poisoned")).request():
                pass
        assert "poisoned" in caught.value.what and caught.value.data["log"]
    assert pid(workspace)


def test_with_other_options_the_model_is_loaded_anew_and_not_twice(
    shared: EmbeddedBackend, model: CatalogueModel, workspace: Workspace
) -> None:
    shared.count_tokens("one")
    first = shared.engine_pid()
    smaller = SharedEngine(workspace, model.path, EngineOptions(model.name, n_ctx=512))
    with smaller.request() as reached:
        assert reached.pid != first
        assert [row["pid"] for row in shared_engines(workspace)] == [reached.pid]


def test_where_it_cannot_run_the_caller_starts_the_engine_itself(
    shared: EmbeddedBackend, workspace: Workspace, run_time: Path
) -> None:
    place = ServicePlace.of(workspace.root)
    place.folder.parent.mkdir(mode=0o755)
    assert shared.chat(SHORT).text
    engine = shared.engine_pid()
    assert engine in [child.pid for child in psutil.Process().children()]
    assert service.status(workspace) is None
    done = subprocess.run(
        [sys.executable, "-P", "-m", "nootropic_kernel.cli", "models", "status", "--json"],
        cwd=workspace.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    [entry] = json.loads(done.stdout)["backends"]
    assert "open to other users" in entry["note"]
