"""How frames of each protocol read: whatever a server sends is a piece of an answer or a typed error."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.exchange import Frame
from nootropic_kernel.models.thinking import ThinkingFilter
from nootropic_kernel.workspace.backend_settings import BackendSettings

KINDS = ("openai-compatible", "ollama", "anthropic", "petals")
KEYS = (
    "choices delta content finish_reason usage error model code type message text thinking stop_reason done "
    "done_reason prompt_eval_count prompt_tokens_details ok outputs traceback content_block param"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["message_start", "content_block_delta", "message_delta", "message_stop", "error", "stop"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
REQUEST = ChatRequest((Message("user", "hi"),))


@pytest.mark.parametrize("kind", KINDS)
@given(value=JSON, frame=st.sampled_from(["event", "line", "message", "body"]))
def test_any_frame_is_a_piece_or_a_typed_error(kind: str, value: object, frame: str) -> None:
    backend = connect(BackendSettings("some", "http://127.0.0.1:1", "m", kind=kind))
    try:
        chunk = backend._decode(Frame(frame, json.dumps(value)), REQUEST)  # type: ignore[arg-type]
    except ModelError as error:
        assert error.what and error.next
        return
    assert isinstance(chunk.text, str) and isinstance(chunk.reasoning, str)
    assert chunk.finish_reason is None or isinstance(chunk.finish_reason, str)


@given(
    thought=st.text("ab</think>", max_size=12).filter(lambda text: "</think>" not in text),
    answer=st.text("ab <think>/", max_size=12),
    cuts=st.lists(st.integers(0, 40), max_size=8),
)
def test_thoughts_are_parted_from_the_answer_however_it_arrives(thought: str, answer: str, cuts: list[int]) -> None:
    whole = f"<think>{thought}</think>{answer}"
    edges = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    parting = ThinkingFilter()
    parts = [parting.add(whole[start:end]) for start, end in pairwise(edges)] + [parting.finish()]
    assert "".join(part[0] for part in parts) == thought
    assert "".join(part[1] for part in parts) == answer.lstrip()


@given(text=st.text("ab <think>/", max_size=30).filter(lambda text: not text.lstrip().startswith("<think>")))
def test_an_answer_without_thoughts_is_not_touched(text: str) -> None:
    parting = ThinkingFilter()
    parts = [parting.add(letter) for letter in text] + [parting.finish()]
    assert "".join(part[1] for part in parts) == text and not any(part[0] for part in parts)


def test_thoughts_without_an_end_are_no_answer() -> None:
    parting = ThinkingFilter()
    assert [parting.add("<think>so"), parting.add(" far</th"), parting.finish()] == [
        ("so", ""),
        (" far", ""),
        ("</th", ""),
    ]
