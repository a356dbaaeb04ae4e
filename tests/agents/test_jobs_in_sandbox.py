"""A job whose tests run confined: stops leave nothing, secrets go nowhere."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import CodeParams, CodeResult, code
from nootropic_kernel.checks.scan import REDACTED
from nootropic_kernel.checks.tests_run import test_command as command_of_tests
from nootropic_kernel.checks.tests_run.report import read_report
from nootropic_kernel.runs.effects import Run
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from tests.agents.one_job import ASK, wait_for
from tests.agents.processes import command_lines
from tests.agents.scripted_model import scripted_model
from tests.conftest import git
from tests.promises.rooms import GOOD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("no_embedded_model")]


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


@pytest.mark.usefixtures("working_sandbox")
@pytest.mark.parametrize("wanted", [True, False])
def test_pytest_loads_installed_plugins_unless_the_person_told_it_not_to(
    repo: Path, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    if wanted:
        monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")  # that would choose what is tested
    text = f"def test_a(pytestconfig):\n    assert pytestconfig.pluginmanager.hasplugin('timeout') is {wanted}\n"
    (repo / "tests" / "test_plugins.py").write_text(text)
    session = Session(Workspace.find(repo))
    bench = Workbench(session.workspace, session.settings())
    done = bench.handlers().run(Run(command_of_tests(), bench.trial([]), 200), threading.Event())
    session.close()
    assert read_report(done.report).counts == "2 passed"


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
