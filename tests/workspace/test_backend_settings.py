"""Backends in the person's settings: kinds, addresses, keys, and what is said about an entry that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.workspace.backend_settings import BackendSettings, is_private_url
from nootropic_kernel.workspace.settings import Settings, load_settings


def with_backend(home: Path, entry: Any) -> Settings:
    """The settings of a person who named one backend."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps({"backends": {"mine": entry}}))
    return load_settings(None)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:11434", "ollama"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://[::1]:8000/v1", "vllm"),
        ("http://127.0.0.1:8080/v1", "openai-compatible"),
        ("http://127.0.0.1:1234/v1", "openai-compatible"),
        ("http://192.168.1.5:11434", "openai-compatible"),
        ("https://example.org:8000/v1", "openai-compatible"),
    ],
)
def test_a_kind_is_guessed_for_this_machine_only(person_home: Path, url: str, kind: str) -> None:
    settings = with_backend(person_home, {"url": url, "model": "m"})
    assert settings.backends["mine"].kind == kind and settings.problems == ()


def test_a_cloud_needs_no_url_and_is_never_local(person_home: Path) -> None:
    for kind, host in (("openai", "api.openai.com"), ("anthropic", "api.anthropic.com"), ("petals", "chat.petals.dev")):
        found = with_backend(person_home, {"kind": kind, "model": "m", "apiKeyKeyring": "nootropic/me"}).backends[
            "mine"
        ]
        assert host in found.url and not found.is_local and found.api_key_keyring == "nootropic/me"
    assert not BackendSettings("x", "http://127.0.0.1:1", "m", kind="petals").is_local
    assert BackendSettings("x", "http://127.0.0.1:1", "m", kind="ollama").is_local


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"url": "ftp://x", "model": "m"}, "http or https"),
        ({"url": "http://127.0.0.1:99999", "model": "m"}, "http or https"),
        ({"url": "http://127.0.0.1"}, "model"),
        ({"kind": "ollama", "model": "m"}, "url"),
        ({"kind": "gpt", "url": "http://127.0.0.1", "model": "m"}, "openai-compatible, tabby"),
        ({"url": "http://127.0.0.1", "model": "m", "apiKey": "sk-1"}, "apiKeyEnv"),
        ({"url": "https://me:sk-1@example.org", "model": "m"}, "apiKeyEnv"),
        ({"url": "http://127.0.0.1", "model": "m", "apiKeyKeyring": "nootropic"}, "service/user"),
        ({"url": "http://127.0.0.1", "model": "m", "apiKeyEnv": 5}, "apiKeyEnv"),
        ({"url": "http://127.0.0.1", "model": "m", "contextWindow": True}, "contextWindow"),
        ({"url": "http://127.0.0.1", "model": "m", "contextWindow": 0}, "contextWindow"),
        ("http://127.0.0.1", "object"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(person_home: Path, entry: Any, said: str) -> None:
    settings = with_backend(person_home, entry)
    assert settings.backends == {} and said in settings.problems[0] and "sk-1" not in settings.problems[0]


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:1", True),
        ("http://10.0.0.1", True),
        ("http://192.168.0.9:80", True),
        ("http://8.8.8.8", False),
        ("https://localhost.example.org", False),
        ("https://127.0.0.1.example.org", False),
        ("https://example.org/127.0.0.1", False),
    ],
)
def test_an_address_is_private_by_what_it_is_not_by_what_it_looks_like(url: str, private: bool) -> None:
    assert is_private_url(url) is private


def test_a_model_in_a_process_of_ours_needs_no_url_and_is_local(person_home: Path) -> None:
    entry = {"kind": "transformers", "model": "~/models/small", "adapters": ["~/lora"], "fourBit": True}
    found = with_backend(person_home, entry)
    assert found.problems == () and found.backends["mine"].is_local
    assert (found.backends["mine"].url, found.backends["mine"].adapters, found.backends["mine"].four_bit) == (
        "", ("~/lora",), True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": None}, {"url": "http://127.0.0.1:1"}, {"adapters": "one"}, {"adapters": [1]}, {"fourBit": "yes"},
        {"contextWindow": -1}, {"apiKeyEnv": "KEY"},
    ],
)  # fmt: skip
def test_what_such_a_model_cannot_have_is_said(person_home: Path, wrong: dict[str, Any]) -> None:
    found = with_backend(person_home, {"kind": "transformers", "model": "small", **wrong})
    assert "mine" not in found.backends and len(found.problems) == 1
