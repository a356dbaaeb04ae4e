"""Requests and answers come back from the journal as they were."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.runs.effects import Answer, Read, Search, Snippet
from nootropic_kernel.runs.records import decode, encode
from nootropic_kernel.runs.steps import request_digest

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(plain)
def test_answers_come_back_as_they_were(value: object) -> None:
    assert decode(encode(value)) == value


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(), st.text(), st.floats(allow_nan=False))
def test_records_come_back_as_they_were(path: str, text: str, score: float) -> None:
    value = [Snippet(path, 1, 2, text, score), Answer(text, path, "b", "stop", 1, None)]
    assert decode(encode(value)) == value


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(), st.text())
def test_equal_requests_and_only_they_have_equal_digests(path: str, other: str) -> None:
    assert request_digest(Read(path), other) == request_digest(Read(path), other)
    assert request_digest(Read(path)) != request_digest(Search(path))
    assert (request_digest(Read(path)) == request_digest(Read(other))) == (path == other)
    assert (request_digest(Read("a"), path) == request_digest(Read("a"), other)) == (path == other)
