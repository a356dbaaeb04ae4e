"""Typed words become arguments, or an error that names what was meant."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from nootropic_kernel.capabilities.arguments import parse
from nootropic_kernel.capabilities.base import Params
from nootropic_kernel.capabilities.help_text import verb_help
from nootropic_kernel.capabilities.plugins import Source
from nootropic_kernel.capabilities.recipes import RecipesParams
from nootropic_kernel.capabilities.registry import Entry
from nootropic_kernel.capabilities.typed_words import nearest, quote_word, split_words
from nootropic_kernel.workspace.errors import UsageError


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class BakeParams(Params):
    """Parameters of every kind."""

    action: Literal["bake", "cool"] = Field("bake", json_schema_extra={"position": 0})
    items: list[str] = Field([], json_schema_extra={"position": 1})
    recipe: str | None = Field(None, description="What to bake.", json_schema_extra={"body": True})
    count: int = 1
    heat: float | None = None
    colours: list[Colour] = Field(default_factory=list)
    extra: dict[str, str] = Field(default_factory=dict)
    allow_smoke: bool = False
    tidy: bool = True


class SayParams(Params):
    """One needed text."""

    text: str = Field(json_schema_extra={"position": 0})
    more: str = Field("", json_schema_extra={"position": 1, "words": True})


class NoteParams(Params):
    """One needed body."""

    note: str = Field(json_schema_extra={"body": True})


def entry_for(model: type[Params], verb: str = "bake") -> Entry:
    return Entry(
        verb=verb,
        summary="Bake.",
        help="More about it.",
        effect="propose",
        module="kitchen",
        function=verb,
        params=model.model_json_schema(by_alias=True),
        result={},
        provider="nootropic",
        source=Source("core", "nootropic"),
    )


BAKE = entry_for(BakeParams)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("cool", {"action": "cool"}),
        ("cool a b", {"action": "cool", "items": ["a", "b"]}),
        ("--count 3 --heat=1.5", {"count": 3, "heat": 1.5}),
        ("--count=-3", {"count": -3}),
        ("--colours red --colours green", {"colours": ["red", "green"]}),
        ("--extra a=1 --extra b=x=y", {"extra": {"a": "1", "b": "x=y"}}),
        ("--allow-smoke --no-tidy", {"allow-smoke": True, "tidy": False}),
        ("--allow_smoke=no", {"allow-smoke": False}),
        ("cool -- --count", {"action": "cool", "items": ["--count"]}),
        ("--recipe 'a cake, don't burn it'", {"recipe": "a cake, don't burn it"}),
        ("-", {"action": "bake"}),
    ],
)
def test_words_become_arguments(line: str, expected: dict[str, Any]) -> None:
    if line == "-":
        assert parse(entry_for(NoteParams), ["-"]) == {"note": "-"}
        return
    values = parse(BAKE, split_words(line))
    assert values == expected
    BakeParams.model_validate(values)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--cuont 3", "Did you mean `--count`?"),
        ("coool", "Did you mean `cool`?"),
        ("--colours rde", "Did you mean `red`?"),
        ("--count three", "a whole number"),
        ("--heat warm", "a number"),
        ("--tidy=perhaps", "--no-tidy"),
        ("--count", "needs a value"),
        ("--count 1 --count 2", "given twice"),
        ("--extra novalue", "KEY=VALUE"),
        ("--nonsense-entirely 1", "`noo bake --help`"),
        ("--old", "`noo bake --help` lists"),  # not "did you mean --help?"
    ],
)
def test_a_mistake_names_what_was_meant(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(BAKE, split_words(line))
    assert said in str(caught.value)


def test_the_body_fills_its_parameter() -> None:
    assert parse(BAKE, ["--count", "2"], "a cake\nwith {braces}\n") == {
        "recipe": "a cake\nwith {braces}\n",
        "count": 2,
    }


def test_an_empty_body_says_what_belongs_there() -> None:
    with pytest.raises(UsageError, match="is empty"):
        parse(BAKE, [], " \n\n")


def test_a_body_where_none_belongs_is_refused() -> None:
    with pytest.raises(UsageError, match="takes no text from the cell"):
        parse(entry_for(SayParams, "say"), ["x"], "text")


def test_a_body_and_its_option_together_are_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        parse(BAKE, ["--recipe", "a"], "b")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match=r"needs text.*`noo say TEXT`"):
        parse(entry_for(SayParams, "say"), [])
    with pytest.raises(UsageError, match=r"needs note.*`%%noo note`"):
        parse(entry_for(NoteParams, "note"), [])


def test_too_many_words_get_a_hint() -> None:
    with pytest.raises(UsageError, match="after `--note` in quotes"):
        parse(entry_for(NoteParams, "note"), ["a", "b"])


def test_words_join_where_a_verb_takes_free_text() -> None:
    assert parse(entry_for(SayParams, "say"), ["a", "b", "c"]) == {"text": "a", "more": "b c"}


def test_words_after_a_completed_name_reach_the_verb_which_says_what_is_wrong() -> None:
    entry = entry_for(RecipesParams, "recipes")
    assert parse(entry, ["rename", "to_cents"]) == {"name": "rename to_cents"}
    assert "noo recipes [NAME] [OPTIONS]" in verb_help(entry, "noo")


class ListenParams(Params):
    """An option whose value may be left out."""

    port: int | None = Field(None, json_schema_extra={"bare": 9464})
    voice: str | None = Field(None, json_schema_extra={"bare": "any"})
    words: str | None = Field(None, json_schema_extra={"position": 0, "words": True})
    loud: bool = False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--port", {"port": 9464}),
        ("--port --loud", {"port": 9464, "loud": True}),
        ("--port 80 --loud", {"port": 80, "loud": True}),
        ("--port=80", {"port": 80}),
        ("--loud", {"loud": True}),
        ("--voice 3 pages", {"voice": "any", "words": "3 pages"}),
        ("--voice=3 pages", {"voice": "3", "words": "pages"}),
    ],
)
def test_the_value_of_an_option_may_be_left_out_where_it_says_so(line: str, expected: dict[str, Any]) -> None:
    assert parse(entry_for(ListenParams), line.split()) == expected
    assert "--port [PORT]" in verb_help(entry_for(ListenParams))


class TieParams(Params):
    """Lists of ids, of fixed words, and of paths."""

    task: str | None = Field(None, json_schema_extra={"position": 0, "complete": "task"})
    after: list[str] = Field(default_factory=list, json_schema_extra={"complete": "task"})
    colours: list[Colour] = Field(default_factory=list)
    file: list[str] = Field(default_factory=list, json_schema_extra={"complete": "path"})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("T3 --after T1,T2", {"task": "T3", "after": ["T1", "T2"]}),
        ("T3 --after T1, T2", {"task": "T3", "after": ["T1", "T2"]}),
        ("T3 --after=T1, T2,T4 --after T5", {"task": "T3", "after": ["T1", "T2", "T4", "T5"]}),
        ("--after T1, --colours red,green", {"after": ["T1"], "colours": ["red", "green"]}),
        ("--file a,b.txt --file c", {"file": ["a,b.txt", "c"]}),
    ],
)
def test_ids_and_fixed_words_are_parted_by_commas_and_paths_are_not(line: str, expected: dict[str, Any]) -> None:
    assert parse(entry_for(TieParams), split_words(line)) == expected


def test_a_second_value_behind_an_option_gets_a_hint_how_lists_are_written() -> None:
    with pytest.raises(UsageError, match="`--after A,B`"):
        parse(entry_for(TieParams), ["T3", "--after", "T1", "T2"])


def test_help_shows_arguments_options_and_effect() -> None:
    text = verb_help(BAKE)
    for part in (
        "noo bake [{bake|cool}] [ITEMS …] [OPTIONS]",
        "--count COUNT",
        "--no-tidy",
        "More about it.",
        "review",
    ):
        assert part in text
    assert "%%noo bake\n" in verb_help(BAKE, "%%noo")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't stop", ["don't", "stop"]),
        ("'it's fine' now", ["it's fine", "now"]),
        ('--brief="two words" x', ["--brief=two words", "x"]),
        ('"a \\"b\\" c"', ['a "b" c']),
        ("never 'closed", ["never", "'closed"]),
        ("a\\ b", ["a b"]),
        ("C:\\path", ["C:\\path"]),
        ("''", [""]),
        ("{a} $b", ["{a}", "$b"]),
    ],
)
def test_splitting_bears_what_people_type(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@given(st.lists(st.text()))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert split_words(" ".join(quote_word(word) for word in words)) == words


@given(st.text())
def test_splitting_never_raises(text: str) -> None:
    split_words(text)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("finished", ("pending", "failed", "done"), "done"),
        ("fialed", ("pending", "failed", "done"), "failed"),
        ("todo", ("red", "blue"), None),
        ("--old", ("--new", "--help"), None),
    ],
)
def test_only_what_is_close_or_means_the_same_is_suggested(
    word: str, known: tuple[str, ...], meant: str | None
) -> None:
    assert nearest(word, known) == meant


@given(st.lists(st.text(max_size=12), max_size=6), st.none() | st.text(max_size=20))
def test_parsing_yields_arguments_or_a_usage_error(words: list[str], body: str | None) -> None:
    try:
        values = parse(BAKE, words, body)
    except UsageError as error:
        assert error.what
        return
    BakeParams.model_validate(values)
