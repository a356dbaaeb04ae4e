"""Renames, swaps, and files in the place of folders: everything taken is the new tree, nothing taken the old one."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import DamagedEdit, FileEdit, build_changeset
from nootropic_kernel.changes.commit import CommitRefused
from nootropic_kernel.changes.shifts import HunksNeedEachOther
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commit_file, propose
from tests.conftest import git

pytestmark = pytest.mark.slow

A, B, C = TEXT, TEXT.replace(b"line", b"row"), b"third\n"
Tree = dict[str, tuple[bytes, bool]]


def tree(root: Path) -> Tree:
    """Every tracked file's bytes, and whether it can be executed; Git and disk must agree on it."""
    assert git(root, "status", "--porcelain") == ""
    names = git(root, "ls-files").split("\n")
    return {n: ((root / n).read_bytes(), bool(stat.S_IMODE((root / n).stat().st_mode) & 0o100)) for n in names}


def moved(path: str, data: bytes, renamed_from: str) -> FileEdit:
    """A file that moves as it is."""
    return FileEdit(path, data, data, renamed_from=renamed_from)


# What is changed, as edits, and the tree that they make of `START`.
START: Tree = {
    "a": (A, False), "b": (B, True), "c": (C, False), "d/x": (C, False), "d/y": (C, True), "keep": (C, False),
}  # fmt: skip
CASES: dict[str, tuple[list[FileEdit], Mapping[str, tuple[bytes, bool] | None]]] = {
    "emptied": ([FileEdit("a", A, b"")], {"a": (b"", False)}),
    "deleted": ([FileEdit("b", B, None)], {"b": None}),
    "created": ([FileEdit("n/e/w", None, A, mode=0o755)], {"n/e/w": (A, True)}),
    "created empty": ([FileEdit("new", None, b"")], {"new": (b"", False)}),
    "created empty, executable": ([FileEdit("new", None, b"", mode=0o755)], {"new": (b"", True)}),
    "mode": ([FileEdit("a", A, A, mode=0o755), FileEdit("b", B, B, mode=0o644)], {"a": (A, True), "b": (B, False)}),
    "moved": ([FileEdit("m/b", B, B, renamed_from="b")], {"b": None, "m/b": (B, True)}),
    "moved, edited, mode": (
        [FileEdit("m", A, changed(5), renamed_from="a", mode=0o755)],
        {"a": None, "m": (changed(5), True)},
    ),
    "case only": ([FileEdit("A", A, A, renamed_from="a")], {"a": None, "A": (A, False)}),
    "swap": (
        [FileEdit("b", A, changed(5), renamed_from="a"), FileEdit("a", B, B, renamed_from="b")],
        {"b": (changed(5), False), "a": (B, True)},
    ),
    "chain": (
        [moved("b", A, "a"), moved("c", B, "b"), moved("e", C, "c")],
        {"a": None, "b": (A, False), "c": (B, True), "e": (C, False)},
    ),
    "round": (
        [moved("b", A, "a"), moved("c", B, "b"), moved("a", C, "c")],
        {"a": (C, False), "b": (A, False), "c": (B, True)},
    ),
    "new in the place of a moved one": (
        [FileEdit("e", A, A, renamed_from="a"), FileEdit("a", None, b"stub\n")],
        {"e": (A, False), "a": (b"stub\n", False)},
    ),
    "moved over a deleted one": (
        [FileEdit("c", C, None), FileEdit("c", A, A, renamed_from="a")],
        {"a": None, "c": (A, False)},
    ),
    "deleted and created": ([FileEdit("a", A, None), FileEdit("a", None, B)], {"a": (B, False)}),
    "folder for a file": (
        [FileEdit("a", A, None), FileEdit("a/in", None, A), FileEdit("a/deep/er", None, B, mode=0o755)],
        {"a": None, "a/in": (A, False), "a/deep/er": (B, True)},
    ),
    "file moved into a folder of its name": ([FileEdit("a/a", A, A, renamed_from="a")], {"a": None, "a/a": (A, False)}),
    "file for a folder": (
        [FileEdit("d/x", C, None), FileEdit("d/y", C, None), FileEdit("d", None, A)],
        {"d/x": None, "d/y": None, "d": (A, False)},
    ),
    "file out of a folder of its name": (
        [FileEdit("d/x", C, None), FileEdit("d", C, C, renamed_from="d/y")],
        {"d/x": None, "d/y": None, "d": (C, True)},
    ),
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, person_home: Path) -> ProposalStore:
    root = tmp_path / "small"
    root.mkdir()
    git(root, "init", "-q")
    for name, (data, executable) in START.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
        (root / name).chmod(0o755 if executable else 0o644)
    git(root, "add", ".")
    git(root, "commit", "-qm", "Start")
    workspace = Workspace.find(root)
    return ProposalStore(StateDatabase.open(workspace), workspace)


