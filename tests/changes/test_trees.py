"""Random trees of files of every kind: all hunks give the new tree, undo the old, and the order is free."""

from __future__ import annotations

import os
import random
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.accept import accept, edit, redo, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.shifts import HunksNeedEachOther
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.test_encodings import ENCODINGS, written
from tests.changes.test_notebook_changes import as_file, cell, document
from tests.changes.worlds import propose
from tests.conftest import git

pytestmark = pytest.mark.slow

Tree = dict[str, tuple[bytes, bool]]
# `c` is a file in some trees and a folder in others.
PATHS = ["a.txt", "b.py", "c", "c/d.txt", "c/e/f.txt", "g.bin"]
NAMES = sorted(name for name in ENCODINGS if name not in ("latin", "named in a comment"))
LINES = st.lists(st.sampled_from(["a", "b", "c = 1", "", "x", "y"]), max_size=12)
TEXTS = st.builds(
    lambda name, lines, ends, tail: written(name, lines, ends, tail=tail),
    st.sampled_from(["utf-8", "utf-8", *NAMES]),
    LINES,
    st.lists(st.sampled_from(["\n", "\n", "\r\n"]), min_size=13, max_size=13),
    st.sampled_from(["", "end"]),
)
CONTENTS = st.one_of(TEXTS, TEXTS, st.binary(max_size=20), st.just(b""))
CELLS = st.tuples(st.sampled_from("pqrst"), st.sampled_from(["x = 1", "# T", "y\nz", ""]))
NOTEBOOKS = st.lists(CELLS, max_size=4, unique_by=lambda each: each[0]).map(
    lambda cells: as_file(document([cell("code", source, name, outputs=name == "p") for name, source in cells]))
)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    tree: Tree = {}
    for path in PATHS:
        if draw(st.booleans()) and not any(path.startswith(f"{other}/") for other in tree):
            tree[path] = (draw(CONTENTS), draw(st.booleans()))
    if draw(st.booleans()):
        tree["n.ipynb"] = (draw(NOTEBOOKS), False)
    return tree


@st.composite
def changes(draw: st.DrawFn) -> tuple[Tree, Tree, list[FileEdit]]:
    """Two trees and edits that lead from one to the other; some files that went and came are one file that moved."""
    old, new = draw(trees()), draw(trees())
    gone = draw(st.permutations([path for path in old if path not in new and path != "n.ipynb"]))
    come = [path for path in new if path not in old and path != "n.ipynb"]
    moves = dict(zip(come, gone, strict=False)) if draw(st.booleans()) else {}
    both = [path for path in old if path in new and not path.endswith(".ipynb")]
    if len(both) > 1 and draw(st.booleans()):  # files that change places
        moves |= {both[0]: both[1], both[1]: both[0]}
    edits = []
    for path, (content, executable) in new.items():
        source = moves.get(path, path if path in old else None)
        before = old.get(source) if source else None
        mode = None if before is not None and before[1] == executable else 0o755 if executable else 0o644
        edits.append(FileEdit(path, before and before[0], content, source if source != path else None, mode))
    edits += [FileEdit(path, old[path][0], None) for path in old if path not in new and path not in moves.values()]
    return old, new, draw(st.permutations(edits))


@contextmanager
def folder(tree: Tree, *, repository: bool = False) -> Iterator[ProposalStore]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "project")
        root.mkdir()
        for path, (content, executable) in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
            (root / path).chmod(0o755 if executable else 0o644)
        if repository:
            git(root, "init", "-q")
            git(root, "add", ".")
            git(root, "commit", "-q", "--allow-empty", "-m", "Start")
        workspace = Workspace.find(root)
        database = StateDatabase.open(workspace)
        try:
            yield ProposalStore(database, workspace)
        finally:
            database.close()


def on_disk(root: Path) -> Tree:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), bool(stat.S_IMODE(path.stat().st_mode) & 0o100))
        for path in files
        if path.relative_to(root).parts[0] not in (".nootropic", ".nootropic-cache", ".git")
    }


SEED = int(os.environ.get("NOOTROPIC_SEED") or random.SystemRandom().randrange(10**6))
REAL = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@settings(REAL, max_examples=40)
@given(changes())
def test_everything_there_and_back(change: tuple[Tree, Tree, list[FileEdit]]) -> None:
    there_and_back(change, repository=False)


@settings(REAL, max_examples=10)
@given(changes())
def test_everything_there_and_back_in_git(change: tuple[Tree, Tree, list[FileEdit]]) -> None:
    there_and_back(change, repository=True)


def there_and_back(change: tuple[Tree, Tree, list[FileEdit]], *, repository: bool) -> None:
    old, new, edits = change
    if old == new:
        return
    with folder(old, repository=repository) as store:
        root = store.workspace.root
        propose(store, *edits)
        accept(store.workspace, store.database, ["P1"])
        assert on_disk(root) == new
        undo(store.workspace, store.database, ["P1"])
        assert on_disk(root) == old
        redo(store.workspace, store.database, "A2")
        assert on_disk(root) == new
        if repository:
            assert git(root, "status", "--porcelain") == ""
            assert len(git(root, "ls-files").splitlines()) == len(new)


@settings(REAL, max_examples=20)
@given(changes(), st.data())
def test_one_by_one_in_any_order_is_all_at_once(change: tuple[Tree, Tree, list[FileEdit]], data: st.DataObject) -> None:
    one_by_one_and_at_once(change, data)


@pytest.mark.deep
@pytest.mark.timeout(3000)
@seed(SEED)
@settings(REAL, max_examples=1500)
@given(changes(), st.data())
def test_many_orders(change: tuple[Tree, Tree, list[FileEdit]], data: st.DataObject) -> None:
    print(f"seed {SEED}")
    one_by_one_and_at_once(change, data)


def one_by_one_and_at_once(change: tuple[Tree, Tree, list[FileEdit]], data: st.DataObject) -> None:
    old, new, edits = change
    if old == new:
        return
    with folder(old) as store:
        workspace, database, root = store.workspace, store.database, store.workspace.root
        numbers = [hunk.number for hunk in propose(store, *edits).changeset.hunks]
        order = data.draw(st.permutations(numbers))[: data.draw(st.integers(1, len(numbers)))]
        own = {number for number in order if data.draw(st.booleans()) and data.draw(st.booleans())}
        taken = []
        for number in order:
            hunk = store.get("P1").changeset.hunks[number - 1]
            editable = hunk.kind == "text" or (hunk.kind == "cell" and hunk.header.startswith("new "))
            try:
                accept(
                    workspace, database, [f"P1:{number}"], edited="own = 1\n" if number in own and editable else None
                )
            except HunksNeedEachOther:
                continue
            taken.append(number)
        one_by_one = on_disk(root)
        for path, (content, _) in one_by_one.items():
            if path.endswith(".ipynb"):
                nbformat.validate(nbformat.reads(content.decode(), as_version=4))
        texts = store.get("P1").edited
        for number in data.draw(st.permutations(taken)):
            try:
                undo(workspace, database, [f"P1:{number}"])
            except HunksNeedEachOther:
                continue
        if left := [hunk.number for hunk in store.get("P1").changeset.hunks if hunk.state.in_tree]:
            undo(workspace, database, [f"P1:{number}" for number in left])
        assert on_disk(root) == old
        if not taken:
            return
        propose(store, *edits, task="T9")
        for number, text in texts.items():
            edit(workspace, database, f"P2:{number}", text)
        accept(workspace, database, [f"P2:{number}" for number in taken])
        assert on_disk(root) == one_by_one
