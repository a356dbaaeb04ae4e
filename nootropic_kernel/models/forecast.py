"""What a call may take, before it is made: for the budget."""

from __future__ import annotations

from nootropic_kernel.models.backends import ServerBackend
from nootropic_kernel.models.contract import Backend, ChatRequest
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.telemetry.budget import Estimate


def foreseen_call(backend: Backend, request: ChatRequest) -> Estimate:
    """The call as a budget sees it: so many tokens at most. Nobody is asked."""
    model = backend.name
    if isinstance(backend, ServerBackend):
        model = backend.settings.model
    elif isinstance(backend, EmbeddedBackend):
        model = backend.model.name
    return Estimate(backend.name, backend.kind, model, backend.is_local, estimate(request.messages), request.max_tokens)
