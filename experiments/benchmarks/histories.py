"""Public histories through the edit engine: every commit as a ChangeSet, every notebook edited at random.

    python experiments/benchmarks/histories.py --repo PATH [--repo PATH …] [--sample N] [--accept N] [--seed N]

Each commit is compared with its first parent. All its hunks must give exactly the new bytes and mode, none exactly the
old ones, and any part of them what a plain replacement of those lines in the old file gives; a part of a notebook's
hunks must be valid by nbformat. Of every notebook at HEAD, random cell edits must obey the same. ``--accept`` takes
commits through the product itself: proposed, accepted and undone in a clone, with Git's own tree as the judge.
A bare repository of somebody else's needs Git's `safe.directory`. Ends with 1 when anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Provenance, build_changeset, is_notebook
from nootropic_kernel.changes.line_diff import decode
from nootropic_kernel.changes.notebook_file import parse
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.location import Workspace

SUBSETS = 3
FILES = ("100644", "100755")


@dataclass
class Tally:
    """What was met, and what failed."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, what: str) -> None:
        """Count a check; note its name when it does not hold."""
        self.counts["checks"] += 1
        if not holds:
            self.failures.append(what)


class History:
    """One repository: its commits, and their contents through one `git cat-file`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blobs = subprocess.Popen(
            ["git", "cat-file", "--batch"], cwd=path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        """End the reader."""
        self._blobs.communicate()

    def git(self, *arguments: str, input: bytes = b"") -> bytes:
        """What Git prints."""
        return subprocess.run(["git", *arguments], cwd=self.path, input=input, capture_output=True, check=True).stdout

    def blob(self, oid: str) -> bytes | None:
        """A blob's bytes, None where a mirror does not hold it."""
        assert self._blobs.stdin is not None and self._blobs.stdout is not None
        self._blobs.stdin.write(oid.encode() + b"\n")
        self._blobs.stdin.flush()
        about = self._blobs.stdout.readline().split()
        if about[1] == b"missing":
            return None
        data = self._blobs.stdout.read(int(about[2]))
        self._blobs.stdout.read(1)
        return data

    def commits(self) -> list[tuple[str, str | None]]:
        """Every commit of HEAD's history, oldest first, with its first parent."""
        lines = self.git("rev-list", "--reverse", "--topo-order", "--parents", "HEAD").decode().splitlines()
        return [(names[0], names[1] if len(names) > 1 else None) for names in map(str.split, lines)]

    def edits(self, commit: str, parent: str | None, tally: Tally) -> list[FileEdit]:
        """A commit as edits; links and submodules, which no change may touch, are counted and left out."""
        between = [parent, commit] if parent else ["--root", commit]
        try:
            told = self.git("diff-tree", "-r", "-z", "-M", "--no-commit-id", *between)
        except subprocess.CalledProcessError:  # a file that the mirror lacks cannot be compared for renames
            told = self.git("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", *between)
        edits, fields = [], iter(told.split(b"\0"))
        for about in fields:
            if not about:
                continue
            old_mode, new_mode, old_oid, new_oid, status = about.decode().removeprefix(":").split()
            source = os.fsdecode(next(fields))
            target = os.fsdecode(next(fields)) if status[0] in "RC" else source
            if not {old_mode, new_mode} <= {*FILES, "000000"}:
                tally.counts["links and submodules left out"] += 1
                continue
            new = self.blob(new_oid) if new_mode in FILES else None
            old = self.blob(old_oid) if old_mode in FILES and status[0] != "C" else None
            if (new is None) is (new_mode in FILES) or (old is None) is (old_mode in FILES and status[0] != "C"):
                tally.counts["files that the mirror lacks"] += 1
                continue
            mode = int(new_mode, 8) & 0o777 if new is not None and (old is None or old_mode != new_mode) else None
            edits.append(FileEdit(target, old, new, source if status[0] == "R" else None, mode))
        return edits


def check_commit(history: History, commit: str, parent: str | None, dice: random.Random, tally: Tally) -> None:
    """All, none and parts of one commit."""
    edits = history.edits(commit, parent, tally)
    tally.counts["commits"] += 1
    check_edits(edits, f"{history.path} {commit[:12]}", dice, tally)


