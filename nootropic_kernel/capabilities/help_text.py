"""The help of a verb, and of all verbs, from the registry alone."""

from __future__ import annotations

import textwrap

from nootropic_kernel.capabilities.parameters import Parameter, parameters
from nootropic_kernel.capabilities.registry import Entry, Registry

_EFFECTS = {
    "read": "Reads only.",
    "propose": "Proposes: your code and notebooks change only after your review.",
    "decide": "Decides: only you can call it, never an agent.",
}


def verb_help(entry: Entry, call: str = "noo") -> str:
    """Return the whole help of a verb; ``call`` is how it is called: ``noo``, ``%noo``, ``%%noo``."""
    known = parameters(entry.params)
    parts = [f"{entry.verb}: {entry.summary}", "Usage:\n" + textwrap.indent(_usage(entry, known, call), "  ")]
    if entry.help:
        parts.append(entry.help)
    plain = [p for p in known if p.position is not None]
    if plain:
        parts.append("Arguments:\n" + _table([(p.metavar, _about(p)) for p in plain]))
    rows = [(_option(p), _about(p)) for p in known if p.position is None]
    rows.append(("--help", "Show this text."))
    if call == "noo":
        rows.append(("--json, --yaml", "Print one document for programs."))
        rows.append(("--no-pager", "Print long results at once, not page by page in $PAGER."))
    else:
        rows.append(("--into NAME", "Also keep the result in the variable NAME."))
    parts.append("Options:\n" + _table(rows))
    parts.append(_EFFECTS.get(entry.effect, ""))
    return "\n\n".join(part for part in parts if part)


def overview(registry: Registry, call: str = "noo") -> str:
    """Return the list of all verbs with what each does."""
    lines = [f"{call} <verb> …", "", _table([(e.verb, e.summary) for e in registry.verbs().values()])]
    if call == "noo":
        lines += ["", f"`{call} <verb> --help` tells more about one."]
    else:
        lines += ["", "`%noo <verb> --help` tells more about one; `%%noo <verb>` takes the text below it."]
    for problem in registry.problems:
        lines.append(f"Problem with {problem['provider']}: {problem['message']}")
    for folder in registry.untrusted:
        lines.append(f"Plugin {folder['name']} is not loaded: {folder['why']}")
    return "\n".join(lines)


def _usage(entry: Entry, known: list[Parameter], call: str) -> str:
    words = [call, entry.verb]
    for p in known:
        if p.position is not None:
            word = p.metavar if "|" not in p.metavar else "{" + p.metavar + "}"
            word += " …" if p.kind == "array" or p.prose else ""
            words.append(word if p.required else f"[{word}]")
        elif p.required and not p.body:
            words.append(f"{p.flag} {p.metavar}")
    words.append("[OPTIONS]")
    lines = [" ".join(words)]
    body = next((p for p in known if p.body), None)
    if body is not None and call == "noo":
        lines.append(f"noo {entry.verb} {body.flag} TEXT   (`-` reads standard input)")
    elif body is not None:
        lines.append(f"%%noo {entry.verb}\n<{body.name.replace('-', ' ')}, as many lines as you like>")
    return "\n".join(lines)


def _option(p: Parameter) -> str:
    if p.kind == "boolean":
        short = f"-{p.short}, " if p.short else ""
        return f"--no-{p.flag[2:]}" if p.default is True else short + p.flag
    return f"{p.flag} {p.metavar}"


def _about(p: Parameter) -> str:
    text = p.description
    if p.choices and len(p.choices) > 6:
        text += f" One of: {', '.join(p.choices)}."
    if p.kind == "boolean" and p.default is True and p.position is None:
        text = f"Not: {text}"
    if p.kind in ("array", "mapping"):
        text += " Several with commas, or repeated." if p.by_comma else " May be repeated."
    if p.default not in (None, False, True, "", [], {}) and not p.secret:
        text += f" (default: {p.default})"
    if p.required:
        text += " (needed)"
    return text.strip()


def _table(rows: list[tuple[str, str]]) -> str:
    width = min(max((len(name) for name, _ in rows), default=0), 26)
    lines = []
    for name, about in rows:
        wrapped = textwrap.wrap(about, 76 - width) or [""]
        first = f"  {name:<{width}}  {wrapped.pop(0) if len(name) <= width else ''}".rstrip()
        lines.append(first)
        lines += [f"  {'':<{width}}  {line}" for line in wrapped]
    return "\n".join(lines)
