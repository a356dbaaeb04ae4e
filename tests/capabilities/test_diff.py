"""``diff``: files first, then one file's hunks; what the person must know before they decide."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import nbformat
import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call, commit, numbers, propose, propose_many

pytestmark = pytest.mark.slow


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace)
    yield opened
    opened.close()


def test_files_first_then_the_hunks_of_one(session: Session) -> None:
    propose_many(session, files=3, hunks=4)
    call(session, "accept", refs=["P1:1", "P1:5"])
    (line,) = call(session, "diff").document()["proposals"]
    assert (line["id"], line["hunks"], line["pending"]) == ("P1", 12, 10)
    listed = call(session, "diff", ref="P1").document()
    assert [(f["path"], f["first"], f["first_pending"], f["added"], f["removed"]) for f in listed["files"]] == [
        ("pkg/m00.py", 1, 2, 4, 4), ("pkg/m01.py", 5, 6, 4, 4), ("pkg/m02.py", 9, 9, 4, 4)
    ]  # fmt: skip
    assert listed["hunks"] == [] and listed["files"][0]["states"] == {"accepted": 1, "pending": 3}
    assert listed["proposal"]["undoable"] == "A1" and listed["proposal"]["undoes"] == ["P1:1", "P1:5"]
    shown = call(session, "diff", ref="P1/pkg/m01.py").document()
    assert [hunk["number"] for hunk in shown["hunks"]] == [5, 6, 7, 8]
    assert all(hunk["editable"] and hunk["lines"] for hunk in shown["hunks"]) and shown["drift"] == ""
    one = call(session, "diff", ref="P1:6").document()
    assert one["path"] == "pkg/m01.py" and [hunk["ref"] for hunk in one["hunks"]] == ["P1:6"]
    text = call(session, "diff", ref="P1/pkg/m01.py").text()
    assert "P1:6" in text and "-    return value + 1" in text and "+    return other + 1" in text


def test_the_counts_are_those_of_the_drawn_lines(session: Session) -> None:
    old = numbers(3)
    commit(session, {"pkg/a.py": old, "pkg/gone.py": old})
    new = old.replace(b"value + 0", b"value +\\\n        0").replace(b"def f2(value):\n", b"")
    propose(session, FileEdit("pkg/a.py", old, new), FileEdit("pkg/gone.py", old, None), FileEdit("n.txt", None, b"x"))
    listed = call(session, "diff", ref="P1").document()["files"]
    drawn = call(session, "review", id="P1").document()["shown"]["files"]
    assert [(f["path"], f["added"], f["removed"], f["about"]) for f in listed] == [
        (f["path"], f["added"], f["removed"], f["about"]) for f in drawn
    ]


def test_a_file_that_moved_on_is_told_and_what_conflicts_is_refused_beforehand(session: Session) -> None:
    propose_many(session, files=2, hunks=3)
    path = session.workspace.root / "pkg" / "m00.py"
    path.write_bytes(path.read_bytes().replace(b"value + 1", b"value - 1") + b"# more\n")
    shown = call(session, "diff", ref="P1/pkg/m00.py").document()
    assert shown["drift"] == "pkg/m00.py was changed after this was proposed."
    refused = [hunk["refused"] for hunk in shown["hunks"]]
    assert refused[1] and refused[0] is None and refused[2] is None
    assert list(shown["refused"]) == ["pkg/m00.py"]
    other = call(session, "diff", ref="P1/pkg/m01.py").document()
    assert other["drift"] == "" and not any(hunk["refused"] for hunk in other["hunks"])
    # All of it cannot be accepted: the reason is another file's.
    assert "pkg/m00.py" in other["refused"]["pkg/m00.py"] and list(other["refused"]) == ["pkg/m00.py"]
    path.unlink()
    assert call(session, "diff", ref="P1/pkg/m00.py").document()["drift"] == "pkg/m00.py is not there any more."


def test_an_open_tab_with_unsaved_edits_refuses_beforehand(session: Session) -> None:
    propose_many(session, files=1, hunks=2)
    session.unsaved = frozenset({"pkg/m00.py"})
    hunks = call(session, "diff", ref="P1/pkg/m00.py").document()["hunks"]
    assert all("unsaved" in hunk["refused"] for hunk in hunks)


def test_files_that_are_all_as_they_were_are_refused_nowhere(session: Session) -> None:
    propose_many(session, files=3, hunks=2)
    call(session, "accept", refs=["P1:1"])
    assert call(session, "diff", ref="P1/pkg/m01.py").document()["refused"] == {}


def test_what_was_accepted_is_no_drift(session: Session) -> None:
    propose_many(session, files=1, hunks=3)
    call(session, "edit", ref="P1:2", text="    return 7\n")
    call(session, "accept", refs=["P1:1", "P1:2"])
    assert call(session, "diff", ref="P1/pkg/m00.py").document()["drift"] == ""
    call(session, "undo")
    assert call(session, "diff", ref="P1/pkg/m00.py").document()["drift"] == ""


def test_cells_in_their_place(session: Session) -> None:
    cells = [nbformat.v4.new_code_cell(f"x = {k}", id=f"c{k}") for k in range(6)]
    cells[0] = nbformat.v4.new_markdown_cell("# Title", id="c0")
    old = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "julia"}}))
    changed = [*cells[:3], nbformat.v4.new_code_cell("x = 33", id="c3"), nbformat.v4.new_markdown_cell("new", id="n"),
               *cells[5:]]  # fmt: skip
    changed[3]["outputs"] = [nbformat.v4.new_output("stream", text="hi")]
    new = nbformat.writes(nbformat.v4.new_notebook(cells=changed, metadata={"language_info": {"name": "julia"}}))
    commit(session, {"a.ipynb": old.encode()})
    propose(session, FileEdit("a.ipynb", old.encode(), new.encode()))
    shown = call(session, "diff", ref="P1/a.ipynb").document()
    assert shown["language"] == "julia"
    told = {hunk["cell_id"]: (hunk["cell_kind"], hunk["outputs"], hunk["editable"]) for hunk in shown["hunks"]}
    assert told == {"c3": ("code", 1, True), "c4": ("code", 0, False), "n": ("markdown", 0, True)}
    first = shown["hunks"][0]["number"]
    assert [(run["before"], run["count"]) for run in shown["cells"]] == [(first, 3), (None, 1)]
    assert [head["text"] for head in shown["cells"][0]["heads"]] == ["# Title", "x = 1", "x = 2"]


def test_fifty_megabytes_are_listed_at_once_and_sent_in_parts(session: Session) -> None:
    line = b"word " * 20 + b"\n"
    propose(session, *(FileEdit(f"big/f{k}.txt", None, line * 100_000) for k in range(5)))
    began = time.process_time()
    listed = call(session, "diff", ref="P1")
    assert time.process_time() - began < 10
    assert len(json.dumps(listed.bundle())) + len(json.dumps(listed.document())) < 20_000
    shown = call(session, "diff", ref="P1/big/f3.txt")
    (hunk,) = shown.document()["hunks"]
    assert not hunk["editable"] and hunk["new"] == "" and "more lines" in hunk["lines"][-1]["text"]
    assert len(json.dumps(shown.document())) < 200_000


def test_a_file_of_many_hunks_comes_in_pages(session: Session) -> None:
    old, new = numbers(450), numbers(450, "other")
    commit(session, {"pkg/many.py": old})
    propose(session, FileEdit("pkg/many.py", old, new))
    shown = call(session, "diff", ref="P1/pkg/many.py", page=3).document()
    assert (shown["page"], shown["pages"]) == (3, 3) and [h["number"] for h in shown["hunks"]] == [*range(401, 451)]


def test_the_time_to_a_decision_is_journalled(session: Session) -> None:
    propose_many(session, files=1, hunks=3)
    call(session, "accept", refs=["P1:1"], after_s=4.25)
    call(session, "reject", refs=["P1:2"], after_s=0.5)
    call(session, "reject", refs=["P1:2"], after_s=9)
    timed = [event.data for event in events(session.database().read(), kind="decision.timed")]
    assert timed == [
        {"decision": "accept", "hunks": ["P1:1"], "seconds": 4.25},
        {"decision": "reject", "hunks": ["P1:2"], "seconds": 0.5},
    ]
