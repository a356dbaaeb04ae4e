"""Prompt tests: a file beside the prompts says what to fill in, and what the answer of a model must be.

``experiments/prompts/<name>.tests.yaml`` is run against any version of the prompt, so that versions can be compared.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.contract import Answer, ChatRequest, Message
from nootropic_kernel.models.errors import InvalidOutput
from nootropic_kernel.models.prompts import Prompt
from nootropic_kernel.models.validation import Judged, Judges, Validator, ask_validated, judge
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import current_span
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid, list_names, load_yaml

SCHEMA = "nootropic/prompt-tests@1"
_SUFFIX = ".tests"
_METRICS = ("accuracy", "latency", "tokenUsage")


@dataclass(frozen=True)
class PromptCase:
    """One test.

    :param expected: an answer to compare with; the share of words in common counts as one more score.
    :param bounds: the least ``accuracy`` (0 to 1), the most ``latency`` (seconds) and ``tokenUsage`` (tokens).
    """

    id: str
    variables: Mapping[str, str]
    expected: str
    validator: Validator
    bounds: Mapping[str, float]


@dataclass(frozen=True)
class PromptSuite:
    """The tests of one prompt; ``max_tokens`` is the most that an answer may have."""

    prompt: str
    max_tokens: int
    cases: tuple[PromptCase, ...]


@dataclass(frozen=True)
class CaseResult:
    """How a test ended.

    :param accuracy: the mean of all scores: of the rules, the demanded shape, and the likeness to what was expected.
    :param tokens: read and written by the model; None when the backend does not tell.
    :param failures: what was not as it must be; empty when the test passed.
    :param flagged: rules that were broken, and that only flag.
    """

    id: str
    answer: str
    model: str
    accuracy: float
    latency_s: float
    tokens: int | None
    failures: tuple[str, ...]
    flagged: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as it must be."""
        return not self.failures


def tested_prompts(workspace: Workspace | None = None) -> list[str]:
    """The names of the prompts that have tests."""
    return [stem.removesuffix(_SUFFIX) for stem in list_names("prompts", workspace) if stem.endswith(_SUFFIX)]


def load_suite(name: str, workspace: Workspace | None = None) -> PromptSuite:
    """The tests of a prompt.

    :raises ResourceInvalid: when it has none, or they are not as they should be.
    """
    told = load_yaml("prompts", f"{name}{_SUFFIX}", workspace)
    if not isinstance(told, dict) or set(told) - {"schema", "prompt", "maxTokens", "tests"}:
        raise _invalid(name, "It takes schema, prompt, maxTokens and tests.")
    most, tests = told.get("maxTokens", 512), told.get("tests")
    if (told.get("schema"), told.get("prompt")) != (SCHEMA, name) or type(most) is not int or most < 1:
        raise _invalid(name, f"It needs the schema {SCHEMA}, the prompt {name}, and maxTokens above 0.")
    if not isinstance(tests, list) or not tests:
        raise _invalid(name, "It needs a list of tests.")
    cases = tuple(_case(name, each) for each in tests)
    if len({case.id for case in cases}) < len(cases):
        raise _invalid(name, "Two tests have the same id.")
    return PromptSuite(name, most, cases)


