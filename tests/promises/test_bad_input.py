"""Bad input, given where a person gives it: each has a clear error, and nothing is lost."""

from __future__ import annotations

import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.capabilities.plugin_folders import trust, write_greeter, write_plugin
from tests.conftest import git
from tests.kernel.running import Kernel, running_kernel
from tests.promises.rooms import BOOKS, GOOD, call, environment, noo

PLAN = "%%noo plan\nBuild a blog platform\n"
MEGABYTE = "Sort the books, please. " * 45_000


@pytest.fixture
def kernel(repo: Path, no_embedded_model: None) -> Iterator[Kernel]:
    with running_kernel(repo) as running:
        yield running


def propose(repo: Path) -> None:
    """P1: two hunks of one file."""
    workspace = Workspace.find(repo)
    database = StateDatabase.open(workspace)
    new = BOOKS.replace("Books and", "Books, and").replace("sorted(books)", "sorted(books, key=str.lower)")
    edit = FileEdit("shelf/books.py", BOOKS.encode(), new.encode())
    ProposalStore(database, workspace).propose(build_changeset([edit], Provenance(title="Sort without case")))
    database.close()


def turns(repo: Path) -> list[str]:
    """The turn trailers of all commits, oldest first."""
    return git(repo, "log", "--reverse", "--format=%(trailers:key=Nootropic-Turn,valueonly)").split()


def slow_hook(repo: Path, seconds: float) -> Path:
    """A hook that leaves a mark when it begins, and then takes its time; returns the mark."""
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch .git/in-hook\nsleep {seconds}\n")
    hook.chmod(0o755)
    return repo / ".git" / "in-hook"


def wait_for(mark: Path) -> None:
    deadline = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < deadline, f"{mark} never came"
        time.sleep(0.02)


def test_wrong_words_and_empty_cells(kernel: Kernel, repo: Path) -> None:
    for code, said in (
        ("%noo pln", "Did you mean `plan`?"),
        ("%%noo plna\nBuild a blog", "Did you mean `plan`?"),
        ("%noo accept P1 --editd x", "Did you mean `--edited`?"),
        ("%%noo plan\n   \n", "is empty"),
        ("%%noo code\n\n", "is empty"),
        ("%noo run T1 --count two", "a whole number"),
        ("%noo accept P7", "P7"),
        ("%noo show Q1", "Q1"),
        ("%noo undo A9", "A9"),
    ):
        ran = kernel.run(code)
        assert ran.status == "error" and said in ran.error, (code, ran.error)
        assert "Traceback" not in ran.error and len(ran.error.splitlines()) <= 4, ran.error
    assert git(repo, "status", "--porcelain") == "" and git(repo, "rev-list", "--count", "HEAD") == "1"


def test_a_prompt_of_a_megabyte(kernel: Kernel, repo: Path, person_home: Path, tmp_path: Path) -> None:
    ran = kernel.run(f"%%noo plan\n{MEGABYTE}")
    assert ran.status == "error" and "Traceback" not in ran.error, "a brief of that length is refused, by its length"
    assert len(ran.error) < 2000 and "long" in ran.error, ran.error
    assert not (repo / "project-spec.md").exists()
    with scripted_model(tmp_path, person_home, [GOOD]) as model:
        ran = kernel.run(f"%%noo code --file shelf/books.py --into made\n{MEGABYTE}")
        if ran.status == "ok":
            assert MEGABYTE.strip() in model.prompts()[0], "what the model was asked is what the person wrote"
            assert len(kernel.run("made.proposal.title").text) < 100
        else:
            assert "Traceback" not in ran.error and len(ran.error) < 2000, ran.error
    assert kernel.run(PLAN).status == "ok", "the next cell works"