def check_edits(edits: Sequence[FileEdit], name: str, dice: random.Random, tally: Tally) -> None:
    """All, none and parts of some edits."""
    changes = build_changeset(edits)
    tally.counts["hunks"] += len(changes.hunks)
    every: dict[int, str | None] = dict.fromkeys(hunk.number for hunk in changes.hunks)
    kept = {edit.path for edit in changes.files}
    tally.expect(all(edit.path in kept for edit in edits), f"{name}: an edit has no hunk")
    for edit in changes.files:
        where = f"{name} {edit.path}"
        tally.counts["files"] += 1
        tally.counts["notebook edits"] += is_notebook(edit.path)
        done = changes.outcome(edit, every)
        tally.expect((done.path, done.content, done.mode) == (edit.path, edit.new, edit.mode), f"{where}: all")
        none = changes.outcome(edit, {})
        old = (edit.renamed_from or edit.path, edit.base, None)
        tally.expect((none.path, none.content, none.mode) == old, f"{where}: none")
        numbers = [hunk.number for hunk in changes.hunks_of(edit.path)]
        for _ in range(SUBSETS if len(numbers) > 1 else 0):
            chosen = dict.fromkeys(number for number in numbers if dice.random() < 0.5)
            tally.counts["parts"] += 1
            check_part(changes, edit, chosen, where, tally)


def check_part(changes: ChangeSet, edit: FileEdit, chosen: Mapping[int, str | None], where: str, tally: Tally) -> None:
    """Some of a file's hunks: lines replaced where they stood, and a notebook that nbformat accepts."""
    part = changes.outcome(edit, chosen).content
    hunks = changes.hunks_of(edit.path)
    told = f"{where}: hunks {sorted(chosen)}"
    if part is None or edit.base is None or edit.new is None:
        tally.expect(False, f"{told}: no file")
        return
    if decode(edit.base) is not None and decode(edit.new) is not None:
        tally.expect(decode(part) is not None, f"{told}: not text")
    if all(hunk.kind == "text" or (hunk.kind == "file" and not hunk.header.endswith("file")) for hunk in hunks):
        tally.expect(part.decode() == replaced(edit.base.decode(), hunks, chosen), f"{told}: other lines")
    if is_notebook(edit.path) and valid(edit.base) and valid(edit.new):
        tally.counts["notebook parts"] += 1
        tally.expect(valid(part), f"{told}: no valid notebook")


def replaced(text: str, hunks: Sequence[Any], chosen: Mapping[int, str | None]) -> str:
    """The chosen hunks applied as a reader of the diff would: from the last line to the first."""
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    for hunk in reversed([hunk for hunk in hunks if hunk.kind == "text" and hunk.number in chosen]):
        at = hunk.old_start - 1 if hunk.old_lines else hunk.old_start
        if "".join(lines[at : at + hunk.old_lines]) != hunk.old:
            return "the hunk shows other lines than the file has"
        lines[at : at + hunk.old_lines] = [hunk.new]
    return "".join(lines)


def valid(data: bytes) -> bool:
    """Whether nbformat takes the bytes for a valid notebook; missing ids, which it mends itself, count as invalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(json.loads(data.decode("utf-8-sig")))
    except (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError):
        return False
    return True


def notebooks(history: History) -> Iterator[tuple[str, bytes]]:
    """The notebooks at HEAD."""
    for line in history.git("ls-tree", "-r", "-z", "HEAD").split(b"\0"):
        about, _, name = line.partition(b"\t")
        if not is_notebook(os.fsdecode(name)) or about.split()[1] != b"blob":
            continue
        if (data := history.blob(about.split()[2].decode())) is not None:
            yield os.fsdecode(name), data


def check_notebook(name: str, data: bytes, dice: random.Random, tally: Tally, *, rounds: int = 3) -> None:
    """Random cell edits of one notebook."""
    file = parse(data)
    if file is None:
        tally.counts["notebooks not of format 4"] += 1
        return
    tally.counts["notebooks"] += 1
    for _ in range(rounds):
        new = json.dumps(edited_at_random(file.document, dice), indent=1, ensure_ascii=False).encode() + b"\n"
        check_edits([FileEdit(name, data, new)] if new != data else [], name, dice, tally)


def edited_at_random(document: Mapping[str, Any], dice: random.Random) -> dict[str, Any]:
    """A notebook with cells changed, added, removed, moved and given outputs."""
    cells = [dict(cell) for cell in document["cells"]]
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(cells) + 1)
        move = dice.choice(["add", "add", "remove", "move", "change", "change", "output", "type"])
        if move == "add" or at == len(cells):
            cells.insert(at, nbformat.v4.new_code_cell(f"print({dice.random()})", metadata={}))
            if int(document.get("nbformat_minor", 0)) < 5:
                del cells[at]["id"]
        elif move == "remove":
            del cells[at]
        elif move == "move":
            cells.insert(dice.randrange(len(cells)), cells.pop(at))
        elif move == "change":
            source = cells[at]["source"]
            text = source if isinstance(source, str) else "".join(source)
            cells[at]["source"] = f"{text}\n# {dice.random()}".splitlines(keepends=True)
        elif move == "output" and cells[at]["cell_type"] == "code":
            cells[at]["outputs"], cells[at]["execution_count"] = [], dice.choice([None, 7])
        elif move == "type" and cells[at]["cell_type"] == "markdown":
            cells[at]["cell_type"] = "raw"
            cells[at].pop("attachments", None)
    return {**document, "cells": cells}


def check_through(history: History, commits: Sequence[tuple[str, str]], tally: Tally) -> None:
    """Propose, accept and undo commits in a clone: Git's trees are the judge."""
    with tempfile.TemporaryDirectory(prefix="nootropic-histories-") as folder:
        os.environ["NOOTROPIC_HOME"] = str(Path(folder, "home"))
        root = Path(folder, "clone")
        subprocess.run(["git", "clone", "-q", "--no-checkout", str(history.path), str(root)], check=True)
        clone = History(root)
        for key, value in (("user.name", "Benchmark"), ("user.email", "benchmark@localhost"),
                           ("commit.gpgsign", "false"), ("core.autocrlf", "false"), ("core.hooksPath", "/dev/null"),
                           ("advice.detachedHead", "false")):  # fmt: skip
            clone.git("config", key, value)
        for commit, parent in commits:
            clone.git("checkout", "-q", "--force", "--detach", parent)
            clone.git("clean", "-q", "-ffdx", "-e", ".nootropic*")
            workspace = Workspace.find(root)
            database = StateDatabase.open(workspace)
            through_product(clone, workspace, database, commit, parent, tally)
            database.close()
        clone.close()


