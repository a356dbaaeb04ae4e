"""Search over a real repository: words, chunks, freshness, and what must never be indexed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.retrieval import Index, search
from nootropic_kernel.retrieval.chunks import chunks_of
from nootropic_kernel.retrieval.tokens import stem, tokens
from nootropic_kernel.workspace.location import Workspace


def test_identifiers_are_split_and_kept_whole() -> None:
    assert tokens("loadBooks(shelf_name)") == ["load", "book", "loadbooks", "shelf", "name", "shelfname"]
    assert tokens("HTTPServer2") == ["http", "server", "2", "httpserver2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("books", "book"), ("loading", "load"), ("added", "add"), ("entries", "entry"), ("sorting", "sorted"),
     ("stopped", "stop"), ("boxes", "box"), ("store", "stored"), ("cached", "cache")],
)  # fmt: skip
def test_forms_of_a_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


def test_python_is_cut_at_functions_and_classes() -> None:
    source = b"import os\n\nX = 1\n\n\n@wrap\ndef f():\n    return 1\n\n\n"
    source += b"class A:\n    y = 2\n\n    def g(self):\n        pass\n"
    found = [(chunk.name, chunk.start, chunk.end) for chunk in chunks_of("a.py", source)]
    assert found == [("", 1, 5), ("f", 6, 8), ("A", 11, 13), ("A.g", 14, 15)]


def test_notebook_cells_are_chunks() -> None:
    notebook = {"cells": [{"cell_type": "code", "id": "c1", "source": ["x = 1\n", "y = 2"]}]}
    (chunk,) = chunks_of("n.ipynb", json.dumps(notebook).encode())
    assert (chunk.name, chunk.start, chunk.end, chunk.text) == ("cell 1 (c1)", 1, 2, "x = 1\ny = 2")


@pytest.mark.parametrize("call", ["%noo search overdue", "%%noo plan\nOverdue", "!noo code x", "# ask\n\n%noo status"])
def test_cells_that_ask_nootropic_are_no_chunks(call: str) -> None:
    cells = [{"cell_type": "code", "source": call}, {"cell_type": "code", "source": "%noops = 1"}]
    cells.append({"cell_type": "markdown", "source": "%noo is a magic"})
    found = chunks_of("n.ipynb", json.dumps({"cells": cells}).encode())
    assert [chunk.text for chunk in found] == ["%noops = 1", "%noo is a magic"]


SPEC = """---
schema: 1
title: "Overdue loans"
---

# Overdue loans

```yaml plan
id: "overdue"
```

People forget.
"""


def test_of_the_plan_only_its_prose_is_cut() -> None:
    found = [(chunk.start, chunk.end, chunk.text.strip()) for chunk in chunks_of("project-spec.md", SPEC.encode())]
    assert found == [(5, 7, "# Overdue loans"), (11, 12, "People forget.")]
    assert len(chunks_of("other.md", SPEC.encode())) == 1


def test_code_comes_before_the_plan_that_speaks_of_it(workspace: Workspace) -> None:
    (workspace.root / "project-spec.md").write_text(SPEC)
    (workspace.root / "loans.py").write_text(
        '"""Lending."""\n\n\ndef late(loan):\n    """Whether it is overdue."""\n    return loan.day > 30\n'
    )
    index = Index(workspace)
    assert search(index, "overdue loans")[0].path == "loans.py"
    assert search(index, "project spec overdue loans")[0].path == "project-spec.md"


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["a.py", "n.ipynb", "x.md", "project-spec.md"]), st.text(max_size=300))
def test_lines_of_chunks_are_lines_of_the_file(path: str, text: str) -> None:
    lines = text.encode("utf-8", "replace").decode().removeprefix("\ufeff").splitlines()
    for chunk in chunks_of(path, text.encode("utf-8", "replace")):
        assert 1 <= chunk.start <= chunk.end
        if path != "n.ipynb":
            assert chunk.text.split("\n") == lines[chunk.start - 1 : chunk.end]


def test_search_finds_a_function_with_its_lines(workspace: Workspace) -> None:
    source = '"""Lending."""\n\n\ndef lend(book):\n    return book\n\n\ndef overdue_loans(day):\n    return []\n'
    (workspace.root / "shelf" / "lending.py").write_text(source)
    hit = search(Index(workspace), "which loans are overdue?")[0]
    assert (hit.path, hit.name, hit.start, hit.end) == ("shelf/lending.py", "overdue_loans", 8, 9)


def test_search_sees_a_file_that_changed_a_moment_ago(workspace: Workspace) -> None:
    index = Index(workspace)
    assert search(index, "overdue loan") == []
    path = workspace.root / "shelf" / "loans.py"
    path.write_text("def overdue(loan):\n    return loan.late\n")
    assert search(index, "overdue loan")[0].path == "shelf/loans.py"
    path.write_text("def overdus(loan):\n    return loan.late\n")  # same size, perhaps the same timestamp
    assert search(index, "overdus")[0].name == "overdus"
    path.unlink()
    assert search(index, "overdus") == []
    assert index.refresh() == 0


def test_ignored_secret_and_foreign_files_are_never_indexed(workspace: Workspace, tmp_path: Path) -> None:
    root = workspace.root
    outside = tmp_path / "outside.txt"
    outside.write_text("zebracode outside")
    (root / ".gitignore").write_text("private/\n")
    (root / "private").mkdir()
    (root / "private" / "a.txt").write_text("zebracode ignored")
    (root / ".env").write_text("zebracode=secret")
    (root / "link.txt").symlink_to(outside)
    (root / "big.txt").write_text("zebracode\n" * 200_000)
    (root / "binary.bin").write_bytes(b"zebracode\0")
    assert search(Index(workspace), "zebracode") == []


def test_checkpoints_of_notebooks_are_not_found_beside_them(workspace: Workspace) -> None:
    copies = workspace.root / ".ipynb_checkpoints"
    copies.mkdir()
    (copies / "words-checkpoint.py").write_text("def zebra_crossing():\n    return 1\n")
    (workspace.root / "words.py").write_text("def zebra_crossing():\n    return 1\n")
    assert [each.path for each in search(Index(workspace), "zebra crossing")] == ["words.py"]


def test_a_damaged_index_is_made_anew(workspace: Workspace) -> None:
    index = Index(workspace)
    search(index, "books")
    index.path.write_bytes(b"this is no database, whatever its name may say" * 100)
    for suffix in ("-wal", "-shm"):
        Path(f"{index.path}{suffix}").unlink(missing_ok=True)
    assert search(index, "books")
    with sqlite3.connect(index.path) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert search(index, "books")


@pytest.mark.parametrize("query", ["", "the", '"', "a OR b", "NEAR(", "*", "x" * 10_000, "é ü", "-", "name:shelf"])
def test_no_query_is_a_syntax_error(workspace: Workspace, query: str) -> None:
    search(Index(workspace), query)


def test_without_git_the_folder_is_searched(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def heron():\n    pass\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("heron")
    assert [hit.path for hit in search(Index(Workspace.find(tmp_path)), "heron")] == ["a.py"]


def test_two_processes_index_at_once(workspace: Workspace) -> None:
    code = (
        "import sys; from nootropic_kernel.retrieval import Index, search; "
        "from nootropic_kernel.workspace.location import Workspace; "
        "assert search(Index(Workspace.find(sys.argv[1])), 'books')"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(workspace.root)]) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    with Index(workspace).reading() as connection:
        counts = connection.execute("SELECT count(*) AS n FROM chunks GROUP BY path, first, last").fetchall()
    assert {row["n"] for row in counts} == {1}
