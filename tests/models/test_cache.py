"""The cache of answers: never another's, never too many, never too old."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.cache import AnswerCache, Key
from nootropic_kernel.models.contract import Answer, ChatRequest, Message

REQUEST = ChatRequest((Message("system", "s"), Message("user", "u")), 10, 0.0, {"type": "object"}, ("x",), "why")
KEY = Key(("mine", "http://127.0.0.1:1", "m"), "ollama", "digest", REQUEST, "code@1.0.0")
ANSWER = Answer("hi", "m", "mine", "stop", 3, 1)


def kept(entries: int = 1000) -> AnswerCache:
    """A cache with one answer in it."""
    cache = AnswerCache(entries, 3600)
    cache.put(KEY, replace(ANSWER, switched=("something",)))
    return cache


def test_the_same_request_has_the_same_answer_marked_as_kept() -> None:
    assert kept().get(KEY) == replace(ANSWER, cached=True)
    assert kept().get(KEY._replace(request=replace(REQUEST, purpose="another"))) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"place": ("other", "http://127.0.0.1:1", "m")}, {"place": ("mine", "http://127.0.0.1:2", "m")},
        {"place": ("mine", "http://127.0.0.1:1", "n")}, {"kind": "vllm"}, {"file": "another"}, {"prompt": "code@1.0.1"},
        {"messages": (Message("user", "s"), Message("user", "u"))}, {"max_tokens": 11}, {"temperature": 0.1},
        {"schema": {"type": "array"}}, {"schema": None}, {"stop": ()}, {"top_p": 0.5}, {"seed": 1}, {"adapter": "a"},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_matters_makes_another_key(other: dict[str, Any]) -> None:
    of_key = {name: value for name, value in other.items() if name in Key._fields}
    key = KEY._replace(**of_key) if of_key else KEY._replace(request=replace(REQUEST, **other))
    assert kept().get(key) is None


def test_an_answer_grows_too_old() -> None:
    now = [0.0]
    cache = AnswerCache(10, 60, lambda: now[0])
    cache.put(KEY, ANSWER)
    now[0] = 60
    assert cache.get(KEY) is not None
    now[0] = 61
    assert cache.get(KEY) is None and len(cache) == 0


def test_an_answer_that_did_not_do_is_forgotten() -> None:
    cache = kept()
    cache.drop(replace(ANSWER, cached=True))
    assert cache.get(KEY) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=80), st.integers(1, 8))
def test_those_used_last_are_kept(uses: list[tuple[bool, int]], entries: int) -> None:
    cache, order = AnswerCache(entries, 3600), list[int]()
    for is_put, number in uses:
        key = KEY._replace(prompt=str(number))
        if is_put:
            cache.put(key, replace(ANSWER, text=str(number)))
        found = cache.get(key)
        assert (found is not None) == (is_put or number in order)
        if found is not None:
            assert found.text == str(number)
            order = [*(each for each in order if each != number), number][-entries:]
    assert len(cache) == len(order)
