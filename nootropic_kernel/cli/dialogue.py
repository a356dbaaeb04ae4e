"""A verb that is spoken with at a terminal: a line at a time, until the person has had enough."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from nootropic_kernel.cli.output import Output
from nootropic_kernel.workspace.errors import Interrupted, NootropicError

_GREETING = "A line is a message; end it with \\ to go on in the next. Ctrl-C stops an answer, Ctrl-D ends."


def hold(name: str, options: Mapping[str, Any], call: Callable[[dict[str, Any]], int], output: Output) -> None:
    """Ask for ``name`` and call the verb with it, again and again.

    :param options: what else was typed; it belongs to the first call only (a new chat is begun once).
    :param call: runs the verb with its values and shows its result; its errors are shown here.
    """
    # Importing it gives `input` a history and the usual editing keys.
    try:
        import readline  # noqa: F401
    except ImportError:
        pass  # a Python without it reads lines all the same
    print(_GREETING, file=sys.stderr)
    given = dict(options)
    while (message := _message()) is not None:
        if not message.strip():
            continue
        try:
            call({**given, name: message})
            given = {}
        except Interrupted as error:
            output.error(error)
            given = {}
        except NootropicError as error:
            output.error(error)
        print()


def _message() -> str | None:
    """What the person says next; None at the end."""
    lines: list[str] = []
    try:
        while True:
            line = input("> " if not lines else ". ")
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])
    except (EOFError, KeyboardInterrupt):
        print()
        return None
