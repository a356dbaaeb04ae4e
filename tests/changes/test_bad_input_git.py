"""Repositories with unusual settings, indexes and contents: accept, undo and redo leave what is the person's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.commit import GitBusy
from nootropic_kernel.changes.layers import DirtyOverlap
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import GitFailed
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commit_file, head_file, propose, store_with_text
from tests.conftest import git

pytestmark = pytest.mark.slow

CRLF = TEXT.replace(b"\n", b"\r\n")


def there_and_back(workspace: Workspace, store: ProposalStore, path: str, new: bytes) -> None:
    """Accept, undo and redo one edit: files, HEAD and what `git status` shows follow, and nothing else moves."""
    root, database = workspace.root, store.database
    old = (root / path).read_bytes()
    shown, tree = git(root, "status", "--porcelain"), git(root, "rev-parse", "HEAD^{tree}")
    proposal = propose(store, FileEdit(path, old, new))
    trees = []
    for decide in (lambda: accept(workspace, database, [proposal.id]), lambda: redo(workspace, database)):
        turn = decide()
        assert turn.commit == git(root, "rev-parse", "HEAD")
        assert (root / path).read_bytes() == new
        assert git(root, "status", "--porcelain") == shown
        trees.append(git(root, "rev-parse", "HEAD^{tree}"))
        undo(workspace, database)
        assert (root / path).read_bytes() == old
        assert git(root, "rev-parse", "HEAD^{tree}") == tree
        assert git(root, "status", "--porcelain") == shown
    assert trees[0] == trees[1] != tree
    assert git(root, "fsck", "--no-dangling") == ""


SETTINGS: dict[str, Callable[[Path], object]] = {
    "split index": lambda root: git(root, "update-index", "--split-index"),
    "index version 4": lambda root: git(root, "update-index", "--index-version", "4"),
    "untracked cache": lambda root: git(root, "update-index", "--force-untracked-cache"),
    "many files": lambda root: git(root, "config", "feature.manyFiles", "true"),
    "no file mode": lambda root: (git(root, "config", "core.fileMode", "false"), (root / "a.txt").chmod(0o755)),
    "case ignored": lambda root: git(root, "config", "core.ignoreCase", "true"),
    "after gc": lambda root: git(root, "gc", "-q", "--prune=now"),
    "a branch named HEAD": lambda root: (git(root, "branch", "-f", "x"), git(root, "tag", "main")),
    "intent to add": lambda root: ((root / "n.txt").write_text("n"), git(root, "add", "-N", "n.txt")),
    "staged rename": lambda root: git(root, "mv", "README.md", "README.txt"),
    "staged deletion": lambda root: git(root, "rm", "-q", "README.md"),
    "staged mode": lambda root: git(root, "update-index", "--chmod=+x", "README.md"),
    "words of its own": lambda root: [
        git(root, "config", key, value)
        for key, value in {
            "commit.cleanup": "scissors", "core.commentChar": "N", "color.ui": "always", "commit.verbose": "true",
            "core.quotePath": "true", "i18n.commitEncoding": "ISO-8859-1", "core.editor": "false",
            "diff.external": "false", "trailer.separators": "#", "core.abbrev": "4", "core.logAllRefUpdates": "false",
        }.items()
    ],
}  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_and_states_of_the_index(workspace: Workspace, store: ProposalStore, setting: str) -> None:
    SETTINGS[setting](workspace.root)
    there_and_back(workspace, store, "a.txt", changed(5))


@pytest.mark.parametrize(
    ("attributes", "settings", "old", "new"),
    [
        ("", {"core.autocrlf": "true"}, CRLF, changed(5, base=TEXT).replace(b"\n", b"\r\n")),
        ("", {"core.autocrlf": "input"}, CRLF, changed(5, base=TEXT).replace(b"\n", b"\r\n")),
        ("*.x text eol=crlf\n", {}, CRLF, changed(5, base=TEXT).replace(b"\n", b"\r\n")),
        ("*.x -text\n", {"core.autocrlf": "true"}, CRLF, CRLF + b"no newline"),
        ("*.x working-tree-encoding=UTF-16LE-BOM\n", {}, *("\ufeffa\nb\n", "\ufeffa\nB\n")),
        ("*.x ident\n", {}, b"$Id$\na\n", b"$Id$\nb\n"),
        ("*.x filter=up\n", {"filter.up.clean": "tr a-z A-Z", "filter.up.smudge": "tr A-Z a-z"}, b"aa\n", b"bb\n"),
        ("*.x filter=lfs -text\n", {}, b"version https://git-lfs.github.com/spec/v1\nsize 5\n", b"version x\nsize 6\n"),
    ],
    ids=["autocrlf", "autocrlf input", "eol", "-text", "encoding", "ident", "filter", "pointer without its filter"],
)
def test_what_git_converts(
    workspace: Workspace, store: ProposalStore, attributes: str, settings: dict[str, str], old: bytes, new: bytes
) -> None:
    root = workspace.root
    for key, value in settings.items():
        git(root, "config", key, value)
    if attributes:
        commit_file(workspace, ".gitattributes", attributes.encode())
    old, new = (side.encode("utf-16-le") if isinstance(side, str) else side for side in (old, new))
    commit_file(workspace, "f.x", old)
    there_and_back(workspace, store, "f.x", new)


def test_bytes_that_git_cannot_convert_are_refused(workspace: Workspace, store: ProposalStore) -> None:
    """Regression: they were committed unconverted, so that every later checkout gave another file."""
    commit_file(workspace, ".gitattributes", b"*.x working-tree-encoding=UTF-16\n")
    commit_file(workspace, "f.x", "\ufeffa\n".encode("utf-16-le"))
    proposal = propose(store, FileEdit("f.x", (workspace.root / "f.x").read_bytes(), b"plain\n"))
    with pytest.raises(GitFailed, match="BOM is required"):
        accept(workspace, store.database, [proposal.id])
    assert git(workspace.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(("mark", "tag"), [("--assume-unchanged", "h"), ("--skip-worktree", "S")])
def test_marks_of_the_persons_own_in_the_index_stay(
    workspace: Workspace, store: ProposalStore, mark: str, tag: str
) -> None:
    """Regression: bringing the index along took them off, and the person's hidden lines showed up."""
    root = workspace.root
    git(root, "update-index", mark, "a.txt")
    own = TEXT.replace(b"line 28\n", b"own 28\n")
    (root / "a.txt").write_bytes(own)
    propose(store, FileEdit("a.txt", own, changed(5, base=own)))
    for decide in (lambda: accept(workspace, store.database, ["P1"]), lambda: undo(workspace, store.database)):
        decide()
        assert git(root, "ls-files", "-v", "a.txt") == f"{tag} a.txt"
        assert b"own 28\n" in (root / "a.txt").read_bytes() and b"own 28" not in head_file(root)