def through_product(
    clone: History, workspace: Workspace, database: StateDatabase, commit: str, parent: str, tally: Tally
) -> None:
    """One commit through the product."""
    left_out = Tally()
    edits = clone.edits(commit, parent, left_out)
    if not edits or left_out.counts:
        return
    try:
        # A merge often changes what its commit did; without a task of its own it would be the same proposal.
        proposal = ProposalStore(database, workspace).propose(build_changeset(edits, Provenance(task=commit)))
        accept(workspace, database, [proposal.id], allow_executable=True)
    except PathRefused:
        tally.counts["commits refused by their paths"] += 1
        return
    except Exception as error:
        tally.expect(False, f"{commit[:12]}: {error!r}")
        return
    name = f"{clone.path} {commit[:12]}"
    tally.counts["commits accepted and undone"] += 1
    tree = [clone.git("rev-parse", f"{which}^{{tree}}") for which in ("HEAD", commit, parent)]
    tally.expect(tree[0] == tree[1], f"{name}: accepted, another tree")
    tally.expect(clone.git("status", "--porcelain", "-uno") == b"", f"{name}: accepted, files differ")
    undo(workspace, database)
    tally.expect(clone.git("rev-parse", "HEAD^{tree}") == tree[2], f"{name}: undone, another tree")
    tally.expect(clone.git("status", "--porcelain", "-uno") == b"", f"{name}: undone, files differ")


def measure(path: Path, sample: int | None, through: int, dice: random.Random) -> Tally:
    """One repository, whole or a sample of its commits (the root is always in)."""
    tally, history = Tally(), History(path)
    commits = history.commits()
    picked = commits if sample is None or sample >= len(commits) else [commits[0], *dice.sample(commits[1:], sample)]
    for commit, parent in picked:
        check_commit(history, commit, parent, dice, tally)
    for name, data in notebooks(history):
        check_notebook(f"{path} {name}", data, dice, tally)
    if through:
        later = [(commit, parent) for commit, parent in commits if parent]
        check_through(history, dice.sample(later, min(through, len(later))), tally)
    history.close()
    return tally


def main() -> int:
    """Measure every repository, print one JSON line for each; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repo", type=Path, action="append", required=True)
    parser.add_argument("--sample", type=int, help="only so many commits, drawn at random")
    parser.add_argument("--accept", type=int, default=0, help="so many commits through the product")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("NOOTROPIC_SEED") or 1))
    options = parser.parse_args()
    failed = 0
    for path in options.repo:
        started = time.process_time()
        tally = measure(path.resolve(), options.sample, options.accept, random.Random(options.seed))
        failed += len(tally.failures)
        figures = {
            "repository": path.resolve().parent.name if path.resolve().name == "repo" else path.resolve().name,
            "seed": options.seed,
            **tally.counts,
            "failures": len(tally.failures),
            "first": tally.failures[:20],
            "cpu_s": round(time.process_time() - started, 1),
        }
        print(json.dumps(figures), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
