"""What a reader sees of a plan in each place, and what a streaming verb does while it runs and when it is stopped."""

from __future__ import annotations

import itertools
import re
import time
from pathlib import Path

import pytest

from tests.agents.scripted_model import scripted_model
from tests.conftest import git
from tests.kernel.running import running_kernel
from tests.promises.rooms import BOOKS, GOOD, call

pytestmark = pytest.mark.usefixtures("no_embedded_model")
CODE = "%%noo code --file shelf/books.py --into made\nSort without regard to case\n"


def test_a_plan_has_board_graph_and_critical_path_in_every_form(repo: Path) -> None:
    made = call(repo, "plan", brief="Build a blog platform")
    forms = made.bundle()
    document = made.document()
    tasks = {task["id"]: task for epic in document["epics"] for story in epic["stories"] for task in story["tasks"]}
    edges = {(before, name) for name, task in tasks.items() for before in task["depends_on"]}
    path = document["critical_path"]
    assert len(tasks) > 3 and edges and len(path) > 1

    ours = forms["application/vnd.nootropic.plan+json"]  # JupyterLab
    assert sorted(name for column in ours["columns"] for name in column["tasks"]) == sorted(tasks)
    assert set(re.findall(r"(T\d+) [=-]+> (T\d+)", ours["mermaid"])) == edges
    assert ours["critical"] == path
    thick = set(re.findall(r"(T\d+) ==> (T\d+)", ours["mermaid"]))
    assert set(itertools.pairwise(path)) <= thick
    assert all(tasks[name]["schedule"]["critical"] for edge in thick for name in edge)

    page = forms["text/html"]  # nbviewer: no script, nothing from outside
    assert "<script" not in page and "http" not in page
    for column in ours["columns"]:
        assert column["title"] in page
    assert "Critical path:" in page and all(f"{name}</b>" in page for name in tasks)
    assert all(re.search(rf"{name} ← [^<]*\b{before}\b", page) for before, name in edges), "the graph, as a list"

    text = forms["text/markdown"]  # GitHub
    assert len(re.findall(r"^\| T\d", text, re.M)) == len(tasks) and "**Critical path:**" in text
    graph = text.partition("```mermaid\n")[2].partition("\n```")[0]
    assert graph == ours["mermaid"]

    tree = forms["text/plain"]  # a terminal
    for name, task in tasks.items():
        line = next(line for line in tree.splitlines() if re.search(rf"\b{name} ", line))
        assert task["title"] in line and all(before in line for before in task["depends_on"])
        assert ("*" in line.partition(name)[0]) == task["schedule"]["critical"]
    assert f"Critical path: {' → '.join(path)}" in tree

    board = call(repo, "board").bundle()
    assert {"text/plain", "text/markdown", "text/html", "application/vnd.nootropic.plan+json"} <= set(board)


def test_streaming_updates_one_place_and_an_interrupt_leaves_a_clean_state(
    repo: Path, person_home: Path, tmp_path: Path
) -> None:
    with scripted_model(tmp_path, person_home, [{"text": GOOD, "sleep": 60}, GOOD]) as model:
        with running_kernel(repo) as kernel:
            request = kernel.client.execute(CODE, stop_on_error=False)
            deadline = time.monotonic() + 60
            while not model.requests():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            began = time.monotonic()
            kernel.manager.interrupt_kernel()
            reply = kernel.reply_to(request)
            assert time.monotonic() - began < 2.5  # one second, and slack for a busy machine
            assert reply["ename"] == "Interrupted", reply
            assert kernel.run("1 + 1").text == "2"
            assert call(repo, "review").text() == "Nothing waits for a decision."
            assert git(repo, "status", "--porcelain") == "" and (repo / "shelf/books.py").read_text() == BOOKS

            ran = kernel.run(CODE)
            assert ran.status == "ok", ran.error
            shown, updates = ran.of("display_data"), ran.of("update_display_data")
            assert len(shown) == 1 and updates
            assert len({content["transient"]["display_id"] for content in shown + updates}) == 1
            assert "casefold" in updates[-1]["data"]["text/plain"], "the answer as it came"
            bundle = ran.of("execute_result")[0]["data"]
            assert "application/vnd.nootropic.proposal+json" in bundle and "scripted-1" in bundle["text/plain"]
    assert not list((repo / ".nootropic" / "work").glob("*"))