def test_words_prepared_for_the_persons_next_commit_stay(workspace: Workspace, store: ProposalStore) -> None:
    """Regression: the commit of an accept removed the message of a `merge --squash` that waits."""
    root = workspace.root
    git(root, "checkout", "-q", "-b", "feature")
    commit_file(workspace, "feature.txt", b"x\n")
    git(root, "checkout", "-q", "main")
    git(root, "merge", "-q", "--squash", "feature")
    words = (root / ".git" / "SQUASH_MSG").read_bytes()
    there_and_back(workspace, store, "a.txt", changed(5))
    assert (root / ".git" / "SQUASH_MSG").read_bytes() == words


def test_a_series_of_cherry_picks_is_not_cut(workspace: Workspace, store: ProposalStore) -> None:
    (workspace.root / ".git" / "sequencer").mkdir()
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    with pytest.raises(GitBusy, match="series of cherry-picks"):
        accept(workspace, store.database, ["P1"])


def test_an_outer_git_changes_no_meaning(
    workspace: Workspace, store: ProposalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"GIT_LITERAL_PATHSPECS": "1", "GIT_NAMESPACE": "x", "GIT_DIR": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    turn = accept(workspace, store.database, ["P1"])
    monkeypatch.undo()
    assert turn.commit == git(workspace.root, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", [":(top)x.txt", "*.txt", "-f", "a\tb.txt", "ü ñ.txt", os.fsdecode(b"caf\xe9.txt")])
def test_names_that_mean_something_to_git(workspace: Workspace, store: ProposalStore, name: str) -> None:
    (workspace.root / name).write_bytes(b"old\n")
    git(workspace.root, "--literal-pathspecs", "add", "--", name)
    git(workspace.root, "commit", "-qm", "Add it")
    there_and_back(workspace, store, name, b"new\n")


def test_a_sparse_checkout(workspace: Workspace, store: ProposalStore) -> None:
    root = workspace.root
    commit_file(workspace, "in/a.txt", TEXT)
    commit_file(workspace, "out/b.txt", TEXT)
    git(root, "sparse-checkout", "set", "--cone", "in")
    there_and_back(workspace, store, "in/a.txt", changed(5))
    proposal = propose(store, FileEdit("out/b.txt", TEXT, changed(6)))
    with pytest.raises(PathRefused, match="outside your sparse checkout"):
        accept(workspace, store.database, [proposal.id])
    assert not (root / "out").exists() and git(root, "status", "--porcelain") == ""


def test_a_submodule_that_is_not_checked_out_is_no_folder(
    workspace: Workspace, store: ProposalStore, tmp_path: Path
) -> None:
    root = workspace.root
    shutil.copytree(root, tmp_path / "other")
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "mod")
    git(root, "commit", "-qm", "Add a submodule")
    git(root, "submodule", "--quiet", "deinit", "-f", "mod")
    head = git(root, "rev-parse", "HEAD")
    for path in ("mod/new.txt", "mod"):
        with pytest.raises((PathRefused, GitFailed), match=r"submodule|regular file"):
            propose(store, FileEdit(path, None, b"x\n"))
    (root / "mod").rmdir()
    proposal = propose(store, FileEdit("mod", None, b"x\n"))
    with pytest.raises(PathRefused, match="nested repository"):
        accept(workspace, store.database, [proposal.id])
    assert git(root, "rev-parse", "HEAD") == head


def test_a_file_that_only_head_holds_is_no_folder(workspace: Workspace, store: ProposalStore) -> None:
    """Regression: the commit took the file away, and the refusal put the blame on a hook."""
    (workspace.root / "a.txt").unlink()
    propose(store, FileEdit("a.txt/x", None, b"x\n"))
    with pytest.raises(PathRefused, match=r"Git holds a\.txt as a file"):
        accept(workspace, store.database, ["P1"])
    assert git(workspace.root, "status", "--porcelain") == " D a.txt"


def test_redo_brings_back_what_an_undo_found_gone(workspace: Workspace, store: ProposalStore) -> None:
    """Regression: after `git reset`, undo had nothing to do; redo then said "accepted" and changed nothing."""
    root, database = workspace.root, store.database
    propose(store, FileEdit("a.txt", TEXT, changed(5)), FileEdit("new.txt", None, b"new\n"))
    accept(workspace, database, ["P1"])
    git(root, "reset", "-q", "--hard", "HEAD~1")
    assert undo(workspace, database).commit is None
    turn = redo(workspace, database)
    assert turn.commit == git(root, "rev-parse", "HEAD")
    assert (root / "a.txt").read_bytes() == head_file(root) == changed(5)
    assert (root / "new.txt").read_bytes() == b"new\n"
    undo(workspace, database)
    assert not (root / "new.txt").exists() and git(root, "status", "--porcelain") == ""


def test_redo_commits_what_was_staged_only_when_it_was_undone(
    workspace: Workspace, store: ProposalStore, person_home: Path
) -> None:
    """Regression: the setting changed in between, and redo said that HEAD holds what it does not hold."""
    root, database = workspace.root, store.database
    person_home.mkdir(exist_ok=True)
    (person_home / "config.json").write_text('{"commitOnAccept": false}')
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    (root / "loose.txt").write_bytes(TEXT)
    loose = propose(store, FileEdit("loose.txt", TEXT, changed(6)))
    accept(workspace, database, ["P1"])
    assert "Git does not track loose.txt" in " ".join(accept(workspace, database, [loose.id]).notes)
    assert git(root, "status", "--porcelain") == "M  a.txt\n?? loose.txt"
    (person_home / "config.json").unlink()
    assert undo(workspace, database, "A1").commit is None
    assert redo(workspace, database, "A1").commit == git(root, "rev-parse", "HEAD")
    assert head_file(root) == (root / "a.txt").read_bytes() == changed(5)
    assert git(root, "status", "--porcelain") == "?? loose.txt"


@pytest.mark.parametrize("kept", ["squashed", "amended", "cherry-picked"])
def test_undo_after_the_commit_was_made_anew_and_the_old_one_is_pruned(
    workspace: Workspace, store: ProposalStore, kept: str
) -> None:
    """Regression: the way back named blobs that `git gc` had removed, and undo failed for ever."""
    root, database = workspace.root, store.database
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    accept(workspace, database, ["P1"])
    if kept == "squashed":
        git(root, "checkout", "-q", "--orphan", "fresh")
        git(root, "commit", "-qm", "All in one")
        git(root, "branch", "-qD", "main")
    elif kept == "amended":
        git(root, "commit", "-q", "--amend", "-m", "In other words")
    else:
        ours = git(root, "rev-parse", "HEAD")
        git(root, "checkout", "-q", "-b", "other", "HEAD~1")
        git(root, "commit", "-q", "--allow-empty", "-m", "Between")
        git(root, "cherry-pick", ours)
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "-q", "--prune=now")
    assert undo(workspace, database).commit == git(root, "rev-parse", "HEAD")
    assert (root / "a.txt").read_bytes() == head_file(root) == TEXT
    assert git(root, "status", "--porcelain") == "" and git(root, "fsck", "--no-dangling") == ""


