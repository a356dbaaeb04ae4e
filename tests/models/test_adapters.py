"""LoRA adapters of the embedded model: by request, and with no trace in the requests that do not ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend, close_all
from nootropic_kernel.models.errors import InferenceError, ModelLoadFailed
from nootropic_kernel.workspace.location import Workspace
from tests.models.lora_file import write_lora

pytestmark = pytest.mark.slow

ASK = ChatRequest((Message("user", "Write a function that adds two numbers."),), max_tokens=24)


@pytest.fixture
def adapted(model: CatalogueModel, workspace: Workspace, tmp_path: Path) -> Iterator[EmbeddedBackend]:
    """The embedded model with two adapters of random numbers."""
    files = [tmp_path / "nightly.gguf", tmp_path / "other.gguf"]
    for seed, file in enumerate(files):
        write_lora(file, width=576, blocks=30, strength=2.0, seed=seed)
    yield EmbeddedBackend(model, workspace, adapters=files)
    close_all()


def test_an_adapter_changes_only_the_requests_that_ask_for_it(adapted: EmbeddedBackend, model: CatalogueModel) -> None:
    assert adapted.features.adapters
    plain = adapted.chat(ASK).text
    pid = adapted.engine_pid()
    nightly = adapted.chat(replace(ASK, adapter="nightly")).text
    other = adapted.chat(replace(ASK, adapter="other")).text
    assert len({plain, nightly, other}) == 3
    assert adapted.chat(ASK).text == plain and adapted.chat(replace(ASK, adapter="nightly")).text == nightly
    assert adapted.engine_pid() == pid  # the model was loaded once
    with pytest.raises(InferenceError, match="nightly, other"):
        adapted.chat(replace(ASK, adapter="none-such"))


def test_a_file_that_is_no_adapter_is_a_typed_error(
    model: CatalogueModel, workspace: Workspace, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelLoadFailed):
        EmbeddedBackend(model, workspace, adapters=[broken]).chat(ASK)
