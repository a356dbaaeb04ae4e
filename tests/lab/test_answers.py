"""Answers written in pieces are the same JSON, and none is one that a page cannot read."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_lab import answers
from nootropic_lab.answers import encoded

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
KEYS = st.text(max_size=4) | st.integers()
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=30
)


@given(DOCUMENTS)
def test_the_pieces_are_what_the_whole_would_be(document: Any) -> None:
    assert encoded(document) == json.dumps(document).encode()


@given(st.text(st.sampled_from('a"\\\n\x00ü😀\ud83d\ude00'), max_size=30))
def test_a_long_text_is_the_same_text_in_pieces(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "_CHARACTERS", 4)
        assert encoded({"new": text}) == json.dumps({"new": text}).encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
@pytest.mark.parametrize("depth", [0, 3, 9])
def test_what_no_page_can_read_is_refused(value: Any, depth: int) -> None:
    document = value
    for _ in range(depth):
        document = {"a": [1, document]}
    with pytest.raises((ValueError, TypeError)):
        encoded(document)