def test_another_branch_another_worktree_and_a_shallow_clone(
    workspace: Workspace, store: ProposalStore, tmp_path: Path
) -> None:
    root, database = workspace.root, store.database
    git(root, "branch", "before")
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    accept(workspace, database, ["P1"])
    git(root, "checkout", "-q", "before")
    assert undo(workspace, database).commit is None, "this branch never had it"
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"), "main")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", str(tmp_path / "shallow"))
    for place in (tmp_path / "tree", tmp_path / "shallow"):
        other = Workspace.find(place)
        opened = StateDatabase.open(other)
        assert undo(other, opened).already, "each checkout has turns of its own"
        there_and_back(other, ProposalStore(opened, other), "README.md", b"# Changed\n")
        opened.close()


def test_a_bare_repository_inside_is_left_alone(workspace: Workspace, store: ProposalStore) -> None:
    """Regression: its hooks and settings could be written, and they run commands."""
    git(workspace.root, "init", "-q", "--bare", "inner")
    for path in ("inner/config", "inner/hooks/post-update", "inner/deep/new"):
        with pytest.raises(PathRefused, match="repository of its own"):
            propose(store, FileEdit(path, None, b"x\n"))


def test_a_file_that_is_staged_as_gone_is_refused_by_name(workspace: Workspace, store: ProposalStore) -> None:
    git(workspace.root, "rm", "-q", "--cached", "a.txt")
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    with pytest.raises(DirtyOverlap, match=r"a\.txt"):
        accept(workspace, store.database, ["P1"])
    assert turns(store.database) == []


def test_git_finds_the_index_fresh(workspace: Workspace, database: StateDatabase) -> None:
    """Regression: `git apply --index` refused right after an accept, for the index knew nothing of the new files."""
    root = workspace.root
    store = store_with_text(workspace, database)
    propose(store, FileEdit("a.txt", TEXT, changed(5)), FileEdit("ü.txt", None, b"new\n"))
    accept(workspace, database, ["P1"])
    patch = root.parent / "next.patch"
    patch.write_bytes(b"--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-line 1\n+one\n line 2\n")
    git(root, "apply", "--index", str(patch))
    assert git(root, "diff-files", "--name-only") == "" and git(root, "status", "--porcelain") == "M  a.txt"
