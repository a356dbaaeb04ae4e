"""One call of a verb: arguments checked, span opened, surprises turned into errors that say what to do."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from nootropic_kernel.capabilities.base import Params, Result, Session
from nootropic_kernel.capabilities.registry import Registry, load_registry
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import NootropicError, UsageError


class InternalError(NootropicError):
    """A fault of ours or of a plugin; its cause is chained."""

    def __init__(self, verb: str, cause: BaseException) -> None:
        super().__init__(
            f"`{verb}` failed inside Nootropic.",
            why=f"{type(cause).__name__}: {cause}",
            next="Please report it with the traceback that `noo --debug` prints.",
            verb=verb,
            cause=type(cause).__name__,
        )


def invoke(verb: str, arguments: Mapping[str, Any], session: Session, *, registry: Registry | None = None) -> Result:
    """Run a verb.

    :param arguments: by parameter name, in kebab or snake case, as JSON values.
    :raises UsageError: for an unknown verb or arguments that do not fit.
    :raises NootropicError: what the verb raises.
    :raises InternalError: for anything else that it raises.
    """
    entry = (registry or load_registry(session.workspace)).entry(verb)
    function = entry.resolve()
    params = validated(verb, parameters_of(function), arguments)
    try:
        with span(session.workspace, f"noo {verb}", {semconv.VERB: verb, semconv.FACE: session.face}):
            result = function(params, session)
    except NootropicError as error:
        if session.in_notebook:
            error.told_in_cell()
        raise
    except KeyboardInterrupt:
        raise
    except Exception as error:
        raise InternalError(verb, error) from error
    if not isinstance(result, Result):
        raise InternalError(verb, TypeError(f"it returned {type(result).__name__}, not a Result"))
    return result


def parameters_of(function: Callable[..., Any]) -> type[Params]:
    """The parameter model of a capability, from its first annotation."""
    hints = typing.get_type_hints(function)
    names = [name for name in hints if name != "return"]
    model = hints[names[0]] if names else None
    if not (isinstance(model, type) and issubclass(model, Params)):
        raise TypeError(f"{function!r} does not take a Params model first")
    return model


def result_of(function: Callable[..., Any]) -> type[Result]:
    """The result model of a capability, from its return annotation."""
    model = typing.get_type_hints(function).get("return")
    if not (isinstance(model, type) and issubclass(model, Result)):
        raise TypeError(f"{function!r} does not return a Result model")
    return model


def validated(verb: str, model: type[Params], arguments: Mapping[str, Any]) -> Params:
    """The arguments as the verb's parameter model.

    :raises UsageError: naming each argument that does not fit.
    """
    if broken := [name for name, value in arguments.items() if not all(map(_usable, _texts(value)))]:
        raise UsageError(
            f"`{verb}` cannot use these arguments.",
            why=f"{', '.join(broken)}: half a character, or a zero byte, which no file's name and no command can hold.",
            next="Take these characters out.",
            verb=verb,
        )
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in fault['loc']) or verb}: {fault['msg']}" for fault in error.errors()]
        raise UsageError(
            f"`{verb}` cannot use these arguments.",
            why="; ".join(faults),
            next=f"See `noo {verb} --help`.",
            verb=verb,
            faults=faults,
        ) from error


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting += [*item, *item.values()]
        elif isinstance(item, list | tuple):
            waiting += item


def _usable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False
