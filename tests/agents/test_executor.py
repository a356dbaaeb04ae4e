"""Runs that were broken off, done twice at once, or failed: what is kept, what is said, and what is done again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.agents.edit_task import NotEditable
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import CodeParams, CodeResult, code
from nootropic_kernel.capabilities.show import ShowParams, show
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.checks.scan import REDACTED
from nootropic_kernel.checks.tests_run import test_command as command_of_tests
from nootropic_kernel.checks.tests_run.report import read_report
from nootropic_kernel.models.errors import AuthenticationFailed, ModelError, NoModel
from nootropic_kernel.runs.effects import Run
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace
from tests.agents.processes import command_lines
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.conftest import git
from tests.promises.rooms import BOOKS, GOOD, environment, noo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("no_embedded_model")]

ASK = {"instruct": "Sort without regard to case", "file": ["shelf/books.py"]}
LINE = ("code", "--instruct", ASK["instruct"], "--file", "shelf/books.py")
BAD = "No edit in here."


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    """A session in a repository without tests, so that nothing is run."""
    git(repo, "rm", "-rq", "tests")
    git(repo, "commit", "-qm", "No tests")
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


def rows(session: Session) -> int:
    found = session.database().read().execute("SELECT count(*) FROM run_answers").fetchone()[0]
    assert isinstance(found, int)
    return found


def ids(session: Session) -> list[str]:
    return ProposalStore(session.database(), session.workspace).ids()


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
        assert rows(session) == 1
        session.emit = lambda news: (heard if news.kind == "text" else told).append(news.text)
        result = code(CodeParams(**ASK), session)
        assert len(model.requests()) == 3
    assert "Resumed: 1 of 2 steps were done before." in result.notes and rows(session) == 0
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
        assert rows(session) == 1
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
    assert '-"""Books and how to put them in order.' in result.diff and rows(session) == 0


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
    assert any("cannot be read, so it was done anew" in note for note in result.notes) and rows(session) == 0


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


def wait_for(what: Any) -> None:
    deadline = time.monotonic() + 200
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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


