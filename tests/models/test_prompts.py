"""Prompts as files: versions side by side, placeholders, and values that are data."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.prompts import NoSuchPrompt, Prompt, PromptVariables, load_prompt, prompt_versions
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid

HEAD = "schema: nootropic/prompt@1\nname: greet\n"


def write(workspace: Workspace, stem: str, text: str) -> Path:
    """A prompt of the workspace's own."""
    folder = workspace.root / "experiments" / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{stem}.yaml").write_text(text)
    return folder


def test_the_shipped_ones_are_there_and_the_originals_word_by_word() -> None:
    known = prompt_versions()
    assert set(known) >= {"chat", "code_edit", "code_generation", "code_review"}
    for name, versions in known.items():
        for version in versions:
            assert load_prompt(name, version).text
    generation, review = load_prompt("code_generation", "1.0.0"), load_prompt("code_review", "1.0.0")
    assert generation.variables() == ("requirements",) and review.variables() == ("code",)
    filled = generation.fill(requirements="Sort books.")
    assert filled.startswith("You are an expert software developer. Given the following requirements:\nSort books.\n")
    assert filled.endswith("3. Includes error handling\n4. Is optimized for performance\n")
    assert review.fill(code="x = {{code}}").endswith("4. Documentation quality\n\nCode:\nx = {{code}}\n")


def test_versions_are_ordered_as_numbers_and_side_by_side(workspace: Workspace) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.3"):
        write(workspace, f"greet-{version}", f"{HEAD}version: {version!r}\ntemplate: Hello {version} {{{{who}}}}\n")
    write(workspace, "greet-2.0", "not: read")  # no semantic version, so no prompt
    assert prompt_versions(workspace)["greet"] == ("1.2.3", "1.9.0", "1.10.0")
    assert load_prompt("greet", None, workspace).fill(who="you") == "Hello 1.10.0 you"
    assert load_prompt("greet", "1.9.0", workspace).version == "1.9.0"
    with pytest.raises(NoSuchPrompt, match=r"1\.2\.3, 1\.9\.0, 1\.10\.0"):
        load_prompt("greet", "3.0.0", workspace)
    with pytest.raises(NoSuchPrompt, match="code_review"):
        load_prompt("../../secret", None, workspace)


def test_a_workspace_takes_the_place_of_a_shipped_one(workspace: Workspace) -> None:
    own = "schema: nootropic/prompt@1\nname: code_review\nversion: '1.0.0'\ntemplate: 'Mine {{code}}'\n"
    write(workspace, "code_review-1.0.0", own)
    assert load_prompt("code_review", "1.0.0", workspace).fill(code="x") == "Mine x"
    assert load_prompt("code_review", "1.0.0").fill(code="x") != "Mine x"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- a", "mapping"),
        (HEAD + "version: '1.0.0'", "template, or parts"),
        (HEAD + "version: 1.0\ntemplate: x", "file's name"),
        (HEAD + "version: '1.0.0'\ntemplate: x\nmore: 1", "more"),
        (HEAD + "version: '1.0.0'\ntemplate: 'x {{ not a name }}'", "no placeholder"),
        (HEAD + "version: '1.0.0'\nparts: {a: 1}", "must be a text"),
        (HEAD + "version: '1.0.0'\ntemplate: x\nsettings: []", "mapping"),
        ("schema: other\nname: greet\nversion: '1.0.0'\ntemplate: x", "schema must be"),
    ],
)
def test_what_is_no_prompt_is_refused(workspace: Workspace, text: str, why: str) -> None:
    write(workspace, "greet-1.0.0", text)
    with pytest.raises(ResourceInvalid, match=why):
        load_prompt("greet", None, workspace)


def test_missing_and_unknown_variables_are_named() -> None:
    prompt = Prompt("p", "1.0.0", {"user": "{{a}} {{ b }} {{a}}"})
    assert prompt.variables() == ("a", "b") and prompt.fill(a=1, b=2) == "1 2 1"
    with pytest.raises(PromptVariables, match=r"Not given: b\. Not in the prompt: c") as refused:
        prompt.fill(a="x", c="y")
    assert refused.value.data["missing"] == ["b"] and refused.value.data["unknown"] == ["c"]


@given(st.text(), st.text())
def test_values_are_data(one: str, other: str) -> None:
    prompt = Prompt("p", "1.0.0", {"user": "<{{a}}|{{b}}>"})
    assert prompt.fill(a=one + "{{b}}", b=other) == f"<{one}{{{{b}}}}|{other}>"


def test_the_digest_changes_with_every_word() -> None:
    same = [Prompt("p", "1.0.0", {"user": text}).sha256 for text in ("a", "a", "b")]
    assert same[0] == same[1] != same[2]
