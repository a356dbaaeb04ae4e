"""The WebSocket of events: what comes, in which order, after a break, and for whom."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.websocket import WebSocketClientConnection

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from nootropic_lab import event_handler, events
from nootropic_lab.app import NootropicLab

Fetch = Callable[..., Awaitable[HTTPResponse]]
Connect = Callable[..., Awaitable[WebSocketClientConnection]]
EVENTS = ("nootropic", "api", "events")


async def listen(connect: Connect, **params: Any) -> WebSocketClientConnection:
    return await connect(*EVENTS, params={"path": "project", **params})


async def end(*sockets: WebSocketClientConnection) -> None:
    """Close, and wait until it is: a connection that is left open is a fault of the test."""
    for socket in sockets:
        socket.close()
        while await asyncio.wait_for(socket.read_message(), 30) is not None:
            pass


async def read(socket: WebSocketClientConnection) -> dict[str, Any]:
    line = await asyncio.wait_for(socket.read_message(), 30)
    assert line is not None, f"closed: {socket.close_code} {socket.close_reason}"
    return dict(json.loads(line, parse_constant=pytest.fail))


def write(database: StateDatabase, kind: str, subject: str, **data: Any) -> int:
    with database.transaction() as connection:
        return journal.append(connection, kind, subject, **data)


async def test_rows_of_any_process_come_under_their_public_names(
    jp_ws_fetch: Connect, workspace: Workspace, database: StateDatabase
) -> None:
    old = write(database, "plan.made", "plan-1")
    socket = await listen(jp_ws_fetch)
    hello = await read(socket)
    assert (hello["kind"], hello["last"]) == ("hello", old) and hello["instance"]
    write(database, "proposal.made", "P1", title="A")
    write(database, "turn.undo", "A2")
    write(database, "some.plugin", "X")
    names = [(row["name"], row["subject"], row["row"]) for row in [await read(socket) for _ in range(3)]]
    assert names == [
        ("ProposalCreated", "P1", "proposal.made"),
        ("ChangeUndone", "A2", "turn.undo"),
        ("some.plugin", "X", "some.plugin"),
    ]
    await end(socket)


async def test_who_was_away_gets_what_was_missed_once_and_in_order(
    jp_ws_fetch: Connect, workspace: Workspace, database: StateDatabase
) -> None:
    with database.transaction() as connection:
        ids = [journal.append(connection, "task.satisfied", f"T{n}") for n in range(450)]
    socket = await listen(jp_ws_fetch, since=ids[9])
    assert (await read(socket))["last"] == ids[-1]
    later = write(database, "task.satisfied", "T-later")
    got = [(await read(socket))["id"] for _ in range(441)]
    assert got == [*ids[10:], later]
    await end(socket)


async def test_a_journal_that_begins_while_one_listens_is_followed_and_nothing_is_made_for_it(
    jp_ws_fetch: Connect, workspace: Workspace, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ABSENT_S", 0.1)
    socket = await listen(jp_ws_fetch, since=7)
    assert (await read(socket))["last"] == 0
    await asyncio.sleep(0.5)
    assert not (repo / ".nootropic").exists()
    database = StateDatabase.open(workspace)
    row = write(database, "plan.made", "plan-1")
    begun = await read(socket)
    assert (begun["kind"], begun["last"]) == ("hello", 0) and begun["journal"]
    assert (await read(socket))["id"] == row
    database.close()
    # Thrown away while the page is open: the page is told that the journal is another.
    shutil.rmtree(repo / ".nootropic")
    assert await read(socket) == {**(await _hello(jp_ws_fetch)), "last": 0, "journal": ""}
    await end(socket)


async def test_another_journal_with_more_rows_is_no_continuation(
    jp_ws_fetch: Connect, workspace: Workspace, repo: Path
) -> None:
    """A page slept while the state was thrown away and a new one grew past what the page had seen."""
    database = StateDatabase.open(workspace)
    seen = write(database, "plan.made", "plan-1")
    before = await _hello(jp_ws_fetch)
    database.close()
    shutil.rmtree(repo / ".nootropic")
    database = StateDatabase.open(workspace)
    last = [write(database, "plan.made", f"plan-{n}") for n in range(5)][-1]
    assert last > seen
    socket = await listen(jp_ws_fetch, since=seen, journal=before["journal"])
    after = await read(socket)
    assert after["last"] == last and after["journal"] != before["journal"]
    # Nothing of the other journal is sent as if it were what was missed.
    new = write(database, "plan.made", "plan-9")
    assert (await read(socket))["id"] == new
    await end(socket)
    database.close()


async def test_a_backup_that_is_copied_over_the_database_is_noticed(
    jp_ws_fetch: Connect, workspace: Workspace, database: StateDatabase, tmp_path: Path
) -> None:
    """The file stays the same one; its rows are others."""
    write(database, "plan.made", "plan-1")
    with sqlite3.connect(tmp_path / "backup.db") as backup:
        database.read().backup(backup)
    backup.close()
    last = write(database, "plan.edited", "plan-1")
    socket = await listen(jp_ws_fetch)
    hello = await read(socket)
    assert hello["last"] == last
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        backup.backup(database.read())
    again = await read(socket)
    assert (again["kind"], again["last"], again["journal"]) == ("hello", last - 1, hello["journal"])
    assert (await read_next(socket, database))["id"] == last
    await end(socket)


async def read_next(socket: WebSocketClientConnection, database: StateDatabase) -> dict[str, Any]:
    write(database, "plan.edited", "plan-1")
    return await read(socket)


async def test_a_row_that_is_no_json_for_a_page_hides_no_other(
    jp_ws_fetch: Connect, workspace: Workspace, database: StateDatabase
) -> None:
    write(database, "plan.made", "plan-1")
    socket = await listen(jp_ws_fetch)
    await read(socket)
    ids = [
        write(database, "some.plugin", "X", value=math.nan),
        write(database, "some.plugin", "Y", value="\u2028" * 20_000),
        write(database, "plan.made", "plan-1"),
    ]
    with database.transaction() as connection:
        connection.execute("UPDATE events SET data = '{' WHERE id = ?", (ids[-1],))
    rows = [await read(socket) for _ in ids]
    assert [row["id"] for row in rows] == ids
    assert "nan" in rows[0]["data"]["damaged"] and rows[1]["data"] == {"left_out": 120_013}
    await end(socket)


async def _hello(connect: Connect) -> dict[str, Any]:
    socket = await listen(connect)
    hello = await read(socket)
    await end(socket)
    return hello


async def test_news_of_a_run_come_with_its_journal_rows(jp_ws_fetch: Connect, jp_fetch: Fetch) -> None:
    socket = await listen(jp_ws_fetch)
    await read(socket)
    body = {"verb": "plan", "path": "project", "arguments": {"brief": "Add a Reader with a name to the shelf package."}}
    run = json.loads((await jp_fetch("nootropic", "api", "runs", method="POST", body=json.dumps(body))).body)["run"]
    seen: list[dict[str, Any]] = []
    while not (
        any(event.get("event") == "done" for event in seen)
        and any(event.get("name") == "PlanChanged" for event in seen)
    ):
        seen.append(await read(socket))
    of_run = [event for event in seen if event["kind"] == "run"]
    assert {event["run"] for event in of_run} == {run}
    assert [event["seq"] for event in of_run] == list(range(1, len(of_run) + 1))
    assert of_run[-1]["data"]["effect"] == "propose"
    await end(socket)


async def test_a_page_that_does_not_keep_up_is_let_go_and_resumes(
    jp_ws_fetch: Connect, jp_serverapp: ServerApp, workspace: Workspace, database: StateDatabase
) -> None:
    (point,) = jp_serverapp.extension_manager.extension_apps["nootropic_lab"]
    assert isinstance(point, NootropicLab)
    socket = await listen(jp_ws_fetch)
    await read(socket)
    # More at once than is kept for one page: it has no chance to be sent in between.
    for number in range(events.MOST_WAITING + 1):
        event = {"kind": "run", "run": "r", "seq": number, "event": "text", "data": {}}
        point.events.tell(workspace.root, event, lambda person: True)
    last = write(database, "plan.made", "plan-1")
    while await asyncio.wait_for(socket.read_message(), 30) is not None:
        pass
    assert socket.close_code == event_handler.TOO_SLOW
    socket.close()
    again = await listen(jp_ws_fetch, since=last - 1)
    assert (await read(again))["kind"] == "hello"
    assert (await read(again))["id"] == last
    await end(again)


async def test_what_a_page_sends_means_nothing(jp_ws_fetch: Connect, database: StateDatabase) -> None:
    write(database, "plan.made", "plan-1")
    socket = await listen(jp_ws_fetch)
    await read(socket)
    for message in ("{", '{"kind":"run","verb":"undo"}', "\x00", "[" * 1000):
        await socket.write_message(message)
    await socket.write_message(b"\xff\x00", binary=True)
    row = write(database, "plan.made", "plan-1")
    assert (await read(socket))["id"] == row
    await socket.write_message("x" * 100_000)
    assert await asyncio.wait_for(socket.read_message(), 30) is None
    assert socket.close_code == 1009
    socket.close()


async def test_who_may_not_listen_is_refused(jp_ws_fetch: Connect) -> None:
    refusals: list[tuple[dict[str, str], dict[str, str], int]] = [
        ({"path": "project"}, {"Authorization": ""}, 403),
        ({"path": "project"}, {"Authorization": "token wrong"}, 403),
        ({"path": "project", "token": "wrong"}, {"Authorization": ""}, 403),
        ({"path": ".."}, {}, 400),
        ({"path": "nowhere"}, {}, 400),
        ({"path": "project", "since": "x"}, {}, 400),
        ({"path": "project", "since": "-1"}, {}, 400),
        ({"path": "project", "since": "9" * 30}, {}, 400),
    ]
    for params, headers, code in refusals:
        with pytest.raises(HTTPClientError) as caught:
            await jp_ws_fetch(*EVENTS, params=params, headers=dict(headers))
        assert caught.value.code == code, params


async def test_the_token_may_stand_in_the_address(jp_ws_fetch: Connect, jp_serverapp: ServerApp) -> None:
    params = {"path": "project", "token": jp_serverapp.identity_provider.token}
    socket = await jp_ws_fetch(*EVENTS, params=params, headers={"Authorization": ""})
    assert (await read(socket))["kind"] == "hello"
    await end(socket)


async def test_nobody_listens_nothing_watches(
    jp_ws_fetch: Connect, jp_serverapp: ServerApp, database: StateDatabase
) -> None:
    (point,) = jp_serverapp.extension_manager.extension_apps["nootropic_lab"]
    assert isinstance(point, NootropicLab)
    write(database, "plan.made", "plan-1")
    one, other = await listen(jp_ws_fetch), await listen(jp_ws_fetch)
    await read(one)
    await read(other)
    (topic,) = point.events._topics.values()
    await end(one)
    write(database, "plan.made", "plan-1")
    assert (await read(other))["name"] == "PlanChanged"
    await end(other)
    await asyncio.wait_for(asyncio.wait([topic.task]), 30)
    assert point.events._topics == {}