FAILURES = {
    "an error": ({"status": 500}, "did not answer the request"),
    "a cut stream": ({"cut": "shelf/books.py\n```python\ndef by"}, "cut off"),
    "babble": ("wibble " * 40, "No usable edit"),
    "a refusal": ("I cannot help with that.", "No usable edit"),
    "nothing": ("", "No usable edit"),
    "no end": ("".join(f"x{number} = {number}\n" for number in range(20_000)), "No usable edit"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_of_a_model_says_what_to_do(repo: Path, person_home: Path, tmp_path: Path, name: str) -> None:
    answer, words = FAILURES[name]
    with scripted_model(tmp_path, person_home, [answer]):
        done = noo(repo, *LINE)
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
        error = json.loads(noo(repo, *LINE, "--json").stdout)["error"]
    assert error["next"] and len(done.stderr) < 1000
    if error["data"].get("run"):
        shown = noo(repo, "show", error["data"]["run"])
        said = answer["cut"] if isinstance(answer, dict) else answer
        assert said.split("\n")[0][:20] in shown.stdout and shown.returncode == 0
    else:
        assert name in ("an error", "nothing")
    assert noo(repo, "review").returncode == 0


def test_a_server_that_is_not_there_is_named(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, []):
        pass
    with pytest.raises(ModelError, match="No connection to the backend 'mine'"):
        code(CodeParams(**ASK), session)


def test_an_instruction_that_failed_is_asked_anew(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BAD, BAD, BAD, BAD, GOOD]) as model:
        with pytest.raises(NoUsableEdit, match="noo show R"):
            code(CodeParams(**ASK), session)
        assert rows(session) == 0
        assert code(CodeParams(**ASK), session).proposal.id == "P1" and len(model.requests()) == 5


def test_a_task_that_failed_says_what_its_verb_can_do(repo: Path, person_home: Path, tmp_path: Path) -> None:
    assert noo(repo, "plan", "Make the sort ignore case in by_title").returncode == 0
    assert "came to nothing" not in noo(repo, "show", "T1").stdout
    with scripted_model(tmp_path, person_home, [BAD]):
        failed = noo(repo, "run", "T1")
    assert failed.returncode == 1 and "`noo code --file … --instruct …`" in failed.stdout, failed.stdout
    shown = noo(repo, "show", "T1").stdout
    (name,) = set(re.findall(r"noo show (R\d+)", failed.stdout))
    assert f"`noo show {name}`" in shown and BAD in noo(repo, "show", name).stdout


def test_a_change_that_no_proposal_may_hold_is_asked_for_anew(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    answer = "conf/.env\n```\nNAME=1\n```\n"
    with scripted_model(tmp_path, person_home, [answer]) as model:
        for _ in range(2):
            asked = len(model.requests())
            with pytest.raises(NootropicError) as caught:
                code(CodeParams(**ASK), session)
            assert len(model.requests()) > asked and rows(session) == 0, caught.value
    assert ids(session) == []


@pytest.mark.usefixtures("working_sandbox")
def test_a_stop_in_the_sandbox_leaves_nothing_and_costs_no_answer(
    repo: Path, person_home: Path, tmp_path: Path
) -> None:
    (repo / "tests" / "test_slow.py").write_text("import time\n\n\ndef test_slow():\n    time.sleep(250)\n")
    session = Session(Workspace.find(repo))
    running = session.workspace.state_dir / "work"
    with scripted_model(tmp_path, person_home, [GOOD]) as model:

        def stop() -> None:
            wait_for(lambda: running.is_dir() and list(running.glob("*/tests")))
            time.sleep(0.5)
            stops.append(time.monotonic())
            session.cancel.set()

        stops: list[float] = []
        threading.Thread(target=stop).start()
        with pytest.raises(Interrupted):
            code(CodeParams(**ASK), session)
        assert time.monotonic() - stops[0] < 100
        assert list(running.iterdir()) == [] and len(git(repo, "worktree", "list").splitlines()) == 1
        assert not any(str(running) in line for line in command_lines())
        session.cancel = threading.Event()
        (repo / "tests" / "test_slow.py").unlink()
        result = code(CodeParams(**ASK), session)
        assert len(model.requests()) == 1
    session.close()
    assert "Resumed: 1 of 2 steps were done before." in result.notes and _tests(result) is True


def _tests(result: CodeResult) -> bool | None:
    (found,) = [each.passed for each in result.proposal.checks if each.name == "tests"]
    return found


@pytest.mark.usefixtures("working_sandbox")
def test_a_secret_that_tests_print_is_kept_nowhere(repo: Path, person_home: Path, tmp_path: Path) -> None:
    key = "ghp_" + "a1B2c3D4e5F6" * 3
    (repo / "shelf" / "key.py").write_text(f'KEY = "{key}"\n')
    (repo / "tests" / "test_key.py").write_text(
        "from shelf.key import KEY\nfrom shelf.books import by_title\n\n\ndef test_key():\n"
        "    print(KEY)\n    assert by_title(['b', 'a']) == ['b', 'a'], KEY\n"
    )
    session = Session(Workspace.find(repo))
    with scripted_model(tmp_path, person_home, [GOOD, {"text": GOOD, "sleep": 250}]) as model:
        result = code(CodeParams(**ASK), session)
        assert all(key not in prompt for prompt in model.prompts())
    session.close()
    assert _tests(result) is None  # they fail without the change, too
    assert all(key.encode() not in file.read_bytes() for file in session.workspace.state_dir.glob("state.db*"))


@pytest.mark.usefixtures("working_sandbox")
def test_a_secret_in_what_tests_report_is_not_handed_on(repo: Path) -> None:
    """Regression: the reason to skip, and the names of cases, came through the report as they were."""
    key = "ghp_" + "a1B2c3D4e5F6" * 3
    (repo / "tests" / "test_key.py").write_text(
        f"import pytest\n@pytest.mark.skip(reason='{key}')\ndef test_a(): pass\n"
        f"@pytest.mark.parametrize('k', ['{key}'])\ndef test_b(k): pass\n"
    )
    session = Session(Workspace.find(repo))
    bench = Workbench(session.workspace, session.settings())
    run = Run(command_of_tests(), bench.trial([]), 200)
    done = bench.handlers().run(run, threading.Event())
    session.close()
    assert key.encode() not in done.report and key not in done.output
    report = read_report(done.report)
    assert not report.broken and report.code == 0 and report.counts == "2 passed, 1 skipped"


def test_a_secret_in_what_was_asked_and_answered_is_kept_nowhere(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    """Regression: it went into the title, and with that into the journal, the trace and the subject of the commit."""
    key = "ghp_" + "a1B2c3D4e5F6" * 3
    with scripted_model(tmp_path, person_home, [f"You said {key}. \ud83d " + GOOD]):
        result = code(CodeParams(instruct=f"Sort as {key} wants", file=["shelf/books.py"]), session)
    assert result.proposal.title == f"Sort as {REDACTED} wants"
    session.close()
    kept = [file for file in session.workspace.state_dir.rglob("*") if file.is_file()]
    assert [file.name for file in kept if key.encode() in file.read_bytes()] == []


def test_a_file_whose_name_is_not_utf_8_disturbs_nobody(session: Session, person_home: Path, tmp_path: Path) -> None:
    """Regression: one such file anywhere, and neither search nor code worked at all."""
    other = os.fsencode(session.workspace.root) + b"/caf\xe9.py"
    Path(os.fsdecode(other)).write_text('def sort_case(books):\n    """Sort without regard to case."""\n')
    with scripted_model(tmp_path, person_home, [GOOD, BAD]) as model:
        assert code(CodeParams(**ASK), session).diff
        with pytest.raises(NotEditable, match="not UTF-8"):
            code(CodeParams(instruct="Sort", file=["caf\udce9.py"]), session)
        with pytest.raises(NoUsableEdit):
            code(CodeParams(instruct="Sort \udce9", file=["shelf/books.py"]), session)
        assert "Sort ?" in model.prompts()[-1]


RENAMED = GOOD.replace("by_title", "sort_by_title")


def test_a_recipe_does_what_is_its_own_without_a_model(session: Session) -> None:
    result = code(CodeParams(instruct="rename by_title to sort_by_title"), session)
    assert "+def sort_by_title" in result.diff and result.proposal.model is None
    told = "The recipe python.rename did it; no model was asked. `noo code --model …` asks a model instead."
    assert told in result.notes
    with pytest.raises(NootropicError, match=r"by_titel.*noo models pull.*noo recipes"):
        code(CodeParams(instruct="rename by_titel to sort_by_title"), session)
    with pytest.raises(NoModel):
        code(CodeParams(instruct="rename by_title to sort_by_title", model=True), session)


def test_a_recipe_that_refuses_says_how_a_model_is_asked(session: Session) -> None:
    cell = {"cell_type": "code", "source": "from shelf.books import by_title\nx = !echo {by_title}"}
    (session.workspace.root / "n.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5}))
    with pytest.raises(NootropicError, match=r"n\.ipynb.*x = !echo \{by_title\}.*`noo code --model …`"):
        code(CodeParams(instruct="rename by_title to sort_by_title"), session)
    assert ids(session) == []


def test_a_model_that_is_there_is_not_asked_for_what_a_recipe_does(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    asked = {"instruct": "Rename by_title to sort_by_title", "file": ["shelf/books.py"]}
    with scripted_model(tmp_path, person_home, [RENAMED, RENAMED]) as model:
        result = code(CodeParams(**asked), session)
        assert not model.requests() and result.proposal.model is None
        result = code(CodeParams(**asked, model=True), session)
        assert len(model.requests()) == 1 and result.proposal.model and not any("recipe" in n for n in result.notes)
        # What the recipe cannot do is a model's work all the same.
        code(CodeParams(instruct="rename by_titel to sort_by_title", file=["shelf/books.py"]), session)
        assert len(model.requests()) == 2


def test_a_file_that_is_not_there_is_said_to_be_new(session: Session, person_home: Path, tmp_path: Path) -> None:
    answer = "shelf/bookz.py\n```python\nx = 1\n```\n"
    with scripted_model(tmp_path, person_home, [answer, BAD]):
        result = code(CodeParams(instruct="Make it", file=["shelf/bookz.py"]), session)
        with pytest.raises(NoUsableEdit, match=r"Did you mean shelf/books\.py\?"):
            code(CodeParams(instruct="Make it so", file=["shelf/bookz.py"]), session)
    assert "shelf/bookz.py does not exist yet, so it would be a new file. Did you mean shelf/books.py?" in result.notes
