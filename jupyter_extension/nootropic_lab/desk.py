"""Runs verbs beside the server's event loop, each in a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace, download_cache
from nootropic_lab.answers import encoded
from nootropic_lab.errors import UnknownVerb
from nootropic_lab.places import folder_below, in_workspace, on_server

if TYPE_CHECKING:
    from nootropic_kernel.capabilities.base import Progress, Result
    from nootropic_kernel.capabilities.registry import Entry, Registry

T = TypeVar("T")
_MOST_AT_ONCE = 8
_MOST_LOOKING = 4
# While verbs compute, their threads and the server's own take turns of so long. With Python's usual 5 ms the server
# waits that long behind each of them, many times in one request.
_SHORT_TURNS_S = 0.001
_DOCUMENT = "application/json"


class Busy(NootropicError):
    """So many verbs run already that another one would only slow them down."""


@dataclass(frozen=True)
class Call:
    """A request that was found to be one: the verb is there, and so is the folder."""

    entry: Entry
    registry: Registry
    workspace: Workspace
    arguments: dict[str, Any]
    unsaved: frozenset[str]
    forms: frozenset[str] | None


@dataclass(frozen=True)
class Lent:
    """What a verb may do towards the person; see :class:`~nootropic_kernel.capabilities.base.Session`."""

    emit: Callable[[Progress], None] = lambda progress: None
    approve: Callable[[str], bool] | None = None
    ask: Callable[[str], str | None] | None = None


class Desk:
    """The verbs of one Jupyter server.

    :param root: the folder that the server serves; every request names one below it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._running: set[threading.Event] = set()
        self._looking = asyncio.Semaphore(_MOST_LOOKING)

    async def describe(self, path: str = "") -> dict[str, Any]:
        """The verbs that the workspace of a folder offers, and what is wrong with some providers."""
        return await self.look(lambda: self._describe(path))

    async def prepare(self, verb: str, request: Mapping[str, Any]) -> Call:
        """Look at a request before anything runs.

        :param request: ``arguments``, ``path`` (the folder), ``unsaved`` (files with unsaved edits) and ``forms`` (the
            MIME types that are wanted; the document itself is `application/json`), all optional.
        :raises NootropicError: what is wrong with it.
        """
        arguments, path, unsaved, forms = _checked(request)
        return await self.look(lambda: self._prepared(verb, arguments, path, unsaved, forms))

    def perform(self, call: Call, cancel: threading.Event, lent: Lent | None = None) -> asyncio.Future[dict[str, Any]]:
        """Start a prepared call in a thread; its answer, or what it raises, comes with the future.

        :param cancel: set when nobody waits for the answer any more.
        :param lent: what hears the verb and answers it, in that thread; by default nobody does.
        :raises Busy: when too many run.
        """
        if len(self._running) >= _MOST_AT_ONCE:
            raise Busy("Too many verbs run at once in this server.", next="Wait until one ends, or stop one.")
        if not self._running:
            self._turns_s = sys.getswitchinterval()
            sys.setswitchinterval(min(self._turns_s, _SHORT_TURNS_S))
        self._running.add(cancel)
        return _apart(lambda: self._run(call, cancel, lent or Lent()), lambda: self._ended(cancel))

    def _ended(self, cancel: threading.Event) -> None:
        self._running.discard(cancel)
        if not self._running:
            sys.setswitchinterval(self._turns_s)

    async def written(self, call: Call, answer: Mapping[str, Any]) -> bytes:
        """An answer as it is sent.

        :raises InternalError: when it is no JSON: a fault of the verb.
        """
        from nootropic_kernel.capabilities.invoke import InternalError

        try:
            return await self.look(lambda: encoded(answer))
        except (TypeError, ValueError) as error:
            raise InternalError(call.entry.verb, error) from error

    async def look(self, work: Callable[[], T]) -> T:
        """Do short work in a thread; of many at once, some wait for their turn.

        :raises NootropicError: what the work raises.
        """
        async with self._looking:
            return await _apart(work)

    async def workspace(self, path: str) -> Workspace:
        """The workspace around a folder.

        :raises NootropicError: when the folder is refused.
        """
        return await self.look(lambda: Workspace.find(folder_below(self.root, path)))

    async def place(self, path: str) -> dict[str, Any]:
        """A file as its workspace names it; ``file`` is None for one that lies outside of every served workspace.

        :param path: as the browser names it; its folder must exist, the file need not.
        """
        folder, _, _ = path.strip("/").rpartition("/")
        workspace = await self.workspace(folder)
        named = await self.look(lambda: in_workspace(self.root, workspace.root, [path]))
        return {"file": next(iter(named), None)}

    def stop(self) -> None:
        """Ask every running verb to stop."""
        for cancel in list(self._running):
            cancel.set()

    def _describe(self, path: str) -> dict[str, Any]:
        registry = _registry(Workspace.find(folder_below(self.root, path)))
        return {
            "capabilities": [_entry_document(entry) for entry in registry.verbs().values()],
            "problems": registry.problems,
            "untrusted": registry.untrusted,
        }

    def _prepared(
        self, verb: str, arguments: dict[str, Any], path: str, unsaved: list[str], forms: frozenset[str] | None
    ) -> Call:
        workspace = Workspace.find(folder_below(self.root, path))
        registry = _registry(workspace)
        entry = _known(registry, verb)
        return Call(entry, registry, workspace, arguments, in_workspace(self.root, workspace.root, unsaved), forms)

    def _run(self, call: Call, cancel: threading.Event, lent: Lent) -> dict[str, Any]:
        from nootropic_kernel.capabilities.base import Session
        from nootropic_kernel.capabilities.invoke import invoke

        workspace = call.workspace
        session = Session(
            workspace=workspace,
            face="lab",
            emit=lent.emit,
            cancel=cancel,
            approve=lent.approve,
            ask=lent.ask,
            unsaved=call.unsaved,
        )
        try:
            result = invoke(call.entry.verb, call.arguments, session, registry=call.registry)
            decides = call.entry.effect == "decide"
            document = result.document() if decides or _wants(call, _DOCUMENT) else {}
            return {
                "result": document,
                "bundle": _bundle(result, call.forms),
                "failed": result.failed,
                "effect": call.entry.effect,
                "changed": on_server(workspace.root, self.root, _changed(document)) if decides else [],
            }
        finally:
            session.close()


