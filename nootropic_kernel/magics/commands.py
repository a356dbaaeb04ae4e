"""``%noo`` and ``%%noo``: from a line of text, and the cell below it, to a result."""

from __future__ import annotations

import keyword
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Unicode

from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nootropic_kernel.capabilities.registry import Entry, Registry


_YES = ("y", "yes")


@magics_class
class NooMagics(Magics):
    """The Nootropic agent workbench in a cell."""

    workspace = Unicode("", help="The folder to work in; empty: the current folder.").tag(config=True)
    model = Unicode("", help="The model for verbs that take one and are not told which.").tag(config=True)
    # The request whose calls are counted, and how many there were of each verb.
    _calls: tuple[str | None, dict[str, int]] = (None, {})
    debug = Bool(False, help="Show the whole traceback of an error instead of one message.").tag(config=True)

    @no_var_expand
    @line_cell_magic
    def noo(self, line: str, cell: str | None = None) -> Any:
        """Run a verb of Nootropic: `%noo <verb> …`, or `%%noo <verb>` with text from the second line on."""
        try:
            try:
                return self._run(line, cell)
            except KeyboardInterrupt:  # before the verb itself began
                raise Interrupted("Stopped.") from None
            except NootropicError:
                raise
            except Exception as error:
                raise _surprise(line, error) from error
        except NootropicError as error:
            if not self.debug:
                _show_short(error)
            raise

    def _run(self, line: str, cell: str | None) -> Any:
        with local_modules_last():
            from nootropic_kernel.capabilities.arguments import parse
            from nootropic_kernel.capabilities.typed_words import split_words

            silent = cell is None and line.rstrip().endswith(";")
            words = split_words(line.rstrip()[:-1] if silent else line)
            into = _take_into(words)
            workspace = self.find_workspace()
            registry = self._registry(workspace)
            call = "%noo" if cell is None else "%%noo"
            if not words or words[0] in ("--help", "-h", "help"):
                if cell is not None and not words:
                    raise UsageError("`%%noo` needs a verb.", next="Write for example `%%noo plan`.")
                return self._help(registry, words[1:2], call)
            entry = registry.entry(words[0])
            before = words[: words.index("--")] if "--" in words else words
            if "--help" in before or "-h" in before:
                return self._help(registry, words[:1], call)
            values = parse(entry, words[1:], cell, call="%noo")
            self._add_model(entry, values)
            result = self._call(entry, values, workspace, registry)
        if into is not None:
            self._interpreter().user_ns[into] = result
        return None if silent else result

    def find_workspace(self) -> Workspace:
        """The workspace of the configured folder, or of the current one."""
        return Workspace.find(self.workspace or None)

    def live_names(self) -> list[str]:
        """The person's variables."""
        from nootropic_kernel.magics.summaries import live_names

        return live_names(self._interpreter())

    def _interpreter(self) -> InteractiveShell:
        assert self.shell is not None
        return self.shell

    def _registry(self, workspace: Workspace) -> Registry:
        from nootropic_kernel.capabilities.registry import load_registry

        return load_registry(workspace)

    def _help(self, registry: Registry, verb: list[str], call: str) -> None:
        from nootropic_kernel.capabilities.help_text import overview, verb_help

        print(verb_help(registry.entry(verb[0]), call) if verb else overview(registry, "%noo"))

    def _add_model(self, entry: Entry, values: dict[str, Any]) -> None:
        if self.model and "model" in entry.params.get("properties", {}):
            values.setdefault("model", self.model)

    def _call(self, entry: Entry, values: dict[str, Any], workspace: Workspace, registry: Registry) -> Any:
        from nootropic_kernel.capabilities.base import Session
        from nootropic_kernel.capabilities.foreground import run_in_foreground
        from nootropic_kernel.magics.live import live_output
        from nootropic_kernel.telemetry.metrics import serve_as_settled

        shell = self._interpreter()
        question = self._question()
        with live_output(shell) as output:

            def ask(prompt: str) -> str | None:
                output.flush()  # what the question is about stands above it
                return question(prompt) if question is not None else None

            session = Session(
                workspace=workspace,
                face="magic",
                emit=output.show,
                approve=self._approval(),
                ask=None if question is None else ask,
                variables=MappingProxyType(shell.user_ns),
                cell=self._cell(entry.verb),
            )
            if told := serve_as_settled(workspace, session.settings().measuring.telemetry.metrics_port):
                print(told)
            result = run_in_foreground(entry.verb, values, session, registry, idle=output.flush)
        result.streamed()
        return result

    def _cell(self, verb: str) -> str:
        """The cell that calls, as the front end names it, and which of its calls of the verb this is; or nothing."""
        shell = self._interpreter()
        parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
        cell = parent.get("metadata", {}).get("cellId")
        if not isinstance(cell, str) or not cell:
            return ""
        request = parent.get("header", {}).get("msg_id")
        if self._calls[0] != request:
            self._calls = (request, {})
        counts = self._calls[1]
        counts[verb] = counts.get(verb, 0) + 1
        return f"{cell}#{counts[verb]}"

    def _approval(self) -> Callable[[str], bool] | None:
        """How to ask the person; None where the front end cannot (papermill, `jupyter execute`)."""
        ask = self._question()
        return None if ask is None else lambda question: (ask(f"{question} [y/N] ") or "").strip().lower() in _YES

    def _question(self) -> Callable[[str], str | None] | None:
        """How to ask for a line of text."""
        kernel = getattr(self.shell, "kernel", None)
        if kernel is not None and not getattr(kernel, "_allow_stdin", False):
            return None
        return _line


