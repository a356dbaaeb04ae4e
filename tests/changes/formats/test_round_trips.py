"""Rendering an edit in any format and reading it gives exactly the edit; what is damaged gives the edit or an error."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer
from tests.changes.formats.renderers import ALL, MATCHING, LineEdit, Render

pytestmark = pytest.mark.slow

TAME = st.builds(
    lambda depth, name, value: " " * (4 * depth) + f"{name} = {value}",
    st.integers(0, 3),
    st.sampled_from(["a", "b", "total", "naïve", "数", "x_1"]),
    st.integers(0, 9),
)
# Lines that formats are made of: here an answer may be refused, but never misread.
NASTY = st.sampled_from([
    "", "", "```", "```python", "~~~", "=======", "<<<<<<< SEARCH", ">>>>>>> REPLACE", "<<<<<<< HEAD", "@@",
    "@@ -1 +1 @@", "--- a/x.py", "+++ b/x.py", "*** Begin Patch", "*** End Patch", "*** Update File: f.py", "{", "}",
    "*** End of File", "</think>", "<think>", "...", "    ...", "# ...", "f.py", "f.py:", "-x", "+x", "- x", "\tx",
    '{"path": "f.py", "content": ""}', "\\ No newline at end of file", "  x", "x", "“x”", "diff --git a/f.py b/f.py",
    "<<<<<<< CELL 1", ">>>>>>> CELL", "+++++++ REPLACE", "------- SEARCH", ":start_line:1", "-------", '"""',
    "*** Add File: g.py", "```json", "x  ", "+", "-", " ",
])  # fmt: skip
PROSE = st.sampled_from([
    "", "Sure, here is the change.\n\n", "I looked at it. The value is wrong, so:\n\n", "# Plan\n\n- one\n- two\n\n",
])  # fmt: skip
AFTER = st.sampled_from(["", "\nThat is all.\n", "\nHope this helps!\n\n- tested\n"])


@st.composite
def edits(draw: st.DrawFn, line: st.SearchStrategy[str] = TAME) -> LineEdit:
    old = draw(st.lists(line, min_size=1, max_size=14))
    start = draw(st.integers(0, len(old)))
    end = draw(st.integers(start, min(len(old), start + 4)))
    fresh = draw(st.lists(line, max_size=4))
    return LineEdit("f.py", tuple(old), start, end, tuple(fresh))


def read(answer: str, edit: LineEdit, finish_reason: str = "stop") -> bytes | NoUsableEdit | None:
    """The new bytes of the file, or the error."""
    try:
        found = parse_answer(answer, {edit.path: edit.base()}, finish_reason=finish_reason)
    except NoUsableEdit as problem:
        return problem
    assert [each.path for each in found] == [edit.path]
    return found[0].new


def tame(data: bytes) -> str:
    return data.decode().replace(" ", "").replace("\t", "")


@pytest.mark.parametrize("form", ALL)
@settings(max_examples=120, deadline=None)
@given(edit=edits(), before=PROSE, after=AFTER)
def test_a_rendered_edit_is_read_as_that_edit(form: str, edit: LineEdit, before: str, after: str) -> None:
    assume(edit.base() != edit.expected())
    got = read(before + ALL[form](edit, str) + after, edit)
    if form == "whole_file" or edit.places() == 1:
        assert got == edit.expected()
    else:
        assert isinstance(got, NoUsableEdit) and got.kind == "many_matches"


@pytest.mark.parametrize("form", ALL)
@settings(max_examples=200, deadline=None)
@given(edit=edits(st.one_of(NASTY, NASTY, TAME)), before=PROSE, after=AFTER)
def test_lines_that_look_like_marks_are_never_misread(form: str, edit: LineEdit, before: str, after: str) -> None:
    try:
        found = parse_answer(before + ALL[form](edit, str) + after, {edit.path: edit.base()})
    except NoUsableEdit:
        return
    assert {each.path: each.new for each in found} == {edit.path: edit.expected()}


