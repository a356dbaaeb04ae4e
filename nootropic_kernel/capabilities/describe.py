"""Describes one provider of verbs as JSON: run as a process of its own by the registry."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import nootropic_kernel
from nootropic_kernel import capabilities
from nootropic_kernel.capabilities import plugins

_AMOUNT = {"type": "number", "minimum": 0}
_SETTINGS = {
    "type": "object",
    "properties": {
        "modelPreference": {"type": "array", "items": {"type": "string"}},
        "useGPU": {"type": "boolean", "default": True},
        "maxModelSizeGB": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "allowCloudFallback": {"type": "boolean", "default": False},
        "commitOnAccept": {"type": "boolean", "default": True},
        "backends": {"type": "object"},
        "trustedPlugins": {"type": "object", "additionalProperties": {"type": "string"}},
        "telemetry": {
            "type": "object",
            "properties": {
                "promptText": {"enum": ["off", "local", "export"], "default": "local"},
                "otlpEndpoint": {"type": "string", "format": "uri"},
                "mlflow": {"type": "boolean", "default": True},
                "metricsPort": {"type": "integer", "minimum": 1, "maximum": 65535},
            },
        },
        "tariff": {
            "type": "object",
            "properties": dict.fromkeys(("usdPerKwh", "maxWatts", "idleWatts", "machineUsd", "machineHours"), _AMOUNT),
        },
        "prices": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": dict.fromkeys(("input", "output", "cacheRead"), _AMOUNT),
                "required": ["input", "output"],
            },
        },
        "budget": {
            "type": "object",
            "properties": dict.fromkeys(("perDayUsd", "perRunUsd", "perPlanUsd"), _AMOUNT),
        },
    },
}


class Description(BaseModel):
    """What a plugin's ``describe()`` returns; ``checks`` are for rules of prompt tests: a text in, 0 to 1 out."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: str = Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(min_length=1, max_length=80)
    configSchema: dict[str, Any] = {}
    capabilities: list[Callable[..., Any]] = Field(min_length=1)
    checks: dict[str, Callable[[str], float | bool]] = {}


def describe(source: plugins.Source) -> dict[str, Any]:
    """Return the manifest of a provider. A fault of a plugin is raised as what it is."""
    if source.kind == "core":
        return _core(source)
    answer = Description.model_validate(plugins.load_describe(source)())
    return {
        "name": answer.name,
        "version": answer.version,
        "source": _plain(source),
        "configSchema": answer.configSchema,
        "capabilities": [capability(function) for function in answer.capabilities],
    }


def _core(source: plugins.Source) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    problems: list[dict[str, str]] = []
    for module in sorted(info.name for info in pkgutil.iter_modules(capabilities.__path__)):
        if module == "describe":
            continue
        try:
            loaded = importlib.import_module(f"{capabilities.__name__}.{module}")
            for value in list(vars(loaded).values()):
                if hasattr(value, "__capability__") and value.__module__ == loaded.__name__:
                    entry = capability(value)
                    found[entry["verb"]] = entry
        except Exception as error:
            problems.append(
                {
                    "provider": source.name,
                    "module": module,
                    "message": f"The module {module} cannot be used: {type(error).__name__}: {error}",
                    "next": "`noo doctor` checks the installation.",
                }
            )
    return {
        "name": source.name,
        "version": nootropic_kernel.__version__,
        "source": _plain(source),
        "configSchema": _SETTINGS,
        "capabilities": [found[verb] for verb in sorted(found)],
        "problems": problems,
    }


def capability(function: Callable[..., Any]) -> dict[str, Any]:
    """The registry's entry for one function."""
    from nootropic_kernel.capabilities.invoke import parameters_of, result_of

    mark = getattr(function, "__capability__", None)
    if mark is None:
        raise TypeError(f"{function!r} is not marked with @capability")
    text = inspect.getdoc(function) or ""
    if not text.strip():
        raise TypeError(f"the verb {mark.verb} has no docstring, which is its help")
    summary, _, rest = text.partition("\n")
    return {
        "verb": mark.verb,
        "summary": summary.strip(),
        "help": rest.strip(),
        "effect": str(mark.effect),
        "module": function.__module__,
        "function": function.__name__,
        "params": parameters_of(function).model_json_schema(by_alias=True),
        "result": result_of(function).model_json_schema(by_alias=True, mode="serialization"),
    }


def _plain(source: plugins.Source) -> dict[str, str]:
    return {"kind": source.kind, "name": source.name, "location": source.location, "sha256": source.sha256}


def _reason(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        return "describe() returned the wrong shape: " + "; ".join(faults)
    if isinstance(error, SystemExit):
        return f"It ended the process with exit code {error.code}."
    return f"{type(error).__name__}: {error}"


def main() -> None:
    """Describe the source named by the first argument; the answer is the only thing on standard output."""
    warnings.simplefilter("ignore")
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a plugin prints is not an answer
    try:
        answer: dict[str, Any] = {"manifest": describe(plugins.Source(**json.loads(sys.argv[1])))}
        text = json.dumps(answer)
    except BaseException as error:
        text = json.dumps({"error": _reason(error)})
    answer_to.write(text)
    answer_to.flush()
    os._exit(0)  # threads that a plugin left behind do not keep us


if __name__ == "__main__":
    main()
