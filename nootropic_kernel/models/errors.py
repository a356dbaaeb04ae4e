"""What can go wrong with a model; ``code`` is the stable name that programs and the journal use."""

from __future__ import annotations

from typing import ClassVar

from nootropic_kernel.workspace.errors import NootropicError


class ModelError(NootropicError):
    """Base of all model errors."""

    kind: ClassVar[str] = "MODEL_ERROR"

    @property
    def code(self) -> str:
        """The stable name of this kind of error."""
        return self.kind


class NoModel(ModelError):
    """No backend can answer here."""

    kind = "NO_MODEL"


class ModelLoadFailed(ModelError):
    """The model's file or its engine cannot be started."""

    kind = "MODEL_LOAD_FAILED"


class InferenceError(ModelError):
    """The backend failed while answering."""

    kind = "INFERENCE_ERROR"


class AnswerCut(InferenceError):
    """The connection ended in the middle of an answer; ``data["partial"]`` is what had come."""

    kind = "ANSWER_CUT"


class ContextOverflow(ModelError):
    """The prompt does not fit the model's window; ``data`` has ``tokens``, ``window`` and whether it is estimated."""

    kind = "CONTEXT_OVERFLOW"


class RateLimited(ModelError):
    """The backend refuses more requests for now; ``data["retry_after_s"]`` is its own figure, or None."""

    kind = "RATE_LIMIT"


class ModelTimeout(ModelError):
    """No answer within the deadline."""

    kind = "TIMEOUT"


class BackendUnreachable(ModelError):
    """No connection to the backend."""

    kind = "BACKEND_UNREACHABLE"


class AuthenticationFailed(ModelError):
    """The backend refused the key, or the key is not set."""

    kind = "AUTHENTICATION_FAILED"


class InvalidOutput(ModelError):
    """The answer is not what the request's JSON schema asks for; ``data["text"]`` keeps it."""

    kind = "INVALID_OUTPUT"


class DownloadFailed(ModelError):
    """A model could not be fetched."""

    kind = "DOWNLOAD_FAILED"


class UnknownModel(ModelError):
    """The catalogue has no model of that name."""

    kind = "UNKNOWN_MODEL"