@pytest.mark.parametrize("form", ALL)
@settings(max_examples=150, deadline=None)
@given(edit=edits(), before=PROSE, after=AFTER, data=st.data())
def test_a_cut_answer_is_refused(form: str, edit: LineEdit, before: str, after: str, data: st.DataObject) -> None:
    assume(edit.base() != edit.expected())
    answer = before + ALL[form](edit, str)
    cut = data.draw(st.integers(0, len(answer.rstrip()) - 1))
    assert isinstance(read(answer[:cut], edit), NoUsableEdit)
    got = read(answer + after[: data.draw(st.integers(0, len(after)))], edit)
    assert isinstance(got, NoUsableEdit) or got == edit.expected()  # all that was cut is prose
    cut_off = read(answer + after, edit, "length")
    assert isinstance(cut_off, NoUsableEdit) and cut_off.kind == "cut"


@pytest.mark.parametrize("form", ALL)
@settings(max_examples=100, deadline=None)
@given(first=edits(), second=edits(), data=st.data())
def test_a_cut_between_two_edits_leaves_the_first_one_whole(
    form: str, first: LineEdit, second: LineEdit, data: st.DataObject
) -> None:
    other = LineEdit("g.py", second.old, second.start, second.end, second.fresh)
    answer = ALL[form](first, str) + "\n" + ALL[form](other, str)
    cut = data.draw(st.integers(0, len(answer)))
    try:
        found = parse_answer(answer[:cut], {"f.py": first.base(), "g.py": other.base()})
    except NoUsableEdit:
        return
    expected = {"f.py": first.expected(), "g.py": other.expected()}
    assert all(each.new == expected[each.path] for each in found)
    assert cut >= len(ALL[form](first, str).rstrip())


@pytest.mark.parametrize("form", MATCHING)
@settings(max_examples=120, deadline=None)
@given(edit=edits(), data=st.data())
def test_trailing_space_gives_the_edit_or_an_error(form: str, edit: LineEdit, data: st.DataObject) -> None:
    spaced = tuple(line + data.draw(st.sampled_from(["", "", " ", "  ", "\t"])) for line in edit.old)
    real = LineEdit(edit.path, spaced, edit.start, edit.end, edit.fresh)
    assume(real.base() != real.expected())
    got = read(MATCHING[form](real, str.rstrip), real)
    if isinstance(got, NoUsableEdit):
        assert got.kind in {"many_matches", "no_match", "no_change"}
    elif form in {"unified", "codex"}:
        assert got == real.expected()
    else:  # which of two equal neighbours goes is not said in these formats
        assert got is not None and tame(got) == tame(real.expected())


@pytest.mark.parametrize("form", MATCHING)
@settings(max_examples=120, deadline=None)
@given(edit=edits(), by=st.integers(-4, 4))
def test_one_indentation_for_all_lines_gives_the_edit_or_an_error(form: str, edit: LineEdit, by: int) -> None:
    assume(edit.base() != edit.expected())

    def shifted(line: str) -> str:
        return " " * by + line if by >= 0 else line.removeprefix(" " * -by)

    moved = LineEdit(edit.path, edit.old, edit.start, edit.end, tuple(shifted(line) for line in edit.fresh))
    lossy = any(len(shifted(line)) != len(line) + by for line in [*edit.window, *edit.fresh])
    got = read(MATCHING[form](moved, shifted), edit)
    if not lossy and not isinstance(got, NoUsableEdit):
        assert got == edit.expected()
    if not lossy and by > 0 and edit.places() == 1 and edit.window:
        assert got == edit.expected() or isinstance(got, NoUsableEdit)


@pytest.mark.parametrize("form", MATCHING)
@settings(max_examples=120, deadline=None)
@given(edit=edits(), data=st.data())
def test_random_indentation_never_changes_another_line(form: str, edit: LineEdit, data: st.DataObject) -> None:
    drift = {line: " " * data.draw(st.integers(0, 8)) + line.lstrip() for line in edit.window}
    got = read(MATCHING[form](edit, lambda line: drift[line]), edit)
    if isinstance(got, NoUsableEdit):
        return
    assert got is not None
    bare = [line.strip() for line in got.decode().split("\n")]
    assert bare == [line.strip() for line in edit.expected().decode().split("\n")]
    lines = got.decode().split("\n")
    assert tuple(lines[: edit.start]) == edit.old[: edit.start]


def test_renderers_are_of_one_shape() -> None:
    renders: list[Render] = list(ALL.values())
    edit = LineEdit("f.py", ("a", "b"), 1, 2, ("c",))
    assert all("c" in render(edit, str) and "f.py" in render(edit, str) for render in renders)
