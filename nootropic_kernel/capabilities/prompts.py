"""``prompts``: the prompts and their versions, their tests, and their registry in MLflow."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.agents.prompt_registry import PromptRegistry, Registered, metrics
from nootropic_kernel.agents.prompt_tests import load_suite, run_case, tested_prompts
from nootropic_kernel.capabilities import plugins
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.models.contract import Answer, ChatRequest
from nootropic_kernel.models.prompts import Prompt, load_prompt, prompt_versions
from nootropic_kernel.models.router import choose
from nootropic_kernel.models.validation import Check, Judges
from nootropic_kernel.workspace.errors import UsageError

_ALIAS = "noo prompts alias code_review production 1.0.0"


class PromptsParams(Params):
    """What to do with which prompt."""

    action: Literal["list", "show", "diff", "search", "test", "register", "alias"] = Field(
        "list",
        description="`list`, `show NAME [VERSION]`, `diff NAME [OLD] [NEW]`, `search WORDS`, `test [NAME] [VERSION…]`, "
        "`register [NAME]` in MLflow, or `alias NAME ALIAS VERSION` there.",
        json_schema_extra={"position": 0},
    )
    name: str | None = Field(None, description="A prompt, or a word to search for.", json_schema_extra={"position": 1})
    more: list[str] = Field(
        default_factory=list, description="Versions, an alias, or more words.", json_schema_extra={"position": 2}
    )
    log: bool = Field(True, description="Keep the tests as runs in MLflow, where that is installed; --no-log: do not.")


class PromptEntry(BaseModel):
    """A prompt of one version: what it takes, and under which number and aliases MLflow has it."""

    name: str
    version: str
    description: str
    variables: list[str]
    number: int | None = None
    aliases: list[str] = Field(default_factory=list)
    new: bool = False


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


class TestRun(BaseModel):
    """The tests of one version together; ``run`` is their run in MLflow, if they were kept."""

    prompt: str
    version: str
    model: str
    metrics: dict[str, float]
    run: str | None = None


class PromptsResult(Result):
    """What was asked for."""

    message: str
    prompts: list[PromptEntry] = Field(default_factory=list)
    shown: str = ""
    runs: list[TestRun] = Field(default_factory=list)
    tests: list[TestEntry] = Field(default_factory=list)

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
        return "\n".join([*lines, *([self.shown.rstrip()] if self.shown else [])])


@capability(effect=CapabilityEffect.PROPOSE)
def prompts(params: PromptsParams, session: Session) -> PromptsResult:
    """List, compare, test and register the prompts that models are given.

    Prompts are files: `experiments/prompts/NAME-VERSION.yaml`, yours before those that come with Nootropic. `test` asks
    a model what `NAME.tests.yaml` says, for each version that you name (without one: the newest). Its runs are kept in
    the workspace's MLflow, where versions can be compared; `noo pipelines up` shows its page.
    """
    return _ACTIONS[params.action](params, session)


def _list(params: PromptsParams, session: Session) -> PromptsResult:
    if params.name is not None:
        raise UsageError("`prompts list` takes no name.", next=f"Did you mean `prompts show {params.name}`?")
    found = _all(session)
    return PromptsResult(message=f"{len(found)} prompts.", prompts=[_entry(prompt) for prompt in found])


def _show(params: PromptsParams, session: Session) -> PromptsResult:
    prompt = load_prompt(_name(params), _at_most(params, 1)[0] if params.more else None, session.workspace)
    told = f"It takes: {', '.join(prompt.variables()) or 'nothing'}."
    return PromptsResult(message=told, prompts=[_entry(prompt)], shown=prompt.text)


def _diff(params: PromptsParams, session: Session) -> PromptsResult:
    name = _name(params)
    load_prompt(name, None, session.workspace)  # an unknown name is said as that
    known = prompt_versions(session.workspace)[name]
    chosen = _at_most(params, 2)
    # Without versions, the two newest; with one, that against the newest.
    old, new = chosen if len(chosen) == 2 else (chosen[0], known[-1]) if chosen else (known[-2:] * 2)[:2]
    pair = [load_prompt(name, version, session.workspace) for version in (old, new)]
    titles = [f"{name} {version}" for version in (old, new)]
    before, after = (prompt.text.splitlines() for prompt in pair)
    lines = list(difflib.unified_diff(before, after, titles[0], titles[1], lineterm=""))
    message = "" if lines else f"{titles[0]} and {titles[1]} have the same text."
    return PromptsResult(message=message, prompts=[_entry(prompt) for prompt in pair], shown="\n".join(lines))


def _search(params: PromptsParams, session: Session) -> PromptsResult:
    words = [word.lower() for word in (_name(params), *params.more)]
    found = [
        prompt
        for prompt in _all(session)
        if all(word in f"{prompt.name} {prompt.version} {prompt.description}\n{prompt.text}".lower() for word in words)
    ]
    return PromptsResult(message=f"{len(found)} prompts have that.", prompts=[_entry(prompt) for prompt in found])


def _test(params: PromptsParams, session: Session) -> PromptsResult:
    names = [params.name] if params.name is not None else tested_prompts(session.workspace)
    backend = choose(session.settings(), session.workspace)

    def ask(request: ChatRequest) -> Answer:
        return backend.chat(request, None, session.cancel)

    judges = Judges(ask, plugin_checks(session))
    registry = _registry_for_log(session) if params.log else None
    result = PromptsResult(message="")
    for name in names:
        suite = load_suite(name, session.workspace)
        for version in params.more or [prompt_versions(session.workspace).get(name, ("",))[-1]]:
            prompt = load_prompt(name, version, session.workspace)
            done = []
            for number, case in enumerate(suite.cases):
                session.status(f"{name} {version}: {case.id} …", number / len(suite.cases))
                done.append(run_case(prompt, case, suite.max_tokens, ask, judges))
            run = registry.log_tests(prompt, done, backend.name, suite.max_tokens) if registry is not None else None
            model = next((each.model for each in done if each.model), backend.name)
            result.runs.append(TestRun(prompt=name, version=version, model=model, metrics=metrics(done), run=run))
            result.tests += [
                TestEntry(
                    prompt=name,
                    version=version,
                    test=each.id,
                    passed=each.passed,
                    accuracy=each.accuracy,
                    latency_s=each.latency_s,
                    tokens=each.tokens,
                    answer=each.answer,
                    failures=list(each.failures),
                )
                for each in done
            ]
    passed = sum(test.passed for test in result.tests)
    kept = "kept in MLflow" if registry else "not kept" if not params.log else "not kept: MLflow is not installed"
    result.message = f"{passed} of {len(result.tests)} tests passed; {kept}."
    return result


def _register(params: PromptsParams, session: Session) -> PromptsResult:
    session.status("Registering in MLflow …")
    chosen = [prompt for prompt in _all(session) if params.name in (None, prompt.name)]
    if not chosen:
        load_prompt(_name(params), None, session.workspace)
    made = PromptRegistry(session.workspace).register(chosen)
    entries = [_entry(prompt, entry, new) for prompt, (entry, new) in zip(chosen, made, strict=True)]
    fresh = sum(entry.new for entry in entries)
    return PromptsResult(message=f"{fresh} registered, {len(entries) - fresh} were there.", prompts=entries)


def _alias(params: PromptsParams, session: Session) -> PromptsResult:
    if params.name is None or len(params.more) != 2:
        raise UsageError("`prompts alias` needs a prompt, an alias and a version.", next=f"For example: `{_ALIAS}`.")
    alias, version = params.more
    prompt = load_prompt(params.name, version, session.workspace)
    entry = PromptRegistry(session.workspace).set_alias(params.name, alias, version)
    message = f"prompts:/{params.name}@{alias} is version {version} now."
    return PromptsResult(message=message, prompts=[_entry(prompt, entry)])


_ACTIONS: dict[str, Callable[[PromptsParams, Session], PromptsResult]] = {
    "list": _list,
    "show": _show,
    "diff": _diff,
    "search": _search,
    "test": _test,
    "register": _register,
    "alias": _alias,
}


def plugin_checks(session: Session) -> dict[str, Check]:
    """The checks of the plugins that the person trusts, as ``plugin.check``."""
    found: dict[str, Check] = {}
    for provider in load_registry(session.workspace).providers:
        source = plugins.Source(**provider["source"])
        if source.kind != "core":
            for name, check in plugins.load_describe(source)().get("checks", {}).items():
                found[f"{provider['name']}.{name}"] = check
    return found


def _registry_for_log(session: Session) -> PromptRegistry | None:
    from nootropic_kernel.agents.pipeline_stores import PipelinesNotInstalled

    try:
        return PromptRegistry(session.workspace)
    except PipelinesNotInstalled:
        return None  # tests run without MLflow; the message says that they were not kept


def _all(session: Session) -> list[Prompt]:
    known = prompt_versions(session.workspace)
    return [load_prompt(name, version, session.workspace) for name in known for version in known[name]]


def _entry(prompt: Prompt, entry: Registered | None = None, new: bool = False) -> PromptEntry:
    return PromptEntry(
        name=prompt.name,
        version=prompt.version,
        description=prompt.description,
        variables=list(prompt.variables()),
        number=entry.number if entry else None,
        aliases=list(entry.aliases) if entry else [],
        new=new,
    )


def _name(params: PromptsParams) -> str:
    if params.name is None:
        raise UsageError(f"`prompts {params.action}` needs a name.", next="`noo prompts` lists the prompts.")
    return params.name


def _at_most(params: PromptsParams, count: int) -> list[str]:
    if len(params.more) > count:
        raise UsageError(f"`prompts {params.action}` takes {count} versions at most.", next="Leave the others out.")
    return params.more