def _line(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None


def _noo_documentation() -> str:
    """What `%noo?` shows: the verbs as the registry has them now."""
    from nootropic_kernel.capabilities.help_text import overview
    from nootropic_kernel.capabilities.registry import load_registry

    with local_modules_last():
        return overview(load_registry(Workspace.find()), "%noo")


# IPython's inspector asks an object for `getdoc` before it reads `__doc__`.
setattr(NooMagics.noo, "getdoc", _noo_documentation)  # noqa: B010


def _surprise(line: str, error: Exception) -> NootropicError:
    """An error that nobody foresaw, as one that a person can read."""
    from nootropic_kernel.capabilities.invoke import InternalError

    return InternalError((line.split() or ["noo"])[0], error)


def _take_into(words: list[str]) -> str | None:
    """Take `--into NAME` out of the words: it is the shell's, not the verb's."""
    end = words.index("--") if "--" in words else len(words)
    for index, word in enumerate(words[:end]):
        if word == "--into":
            name = words[index + 1] if index + 1 < end else ""
            del words[index : index + 2]
        elif word.startswith("--into="):
            name = word.partition("=")[2]
            del words[index]
        else:
            continue
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError("`--into` needs the name of a variable.", next="Write for example `--into plan`.")
        return name
    return None


def _show_short(error: NootropicError) -> None:
    """Let IPython show the error as its message: the stack below it is ours, not the person's."""
    head = f"\x1b[31m{error.code}\x1b[39m: {error.what}"
    lines = [head, *(part for part in (error.why, error.next) if part)]
    error._render_traceback_ = lambda *_: lines  # type: ignore[attr-defined]


@contextmanager
def local_modules_last() -> Iterator[None]:
    """While we import modules of ours, a project's own `yaml.py` or `queue.py` must not stand in for the real one.

    The notebook's folder stays on the path, at its end, for the person's threads that run meanwhile.
    """
    here = os.path.realpath(os.getcwd())
    before = list(sys.path)
    local = [entry for entry in before if not entry or os.path.realpath(entry) == here]
    sys.path[:] = [entry for entry in before if entry not in local] + local
    moved = list(sys.path)
    try:
        yield
    finally:
        if sys.path == moved:
            sys.path[:] = before
        else:
            # Somebody changed the path meanwhile: keep that, and only bring the local entries to the front again.
            rest = [entry for entry in sys.path if entry not in local]
            sys.path[:] = [entry for entry in local if entry in sys.path] + rest
