"""Words typed after a verb become the verb's arguments, for the magics and the command line alike.

The parameter schema in the registry is all this needs: a verb's own module is not imported, so parsing, help and
completion stay instant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nootropic_kernel.capabilities.parameters import Parameter, parameters
from nootropic_kernel.capabilities.typed_words import nearest
from nootropic_kernel.workspace.errors import UsageError

if TYPE_CHECKING:
    from nootropic_kernel.capabilities.registry import Entry


def _suggest(word: str, known: Sequence[str], otherwise: str) -> str:
    close = nearest(word, known)
    return f"Did you mean `{close}`?" if close else otherwise


def parse(entry: Entry, tokens: Sequence[str], body: str | None = None, *, call: str = "noo") -> dict[str, Any]:
    """Turn typed words and a cell's text into the arguments of a verb.

    :param body: the cell's text; None where there is none (a line magic, the command line).
    :param call: how the person calls verbs (`noo`, `%noo`), for what an error tells them to type.
    :raises UsageError: for anything the verb does not take, with the nearest name it does.
    """
    return _Parser(entry, call).parse(list(tokens), body)


class _Parser:
    def __init__(self, entry: Entry, call: str) -> None:
        self.verb = entry.verb
        self.call = call
        self.known = parameters(entry.params)
        self.by_flag = {p.flag: p for p in self.known} | {f"-{p.short}": p for p in self.known if p.short}
        self.help = f"`{call} {entry.verb} --help` lists what it takes."
        self.values: dict[str, Any] = {}
        self.listed: Parameter | None = None  # the option before, where it takes several values
        self.plain = [p for p in self.known if p.position is not None]

    def parse(self, tokens: list[str], body: str | None) -> dict[str, Any]:
        options_over = False
        while tokens:
            token = tokens.pop(0)
            if options_over or not self._is_option(token):
                self._positional(token)
            elif token == "--":
                options_over = True
            else:
                self._option(token, tokens)
        self._take_body(body)
        self._require()
        return self.values

    def _is_option(self, token: str) -> bool:
        if len(token) < 2 or not token.startswith("-"):
            return False
        return not re.fullmatch(r"-\d+(\.\d+)?", token)

    def _option(self, token: str, rest: list[str]) -> None:
        flag, equals, value = token.partition("=")
        flag = flag.replace("_", "-")
        parameter = self.by_flag.get(flag)
        if parameter is None and flag.startswith("--no-") and not equals:
            negated = self.by_flag.get("--" + flag[5:])
            if negated is not None and negated.kind == "boolean":
                self._set(negated, False)
                return
        if parameter is None:
            flags = [*self.by_flag, "--help"]
            raise UsageError(
                f"`{self.verb}` has no option `{flag}`.", next=_suggest(flag, flags, self.help), option=flag
            )
        if parameter.kind == "boolean" and not equals:
            self._set(parameter, True)
            return
        numbered = parameter.kind in ("integer", "number") and rest and re.fullmatch(r"\d+", rest[0])
        if not equals and parameter.bare is not None and not numbered:
            self._set(parameter, parameter.bare)
            return
        if not equals:
            if not rest:
                raise UsageError(f"`{flag}` needs a value.", next=f"Write `{flag} {parameter.metavar}`.")
            value = rest.pop(0)
        while parameter.by_comma and value.endswith(",") and rest and not self._is_option(rest[0]):
            value += rest.pop(0)
        self._give(parameter, value)
        self.listed = parameter if parameter.kind == "array" else None

    def _positional(self, token: str) -> None:
        for parameter in self.plain:
            if parameter.kind == "array" or parameter.kind == "mapping":
                self._give(parameter, token)
                return
            if parameter.words:
                before = self.values.get(parameter.name)
                self.values[parameter.name] = token if before is None else f"{before} {token}"
                return
            if parameter.name not in self.values:
                self._give(parameter, token)
                return
        text = next((p for p in self.known if p.body), None)
        if token == "-" and text is not None and text.name not in self.values:
            self.values[text.name] = token
            return
        last = self.plain[-1] if self.plain else None
        if self.listed is not None:
            hint = f"`{self.listed.flag}` takes one value each time: write it before each of them."
            if self.listed.by_comma:
                hint = f"Several values of `{self.listed.flag}` are parted by commas: `{self.listed.flag} A,B`."
        elif text is not None:
            hint = f"Free text goes into the cell below `%%noo {self.verb}`, or after `{text.flag}` in quotes."
        elif last is not None and last.kind == "string" and not last.choices:
            hint = f"Put {last.metavar} in quotes if it has spaces."
        else:
            hint = self.help
        raise UsageError(f"`{self.verb}` does not know what to do with `{_shorten(token)}`.", next=hint)

    def _give(self, parameter: Parameter, text: str) -> None:
        if parameter.by_comma and "," in text:
            for part in filter(None, (each.strip() for each in text.split(","))):
                self._give(parameter, part)
        elif parameter.kind == "array":
            self.values.setdefault(parameter.name, []).append(self._value(parameter, parameter.item, text))
        elif parameter.kind == "mapping":
            key, equals, value = text.partition("=")
            if not equals or not key:
                raise UsageError(
                    f"`{parameter.flag}` takes KEY=VALUE, not `{_shorten(text)}`.",
                    next=f"Write for example `{parameter.flag} name=value`.",
                )
            self.values.setdefault(parameter.name, {})[key] = self._value(parameter, parameter.item, value)
        else:
            self._set(parameter, self._value(parameter, parameter.kind, text))

    def _set(self, parameter: Parameter, value: Any) -> None:
        if parameter.name in self.values:
            raise UsageError(f"`{parameter.flag}` is given twice.", next="Leave one of the two out.")
        self.values[parameter.name] = value

    def _value(self, parameter: Parameter, kind: str, text: str) -> Any:
        if parameter.choices and kind != "boolean":
            return self._choice(parameter, text)
        try:
            if kind == "integer":
                return int(text)
            if kind == "number":
                return float(text)
            if kind == "json":
                return json.loads(text)
        except (ValueError, RecursionError) as error:
            wanted = {"integer": "a whole number", "number": "a number", "json": "a JSON value"}[kind]
            raise UsageError(f"`{parameter.flag}` takes {wanted}, not `{_shorten(text)}`.", next=self.help) from error
        if kind == "boolean":
            if text.lower() in ("true", "yes", "on", "1"):
                return True
            if text.lower() in ("false", "no", "off", "0"):
                return False
            raise UsageError(
                f"`{parameter.flag}` is yes or no, not `{_shorten(text)}`.",
                next=f"Write `{parameter.flag}` or `--no-{parameter.flag[2:]}`.",
            )
        return text

    def _choice(self, parameter: Parameter, text: str) -> Any:
        if text not in parameter.choices:
            name = parameter.flag if parameter.position is None else parameter.name.upper()
            known = ", ".join(parameter.choices)
            raise UsageError(
                f"`{_shorten(text)}` is no value for {name} of `{self.verb}`.",
                why=f"It takes {known}.",
                next=_suggest(text, parameter.choices, self.help),
            )
        return parameter.values[parameter.choices.index(text)]

    def _take_body(self, body: str | None) -> None:
        if body is None:
            return
        parameter = next((p for p in self.known if p.body), None)
        if parameter is None:
            if body.strip():
                raise UsageError(
                    f"`{self.verb}` takes no text from the cell.",
                    next=f"Write it in one line: `%noo {self.verb} …`.",
                )
            return
        if not body.strip():
            raise UsageError(
                f"The cell below `%%noo {self.verb}` is empty.",
                next=f"Write the {parameter.name.replace('-', ' ')} from its second line on.",
            )
        if parameter.name in self.values:
            raise UsageError(
                f"The {parameter.name} is given twice: in the cell and as `{parameter.flag}`.",
                next="Leave one of the two out.",
            )
        self.values[parameter.name] = body

    def _require(self) -> None:
        for parameter in self.known:
            if not parameter.required or parameter.name in self.values:
                continue
            if parameter.position is not None:
                hint = f"Write `{self.call} {self.verb} {parameter.metavar}`."
            elif parameter.body:
                hint = f"Write it below `%%noo {self.verb}`, or after `{parameter.flag}`."
            else:
                hint = f"Add `{parameter.flag} {parameter.metavar}`."
            what = parameter.name.replace("-", " ")
            raise UsageError(f"`{self.verb}` needs {what}.", why=parameter.description, next=hint)


def _shorten(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
