"""What can go wrong with a model. As everywhere, the class's name is the ``code`` that programs and the journal use."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from nootropic_kernel.workspace.errors import NootropicError


class ModelError(NootropicError):
    """Base of all model errors."""

    transient: ClassVar[bool] = False

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed if it is sent to the same backend again."""
        return bool(self.data.get("retryable", self.transient))

    @property
    def retry_after_s(self) -> float | None:
        """How many seconds the backend asked us to wait, when it said so."""
        seconds = self.data.get("retry_after_s")
        return seconds if isinstance(seconds, int | float) else None


class NoModel(ModelError):
    """No backend can answer here."""


class NotOffered(ModelError):
    """The backend has no such ability: embeddings, adapters."""


class ModelLoadFailed(ModelError):
    """The model's file or its engine cannot be started."""


class InferenceError(ModelError):
    """The backend failed while answering; ``data["status"]`` is its HTTP status, where it had one."""


class AnswerCut(InferenceError):
    """The connection ended in the middle of an answer; ``data["partial"]`` is what had come."""

    transient = True


class ContextOverflow(ModelError):
    """The prompt does not fit the model's window; ``data`` has ``tokens``, ``window`` and whether it is estimated."""


class SafetyViolation(ModelError):
    """The backend refused the request or held its answer back; ``data["partial"]`` is what it had said."""


class RateLimited(ModelError):
    """The backend takes no more requests for now, because of a quota or because it is overloaded."""

    transient = True


class ModelTimeout(ModelError):
    """No answer within the deadline."""

    transient = True


class BackendUnreachable(ModelError):
    """No connection to the backend."""

    transient = True


class AuthenticationFailed(ModelError):
    """The backend refused the key, or the key is not set."""


class InvalidOutput(ModelError):
    """The answer is not what the request's JSON schema asks for; ``data["text"]`` keeps it."""

    transient = True


class DownloadFailed(ModelError):
    """A model could not be fetched."""


class UnknownModel(ModelError):
    """The catalogue has no model of that name."""


class AIErrorType(StrEnum):
    """The types of errors that strategies are written for."""

    MODEL_LOAD_FAILED = "MODEL_LOAD_FAILED"
    INFERENCE_ERROR = "INFERENCE_ERROR"
    CONTEXT_OVERFLOW = "CONTEXT_OVERFLOW"
    SAFETY_VIOLATION = "SAFETY_VIOLATION"
    RATE_LIMIT = "RATE_LIMIT"
