"""Backends: one small module for what each kind of model server does in its own way; imported when one is used."""

from __future__ import annotations

import importlib

from nootropic_kernel.models.backends.server import ServerBackend
from nootropic_kernel.models.contract import Backend
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace

__all__ = ["ServerBackend", "connect"]

_CLASSES = {
    "openai-compatible": ("openai_compatible", "OpenAICompatible"),
    "tabby": ("tabby", "Tabby"),
    "ollama": ("ollama", "Ollama"),
    "vllm": ("vllm", "VLLM"),
    "llamacpp": ("llamacpp", "LlamaCpp"),
    "openai": ("openai", "OpenAI"),
    "anthropic": ("anthropic", "Anthropic"),
    "huggingface": ("huggingface", "HuggingFace"),
    "petals": ("petals", "Petals"),
}


def connect(settings: BackendSettings, limits: Limits | None = None, workspace: Workspace | None = None) -> Backend:
    """The backend that the settings name. Nothing is contacted, and no HTTP library is imported.

    :param workspace: whose service runs a model that is no server's; without it, that of the current folder.
    """
    if settings.kind == "transformers":
        from nootropic_kernel.models.backends.transformers import Transformers

        return Transformers(settings, workspace or Workspace.find(), limits)
    module, name = _CLASSES[settings.kind]
    found: type[ServerBackend] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found(settings, limits)