def _apart(work: Callable[[], T], after: Callable[[], None] = lambda: None) -> asyncio.Future[T]:
    """Do some work in a thread of its own; what it returns or raises comes with the future."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(value: T | None, error: BaseException | None) -> None:
        after()
        if done.cancelled():
            return
        if error is None:
            done.set_result(value)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def target() -> None:
        value, failure = None, None
        try:
            value = work()
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(tell, value, failure)
        except RuntimeError:
            pass  # The server has stopped: nobody waits any more.

    # A daemon: a verb that is slow to stop does not keep the server from ending, and loses nothing by it.
    threading.Thread(target=target, name="nootropic-verb", daemon=True).start()
    return done


def _registry(workspace: Workspace) -> Registry:
    from nootropic_kernel.capabilities.registry import load_registry

    return load_registry(without_trace(workspace))


def without_trace(workspace: Workspace) -> Workspace:
    """The workspace, with its registry elsewhere while it has no state: to look at a folder leaves nothing in it."""
    if workspace.state_dir.exists():
        return workspace
    return replace(workspace, cache_dir=download_cache() / "registry")


def _known(registry: Registry, verb: str) -> Entry:
    try:
        return registry.entry(verb)
    except UsageError as error:
        raise UnknownVerb(error.what, why=error.why, next=error.next, **error.data) from error


def _checked(request: Mapping[str, Any]) -> tuple[dict[str, Any], str, list[str], frozenset[str] | None]:
    arguments, path, unsaved = request.get("arguments", {}), request.get("path", ""), request.get("unsaved", [])
    forms = request.get("forms")
    if not isinstance(arguments, dict):
        raise UsageError("`arguments` is not an object.", next="Give the arguments by name.")
    if not isinstance(path, str):
        raise UsageError("`path` is not a string.", next="Name a folder below the one that this server serves.")
    if not (isinstance(unsaved, list) and all(isinstance(item, str) for item in unsaved)):
        raise UsageError("`unsaved` is not a list of strings.", next="Name the files with unsaved edits.")
    if not (forms is None or (isinstance(forms, list) and all(isinstance(item, str) for item in forms))):
        raise UsageError("`forms` is not a list of strings.", next="Name the MIME types that you want, or none.")
    return arguments, path, unsaved, None if forms is None else frozenset(forms)


def _wants(call: Call, form: str) -> bool:
    return call.forms is None or form in call.forms


def _bundle(result: Result, forms: frozenset[str] | None) -> dict[str, Any]:
    """The wanted forms; of a large result the others take longer to make than the verb itself."""
    if forms is None:
        return result.bundle()
    wanted = forms - {_DOCUMENT}
    if not wanted:
        return {}
    if result.mime is not None and wanted == {result.mime}:
        return {result.mime: result.data()}
    return {form: value for form, value in result.bundle().items() if form in wanted}


def _changed(document: Mapping[str, Any]) -> list[str]:
    """The files that a decision wrote, from its result."""
    if document.get("already"):
        return []
    paths = document.get("paths")
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def _entry_document(entry: Entry) -> dict[str, Any]:
    return {
        "verb": entry.verb,
        "summary": entry.summary,
        "help": entry.help,
        "effect": entry.effect,
        "provider": entry.provider,
        "params": entry.params,
    }
