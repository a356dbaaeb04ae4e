"""A page that loses its connection, whose server is killed, whose journal is thrown away: it misses nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.lab.serving import Serving, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE_S = 30


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The person's home and all else that the server writes."""
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(autouse=True)
def same_person(home: Path, person_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests are the person whose server it is: a state folder of somebody else's is not believed."""
    monkeypatch.setenv("NOOTROPIC_HOME", str(home / "person"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Serving]:
    """A server that the tests of this module kill; it serves a folder with one folder an example."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOOTROPIC_HOME", str(home / "person"))
        patch.setenv("NOOTROPIC_CACHE", str(home / "cache"))
        patch.setenv("NOOTROPIC_SERVICE", "off")
        with serving(tmp_path_factory.mktemp("served"), home) as running:
            yield running


class Page:
    """What the front end does with the messages: it remembers where it stands, and begins anew when it is told to."""

    def __init__(self, server: Serving, folder: str) -> None:
        self.server, self.folder = server, folder
        self.last: int | None = None
        self.journal = ""
        # Where it began, and the rows that it got since: one pair each time that it began.
        self.pieces: list[tuple[int, list[int]]] = []
        self.socket: ClientConnection | None = None

    def dial(self) -> None:
        """Connect, from where it stands."""
        after = "" if self.last is None else f"&since={self.last}&journal={self.journal}"
        self.socket = connect(
            f"ws://127.0.0.1:{self.server.port}/nootropic/api/events?path={self.folder}{after}",
            additional_headers={"Authorization": f"token {self.server.token}"},
            open_timeout=PATIENCE_S,
        ).__enter__()
        self.greeted = False

    def cut(self) -> None:
        """Lose the connection, with whatever was on its way."""
        if self.socket is not None:
            self.socket.socket.close()
            self.socket.close()
            self.socket = None

    def read(self, wait_s: float) -> bool:
        """Take one message, if one comes."""
        if self.socket is None:
            self.dial()
        assert self.socket is not None
        try:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=wait_s))
        except TimeoutError:
            return False
        except (ConnectionClosed, OSError):
            self.socket = None
            return False
        if message["kind"] == "hello":
            self._hello(message["last"], message["journal"])
        elif message["kind"] == "journal":
            assert self.last is not None and message["id"] > self.last
            self.last = message["id"]
            self.pieces[-1][1].append(message["id"])
        return True

    def _hello(self, last: int, name: str) -> None:
        another = self.journal != "" and name != self.journal
        if self.last is None or another or last < self.last or self.greeted:
            self.last = last
            self.pieces.append((last, []))
        self.journal, self.greeted = name, True


class World:
    """A workspace whose journal is written, thrown away and begun again."""

    def __init__(self, server: Serving, served: Path) -> None:
        self.server = server
        self.folder = Path(tempfile.mkdtemp(dir=served))
        self.workspace = Workspace.find(self.folder)
        self.database: StateDatabase | None = None
        # The rows of each journal that there was.
        self.journals: list[list[int]] = [[]]

    def write(self, count: int) -> None:
        """Add rows."""
        if self.database is None:
            self.database = StateDatabase.open(self.workspace)
        with self.database.transaction() as connection:
            self.journals[-1] += [journal.append(connection, "task.satisfied", f"T{n}") for n in range(count)]

    def erase(self) -> None:
        """Throw the state away; the next row begins another journal."""
        if self.database is not None:
            self.database.close()
            self.database = None
            shutil.move(self.workspace.state_dir, self.folder / f"gone-{len(self.journals)}")
        self.journals.append([])

    def restart(self) -> None:
        """Kill the server and start it again."""
        self.server.kill()
        self.server.start()


def follow(page: Page, world: World, until: int) -> None:
    """Read until the row has come."""
    deadline = time.monotonic() + PATIENCE_S
    while page.last != until or not page.greeted:
        assert time.monotonic() < deadline, (page.last, until, page.pieces[-3:])
        page.read(0.5)


def steps(*more: str) -> st.SearchStrategy[list[tuple[str, int]]]:
    """Things that happen to a page and its journal, in any order."""
    once = st.tuples(st.sampled_from(["cut", "erase", *more]), st.just(0))
    some = st.tuples(st.sampled_from(["write", "read"]), st.integers(1, 450))
    return st.lists(some | once, min_size=3, max_size=12)


def live(server: Serving, steps: list[tuple[str, int]]) -> None:
    """Let them happen, and compare what the page got with what the journals hold."""
    world = World(server, server.folder)
    page = Page(server, world.folder.name)
    for step, number in steps:
        if step == "write":
            world.write(number)
        elif step == "read":
            for _ in range(number):
                if not page.read(0.3):
                    break
        elif step == "cut":
            page.cut()
        elif step == "erase":
            world.erase()
        else:
            world.restart()
    page.cut()
    page.read(PATIENCE_S)
    world.write(1)
    follow(page, world, world.journals[-1][-1])
    page.cut()
    # The last piece is complete: everything after its beginning, once, in order.
    begun, rows = page.pieces[-1]
    assert rows == [row for row in world.journals[-1] if row > begun]
    # An earlier one is the beginning of what some journal holds after that row.
    for begun, rows in page.pieces[:-1]:
        held = [[row for row in rows_of if row > begun][: len(rows)] for rows_of in world.journals]
        assert rows in held
    assert world.database is not None
    world.database.close()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps())
@example(steps=[("write", 450), ("read", 1), ("write", 450), ("read", 201), ("restart", 0), ("write", 3), ("read", 9)])
@example(steps=[("write", 2), ("read", 1), ("cut", 0), ("erase", 0), ("write", 50), ("read", 400)])
@example(steps=[("read", 1), ("write", 5), ("read", 2), ("erase", 0), ("write", 2), ("restart", 0), ("write", 9)])
def test_every_row_comes_once_and_in_order_or_the_page_begins_anew(
    server: Serving, steps: list[tuple[str, int]]
) -> None:
    live(server, steps)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps("restart"))
def test_that_holds_when_the_server_is_killed_at_any_moment(server: Serving, steps: list[tuple[str, int]]) -> None:
    live(server, steps)


def test_a_run_is_told_lost_after_a_kill_and_what_it_wrote_is_kept(server: Serving, tmp_path: Path) -> None:
    world = World(server, server.folder)
    page = Page(server, world.folder.name)
    page.read(PATIENCE_S)
    request = {"verb": "plan", "path": world.folder.name, "arguments": {"brief": "Build a blog platform"}}
    run = server.ask("nootropic/api/runs", request)["run"]
    time.sleep(0.3)
    world.restart()
    for method in ("GET", "DELETE"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.ask(f"nootropic/api/runs/{run}", method=method)
        error = json.loads(caught.value.read())["error"]
        assert (caught.value.code, error["type"]) == (404, "UnknownRun")
        assert "restart" in error["why"] and "look there" in error["next"]
    assert server.ask("nootropic/api/runs")["runs"] == []
    # Run again, it ends as if nothing had been.
    run = server.ask("nootropic/api/runs", request)["run"]
    deadline = time.monotonic() + PATIENCE_S
    while (answer := server.ask(f"nootropic/api/runs/{run}"))["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert answer["state"] == "done", answer
    assert (world.folder / "project-spec.md").is_file()


def test_two_servers_on_one_workspace_hear_of_one_another(server: Serving, tmp_path: Path) -> None:
    world = World(server, server.folder)
    world.write(1)
    with serving(server.folder, tmp_path) as other:
        pages = [Page(server, world.folder.name), Page(other, world.folder.name)]
        for page in pages:
            page.read(PATIENCE_S)
        body = {"path": world.folder.name, "arguments": {"brief": "Build a blog platform"}}
        other.ask("nootropic/api/capabilities/plan", body)
        assert world.database is not None
        last = journal.last_id(world.database.read())
        for page in pages:
            follow(page, world, last)
            page.cut()
        assert pages[0].pieces == pages[1].pieces
        # What runs in one server is not known to the other, and that is said.
        run = other.ask("nootropic/api/runs", {"verb": "status", "path": world.folder.name})["run"]
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.ask(f"nootropic/api/runs/{run}")
        assert json.loads(caught.value.read())["error"]["type"] == "UnknownRun"
    world.database.close()