def test_a_prompt_that_the_embedded_model_cannot_hold_is_refused_with_figures(repo: Path) -> None:
    done = noo(repo, "code", "--file", "shelf/books.py", "--instruct", "-", "--json", stdin=MEGABYTE)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    error = json.loads(done.stdout)["error"]
    assert len(done.stderr) < 2000 and "tokens" in error["what"] + error["why"] + error["next"], error
    assert git(repo, "status", "--porcelain") == ""


def test_broken_settings_and_a_broken_plugin(repo: Path, person_home: Path, tmp_path: Path) -> None:
    person_home.mkdir()
    trust(write_plugin(repo, "broken", "raise ValueError('broken at import')\ndescribe = None"))
    trust(write_greeter(repo, tmp_path / "imported"))
    (repo / "nootropic.json").write_text('{"commitOnAccept": "perhaps", "useGPU": 3')
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Bring plugins and settings")
    listed = noo(repo, "list-capabilities")
    assert "broken at import" in listed.stdout and "Traceback" not in listed.stderr
    assert noo(repo, "greet", "Ada").stdout == "Hello, Ada.\n", "the good plugin beside it works"
    said = noo(repo, "status").stdout
    assert "nootropic.json" in said and "not valid JSON" in said
    assert noo(repo, "plan", "--brief", "Build a blog platform").returncode == 0
    (person_home / "config.json").write_text("{broken")
    assert "config.json" in noo(repo, "doctor").stdout
    assert noo(repo, "run", "T1").returncode == 0, "broken settings grant nothing and stop nothing"
    assert (person_home / "config.json").read_text() == "{broken"


@pytest.mark.usefixtures("no_embedded_model")
def test_a_hostile_repository_reaches_no_cloud_and_runs_nothing(repo: Path, tmp_path: Path) -> None:
    """Its settings name a server, which here is a real one that would note a request; its plugin would leave a mark."""
    seen: list[str] = []

    class Cloud(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.send_error(500)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        write_greeter(repo, tmp_path / "ran")
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        document = {
            "backends": {"cloud": {"url": url, "model": "x"}, "embedded": {"url": url, "model": "x"}},
            "modelPreference": ["cloud", "embedded"],
            "allowCloudFallback": True,
            "trustedPlugins": {str(repo / "plugins" / "greeter"): "0" * 64},
        }
        for place in (repo / "nootropic.json", repo / ".nootropic" / "config.json"):
            place.parent.mkdir(exist_ok=True)
            place.write_text(json.dumps(document))
        asked = noo(repo, "code", "--file", "shelf/books.py", "--instruct", "Say hello", "--json")
        assert asked.returncode == 1
        assert json.loads(asked.stdout)["error"]["what"] == "No model can answer here."
        assert "noo models pull" in asked.stderr
        for words in (["greet"], ["plugin"], ["status"], ["doctor"], ["plan", "--brief", "Keep books and loans"]):
            assert "Traceback" not in noo(repo, *words).stderr
        assert "greeter" in noo(repo, "plugin").stdout
    finally:
        server.shutdown()
        server.server_close()
    assert seen == [] and not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("no_embedded_model")
@pytest.mark.parametrize(
    "kind",
    ["no commit yet", *(pytest.param(kind, marks=pytest.mark.deep) for kind in ("no repository", "detached HEAD"))],
)
def test_the_thread_in_odd_repositories(repo: Path, tmp_path: Path, kind: str) -> None:
    root = repo
    if kind == "detached HEAD":
        git(root, "checkout", "-q", "--detach")
    else:
        root = tmp_path / "odd"
        root.mkdir()
        (root / "mine.txt").write_text("my own text\n")
        if kind == "no commit yet":
            git(root, "init", "-q")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}

    call(root, "plan", brief="Keep books and loans")
    hunks = call(root, "run", tasks=["T1"]).proposals[0].hunks
    new = {hunk.path for hunk in hunks if root / hunk.path not in before}
    assert new and not any((root / path).exists() for path in new), "nothing is written before the accept"
    said = call(root, "accept", refs=["P1"]).text()
    assert all((root / path).exists() for path in new)
    if kind == "no repository":
        assert "There is no Git repository here" in said and "nothing was committed" in said
        assert not (root / ".git").exists(), "no repository is made unasked"
    else:
        assert turns(root) == ["A1"] and git(root, "log", "-1", "--format=%s")
    if kind == "detached HEAD":
        assert git(root, "branch", "--show-current") == ""
    assert call(root, "run", tasks=["T1"]).tasks[0].outcome == "done"
    call(root, "undo")
    assert not any((root / path).exists() for path in new)
    call(root, "redo")
    assert all((root / path).exists() for path in new)
    changed = {hunk.path for hunk in hunks}
    for path, data in before.items():
        assert path.relative_to(root).as_posix() in changed or path.read_bytes() == data, (
            "the person's own is as it was"
        )


