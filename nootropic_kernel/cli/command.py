"""Reads a ``noo`` command line, runs its verb, prints the result and chooses the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import nootropic_kernel
from nootropic_kernel.capabilities.arguments import parse
from nootropic_kernel.capabilities.parameters import parameters
from nootropic_kernel.capabilities.registry import Entry, Registry, load_registry
from nootropic_kernel.capabilities.typed_words import nearest
from nootropic_kernel.cli.output import Output
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_GLOBAL = {"--json", "--yaml", "--no-pager", "--help", "-h", "--version", "--debug"}


@dataclass
class Line:
    """A command line, parted into what `noo` itself takes and what the verb takes."""

    words: list[str] = field(default_factory=list)
    folder: str | None = None
    form: str = "text"
    flags: set[str] = field(default_factory=set)
    completion: str | None = None


def run(arguments: list[str]) -> int:
    """Run one command line."""
    if arguments and arguments[0] == "--complete":
        from nootropic_kernel.cli.completion import answer

        return answer(arguments[1:])
    output = Output(_form(arguments), pager="--no-pager" not in _before_dashes(arguments))
    try:
        code = _told(arguments, output)
    except BrokenPipeError:  # nobody reads any more, errors included
        code = FAILED
    return _flush(code)


def _told(arguments: list[str], output: Output) -> int:
    """Run the command line and tell the person of any error."""
    try:
        return _run(arguments, output)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        output.error(Interrupted("Stopped."))
        return INTERRUPTED
    except Interrupted as error:
        output.error(error)
        return INTERRUPTED
    except Exception as error:
        known = error if isinstance(error, NootropicError) else _surprise(error)
        output.error(known)
        if "--debug" in arguments:
            traceback.print_exception(error)
        return USAGE if isinstance(error, UsageError) else FAILED


def _surprise(error: Exception) -> NootropicError:
    """An error that nobody foresaw, as one that a person can read."""
    if isinstance(error, OSError):
        return NootropicError("The command could not be carried out.", why=f"{type(error).__name__}: {error}")
    from nootropic_kernel.capabilities.invoke import InternalError

    return InternalError("noo", error)


def _flush(code: int) -> int:
    """Flush, and end quietly where the reader of a pipe went away first (``noo board | head``)."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed by whoever started us
            continue
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _form(arguments: list[str]) -> str:
    """The output form, known before anything can go wrong."""
    before = _before_dashes(arguments)
    return "json" if "--json" in before else "yaml" if "--yaml" in before else "text"


def _before_dashes(arguments: list[str]) -> list[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _read_line(arguments: list[str]) -> Line:
    line = Line(form=_form(arguments))
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            line.words += [word, *rest]
            break
        if word in _GLOBAL:
            line.flags.add({"-h": "--help"}.get(word, word))
        elif not line.words and (word == "-C" or word == "--completion"):
            if not rest:
                what = "a folder" if word == "-C" else "bash, zsh or fish"
                raise UsageError(f"`{word}` needs {what}.", next="`noo --help` shows the form.")
            if word == "-C":
                line.folder = str(Path(line.folder or ".", rest.pop(0)))
            else:
                line.completion = rest.pop(0)
        elif not line.words and word.startswith("-"):
            close = nearest(word, [*_GLOBAL, "-C", "--completion"])
            hint = f"Did you mean `{close}`?" if close else "Options of a verb come after the verb."
            raise UsageError(f"`noo` has no option `{word[:60]}`.", next=hint)
        else:
            line.words.append(word)
    if {"--json", "--yaml"} <= line.flags:
        raise UsageError("`--json` and `--yaml` do not go together.", next="Leave one of them out.")
    return line


def _run(arguments: list[str], output: Output) -> int:
    line = _read_line(arguments)
    if "--version" in line.flags:
        output.document({"version": nootropic_kernel.__version__}, f"nootropic {nootropic_kernel.__version__}")
        return OK
    if line.completion is not None:
        from nootropic_kernel.cli.completion import script

        output.document({"script": script(line.completion)}, script(line.completion).rstrip("\n"))
        return OK
    workspace = Workspace.find(line.folder)
    registry = load_registry(workspace)
    if not line.words or line.words[0] == "help":
        line.words = line.words[1:]
        line.flags.add("--help" if line.words or "help" in arguments else "")
    if not line.words:
        return _overview(registry, output, asked="--help" in line.flags)
    entry = registry.entry(line.words[0])
    if "--help" in line.flags:
        from nootropic_kernel.capabilities.help_text import verb_help

        output.document({"verb": entry.verb, "params": entry.params, "result": entry.result}, verb_help(entry))
        return OK
    values = parse(entry, line.words[1:])
    if topic := next((each for each in parameters(entry.params) if each.dialogue and each.name not in values), None):
        if _person_there(output):
            from nootropic_kernel.cli.dialogue import hold

            hold(topic.name, values, lambda said: _call(entry, said, workspace, registry, output), output)
            return OK
        values[topic.name] = "-"
    _read_standard_input(entry, values)
    return _call(entry, values, workspace, registry, output)


def _overview(registry: Registry, output: Output, *, asked: bool) -> int:
    from nootropic_kernel.capabilities.help_text import overview

    if not asked:
        if output.form != "text":
            raise UsageError("Name a verb.", next="`noo list-capabilities --json` lists them.")
        print(overview(registry), file=sys.stderr)
        return USAGE
    options = (
        "\n\nOptions before or after the verb: --json, --yaml, --help, --debug; before it: -C FOLDER, --version,\n"
        "--completion bash|zsh|fish. Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted."
    )
    summary = {entry.verb: entry.summary for entry in registry.verbs().values()}
    output.document({"verbs": summary}, overview(registry) + options)
    return OK


def _read_standard_input(entry: Entry, values: dict[str, Any]) -> None:
    for parameter in parameters(entry.params):
        if parameter.body and values.get(parameter.name) == "-":
            text = sys.stdin.read()
            if not text.strip():
                raise UsageError("Standard input is empty.", next=f"Pipe the {parameter.name} in, or write it out.")
            values[parameter.name] = text


def _call(entry: Entry, values: dict[str, Any], workspace: Workspace, registry: Registry, output: Output) -> int:
    from nootropic_kernel.capabilities.base import Session
    from nootropic_kernel.capabilities.foreground import run_in_foreground

    person_there = _person_there(output)
    session = Session(
        workspace=workspace,
        face="cli",
        emit=output.progress,
        approve=_approve if person_there else None,
        ask=_ask if person_there and sys.stderr is not None and sys.stderr.isatty() else None,
        edit_text=_edit if person_there else None,
        form=output.form,
        hand_over=output.give_back,
    )
    with output.only_document():
        # The process ends after this, so an interrupted step gets a while to come to its end in order.
        result = run_in_foreground(entry.verb, values, session, registry, patience_s=5.0)
    output.result(result)
    return FAILED if result.failed else OK


def _person_there(output: Output) -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and output.form == "text"


def _approve(question: str) -> bool:
    return (_ask(f"{question} [y/N] ") or "").strip().lower() in ("y", "yes")


def _ask(prompt: str) -> str | None:
    stream: TextIO = sys.stderr
    stream.write(prompt)
    stream.flush()
    return sys.stdin.readline() or None


def _edit(text: str, path: str) -> str:
    from nootropic_kernel.cli.editor import edit_text

    return edit_text(text, path)
