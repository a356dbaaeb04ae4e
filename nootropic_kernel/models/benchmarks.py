"""Measuring a model where it is: how fast it reads and writes, and how many of a fixed set of small tasks it solves."""

from __future__ import annotations

import json
import re
import secrets
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Message
from nootropic_kernel.models.errors import InferenceError, InvalidOutput
from nootropic_kernel.models.matcher import Candidate
from nootropic_kernel.models.measurements import Measurement, machine_of
from nootropic_kernel.workspace.hardware import hardware
from nootropic_kernel.workspace.resources import ResourceInvalid, load_yaml

_ANSWER_TOKENS = 64
_WRITTEN_TOKENS = 96
_READ_WORDS = 300


class BenchTask(BaseModel):
    """A prompt, and what its answer must be: a text that ``expect`` matches, or JSON equal to ``value``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["code", "general"]
    prompt: str
    expect: str = ""
    form: dict[str, Any] | None = None
    value: Any = None

    @model_validator(mode="after")
    def _checkable(self) -> BenchTask:
        if bool(self.expect) == (self.form is not None):
            raise ValueError("needs either `expect`, or `form` and `value`")
        re.compile(self.expect)
        return self

    def is_solved_by(self, text: str) -> bool:
        """Whether ``text`` is the right answer."""
        if self.form is None:
            return re.fullmatch(self.expect, text.strip(), re.IGNORECASE | re.DOTALL) is not None
        try:
            return bool(json.loads(text) == self.value)
        except ValueError:
            return False


class _Tasks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_: Literal["nootropic/bench-model@1"] = Field(alias="schema")
    tasks: tuple[BenchTask, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Speed:
    """Of one round: tokens a second of reading (where the server counts) and writing, seconds to the first piece."""

    prefill: float | None
    decode: float
    first_s: float


@cache
def bench_tasks() -> tuple[BenchTask, ...]:
    """The tasks, which come with the package: a repository's own could make any model look good.

    :raises ResourceInvalid: when the file does not fit the schema.
    """
    try:
        return _Tasks.model_validate(load_yaml("", "bench-model")).tasks
    except ValidationError as error:
        raise ResourceInvalid(
            "experiments/bench-model.yaml is not valid.",
            why=str(error),
            next="Install Nootropic again, or mend the file.",
        ) from error


def bench(
    candidate: Candidate,
    rounds: int = 3,
    tell: Callable[[str, float], None] = lambda text, share: None,
    cancel: threading.Event | None = None,
) -> tuple[Measurement, list[str]]:
    """Measure a model; gives the figures and the names of the tasks that it did not solve.

    :param rounds: of the speed; their medians count.
    :param tell: gets what is being done, and the share that is done.
    :raises ModelError: when the backend does not answer.
    :raises Interrupted: within a second of ``cancel`` being set.
    """
    backend, tasks = candidate.backend, bench_tasks()
    steps, done = rounds + len(tasks) + 1, 0

    def step(text: str) -> None:
        nonlocal done
        tell(text, done / steps)
        done += 1

    step("Starting the model …")
    backend.chat(_request("Hello.", 1), None, cancel)
    speeds: list[Speed] = []
    for number in range(rounds):
        step(f"Measuring its speed, {number + 1} of {rounds} …")
        speeds.append(_speed(backend, cancel))
    unsolved: list[str] = []
    for task in tasks:
        step(f"Task: {task.name} …")
        if not _solves(backend, task, cancel):
            unsolved.append(task.name)
    read = [speed.prefill for speed in speeds if speed.prefill is not None]
    measurement = Measurement(
        backend=candidate.name,
        model=candidate.model,
        prefill_tokens_per_s=statistics.median(read) if read else None,
        decode_tokens_per_s=statistics.median(speed.decode for speed in speeds),
        first_token_s=statistics.median(speed.first_s for speed in speeds),
        quality=1 - len(unsolved) / len(tasks),
        tasks=len(tasks),
        at=time.time(),
        machine=machine_of(hardware()),
    )
    return measurement, unsolved


def _request(prompt: str, tokens: int, schema: dict[str, Any] | None = None) -> ChatRequest:
    return ChatRequest((Message("user", prompt),), tokens, 0.0, schema, purpose="benchmark")


def _speed(backend: Backend, cancel: threading.Event | None) -> Speed:
    # Begun in a new way each time: servers do not read again what they have read before.
    started = time.perf_counter()
    words = " ".join(f"{number} boats" for number in range(_READ_WORDS // 2))
    read = backend.chat(_request(f"{secrets.token_hex(4)}: {words}. How many?", 1), None, cancel)
    read_s = time.perf_counter() - started
    times: list[float] = []
    started = time.perf_counter()
    written = backend.chat(
        _request(f"{secrets.token_hex(4)}: Write a long story about the sea.", _WRITTEN_TOKENS),
        lambda piece: times.append(time.perf_counter()),
        cancel,
    )
    ended = time.perf_counter()
    tokens = _tokens(backend, written)
    # Without streaming the time to the first piece is the whole time, and all tokens were written in it.
    streamed = len(times) > 1
    decode_s, decoded = (times[-1] - times[0], tokens - 1) if streamed else (ended - started, tokens)
    if decoded < 1 or decode_s <= 0:
        raise InferenceError(
            f"The speed of {backend.name!r} cannot be measured.",
            why=f"It wrote {tokens} tokens when it was asked for a story.",
            next="Check that the model follows instructions (an instruct or chat model).",
            backend=backend.name,
        )
    prefill = read.input_tokens / read_s if read.input_tokens else None
    return Speed(prefill, decoded / decode_s, (times[0] if times else ended) - started)


def _tokens(backend: Backend, answer: Answer) -> int:
    return answer.output_tokens if answer.output_tokens is not None else backend.count_tokens(answer.text)


def _solves(backend: Backend, task: BenchTask, cancel: threading.Event | None) -> bool:
    try:
        answer = backend.chat(_request(task.prompt, _ANSWER_TOKENS, task.form), None, cancel)
    except InvalidOutput:
        return False
    return task.is_solved_by(answer.text)