def run_case(
    prompt: Prompt, case: PromptCase, max_tokens: int, ask: Callable[[ChatRequest], Answer], judges: Judges
) -> CaseResult:
    """Fill the prompt, ask a model once, and judge its answer. A broken rule fails the test, unless the test's
    ``onViolation`` only flags or logs it; an answer that is not of the demanded shape always does.

    :raises PromptVariables: when the test's variables are not those of this version.
    :raises ModelError: when there is no answer at all.
    """
    request = ChatRequest(messages_of(prompt, case.variables), max_tokens=max_tokens, purpose="prompt test")
    validator = case.validator
    began = time.perf_counter()
    try:
        answer = ask_validated(ask, request, Validator(validator.schema), judges, retries=0).answer
        shape = Judged("schema", 1.0, True)
    except InvalidOutput as error:
        answer = Answer(str(error.data.get("text", "")), str(error.data.get("model", "")), "", "stop")
        shape = Judged("schema", 0.0, False, error.why)
    latency = time.perf_counter() - began
    shapes = [shape] if validator.schema is not None else []
    ruled = judge(answer.text, validator.rules, judges)
    scores = [each.score for each in (*shapes, *ruled)]
    if case.expected:
        scores.append(likeness(answer.text, case.expected))
    accuracy = sum(scores) / len(scores) if scores else 1.0
    counts = (answer.input_tokens, answer.output_tokens)
    tokens = None if None in counts else sum(count for count in counts if count is not None)
    broken = [f"{each.rule}: {each.why}" for each in ruled if not each.passed]
    if broken and validator.on_violation == "log":
        current_span().set(semconv.VALIDATION, broken)
    failures = [f"{each.rule}: {each.why}" for each in shapes if not each.passed]
    failures += broken if validator.on_violation == "block" else []
    failures += _beyond(case.bounds, accuracy, latency, tokens)
    return CaseResult(
        case.id, redact(answer.text), answer.model, round(accuracy, 4), round(latency, 4), tokens, tuple(failures),
        tuple(broken) if validator.on_violation == "flag" else (),
    )  # fmt: skip


def messages_of(prompt: Prompt, variables: Mapping[str, str]) -> tuple[Message, ...]:
    """The conversation that a filled prompt is; what is filled in is cleaned of secrets.

    :raises UsageError: when it is none: code fills its parts.
    :raises PromptVariables: when the variables are not those of the prompt.
    """
    if "user" not in prompt.parts:
        parts = ", ".join(prompt.parts)
        raise UsageError(f"The prompt {prompt.name} has no part `user` that could be asked.", why=f"It has: {parts}.")
    system = [Message("system", prompt.fill("system").strip())] if "system" in prompt.parts else []
    return (*system, Message("user", redact(prompt.fill("user", **variables))))


def likeness(text: str, expected: str) -> float:
    """The share of words that two texts have in common, 0 to 1 (the F1 of SQuAD, arXiv:1606.05250)."""
    one, other = (Counter(re.findall(r"\w+", each.lower())) for each in (text, expected))
    common = (one & other).total()
    return 2 * common / (one.total() + other.total()) if common else 0.0


def _beyond(bounds: Mapping[str, float], accuracy: float, latency: float, tokens: int | None) -> list[str]:
    failures = []
    if accuracy < bounds.get("accuracy", 0.0):
        failures.append(f"accuracy {accuracy:.2f} is below {bounds['accuracy']:g}")
    if latency > bounds.get("latency", latency):
        failures.append(f"{latency:.2f} s is longer than {bounds['latency']:g} s")
    if "tokenUsage" in bounds and tokens is None:
        failures.append("the backend does not tell how many tokens it used")
    elif tokens is not None and tokens > bounds.get("tokenUsage", tokens):
        failures.append(f"{tokens} tokens are more than {bounds['tokenUsage']:g}")
    return failures


def _case(name: str, told: Any) -> PromptCase:
    if not isinstance(told, dict) or set(told) - {"id", "variables", "expectedOutput", "validation", "metrics"}:
        raise _invalid(name, "A test takes id, variables, expectedOutput, validation and metrics.")
    identifier, variables, bounds = told.get("id"), told.get("variables", {}), told.get("metrics", {})
    expected = told.get("expectedOutput", "")
    if not isinstance(identifier, str) or not re.fullmatch(r"[\w.-]{1,80}", identifier):
        raise _invalid(name, "The id of a test is a word.")
    if not isinstance(variables, dict) or not all(isinstance(text, str) for pair in variables.items() for text in pair):
        raise _invalid(name, f"The variables of {identifier} must be texts.")
    fine = isinstance(bounds, dict) and not set(bounds) - set(_METRICS) and isinstance(expected, str)
    if not fine or not all(type(bound) in (int, float) for bound in bounds.values()):
        raise _invalid(name, f"The metrics of {identifier} are numbers for {', '.join(_METRICS)}.")
    return PromptCase(identifier, variables, expected, Validator.read(told.get("validation", {})), bounds)


def _invalid(name: str, why: str) -> ResourceInvalid:
    return ResourceInvalid(
        f"The tests of the prompt {name} cannot be used.", why=why, next=f"Mend {name}{_SUFFIX}.yaml.", name=name
    )
