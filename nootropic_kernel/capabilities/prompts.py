"""``prompts``: the prompts and their versions, their tests, and their registry in MLflow."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Literal

from pydantic import Field

from nootropic_kernel.agents.prompt_registry import PromptRegistry, is_kept, metrics
from nootropic_kernel.agents.prompt_tests import load_suite, messages_of, run_case, tested_prompts
from nootropic_kernel.capabilities import plugins
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.prompt_sources import file_version, named, validator_of
from nootropic_kernel.capabilities.prompt_views import PromptEntry, PromptRun, PromptsResult, TestEntry, TestRun
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.models.contract import Answer, ChatRequest
from nootropic_kernel.models.forecast import foreseen_call
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.prompts import Prompt, load_prompt, prompt_versions
from nootropic_kernel.models.router import Router, choose
from nootropic_kernel.models.validation import Check, Judges, ask_validated
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.budget import within_budget
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import UsageError

_ALIAS = "noo prompts alias code_review production 1.0.0"
# The most tokens that the answer of `run` may have.
_MOST_TOKENS = 1024


class PromptsParams(Params):
    """What to do with which prompt."""

    action: Literal["list", "show", "diff", "search", "test", "run", "register", "alias"] = Field(
        "list",
        description="`list`, `show NAME [VERSION]`, `diff NAME [OLD] [NEW]`, `search WORDS`, `test [NAME] [VERSION…]`, "
        "`run NAME [VERSION]`, `register [NAME]` in MLflow, or `alias NAME ALIAS VERSION` there.",
        json_schema_extra={"position": 0},
    )
    name: str | None = Field(
        None,
        description="A prompt, or a word to search for.",
        json_schema_extra={"position": 1, "complete": "prompt"},
    )
    more: list[str] = Field(
        default_factory=list,
        description="Versions (1.0.0; in MLflow @ALIAS or #NUMBER), an alias, or more words.",
        json_schema_extra={"position": 2, "complete": "prompt-version"},
    )
    var: dict[str, str] = Field(default_factory=dict, description="For `run`: what to fill in.")
    schema_: str | None = Field(
        None,
        description="For `run`: a file with the JSON schema that the answer must match.",
        json_schema_extra={"complete": "path"},
    )
    rules: str | None = Field(
        None,
        description="For `run`: a YAML file with rules for the answer.",
        json_schema_extra={"complete": "path"},
    )
    on_violation: Literal["block", "flag", "log"] | None = Field(
        None,
        description="For `run`: refuse an answer that breaks a rule, show it with what is wrong, or only note that in "
        "the trace. `block` unless the rules' file says otherwise.",
    )
    log: bool = Field(True, description="Keep the tests as runs in MLflow, where that is installed; --no-log: do not.")


@capability(effect=CapabilityEffect.PROPOSE)
def prompts(params: PromptsParams, session: Session) -> PromptsResult:
    """List, compare, run, test and register the prompts that models are given.

    Prompts are files: `experiments/prompts/NAME-VERSION.yaml`, yours before those that come with Nootropic. `test` asks
    a model what `NAME.tests.yaml` says, for each version that you name (without one: the newest). Its runs are kept in
    the workspace's MLflow, where versions can be compared; `noo pipelines up` shows its page. Where there is one,
    `search` and `diff` know what is registered there too, by `@ALIAS` or `#NUMBER`.

    `run NAME --var KEY=VALUE` fills a prompt, asks a model and shows its answer. An answer that is not of the shape in
    `--schema`, or breaks a rule in `--rules`, is asked for again with what is wrong, twice at most. What is still not
    of the shape is an error; for rules, `--on-violation` decides. Rules are a YAML list of `{type, pattern,
    threshold}`: `regex` must be found, `ml` is a criterion that the model judges, `custom` a check of a trusted plugin;
    the threshold (0 to 1) is the least score that passes.
    """
    return _ACTIONS[params.action](params, session)


def _list(params: PromptsParams, session: Session) -> PromptsResult:
    if params.name is not None:
        raise UsageError("`prompts list` takes no name.", next=f"Did you mean `prompts show {params.name}`?")
    found = _all(session)
    return PromptsResult(message=f"{len(found)} prompts.", prompts=[PromptEntry.of(prompt) for prompt in found])


def _show(params: PromptsParams, session: Session) -> PromptsResult:
    chosen = named(_name(params), _at_most(params, 1)[0] if params.more else None, session)
    told = f"It takes: {', '.join(chosen.entry.variables) or 'nothing'}."
    return PromptsResult(message=told, prompts=[chosen.entry], shown=chosen.text)


def _diff(params: PromptsParams, session: Session) -> PromptsResult:
    name, chosen = _name(params), _at_most(params, 2)
    if not chosen:
        load_prompt(name, None, session.workspace)  # an unknown name is said as that
    known = prompt_versions(session.workspace).get(name, ())
    # Without versions, the two newest; with one, that against the newest.
    old, new = (
        chosen if len(chosen) == 2 else (chosen[0], known[-1] if known else None) if chosen else (known[-2:] * 2)[:2]
    )
    pair = [named(name, version, session) for version in (old, new)]
    titles = [f"{name} {each.title}" for each in pair]
    before, after = (each.text.splitlines() for each in pair)
    lines = list(difflib.unified_diff(before, after, titles[0], titles[1], lineterm=""))
    message = "" if lines else f"{titles[0]} and {titles[1]} have the same text."
    return PromptsResult(message=message, prompts=[each.entry for each in pair], shown="\n".join(lines))


def _search(params: PromptsParams, session: Session) -> PromptsResult:
    words = [word.lower() for word in (_name(params), *params.more)]
    registered = PromptRegistry(session.workspace).all_versions() if is_kept(session.workspace) else []
    by_text = {each.sha256: each for each in registered}
    entries = [(PromptEntry.of(prompt, by_text.pop(prompt.sha256, None)), prompt.text) for prompt in _all(session)]
    entries += [(PromptEntry.of_registered(each), each.text) for each in by_text.values()]
    found = [
        entry
        for entry, text in entries
        if all(
            word in f"{entry.name} {entry.version} {entry.description} {' '.join(entry.aliases)}\n{text}".lower()
            for word in words
        )
    ]
    return PromptsResult(message=f"{len(found)} prompts have that.", prompts=found)


def _run(params: PromptsParams, session: Session) -> PromptsResult:
    name, which = _name(params), _at_most(params, 1)
    prompt = load_prompt(name, file_version(name, which[0], session) if which else None, session.workspace)
    validator = validator_of(params.schema_, params.rules, params.on_violation, session.workspace)
    messages = messages_of(prompt, params.var)
    router = Router(session.settings(), session.workspace)
    label = f"{prompt.name}@{prompt.version}"

    def ask(request: ChatRequest) -> Answer:
        return router.answer(request, None, session.cancel, policy=Policy(prompt=label, reuse=False, mends_shape=True))

    session.workspace.ensure()  # what is only noted is noted in the trace
    session.status(f"Asking {router.choose().candidate.name} …")
    told = {semconv.PURPOSE: "prompt", semconv.PROMPT: prompt.name, semconv.PROMPT_VERSION: prompt.version}
    with span(session.workspace, "ask", told):
        request = ChatRequest(messages, max_tokens=_MOST_TOKENS, purpose="prompt")
        done = ask_validated(ask, request, validator, Judges(ask, plugin_checks(session)))
    again = "" if done.attempts == 1 else f", attempt {done.attempts}"
    message = f"{label} by {done.answer.model} ({done.answer.backend}{again})."
    ran = PromptRun.of(done)
    return PromptsResult(message=message, prompts=[PromptEntry.of(prompt)], shown=ran.answer, ran=ran)


def _test(params: PromptsParams, session: Session) -> PromptsResult:
    names = [params.name] if params.name is not None else tested_prompts(session.workspace)
    backend = choose(session.settings(), session.workspace)

    def ask(request: ChatRequest) -> Answer:
        with within_budget(foreseen_call(backend, request), session.settings().measuring):
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
                    flagged=list(each.flagged),
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
    entries = [PromptEntry.of(prompt, entry, new) for prompt, (entry, new) in zip(chosen, made, strict=True)]
    fresh = sum(entry.new for entry in entries)
    return PromptsResult(message=f"{fresh} registered, {len(entries) - fresh} were there.", prompts=entries)


def _alias(params: PromptsParams, session: Session) -> PromptsResult:
    if params.name is None or len(params.more) != 2:
        raise UsageError("`prompts alias` needs a prompt, an alias and a version.", next=f"For example: `{_ALIAS}`.")
    alias, version = params.more
    prompt = load_prompt(params.name, version, session.workspace)
    entry = PromptRegistry(session.workspace).set_alias(params.name, alias, version)
    message = f"prompts:/{params.name}@{alias} is version {version} now."
    return PromptsResult(message=message, prompts=[PromptEntry.of(prompt, entry)])


_ACTIONS: dict[str, Callable[[PromptsParams, Session], PromptsResult]] = {
    "list": _list,
    "show": _show,
    "diff": _diff,
    "search": _search,
    "test": _test,
    "run": _run,
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


def _name(params: PromptsParams) -> str:
    if params.name is None:
        raise UsageError(f"`prompts {params.action}` needs a name.", next="`noo prompts` lists the prompts.")
    return params.name


def _at_most(params: PromptsParams, count: int) -> list[str]:
    if len(params.more) > count:
        raise UsageError(f"`prompts {params.action}` takes {count} versions at most.", next="Leave the others out.")
    return params.more
