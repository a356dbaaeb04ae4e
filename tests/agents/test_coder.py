"""The coder, driven by hand: which format it asks for, what it refuses to send, and what it does with an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from nootropic_kernel.agents.coder import Draft, code_step, repair_step
from nootropic_kernel.agents.critic import REPAIRS
from nootropic_kernel.agents.edit_prompt import EditPrompt, FormatRow, ModelFacts
from nootropic_kernel.agents.edit_task import EditTask, Instruction, NotEditable
from nootropic_kernel.agents.executor import Job, job_step
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.models.errors import ContextOverflow
from nootropic_kernel.runs.effects import All, Answer, Ask, Read, Search, Snippet, Step
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid, shipped_folder

PROMPT = EditPrompt.load(None)
NOTEBOOK = json.dumps({
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title"},
        {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 2, "outputs": [
            {"name": "stdout", "output_type": "stream", "text": "secret output"}], "source": "x = 1\nprint(x)"},
    ],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}).encode()  # fmt: skip


def prompt_for(name: str, window: int | None = None) -> EditPrompt:
    return EditPrompt.load(None, ModelFacts(name, window))


def first_ask(files: dict[str, bytes], prompt: EditPrompt = PROMPT, found: Sequence[Snippet] = ()) -> tuple[Ask, Any]:
    """The coder's first question about the files, and the step that waits for its answer."""
    step = code_step(Instruction("set x", tuple(files)), prompt)
    assert isinstance(next(step), Search)
    assert step.send(list(found)) == All(tuple(Read(path) for path in files))
    ask = step.send(list(files.values()))
    assert isinstance(ask, Ask)
    return ask, step


def done(step: Step[Draft], answer: str, **more: Any) -> Draft:
    with pytest.raises(StopIteration) as stop:
        step.send(Answer(answer, "m", "b", "stop", **more))
    draft = stop.value.value
    assert isinstance(draft, Draft)
    return draft


@pytest.mark.parametrize(
    ("model", "size", "form"),
    [
        ("", 100, "whole"),
        ("", 7000, "blocks"),
        ("smollm2-135m-instruct", 7000, "whole"),
        ("qwen2.5-coder:1.5b", 7000, "whole"),
        ("qwen2.5-coder:32b", 7000, "blocks"),
        ("llama-3.3-70b-instruct", 100, "whole"),
        ("gpt-5.1-codex", 7000, "codex"),
        ("gpt-4-turbo", 7000, "unified"),
        ("gpt-4o", 7000, "blocks"),
        ("claude-sonnet-4-5", 7000, "blocks"),
        ("claude-sonnet-4-5", 500, "whole"),
    ],
)
def test_the_format_follows_model_and_size(model: str, size: int, form: str) -> None:
    data = b"x = 1\n" * (size // 6)
    task = EditTask(Instruction("x", ("a.py",)), prompt_for(model), {"a.py": data}, {"a.py": data}, ("a.py",))
    assert task.form == form
    marks = {"whole": "complete", "blocks": "SEARCH", "codex": "*** Begin Patch", "unified": "@@ @@"}
    assert marks[form] in task.format_text()


@pytest.mark.parametrize(
    ("name", "size"),
    [("qwen2.5-coder:7b", 7.0), ("SmolLM2-135M-Instruct", 0.135), ("mixtral-8x7b", 7.0), ("gpt-4o", None), ("", None),
     ("Llama-3.2-1B-Instruct-Q4_K_M", 1.0), ("org/model-0.5b", 0.5), ("b4-model", None)],
)  # fmt: skip
def test_a_models_size_is_read_from_its_name(name: str, size: float | None) -> None:
    assert ModelFacts(name).parameters == size


def test_the_table_of_formats_can_be_the_workspaces_own(workspace: Workspace) -> None:
    folder = workspace.root / "experiments" / "prompts"
    folder.mkdir(parents=True)
    text = (shipped_folder() / "prompts" / "code_edit-2.0.0.yaml").read_text()
    start, end = text.index("  formats:"), text.index("parts:")
    own = text[:start] + "  formats:\n    - {whole_up_to: 0, above: json}\n" + text[end:]
    (folder / "code_edit-2.0.0.yaml").write_text(own)
    assert EditPrompt.load(workspace).row() == FormatRow(None, None, 0, "json")
    for wrong in ("[{whole_up_to: 0, above: sed}]", "[]", "[{model: x, whole_up_to: 0, above: json}]", "7"):
        (folder / "code_edit-2.0.0.yaml").write_text(text[:start] + f"  formats: {wrong}\n" + text[end:])
        with pytest.raises(ResourceInvalid, match="table of formats"):
            EditPrompt.load(workspace)


def test_a_small_window_asks_for_parts_and_then_refuses() -> None:
    data = b"x = 1\n" * 700
    ask, step = first_ask({"a.py": data}, prompt_for("smollm2-135m-instruct", 4096))
    assert "complete, from its first line" in ask.messages[-1].content
    ask, step = first_ask({"a.py": data}, prompt_for("smollm2-135m-instruct", 2600))
    assert "SEARCH" in ask.messages[-1].content and ask.max_tokens < 1024
    step = code_step(Instruction("set x", ("a.py",)), prompt_for("smollm2-135m-instruct", 1024))
    next(step)
    step.send([])
    with pytest.raises(ContextOverflow, match="too long for the model smollm2") as caught:
        step.send([data])
    assert caught.value.data["window"] == 1024 and caught.value.data["tokens"] > 1024


def test_references_are_left_out_before_files_are() -> None:
    data, found = b"x = 1\n" * 300, [Snippet("b.py", 1, 9, "y = 2\n" * 400, 1.0)]
    ask, step = first_ask({"a.py": data}, prompt_for("m-1b", 8192), found)
    assert "For reference, b.py" in ask.messages[-1].content
    ask, step = first_ask({"a.py": data}, prompt_for("m-1b", 1700), found)
    assert "For reference" not in ask.messages[-1].content and "File a.py" in ask.messages[-1].content
    answer = "a.py\n<<<<<<< SEARCH\n" + "x = 1\n" * 300 + "=======\nx = 2\n>>>>>>> REPLACE\n"
    assert done(step, answer).context == ("a.py",)


def test_a_server_that_read_only_a_part_is_found_out() -> None:
    _, step = first_ask({"a.py": b"x = 1\n" * 900})
    with pytest.raises(ContextOverflow, match="left a part of the prompt out"):
        step.send(Answer("a.py\n```python\nx = 2\n```", "m", "b", "stop", input_tokens=40))


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("logo.png", b"\x89PNG\0\0"),
        ("big.txt", b"line\n" * (1 << 20)),
        ("n.ipynb", b'{"worksheets": []}'),
        ("caf\udce9.py", b"x = 1\n"),
        ("a\nb.py", b"x = 1\n"),
    ],
)
def test_what_no_model_can_change_is_refused_by_name(path: str, data: bytes) -> None:
    step = code_step(Instruction("set x", (path,)), PROMPT)
    next(step)
    step.send([])
    with pytest.raises(NotEditable, match=re.escape(path if path.isprintable() else repr(path))):
        step.send([data])


