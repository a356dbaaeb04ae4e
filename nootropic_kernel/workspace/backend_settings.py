"""Model servers, and models in processes of ours, as the person names them in the settings."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# Kinds that always mean somebody else's computers, and where each answers unless the settings say otherwise.
CLOUD_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "huggingface": "https://router.huggingface.co/v1",
    "petals": "https://chat.petals.dev",
}
# Kinds whose model runs in a process of ours, so that there is no server to name.
IN_PROCESS_KINDS = ("transformers",)
BACKEND_KINDS = ("openai-compatible", "tabby", "ollama", "vllm", "llamacpp", *IN_PROCESS_KINDS, *CLOUD_URLS)
# Port 8080 is not here: llama.cpp and Tabby share it, and both answer as an OpenAI-compatible server does.
_USUAL_KINDS = {11434: "ollama", 8000: "vllm"}


@dataclass(frozen=True)
class BackendSettings:
    """A model server that the person named: its ``kind``, its ``url`` and the ``model`` to ask it for.

    No key is kept in plain text: ``api_key_env`` names the environment variable that holds it, ``api_key_keyring`` its
    place in the system keyring as ``service/user``. ``context_window`` (tokens) is for servers that do not tell theirs.
    Of ``transformers`` the ``model`` is a folder, a GGUF file or a name of the catalogue; it may have ``adapters``, as
    folders of LoRA adapters, and be quantised to ``four_bit`` while it is loaded.
    """

    name: str
    url: str
    model: str
    api_key_env: str | None = None
    kind: str = "openai-compatible"
    api_key_keyring: str | None = None
    context_window: int | None = None
    adapters: tuple[str, ...] = ()
    four_bit: bool = False

    @property
    def is_local(self) -> bool:
        """Whether prompts stay on this machine or the person's network: a private address, and not a cloud's kind."""
        return self.kind in IN_PROCESS_KINDS or (self.kind not in CLOUD_URLS and is_private_url(self.url))


def is_private_url(url: str) -> bool:
    """Whether the host of ``url`` is this machine or an address of a private network; a name that needs DNS is not."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def is_loopback_url(url: str) -> bool:
    """Whether the host of ``url`` is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_backend(name: str, entry: Any) -> BackendSettings:
    """The entry of a backend in the person's file.

    :raises ValueError: with what the entry lacks.
    """
    if not isinstance(entry, dict):
        raise ValueError("must be an object")
    texts: dict[str, str | None] = {}
    for key in ("kind", "url", "model", "apiKeyEnv", "apiKeyKeyring"):
        texts[key] = entry.get(key)
        if texts[key] is not None and not isinstance(texts[key], str):
            raise ValueError(f'needs a text as "{key}"')
    kind, window = texts["kind"], entry.get("contextWindow")
    if kind is not None and kind not in BACKEND_KINDS:
        raise ValueError(f'has the unknown "kind" {kind!r} (known: {", ".join(BACKEND_KINDS)})')
    if kind in IN_PROCESS_KINDS:
        return _in_process(name, entry, texts)
    url = (texts["url"] or CLOUD_URLS.get(kind or "", "")).rstrip("/")
    try:
        port = urlsplit(url).port
    except ValueError:
        url, port = "", None
    if not url.startswith(("http://", "https://")) or not texts["model"]:
        raise ValueError('needs a "url" (http or https) and a "model"')
    if "@" in urlsplit(url).netloc:
        raise ValueError('has a name or a key in its "url": name a variable by "apiKeyEnv" instead')
    if "apiKey" in entry:
        raise ValueError('has an "apiKey": name a variable by "apiKeyEnv" or a place in the keyring by "apiKeyKeyring"')
    if texts["apiKeyKeyring"] is not None and "/" not in texts["apiKeyKeyring"]:
        raise ValueError('needs an "apiKeyKeyring" of the form service/user')
    if window is not None and (isinstance(window, bool) or not isinstance(window, int) or window <= 0):
        raise ValueError('needs a number of tokens as "contextWindow"')
    if kind is None:
        kind = (_USUAL_KINDS.get(port or 0) if is_loopback_url(url) else None) or "openai-compatible"
    return BackendSettings(name, url, texts["model"], texts["apiKeyEnv"], kind, texts["apiKeyKeyring"], window)


def _in_process(name: str, entry: dict[str, Any], texts: Mapping[str, str | None]) -> BackendSettings:
    """:raises ValueError: with what the entry lacks."""
    kind, model, window = str(texts["kind"]), texts["model"], entry.get("contextWindow")
    adapters, four_bit = entry.get("adapters", []), entry.get("fourBit", False)
    if not model or texts["url"] or texts["apiKeyEnv"] or texts["apiKeyKeyring"]:
        raise ValueError('needs a "model" (a folder, a GGUF file or a name of the catalogue), and no "url" or key')
    if not isinstance(adapters, list) or not all(isinstance(item, str) for item in adapters):
        raise ValueError('needs a list of folders as "adapters"')
    if not isinstance(four_bit, bool):
        raise ValueError('needs true or false as "fourBit"')
    if window is not None and (isinstance(window, bool) or not isinstance(window, int) or window <= 0):
        raise ValueError('needs a number of tokens as "contextWindow"')
    return BackendSettings(
        name, "", model, kind=kind, context_window=window, adapters=tuple(adapters), four_bit=four_bit
    )
