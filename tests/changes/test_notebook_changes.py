"""Notebook edits as cell hunks: any choice of them is a valid notebook."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.changeset import FileEdit, apply_hunks, build_changeset

SOURCES = st.sampled_from(
    ["", "x = 1", "x = 1\ny = 2", "print('é')", "# Title", "import os\n\n\ndef f():\n    return os\n"]
)
OUTPUT = {"output_type": "stream", "name": "stdout", "text": ["hello\n"]}


def cell(kind: str, source: str, name: str | None, outputs: bool = False, *, as_list: bool = True) -> dict[str, Any]:
    """A cell as Jupyter writes it."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}}
    if kind == "code":
        made |= {"execution_count": 3 if outputs else None, "outputs": [OUTPUT] if outputs else []}
    made["source"] = source.splitlines(keepends=True) if as_list else source
    if name is not None:
        made["id"] = name
    return made


def document(cells: list[dict[str, Any]], minor: int = 5, **metadata: Any) -> dict[str, Any]:
    """A notebook of format 4."""
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}


def as_file(notebook: dict[str, Any], *, indent: int | None = 1, ending: str = "\n", ascii_only: bool = False) -> bytes:
    """The notebook's bytes in one of the usual layouts."""
    return (json.dumps(notebook, indent=indent, ensure_ascii=ascii_only) + ending).encode()


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, Any]:
    minor = draw(st.sampled_from([4, 5]))
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6))
    cells = [
        cell(
            draw(st.sampled_from(["code", "markdown", "raw"])),
            draw(SOURCES),
            name if minor == 5 else None,
            draw(st.booleans()),
            as_list=draw(st.booleans()),
        )
        for name in names
    ]
    return document(cells, minor, **draw(st.sampled_from([{}, {"kernelspec": {"name": "p", "display_name": "P"}}])))


LAYOUTS = st.fixed_dictionaries(
    {"indent": st.sampled_from([1, 2, None]), "ending": st.sampled_from(["", "\n"]), "ascii_only": st.booleans()}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=notebooks(), new=notebooks(), layout=LAYOUTS, new_layout=LAYOUTS, data=st.data())
def test_any_choice_of_cells_is_a_valid_notebook(
    old: dict[str, Any], new: dict[str, Any], layout: dict[str, Any], new_layout: dict[str, Any], data: st.DataObject
) -> None:
    base, wanted = as_file(old, **layout), as_file(new, **new_layout)
    changeset = build_changeset([FileEdit("a.ipynb", base, wanted)])
    if base == wanted:
        assert not changeset.hunks
        return
    edit = changeset.files[0]
    numbers = [hunk.number for hunk in changeset.hunks]
    assert apply_hunks(edit, dict.fromkeys(numbers)) == wanted
    assert apply_hunks(edit, {}) == base
    part = apply_hunks(edit, dict.fromkeys(data.draw(st.sets(st.sampled_from(numbers)))))
    assert part is not None
    nbformat.validate(json.loads(part))


@settings(max_examples=60, deadline=None)
@given(old=notebooks(), layout=LAYOUTS, data=st.data())
def test_cells_that_nobody_chose_keep_their_bytes(
    old: dict[str, Any], layout: dict[str, Any], data: st.DataObject
) -> None:
    """A new cell at a random place changes nothing else, in whatever layout the file is."""
    place = data.draw(st.integers(0, len(old["cells"])))
    fresh = cell("markdown", "added by the test", "zz" if old["nbformat_minor"] == 5 else None)
    last = cell("raw", "and a last one", "zy" if old["nbformat_minor"] == 5 else None)
    cells = [*old["cells"][:place], fresh, *old["cells"][place:]]
    base = as_file(old, **layout)
    changeset = build_changeset([FileEdit("a.ipynb", base, as_file({**old, "cells": [*cells, last]}, **layout))])
    assert [hunk.new for hunk in changeset.hunks] == ["added by the test", "and a last one"]
    assert apply_hunks(changeset.files[0], {1: None}) == as_file({**old, "cells": cells}, **layout)


def two_versions() -> tuple[bytes, bytes]:
    old = document(
        [
            cell("markdown", "# Title", "t"),
            cell("code", "x = 1", "a", True),
            cell("code", "y = 2", "b", True),
            cell("code", "z = 3", "c"),
        ]
    )
    new = document(
        [
            cell("markdown", "# Title", "t"),
            cell("code", "y = 2", "b", True),
            cell("code", "x = 10", "a"),
            cell("code", "w = 0", "d"),
        ],
        language_info={"name": "python"},
    )
    return as_file(old), as_file(new)


def test_each_cell_is_one_hunk() -> None:
    base, new = two_versions()
    changeset = build_changeset([FileEdit("a.ipynb", base, new)])
    assert [hunk.header for hunk in changeset.hunks] == [
        "notebook metadata",
        "code cell 3 moved from 2 (a)",
        "code cell 4 removed (c)",
        "new code cell 4 (d)",
    ]
    assert {hunk.kind for hunk in changeset.hunks} == {"cell"}


def test_an_edited_source_replaces_the_proposed_one_and_keeps_the_rest_of_the_cell() -> None:
    old = document([cell("code", "x = 1", "a", True), cell("code", "y = 1", "b", True)])
    new = document([cell("code", "x = 2", "a", True), cell("code", "y = 2", "b", True)])
    edit = build_changeset([FileEdit("a.ipynb", as_file(old), as_file(new))]).files[0]
    made = json.loads(apply_hunks(edit, {1: "x = 3\nprint(x)"}) or b"")
    assert made["cells"][0]["source"] == ["x = 3\n", "print(x)"]
    assert made["cells"][0]["outputs"] == [OUTPUT]
    assert made["cells"][1] == old["cells"][1]


def test_cells_without_ids_are_followed_by_content() -> None:
    old = document([cell("code", "x = 1", None), cell("code", "total = sum(values)", None)], minor=4)
    new = document(
        [cell("markdown", "# New", None), cell("code", "x = 1", None), cell("code", "total = sum(values) / 2", None)],
        minor=4,
    )
    changeset = build_changeset([FileEdit("a.ipynb", as_file(old), as_file(new))])
    assert [hunk.header for hunk in changeset.hunks] == ["new markdown cell 1", "code cell 3 changed"]


def test_layout_alone_is_one_hunk_and_broken_json_falls_back_to_lines() -> None:
    plain = document([cell("code", "x = 1", "a")])
    changeset = build_changeset([FileEdit("a.ipynb", as_file(plain, indent=1), as_file(plain, indent=4))])
    assert [hunk.kind for hunk in changeset.hunks] == ["file"]
    broken = build_changeset([FileEdit("a.ipynb", b"{not json\n", b"{still not\n")])
    assert [hunk.kind for hunk in broken.hunks] == ["text"]


@pytest.mark.parametrize(
    "other", [b"[]", b"{}", b'{"nbformat": 3, "worksheets": []}', b'{"cells": 1, "nbformat": 4}', b""]
)
def test_what_is_no_notebook_is_taken_as_text(other: bytes) -> None:
    good = as_file(document([cell("code", "x = 1", "a")]))
    changeset = build_changeset([FileEdit("a.ipynb", other, good)])
    assert apply_hunks(changeset.files[0], {h.number: None for h in changeset.hunks}) == good
