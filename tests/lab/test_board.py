"""Cards of the board are moved by the verb task, over HTTP as a browser asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from tornado.httpclient import HTTPResponse

from tests.conftest import git
from tests.lab.test_routes import PLAN, post, refused

Fetch = Callable[..., Awaitable[HTTPResponse]]


async def test_no_plan_is_an_answer_for_who_asks_so(jp_fetch: Fetch, repo: Path) -> None:
    assert (await post(jp_fetch, "board", arguments={"or-empty": True}))["bundle"][PLAN]["plan"] is None
    code, document = await refused(post(jp_fetch, "board", arguments={}))
    assert (code, document["error"]["type"]) == (409, "NoPlan")


async def test_a_card_is_moved_and_put_into_another_column(jp_fetch: Fetch, repo: Path) -> None:
    await post(jp_fetch, "plan", arguments={"brief": "Build a blog platform"})
    moved = await post(jp_fetch, "task", arguments={"task": "T4", "before": "T3"})
    assert moved["result"]["order"][:2] == ["T4", "T3"] and moved["changed"] == ["project/project-spec.md"]
    done = await post(jp_fetch, "task", arguments={"task": "T1", "status": "done", "note": "by hand"})
    assert done["result"]["task"]["status"] == "done"
    assert git(repo, "log", "-2", "--format=%s").split("\n") == ["Task T1 is done: by hand", "Task T4 before T3"]
    code, document = await refused(post(jp_fetch, "task", arguments={"task": "T1", "after": ["T2"]}))
    assert code < 500 and document["error"]["type"] == "TaskFrozen" and document["error"]["next"]
    shown = (await post(jp_fetch, "board", arguments={}))["bundle"][PLAN]
    assert all({"title", "how", "depends_on", "estimate", "schedule"} <= set(each) for each in shown["plan"]["tasks"])
    columns = {column["key"]: column["tasks"] for column in shown["columns"]}
    assert columns["done"] == ["T1"] and shown["board"]["health"]["T1"] == "green"
    assert columns["waiting"].index("T4") < columns["waiting"].index("T6")
    assert {lane["epic"] for lane in shown["board"]["lanes"]} == {each["id"] for each in shown["plan"]["epics"]}
