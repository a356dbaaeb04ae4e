"""Time to propose, show, accept and undo a change, against the size of the repository and the number of hunks.

    python experiments/benchmarks/changes.py [--rounds 3] [--files 10,1000,10000] [--hunks 1,50,500]

Peers in the same run, on the same change and taken in turns: `git apply --index` and `git commit` for an accept,
`git merge-file` for an accept of a file that moved on. Medians are printed, and the ratio to the peer. Each round is a
new repository; its own making is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.diff_view import unified_diff
from nootropic_kernel.changes.line_diff import changed_blocks
from nootropic_kernel.changes.merge import merge
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.location import Workspace

GAP = 8  # lines between two hunks
PROPOSALS = 1_000


def git(folder: Path, *arguments: str, text: bytes = b"") -> None:
    """Run Git, quietly."""
    subprocess.run(["git", *arguments], cwd=folder, input=text, check=True, capture_output=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def make_repository(folder: Path, files: int, content: bytes) -> None:
    """A repository with so many files of the same length."""
    for k in range(files):
        file = folder / f"d{k // 100}" / f"f{k}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content + b"%d\n" % k)
    git(folder, "init", "-q")
    for key, value in (("user.name", "Benchmark"), ("user.email", "benchmark@localhost"), ("commit.gpgsign", "false"),
                       ("gc.auto", "0"), ("maintenance.auto", "false")):  # fmt: skip
        git(folder, "config", key, value)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Start")


def edits_of(folder: Path, hunks: int, touched: int) -> list[FileEdit]:
    """So many hunks, spread over some files."""
    edits = []
    for k in range(touched):
        path = f"d{k // 100}/f{k}.txt"
        base = (folder / path).read_bytes()
        lines = base.split(b"\n")
        for j in range(hunks // touched):
            lines[j * GAP] = b"changed %d" % j
        edits.append(FileEdit(path, base, b"\n".join(lines)))
    return edits


def one_round(files: int, hunks: int, touched: int) -> dict[str, float]:
    """Seconds of every step, and of the peers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        content = b"".join(b"line %d of the file\n" % k for k in range(max(40, hunks // touched * GAP)))
        make_repository(folder, files, content)
        edits = edits_of(folder, hunks, touched)
        session = Session(Workspace.find(folder), face="benchmark")
        workspace, database = session.workspace, session.database()
        store = ProposalStore(database, workspace)
        found: dict[str, float] = {}
        changeset = build_changeset(edits, Provenance(task="T1", title="Change"))
        assert len(changeset.hunks) == hunks, len(changeset.hunks)
        found["propose"] = timed(lambda: store.propose(build_changeset(edits, Provenance(task="T1", title="Change"))))
        found["show"] = timed(lambda: invoke("review", {"id": "P1"}, session).text())
        diff = unified_diff(changeset).encode()
        found["accept"] = timed(lambda: accept(workspace, database, ["P1"]))
        found["undo"] = timed(lambda: undo(workspace, database))

        def peer() -> None:
            git(folder, "apply", "--index", "-", text=diff)
            git(folder, "commit", "-qm", "Peer")

        git(folder, "update-index", "-q", "--refresh")  # `git apply --index` trusts no file whose time it does not know
        found["git apply+commit"] = timed(peer)
        session.close()
        return found


def merges(rounds: int) -> dict[str, float]:
    """A file that moved on, merged by us and by `git merge-file` itself; then large files, compared line by line."""
    base = b"".join(b"line %d of the file\n" % k for k in range(4_000))
    ours, theirs = base.replace(b"line 7 ", b"ours 7 "), base.replace(b"line 3990 ", b"theirs ")
    found: dict[str, list[float]] = {"merge": [], "git merge-file": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(rounds):
            for part, data in (("ours", ours), ("base", base), ("theirs", theirs)):
                (folder / part).write_bytes(data)
            found["merge"].append(timed(lambda: merge("f.txt", base, ours, theirs)))
            found["git merge-file"].append(timed(lambda: git(folder, "merge-file", "-p", "ours", "base", "theirs")))
    told = {key: statistics.median(values) for key, values in found.items()}
    told["diff of 300,000 lines, 3,000 changed"] = timed(lambda: changed_blocks(*large(vocabulary=10**9)))
    told["the same, lines of 20 kinds only"] = timed(lambda: changed_blocks(*large(vocabulary=20)))
    return told


def large(vocabulary: int) -> tuple[list[str], list[str]]:
    """Two versions of a long file whose lines are of so many kinds."""
    old = [f"{k * 7919 % vocabulary} is the number of this line\n" for k in range(300_000)]
    new = list(old)
    for k in range(0, len(new), 100):
        new[k] = f"changed {k}\n"
    return old, new


def table(proposals: int) -> dict[str, float]:
    """The table of many proposals, without and with reading them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        folder.mkdir()
        make_repository(folder, 1, b"".join(b"line %d\n" % k for k in range(2_000)))
        session = Session(Workspace.find(folder), face="benchmark")
        store = ProposalStore(session.database(), session.workspace)
        base = (folder / "d0" / "f0.txt").read_bytes()
        with session.database().transaction():
            for k in range(proposals):
                new = base.replace(b"line 5\n", b"five %d\n" % k).replace(b"line 900\n", b"nine %d\n" % k)
                store.propose(build_changeset([FileEdit("d0/f0.txt", base, new)], Provenance(task=f"T{k % 20}")))
        found = {"overview": timed(store.overview), "list (reads all)": timed(store.list)}
        session.close()
        return found


def main() -> int:
    """Measure, print a report and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", default="10,100,1000,10000", help="sizes of the repository")
    parser.add_argument("--hunks", default="1,50,500", help="numbers of hunks")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["NOOTROPIC_HOME"] = home
        print(f"{'files':>6} {'hunks':>6} {'in':>4}  propose    show  accept    undo   git apply+commit   accept/git")
        for files in map(int, options.files.split(",")):
            for hunks in map(int, options.hunks.split(",")):
                for touched in sorted({1, min(50, hunks, files), min(hunks, files)}):
                    if hunks % touched or (touched > 50 and files > 1000):
                        continue
                    rounds = [one_round(files, hunks, touched) for _ in range(options.rounds)]
                    middle = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
                    ratio = statistics.median(r["accept"] / r["git apply+commit"] for r in rounds)
                    report[f"{files} files, {hunks} hunks in {touched}"] = {**middle, "ratio": ratio}
                    print(
                        f"{files:>6} {hunks:>6} {touched:>4} "
                        + "".join(f"{middle[key]:8.3f}" for key in ("propose", "show", "accept", "undo"))
                        + f"{middle['git apply+commit']:19.3f}{ratio:13.1f}",
                        flush=True,
                    )
        report["merge"] = merged = merges(options.rounds * 3)
        report["table"] = listed = table(PROPOSALS)
    print(f"merge {merged['merge']:.3f} s, ratio to git merge-file {merged['merge'] / merged['git merge-file']:.2f}")
    print("\n".join(f"{name}: {seconds:.2f} s" for name, seconds in list(merged.items())[2:]))
    print(f"table of {PROPOSALS} proposals {listed['overview']:.3f} s; reading them {listed['list (reads all)']:.3f} s")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
