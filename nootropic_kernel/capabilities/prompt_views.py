"""What ``prompts`` shows: versions, tests and their runs, and one answer with what is wrong with it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from nootropic_kernel.agents.prompt_registry import Registered
from nootropic_kernel.capabilities.base import Result
from nootropic_kernel.models.prompts import Prompt
from nootropic_kernel.models.validation import Judged, Validated


class PromptEntry(BaseModel):
    """A prompt of one version: what it takes, and under which number and aliases MLflow has it."""

    name: str
    version: str
    description: str
    variables: list[str]
    number: int | None = None
    aliases: list[str] = Field(default_factory=list)
    new: bool = False

    @classmethod
    def of(cls, prompt: Prompt, entry: Registered | None = None, new: bool = False) -> PromptEntry:
        """A version that is a file, and what MLflow has of it."""
        return cls(
            name=prompt.name,
            version=prompt.version,
            description=prompt.description,
            variables=list(prompt.variables()),
            number=entry.number if entry else None,
            aliases=list(entry.aliases) if entry else [],
            new=new,
        )

    @classmethod
    def of_registered(cls, entry: Registered) -> PromptEntry:
        """A version that only MLflow has."""
        variables = list(Prompt(entry.name, entry.version, {"user": entry.text}).variables())
        return cls(
            name=entry.name, version=entry.version, description=entry.description, variables=variables,
            number=entry.number, aliases=list(entry.aliases),
        )  # fmt: skip


class TestEntry(BaseModel):
    """How one test of one version ended; latency in seconds."""

    prompt: str
    version: str
    test: str
    passed: bool
    accuracy: float
    latency_s: float
    tokens: int | None
    answer: str
    failures: list[str]
    flagged: list[str] = Field(default_factory=list)


class TestRun(BaseModel):
    """The tests of one version together; ``run`` is their run in MLflow, if they were kept."""

    prompt: str
    version: str
    model: str
    metrics: dict[str, float]
    run: str | None = None


class Broken(BaseModel):
    """A rule that an answer breaks."""

    rule: str
    score: float
    why: str

    @classmethod
    def of(cls, judged: Judged) -> Broken:
        """One violation."""
        return cls(rule=judged.rule, score=judged.score, why=judged.why)


class PromptRun(BaseModel):
    """The answer to a filled prompt, after how many attempts, and the rules that it breaks, where those only flag."""

    answer: str
    model: str
    backend: str
    attempts: int
    violations: list[Broken]

    @classmethod
    def of(cls, done: Validated) -> PromptRun:
        """What came of asking."""
        found, broken = done.answer, [Broken.of(each) for each in done.violations]
        return cls(
            answer=found.text, model=found.model, backend=found.backend, attempts=done.attempts, violations=broken
        )


class PromptsResult(Result):
    """What was asked for."""

    message: str
    prompts: list[PromptEntry] = Field(default_factory=list)
    shown: str = ""
    runs: list[TestRun] = Field(default_factory=list)
    tests: list[TestEntry] = Field(default_factory=list)
    ran: PromptRun | None = None

    @property
    def failed(self) -> bool:
        """Some test did not pass."""
        return not all(test.passed for test in self.tests)

    def text(self) -> str:
        """The message, then a line a prompt, run and test, and the text."""
        lines = [self.message] if self.message else []
        for each in self.prompts:
            where = f"  MLflow {each.number}" if each.number is not None else ""
            called = f" ({', '.join(each.aliases)})" if each.aliases else ""
            fresh = " new" if each.new else ""
            lines.append(f"  {each.name} {each.version}{where}{called}{fresh}  {each.description}")
        for run in self.runs:
            figures = "  ".join(f"{key} {value:.3g}" for key, value in run.metrics.items())
            lines.append(f"  {run.prompt} {run.version}  {figures}  by {run.model}")
            for test in self.tests:
                if (test.prompt, test.version) == (run.prompt, run.version):
                    lines.append(f"    {'✓' if test.passed else '✗'} {test.test}")
                    lines += [f"      {failure}" for failure in test.failures]
                    lines += [f"      flagged: {each}" for each in test.flagged]
        if self.ran is not None:
            lines += [f"  flagged: {each.rule}: {each.why}" for each in self.ran.violations]
        return "\n".join([*lines, *([self.shown.rstrip()] if self.shown else [])])