def wanted(name: str) -> Tree:
    return {path: made for path, made in {**START, **CASES[name][1]}.items() if made is not None}


@pytest.mark.parametrize("name", CASES)
def test_all_is_the_new_tree_and_undo_the_old(store: ProposalStore, name: str) -> None:
    workspace, database, root = store.workspace, store.database, store.workspace.root
    propose(store, *CASES[name][0])
    accept(workspace, database, ["P1"])
    assert tree(root) == wanted(name)
    undo(workspace, database)
    assert tree(root) == START
    redo(workspace, database)
    assert tree(root) == wanted(name)
    undo(workspace, database, ["P1"], again=True)
    assert tree(root) == START


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "swap",
        "chain",
        "new in the place of a moved one",
        "folder for a file",
        "file for a folder",
        "moved, edited, mode",
    ],
)
def test_any_part_is_a_tree_or_is_refused_by_name(store: ProposalStore, name: str) -> None:
    workspace, database, root = store.workspace, store.database, store.workspace.root
    edits, _ = CASES[name]
    numbers = [hunk.number for hunk in build_changeset(edits).hunks]
    parts = [part for n in range(1, len(numbers) + 1) for part in itertools.combinations(numbers, n)]
    refused = set()
    for k, part in enumerate(parts):
        proposal = propose(store, *edits, task=f"T{k}")
        head = git(root, "rev-parse", "HEAD")
        try:
            accept(workspace, database, [proposal.ref(number) for number in part])
        except HunksNeedEachOther as refusal:
            refused.add(part)
            assert set(refusal.data["hunks"]) - {proposal.ref(number) for number in part}, "what is missing is named"
            assert (tree(root), git(root, "rev-parse", "HEAD")) == (START, head)
            continue
        assert tree(root) != START and (part != parts[-1] or tree(root) == wanted(name))
        undo(workspace, database, [proposal.id])
        assert tree(root) == START
    assert parts[-1] not in refused and bool(refused) == (name != "moved, edited, mode")


@pytest.mark.parametrize("name", ["swap", "folder for a file", "file for a folder", "moved, edited, mode"])
def test_a_refused_commit_leaves_the_old_tree(store: ProposalStore, name: str) -> None:
    hook = store.workspace.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    propose(store, *CASES[name][0])
    with pytest.raises(CommitRefused):
        accept(store.workspace, store.database, ["P1"])
    assert tree(store.workspace.root) == START
    hook.unlink()
    accept(store.workspace, store.database, ["P1"])
    assert tree(store.workspace.root) == wanted(name)


def test_a_folder_with_other_files_is_no_place_for_a_file(store: ProposalStore) -> None:
    with pytest.raises(PathRefused, match="not a regular file but a folder"):
        propose(store, FileEdit("d/x", C, None), FileEdit("d", None, A))
    propose(store, FileEdit("d/x", C, None), FileEdit("d/y", C, None), FileEdit("d", None, A))
    (store.workspace.root / "d" / "mine").write_text("mine")
    with pytest.raises(PathRefused, match="not a regular file but a folder"):
        accept(store.workspace, store.database, ["P1"])
    (store.workspace.root / "d" / "mine").unlink()
    assert tree(store.workspace.root) == START
    with pytest.raises(HunksNeedEachOther, match="go together"):
        accept(store.workspace, store.database, ["P1/d"])


@pytest.mark.parametrize(
    "edits",
    [
        [FileEdit("a", A, B), FileEdit("a", A, C)],
        [FileEdit("m", A, A, renamed_from="a"), FileEdit("a", A, B)],
        [FileEdit("m", A, A, renamed_from="a"), FileEdit("n", A, A, renamed_from="a")],
        [FileEdit("m", A, A, renamed_from="a"), FileEdit("m", None, C)],
        [FileEdit("a", A, None), FileEdit("a", A, None)],
    ],
)
def test_one_file_is_not_edited_twice(edits: list[FileEdit]) -> None:
    with pytest.raises(DamagedEdit, match="is edited twice"):
        build_changeset(edits)


def test_links_and_repositories_inside_are_refused_by_name(store: ProposalStore) -> None:
    root = store.workspace.root
    (root / "link").symlink_to("a")
    inner = root / "module"
    inner.mkdir()
    git(inner, "init", "-q")
    commit_file(Workspace.find(inner), "m.txt", C)
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./module", "module")
    git(root, "add", ".")
    git(root, "commit", "-qm", "A link and a module")
    for edit in (
        FileEdit("link", A, B),
        FileEdit("link", A, None),
        FileEdit("link/x", None, B),
        FileEdit("module/m.txt", C, B),
        FileEdit("module", None, B),
        FileEdit("b2", A, A, renamed_from="link"),
    ):
        with pytest.raises(PathRefused):
            propose(store, edit)
            accept(store.workspace, store.database, [store.ids()[-1]])
    assert (root / "link").is_symlink() and (root / "a").read_bytes() == A
