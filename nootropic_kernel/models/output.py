"""Whether an answer is what the request asked for. Engines enforce a JSON schema in part only, and say so nowhere."""

from __future__ import annotations

import json

from nootropic_kernel.models.contract import Answer, ChatRequest
from nootropic_kernel.models.errors import InvalidOutput


def check_answer(request: ChatRequest, answer: Answer) -> None:
    """Check ``answer`` against the schema of ``request``, if there is one.

    :raises InvalidOutput: when the answer is not JSON of that shape; it keeps the text.
    """
    if request.schema is None:
        return
    import jsonschema  # type: ignore[import-untyped]

    try:
        value = json.loads(answer.text)
        jsonschema.validate(value, request.schema)
        return
    except (ValueError, RecursionError) as error:
        cut = answer.finish_reason == "length"
        why = f"It was cut off at {request.max_tokens} tokens." if cut else f"It is not valid JSON ({error})."
    except jsonschema.ValidationError as error:
        why = f"At {error.json_path}: {error.message[:300]}"
    except jsonschema.SchemaError as error:
        why = f"The schema itself is not valid: {error.message[:300]}"
    raise InvalidOutput(
        f"The model {answer.model!r} did not answer in the demanded form.",
        why=why,
        next="Run this again, ask for less at once, or use a larger model.",
        model=answer.model,
        text=answer.text,
    )
