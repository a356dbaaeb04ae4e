"""Jobs that were broken off or done twice at once: what is kept, and what is done again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import CodeParams, code
from nootropic_kernel.capabilities.show import ShowParams, show
from nootropic_kernel.models.errors import AuthenticationFailed
from nootropic_kernel.workspace.errors import Interrupted
from tests.agents.one_job import ASK, BAD, LINE, ids, kept_answers, wait_for
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.promises.rooms import BOOKS, GOOD, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("no_embedded_model")]


def stopped(session: Session, model: ScriptedModel, requests: int) -> None:
    """Start the job, and stop it when the model has been asked so many times."""

    def stop() -> None:
        deadline = time.monotonic() + 200
        while len(model.requests()) < requests and time.monotonic() < deadline:
            time.sleep(0.02)
        session.cancel.set()

    threading.Thread(target=stop).start()
    with pytest.raises(Interrupted):
        code(CodeParams(**ASK), session)
    session.cancel = threading.Event()


def test_a_server_that_refuses_for_a_moment_costs_no_answer(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    heard: list[str] = []
    told: list[str] = []
    with scripted_model(tmp_path, person_home, [BAD, {"status": 401}, GOOD]) as model:
        with pytest.raises(AuthenticationFailed, match="401"):
            code(CodeParams(**ASK), session)
        assert kept_answers(session) == 1
        session.emit = lambda news: (heard if news.kind == "text" else told).append(news.text)
        result = code(CodeParams(**ASK), session)
        assert len(model.requests()) == 3
    assert "Resumed: 1 of 2 steps were done before." in result.notes and kept_answers(session) == 0
    # What was heard before is not told as if it were new, and the attempts are counted on.
    assert BAD not in "".join(heard) and "attempt 2 of at most 4" in "".join(heard) and GOOD in "".join(heard)
    assert "Resumed after step 1." in told


def test_a_replayed_effect_is_marked_in_the_trace(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}, GOOD]) as model:
        stopped(session, model, 2)
        code(CodeParams(**ASK), session)
    trail = show(ShowParams(id="P1"), session).trail
    assert trail is not None
    asks = [(each.depth, each.attributes.get("nootropic.replayed")) for each in trail.spans if each.name == "ask"]
    (job,) = [each.depth for each in trail.spans if each.name.startswith("job ")]
    assert asks == [(job + 1, True), (job + 1, None)]
    assert {"retrieve", "all"} <= {each.name for each in trail.spans if each.depth == job + 1}


def test_another_model_is_asked_from_the_beginning(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}]) as model:
        stopped(session, model, 2)
        assert kept_answers(session) == 1
    (tmp_path / "other").mkdir()
    session._settings = None
    with scripted_model(tmp_path / "other", person_home, [GOOD]) as other:
        result = code(CodeParams(**ASK), session)
        assert len(other.requests()) == 1
    assert not any("Resumed" in note for note in result.notes)


def test_a_file_that_changed_meanwhile_is_asked_about_as_it_is_now(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    place = session.workspace.root / "shelf/books.py"
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}, GOOD]) as model:
        stopped(session, model, 2)
        place.write_text(BOOKS.replace("sort them", "put them in order"))
        result = code(CodeParams(**ASK), session)
        asked = model.prompts()
    assert len(asked) == 3 and "put them in order" in asked[2] and BAD not in asked[2]
    assert '-"""Books and how to put them in order.' in result.diff and kept_answers(session) == 0


def test_a_file_that_nobody_read_may_change(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}, GOOD]) as model:
        stopped(session, model, 2)
        (session.workspace.root / "unrelated.txt").write_text("zebra")
        result = code(CodeParams(**ASK), session)
        assert len(model.requests()) == 3
    assert "Resumed: 1 of 2 steps were done before." in result.notes


def test_answers_that_cannot_be_read_are_asked_for_again(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}, GOOD]) as model:
        stopped(session, model, 2)
        with session.database().transaction() as connection:
            connection.execute("UPDATE run_answers SET answer = x'00ff'")
        result = code(CodeParams(**ASK), session)
        assert len(model.requests()) == 3
    assert any("cannot be read, so it was done anew" in note for note in result.notes) and kept_answers(session) == 0


def process(session: Session, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nootropic_kernel.cli", *LINE, "--json", *more]
    return subprocess.Popen(
        command,
        cwd=session.workspace.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def when_it_waits(session: Session, process: subprocess.Popen[str], then: Callable[[], None]) -> None:
    """Do something as soon as the session says that it waits for the process."""
    words = f"Process {process.pid} is doing exactly this already"
    session.emit = lambda news: then() if words in news.text else None


def test_two_processes_at_once_make_one_proposal(session: Session, person_home: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    with scripted_model(tmp_path, person_home, [{"text": GOOD, "until": str(release)}, "Another answer."]) as model:
        other = process(session)
        wait_for(model.requests)
        when_it_waits(session, other, release.touch)
        mine = code(CodeParams(**ASK), session)
        theirs = json.loads(other.communicate(timeout=300)[0])
        assert len(model.requests()) == 1
    assert (mine.proposal.id, theirs["proposal"]["id"], ids(session)) == ("P1", "P1", ["P1"])
    assert not theirs["notes"] and "Another process did the very same" in mine.notes[0]


def test_who_waits_goes_on_where_one_that_died_was(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, "sleep": 250}, GOOD]) as model:
        other = process(session)
        wait_for(lambda: len(model.requests()) == 2)
        when_it_waits(session, other, other.kill)
        mine = code(CodeParams(**ASK), session)
        other.communicate()
        assert other.returncode == -signal.SIGKILL and len(model.requests()) == 3
    assert mine.notes == ["Resumed: 1 of 2 steps were done before."] and ids(session) == ["P1"]
    assert list((session.workspace.state_dir / "runs").iterdir()) == []


@pytest.mark.parametrize("waits", ["sleep", "stall"])
def test_ctrl_c_before_and_in_the_stream_ends_in_order(
    session: Session, person_home: Path, tmp_path: Path, waits: str
) -> None:
    with scripted_model(tmp_path, person_home, [BAD, {"text": GOOD, waits: 250}, GOOD]) as model:
        first = process(session)
        wait_for(lambda: len(model.requests()) == 2)
        time.sleep(0.3)
        first.send_signal(signal.SIGINT)
        said, errors = first.communicate(timeout=300)
        assert first.returncode == 130 and "Traceback" not in errors
        assert json.loads(said)["error"]["type"] == "Interrupted" and ids(session) == []
        assert list((session.workspace.state_dir / "runs").iterdir()) == []
        result = json.loads(process(session).communicate(timeout=300)[0])
        assert result["notes"] == ["Resumed: 1 of 2 steps were done before."] and len(model.requests()) == 3
