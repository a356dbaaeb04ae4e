"""One call for vectors, measured, paid and kept as a span like a chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from nootropic_kernel.models.contract import Embedding
from nootropic_kernel.models.conversation import is_refusal
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.budget import Estimate, within_budget
from nootropic_kernel.telemetry.calls import Server, model_call
from nootropic_kernel.telemetry.spans import span


def measured(server: Server, url: str, texts: Sequence[str], ask: Callable[[], Embedding]) -> Embedding:
    """What ``ask`` gives, as a call of its own in the trace and the ledger. The texts themselves are not kept.

    :raises BudgetExceeded: when a budget does not allow it.
    :raises ModelError: when ``ask`` does.
    """
    address = urlsplit(url)
    told = {
        semconv.OPERATION: "embeddings",
        semconv.PROVIDER: server.kind,
        semconv.BACKEND: server.backend,
        semconv.SERVER_ADDRESS: address.hostname,
        semconv.SERVER_PORT: address.port,
        semconv.REQUEST_MODEL: server.model,
    }
    with span(None, f"embeddings {server.model}", told) as current:
        tokens = sum(map(estimate, texts))
        expected = Estimate(server.backend, server.kind, server.model, server.is_local, tokens, 0)
        with within_budget(expected, current.measuring()), model_call(current, server) as call:
            try:
                found = ask()
            except ModelError as error:
                call.refused = is_refusal(error)
                raise
            call.input_tokens, call.output_tokens = found.tokens, 0
            current.set(semconv.RESPONSE_MODEL, found.model)
            current.set(semconv.INPUT_TOKENS, found.tokens)
            current.set(semconv.DIMENSIONS, len(found.vectors[0]) if found.vectors else None)
            return found
