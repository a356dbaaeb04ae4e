"""Fixtures that every room shares: a real repository, a workspace over it, and a home of the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.sandbox import available
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

# Properties without a number of their own: as many examples as `make test` has time for; `make test-deep` takes more.
# No example is timed: machines are shared.
settings.register_profile("usual", max_examples=40, deadline=None)
settings.load_profile("usual")


def git(folder: Path, *arguments: str) -> str:
    """Run Git in ``folder`` and return what it printed."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.rstrip("\n")


# A shell that runs this in the background has Ctrl-C ignored, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Rooms of which some lines run only in processes that their tests start. To measure every process of every test takes
# a third as long again.
MEASURED_APART = {
    "cli", "gateway", "host", "kernel", "lab", "magics", "models", "packaging", "pipelines", "promises", "runs",
    "sandbox",
}  # fmt: skip


@pytest.fixture(autouse=True)
def person_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home of this test's own: no test reads or writes the developer's settings or Git configuration."""
    apart = request.path.parent.name in MEASURED_APART or request.node.get_closest_marker("pipelines") is not None
    if not apart:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("NOOTROPIC_HOME", str(home / ".nootropic"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    # The workspace service outlives the process that starts it; the tests that are about it switch it on.
    monkeypatch.setenv("NOOTROPIC_SERVICE", "off")
    # Plugins that are installed for these tests take most of the time of a small run of others in the sandbox.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("IPYTHONDIR", str(home / ".ipython"))
    for name in list(os.environ):
        if name.startswith("GIT_") and name not in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"):
            monkeypatch.delenv(name)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada Tester\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return home / ".nootropic"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A real Git repository with a small package, a test and one commit."""
    root = tmp_path / "project"
    package = root / "shelf"
    package.mkdir(parents=True)
    (root / "tests").mkdir()
    (package / "__init__.py").write_text('"""A small shelf of books."""\n')
    (package / "books.py").write_text(
        '"""Books and how to sort them."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n'
        "    return sorted(books)\n"
    )
    (root / "tests" / "test_books.py").write_text(
        "from shelf.books import by_title\n\n\ndef test_by_title():\n    assert by_title(['b', 'a']) == ['a', 'b']\n"
    )
    (root / "README.md").write_text("# Shelf\n\nA small shelf of books.\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Start")
    return root


@pytest.fixture
def workspace(repo: Path) -> Workspace:
    """The workspace over :func:`repo`."""
    return Workspace.find(repo)


@pytest.fixture
def database(workspace: Workspace) -> Iterator[StateDatabase]:
    """The open state database of :func:`workspace`."""
    opened = StateDatabase.open(workspace)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def described_verbs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A download cache that holds nothing but what describes the verbs: to make that takes most of a second."""
    cache, elsewhere = tmp_path_factory.mktemp("described"), tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOOTROPIC_CACHE", str(cache))
        patch.setenv("NOOTROPIC_HOME", str(elsewhere / "home"))
        load_registry(Workspace.find(elsewhere))
    return cache


@pytest.fixture
def no_embedded_model(tmp_path: Path, described_verbs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download cache without models: nobody asks the embedded one, whether it is on this machine or not."""
    cache = shutil.copytree(described_verbs, tmp_path / "no-models")
    monkeypatch.setenv("NOOTROPIC_CACHE", str(cache))


@pytest.fixture
def working_sandbox() -> None:
    """What runs confined cannot be tested without the means: that fails, it is not skipped."""
    if reason := available():
        pytest.fail(f"There is no sandbox here: {reason}. Install bubblewrap (Debian: `apt-get install bubblewrap`).")