def test_a_notebook_is_shown_and_changed_cell_by_cell() -> None:
    ask, step = first_ask({"n.ipynb": NOTEBOOK})
    shown = ask.messages[-1].content
    assert "Cell 2 (code):\n```\nx = 1\nprint(x)\n```" in shown and "secret output" not in shown
    draft = done(step, "n.ipynb\n<<<<<<< CELL 2\nx = 2\nprint(x)\n>>>>>>> CELL\n")
    new = draft.edits[0].new
    assert new is not None and new == NOTEBOOK.replace(b"x = 1", b"x = 2") and draft.form == "cells"


def test_a_notebook_cell_must_parse() -> None:
    _, step = first_ask({"n.ipynb": NOTEBOOK})
    again = step.send(Answer("n.ipynb\n<<<<<<< CELL 2\nx = (\n>>>>>>> CELL\n", "m", "b", "stop"))
    assert isinstance(again, Ask) and "would not parse" in again.messages[-1].content
    draft = done(step, "n.ipynb\n<<<<<<< CELL 2\n%time x = 2\n!ls\n>>>>>>> CELL\n")
    assert b"%time x = 2" in (draft.edits[0].new or b"")


def test_a_notebook_and_a_file_are_asked_for_in_one_answer() -> None:
    ask, step = first_ask({"n.ipynb": NOTEBOOK, "a.py": b"x = 1\n"})
    assert "<<<<<<< CELL 2" in ask.messages[-1].content and "complete, from its first" in ask.messages[-1].content
    draft = done(step, "n.ipynb\n<<<<<<< DELETE CELL 2\n>>>>>>> CELL\n\na.py\n```python\nx = 2\n```\n")
    assert [edit.path for edit in draft.edits] == ["n.ipynb", "a.py"] and draft.form == "cells+whole"


def test_a_file_that_was_not_shown_is_never_overwritten() -> None:
    _, step = first_ask({"a.py": b"x = 1\n"})
    effect = step.send(Answer("helper.py\n```python\ny = 1\n```", "m", "b", "stop"))
    assert effect == Read("helper.py")
    again = step.send(b"it is here\n")
    assert isinstance(again, Ask) and again.purpose == "format retry"
    assert "helper.py exists, but is not one of the files given" in again.messages[-1].content
    assert step.send(Answer("other.py\n```python\ny = 1\n```", "m", "b", "stop")) == Read("other.py")
    again = step.throw(PathRefused("other.py", "Git ignores it"))
    assert isinstance(again, Ask) and "Git ignores it" in again.messages[-1].content
    assert step.send(Answer("new.py\n```python\ny = 1\n```", "m", "b", "stop")) == Read("new.py")
    with pytest.raises(StopIteration) as stop:
        step.send(None)
    assert [(edit.path, edit.base) for edit in stop.value.value.edits] == [("new.py", None)]