IN_A_LOCKED_FOLDER = """
import json, os, sys
from pathlib import Path
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

BRIEF = {"brief": "Build a blog platform"}
CALLS = [("plan", BRIEF), ("run", {}), ("accept", {"refs": ["P1"]}), ("status", {}), ("doctor", {}), ("board", {}),
         ("search", {"query": "lantern"}), ("recipes", {}), ("review", {}), ("next", {}), ("show", {"id": "T1"})]

def tried(folder):
    said = {}
    for verb, arguments in CALLS:
        session = Session(Workspace.find(folder))
        try:
            said[verb] = ["ok", invoke(verb, arguments, session, registry=registry).text()]
        except NootropicError as refused:
            said[verb] = [refused.code, str(refused)]
        finally:
            session.close()
    return said

base = Path(sys.argv[1])
registry = load_registry(Workspace.find(base / "open"))  # nobody may be unable to read where we are installed
tried(base / "open")
if os.geteuid() == 0:  # root writes everywhere; what is imported by now can be used by anybody
    os.setgid(65534)
    os.setuid(65534)
os.environ["NOOTROPIC_HOME"] = str(base / "home")
print("\\n" + json.dumps([tried(base / "locked"), Workspace.find(base / "locked").notes]))
"""


def test_a_read_only_folder() -> None:
    """Looking works, with the state kept with the person; what would have to write says so."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        for folder in ("open", "locked", "home"):
            (base / folder).mkdir()
            (base / folder / "lantern.py").write_text("def lantern() -> int:\n    return 1\n")
        base.chmod(0o755)
        (base / "home").chmod(0o777)
        (base / "locked").chmod(0o555)
        cache = {"NOOTROPIC_CACHE": str(base / "home" / "cache"), "HOME": str(base / "home")}
        command = [sys.executable, "-c", IN_A_LOCKED_FOLDER, name]
        done = subprocess.run(command, env=environment(**cache), cwd="/", capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        said, notes = json.loads(done.stdout.splitlines()[-1])
        assert sorted(path.name for path in (base / "locked").iterdir()) == ["lantern.py"]
        (base / "locked").chmod(0o755)
    assert notes, "it is said where the state is kept"
    assert said["plan"][0] == "NotWritable", said["plan"]
    assert said["plan"][0] == "NotWritable" and "project-spec.md cannot be written" in said["plan"][1]
    for verb in ("status", "doctor", "recipes", "review"):
        assert said[verb][0] == "ok", said[verb]
    assert "lantern.py" in said["search"][1]
    for verb in ("run", "board", "next"):
        assert said[verb][0] == "NoPlan", said[verb]


def test_two_kernels_accept_the_same_hunks_at_once(repo: Path) -> None:
    propose(repo)
    with running_kernel(repo) as one, running_kernel(repo) as two:
        sent = [(kernel, kernel.client.execute("%noo accept P1 --into turn")) for kernel in (one, two)]
        assert [kernel.reply_to(request)["status"] for kernel, request in sent] == ["ok", "ok"]
        assert sorted(kernel.run("turn.already").text for kernel in (one, two)) == ["False", "True"]
    assert turns(repo) == ["A1"] and git(repo, "status", "--porcelain") == ""


def test_a_kernel_killed_in_the_middle_of_an_accept(repo: Path) -> None:
    """`kill -9` while Git runs a hook: the next verb finds the turn finished or taken back, never half."""
    propose(repo)
    mark = slow_hook(repo, 1.0)
    (repo / "README.md").write_text("# Shelf\n\nMy own unsaved thought.\n")
    with running_kernel(repo) as kernel:
        kernel.client.execute("%noo accept P1")
        wait_for(mark)
        assert kernel.manager.provisioner is not None
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    with running_kernel(repo) as kernel:
        assert kernel.run("%noo status").status == "ok"
        ran = kernel.run("%noo accept P1 --into turn")
        assert ran.status == "ok", ran.error
        assert "accepted" in kernel.run("%noo show P1").text
    assert turns(repo) == ["A1"], "one commit, not two and not none"
    assert "sorted(books, key=str.lower)" in git(repo, "show", "HEAD:shelf/books.py")
    assert git(repo, "status", "--porcelain") == "M README.md" or "README.md" in git(repo, "status", "--porcelain")
    assert "My own" in (repo / "README.md").read_text() and "My own" not in git(repo, "show", "HEAD:README.md")
    assert git(repo, "diff", "--cached", "--name-only") == ""


def test_the_embedded_model_killed_in_the_middle_of_an_answer(repo: Path) -> None:
    """The engine is a process of its own: the kernel, its variables and the workspace are as they were."""
    with running_kernel(repo) as kernel:
        kernel.run("precious = 42")
        kernel_process = psutil.Process(kernel.manager.provisioner.pid)  # type: ignore[union-attr]
        request = kernel.client.execute(
            "%%noo code --file shelf/books.py\nDescribe every function at length in its docstring.",
            stop_on_error=False,
        )
        engines: list[psutil.Process] = []
        told = 0  # what stands there before the model is asked
        streamed = False
        deadline = time.monotonic() + 100
        while not streamed and time.monotonic() < deadline:
            message = kernel.client.get_iopub_msg(timeout=100)
            kind = message["msg_type"]
            assert kind != "error", message["content"]
            shown = message["content"]["data"].get("text/html", "") if kind.endswith("display_data") else ""
            if "<pre>" in shown:
                engines = [
                    each for each in kernel_process.children(recursive=True) if "child.py" in str(each.cmdline())
                ]
                told = told or len(shown)
                streamed = bool(engines) and len(shown) > told
        assert streamed, [each.cmdline() for each in kernel_process.children(recursive=True)]
        engines[0].kill()
        reply = kernel.reply_to(request)
        assert reply["status"] == "error" and reply["ename"] != "InternalError", reply
        assert "Traceback" not in reply["evalue"] and "model" in reply["evalue"].lower()
        assert kernel.run("precious").text == "42"
        assert "Nothing waits" in kernel.run("%noo review").text
        assert git(repo, "status", "--porcelain") == "" and (repo / "shelf" / "books.py").read_text() == BOOKS
        # It is started anew by whoever asks next; here only that it answers at all, whatever it says.
        again = kernel.run(
            "from nootropic_kernel.models.contract import *\n"
            "from nootropic_kernel.models.router import choose\n"
            "from nootropic_kernel.workspace.location import Workspace\n"
            "from nootropic_kernel.workspace.settings import load_settings\n"
            "found = Workspace.find()\n"
            "choose(load_settings(found), found).count_tokens('one two three') > 0"
        )
        assert again.text == "True", again.error


def test_a_description_that_failed_once_is_made_again(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that describes our verbs was killed or had no memory: it is said, and not remembered."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(repo.parent / "fresh cache"))
    with monkeypatch.context() as broken:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
        broken.syspath_prepend(str(tmp_path / "site"))  # what a child of ours gets too
        with pytest.raises(UsageError, match="Its process ended with -9"):
            call(repo, "plan")
    assert call(repo, "status").text()