def test_a_file_in_another_encoding_is_shown_as_its_text() -> None:
    data = "# café\r\nname = 'é'\r\n".encode("latin-1")
    ask, step = first_ask({"a.py": data})
    assert "# café\nname = 'é'\n" in ask.messages[-1].content
    _, step = first_ask({"a.txt": data})
    assert done(step, "a.txt\n```\n# café\nname = 'ü'\n```\n").edits[0].new == data.replace(b"\xe9'", b"\xfc'")


def test_files_that_hold_fences_are_shown_between_longer_ones() -> None:
    ask, step = first_ask({"a.md": b"# A\n\n```\nx\n```\n"})
    assert "File a.md:\n````\n# A\n\n```\nx\n```\n````\n" in ask.messages[-1].content
    assert "a.md\n````\nthe whole new content" in ask.messages[-1].content
    assert done(step, "a.md\n````\n# B\n\n```\nx\n```\n````\n").edits[0].new == b"# B\n\n```\nx\n```\n"


def test_what_goes_back_to_the_model_is_short_and_fenced() -> None:
    data = b"".join(b"value_%d = '```%s'\n" % (k, b"y" * 900) for k in range(50))
    _, step = first_ask({"a.py": data})
    again = step.send(Answer("a.py\n<<<<<<< SEARCH\nvalue_7 = 1\n=======\nx\n>>>>>>> REPLACE\n", "m", "b", "stop"))
    assert isinstance(again, Ask)
    said = again.messages[-1].content
    assert len(said) < 5000 and "8: value_7 = " in said and said.count("\n````\n") == 2 and "\n````\nAnswer" in said


def test_format_retries_and_repairs_are_counted_apart() -> None:
    secret = "-----BEGIN PRIVATE KEY-----"
    unread = Answer("no edit", "m", "b", "stop")
    failing = Answer(f"a.py\n```python\nx = '{secret}'\n```", "m", "b", "stop")
    step = job_step(Job("x", instruction=Instruction("x", ("a.py",))), ["a.py"], lambda edits: "t", PROMPT)
    next(step)
    step.send([])
    effect = step.send([b"x = 1\n"])
    purposes = []
    with pytest.raises(StopIteration) as stop:
        for turn in range(100):
            assert isinstance(effect, Ask)
            purposes.append(effect.purpose)
            effect = step.send(failing if turn % 4 == 3 else unread)
    # Three answers that cannot be read before every one that can: none of them costs a repair.
    assert purposes == [*["code", *["format retry"] * 3], *["repair", *["format retry"] * 3] * REPAIRS]
    assert [check.name for check in stop.value.value.checks if check.passed is False] == ["secrets", "escalated"]


def test_a_repair_is_of_the_file_as_it_was_before_it_was_renamed() -> None:
    _, step = first_ask({"a.py": b"x = 1\n"})
    patch = "*** Begin Patch\n*** Update File: a.py\n*** Move to: b.py\n@@\n-x = 1\n+x = 2\n*** End Patch\n"
    assert step.send(Answer(patch, "m", "b", "stop")) == Read("b.py")
    with pytest.raises(StopIteration) as stop:
        step.send(None)
    repair = repair_step(stop.value.value, "it fails", Instruction("set x", ("a.py",)), PROMPT)
    assert isinstance(next(repair), Ask)
    draft = done(repair, "a.py\n```python\nx = 3\n```\n")
    assert [(edit.path, edit.base, edit.new) for edit in draft.edits] == [("a.py", b"x = 1\n", b"x = 3\n")]


def test_a_repair_that_has_no_room_leaves_the_change_to_the_person() -> None:
    _, step = first_ask({"a.py": b"x = 1\n"})
    draft = done(step, "a.py\n```python\nx = 2\n```\n")
    repair = repair_step(draft, "it fails " * 2000, Instruction("x", ("a.py",)), prompt_for("m-1b", 2048))
    with pytest.raises(NoUsableEdit, match="no room to ask for a repair"):
        next(repair)


def test_the_last_answer_is_kept_when_none_can_be_used() -> None:
    _, step = first_ask({"a.py": b"x = 1\n"})
    for _ in range(3):
        step.send(Answer("no edit", "m", "b", "stop"))
    with pytest.raises(NoUsableEdit) as caught:
        step.send(Answer("still none", "m", "b", "stop"))
    data = caught.value.data
    assert (data["text"], data["model"], data["attempts"], data["format"]) == ("still none", "m", 4, "whole")
