"""Long work: a verb that goes on while the page is closed; its news as events, its answer kept for a while."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nootropic_kernel.capabilities.parameters import parameters
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError
from nootropic_kernel.workspace.secrets import redact
from nootropic_lab.desk import Busy, Call, Desk, Lent
from nootropic_lab.errors import NotAsked, UnknownRun, status_of
from nootropic_lab.questions import Questions
from nootropic_lab.rights import Person

if TYPE_CHECKING:
    from nootropic_kernel.capabilities.base import Progress

# Fewer than the desk takes: short lookups find a place beside them.
MOST_AT_ONCE = 6
MOST_KEPT = 50
MOST_KEPT_BYTES = 32 * 2**20
MOST_TEXT = 2**20
# Pieces of text that come within this time are one event.
GATHER_S = 0.03
PATIENCE_S = 0.6
# So many characters of an argument are told in a list.
MOST_TOLD = 2000

Tell = Callable[[Path, dict[str, Any], Callable[[Person], bool]], None]


class Run:
    """One verb that runs, or has run.

    ``seq`` counts its events; ``text`` is what it streamed, at most the last :data:`MOST_TEXT` characters.

    :param starter: the name of who started it.
    """

    def __init__(self, call: Call, path: str, tell: Tell, starter: str = "") -> None:
        self.id = secrets.token_hex(12)
        self.call = call
        self.path = path
        self.starter = starter
        self.state = "running"
        self.seq = 0
        self.text = ""
        self.left_out = 0
        self.progress: dict[str, Any] | None = None
        self.cancel = threading.Event()
        self.ended = asyncio.Event()
        self.questions = Questions(self._question_changed, self.cancel)
        self._asked: dict[str, Any] | None = None
        self._outcome: tuple[bytes, ...] = ()
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._guard = threading.Lock()
        self._pieces: list[str] = []
        self._news: dict[str, Any] | None = None
        self._gathering = False

    @property
    def size(self) -> int:
        """The bytes that it takes, about."""
        return sum(map(len, self._outcome)) + len(self.text)

    def emit(self, progress: Progress) -> None:
        """Take news from the verb's thread; they become events a moment later, several together."""
        with self._guard:
            if progress.kind == "text":
                self._pieces.append(progress.text)
            else:
                self._news = {"text": progress.text, "fraction": progress.fraction}
            if self._gathering:
                return
            self._gathering = True
        self._soon(self._loop.call_later, GATHER_S, self.flush)

    def lent(self, asks: bool) -> Lent:
        """What its verb may do towards the person.

        :param asks: whether a page shows what the verb asks.
        """
        if not asks:
            return Lent(self.emit)
        put = self.questions.put
        return Lent(self.emit, lambda text: put("approve", text) is True, lambda text: _line(put("ask", text)))

    def flush(self) -> None:
        """Tell what has been gathered."""
        with self._guard:
            text, news = "".join(self._pieces), self._news
            self._pieces, self._news, self._gathering = [], None, False
        if self.state != "running":
            return
        if text:
            kept = self.text + text
            self.left_out += max(0, len(kept) - MOST_TEXT)
            self.text = kept[-MOST_TEXT:]
            self._event("text", {"text": text[-MOST_TEXT:]})
        if news is not None:
            self.progress = news
            self._event("progress", news)

    def end(self, state: str, outcome: Mapping[str, bytes], told: Mapping[str, Any]) -> None:
        """Note the outcome, once.

        :param outcome: what ``GET`` answers with beside the state, each as JSON: ``answer``, or ``error`` and
            ``status``.
        :param told: the data of the last event.
        """
        if self.state != "running":
            return
        self.flush()
        self.state = state
        self._asked = None
        self._outcome = tuple(
            piece for name, value in outcome.items() for piece in (f", {json.dumps(name)}: ".encode(), value)
        )
        self.ended.set()
        self._event(state, told)

    def is_open_to(self, person: Person) -> bool:
        """Whether somebody may know what it was asked, and what it says."""
        return person.may_follow(self.call.entry.effect, self.starter)

    def line(self) -> dict[str, Any]:
        """What everybody may know of it."""
        return {"run": self.id, "verb": self.call.entry.verb, "path": self.path, "state": self.state}

    def head(self) -> dict[str, Any]:
        """What a list shows of it: plain arguments only, long texts cut, and no secrets: as what was asked is kept."""
        secret = {_plain(each.name) for each in parameters(self.call.entry.params) if each.secret}
        told = {
            name: _told(value) if isinstance(value, str) else value
            for name, value in self.call.arguments.items()
            if isinstance(value, str | int | float | bool) and _plain(name) not in secret
        }
        return {**self.line(), "arguments": told}

    def begin(self) -> None:
        """Tell that it goes on from now on: other pages may follow it."""
        self._event("started", self.head())

    def document(self) -> tuple[bytes, ...]:
        """All that is known of it, as JSON in pieces. The outcome may be large, and is not copied."""
        known = {
            "seq": self.seq,
            "text": self.text,
            "left_out": self.left_out,
            "progress": self.progress,
            "question": self._asked,
        }
        document = json.dumps({**self.head(), **known}).encode()
        return document[:-1], *self._outcome, b"}"

    def _question_changed(self) -> None:
        """In the verb's thread: what it streamed before stands above the question."""
        question = self.questions.open
        self._soon(self._ask, question and question.document())

    def _ask(self, question: dict[str, Any] | None) -> None:
        self.flush()
        if self.state == "running":
            self._asked = question
            self._event("asked", {"question": question})

    def _soon(self, work: Callable[..., object], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(work, *arguments)
        except RuntimeError:
            pass  # The server has stopped: nobody listens any more.

    def _event(self, name: str, data: Mapping[str, Any]) -> None:
        self.seq += 1
        event = {"kind": "run", "run": self.id, "seq": self.seq, "event": name, "data": dict(data)}
        self._tell(self.call.workspace.root, event, self.is_open_to)


class Runs:
    """The runs of one server.

    :param desk: performs the verbs.
    :param tell: takes each event, with the root of the workspace that it belongs to, and who may hear all of it.
    :param ended: told after a verb has ended, however it did.
    """

    def __init__(self, desk: Desk, tell: Tell, ended: Callable[[], None] = lambda: None) -> None:
        self._desk = desk
        self._tell = tell
        self._ended = ended
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, verb: str, request: Mapping[str, Any], allow: Callable[[Call], Awaitable[None]], starter: str = ""
    ) -> Run:
        """Start a verb; a wrong request is refused at once, what the verb refuses comes with the run.

        :param allow: raises when the person may not do what the verb does.
        :param starter: the person's name.
        :raises NootropicError: what is wrong with the request.
        :raises Busy: when too many run.
        """
        asks = request.get("asks", False)
        if not isinstance(asks, bool):
            raise UsageError("`asks` is not true or false.", next="Say true where a page shows what the verb asks.")
        call = await self._desk.prepare(verb, request)
        await allow(call)
        if sum(run.state == "running" for run in self._runs.values()) >= MOST_AT_ONCE:
            raise Busy("Too many runs at once in this server.", next="Wait until one ends, or stop one.")
        run = Run(call, str(request.get("path", "")), self._tell, starter)
        work = self._desk.perform(call, run.cancel, run.lent(asks))
        self._runs[run.id] = run
        run.begin()
        task = asyncio.get_running_loop().create_task(self._finish(run, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    def get(self, name: str) -> Run:
        """A run by its id.

        :raises UnknownRun: when there is none.
        """
        try:
            return self._runs[name]
        except KeyError as error:
            raise UnknownRun(name) from error

    def answer(self, name: str, number: int, answer: Any) -> Run:
        """Answer what a run asks.

        :raises UnknownRun: when there is no such run.
        :raises NotAsked: when it does not ask this (any more).
        :raises WrongAnswer: when the answer does not fit.
        """
        run = self.get(name)
        if run.state != "running":
            raise NotAsked(number)
        run.questions.answer(number, answer)
        return run

    def heads(self, person: Person) -> list[dict[str, Any]]:
        """The runs that are known, oldest first, as somebody may see them."""
        return [run.head() if run.is_open_to(person) else run.line() for run in self._runs.values()]

    async def cancel(self, name: str) -> Run:
        """Stop a run; control comes back within a second, whatever the verb does.

        :raises UnknownRun: when there is none.
        """
        run = self.get(name)
        if run.state == "running":
            run.cancel.set()
            try:
                await asyncio.wait_for(run.ended.wait(), PATIENCE_S)
            except TimeoutError:
                _stopped(run, "The step in hand comes to its end in the background; no further one is begun.")
                self._forget()
        return run

    def stop(self) -> None:
        """Let go of the runs: the server stops."""
        for task in self._tasks:
            task.cancel()

    async def _finish(self, run: Run, work: asyncio.Future[dict[str, Any]]) -> None:
        try:
            answer = await work
            written = await self._desk.written(run.call, answer)
        except NootropicError as error:
            if run.cancel.is_set() and isinstance(error, Interrupted):
                _stopped(run, error.why, error.data)
            else:
                _failed(run, error)
        except Exception as error:
            from nootropic_kernel.capabilities.invoke import InternalError

            _failed(run, InternalError(run.call.entry.verb, error))
        else:
            run.end("done", {"answer": written}, {"effect": answer["effect"], "changed": answer["changed"]})
        self._ended()
        self._forget()

    def _forget(self) -> None:
        """The oldest ended runs go until what is kept is bounded; the one that ended last stays."""
        ended = [run for run in self._runs.values() if run.state != "running"]
        size = sum(run.size for run in ended)
        for number, run in enumerate(ended[:-1]):
            if len(ended) - number <= MOST_KEPT and size <= MOST_KEPT_BYTES:
                return
            size -= run.size
            del self._runs[run.id]


def _texts(told: Mapping[str, Any]) -> dict[str, bytes]:
    """An error as JSON: a value that is none is named by its text, so that an error never hides behind another."""
    return {name: json.dumps(value, default=str).encode() for name, value in told.items()}


def _plain(name: str) -> str:
    """A parameter's name, however it is spelt: faces show `allow-executable`, Python says `allow_executable`."""
    return name.rstrip("_").replace("_", "-")


def _told(text: str) -> str:
    """A text that can be recognised in what is kept of it: without secrets, and with a mark where it goes on."""
    told = redact(text[: 2 * MOST_TOLD])
    return told if len(told) <= MOST_TOLD else f"{told[:MOST_TOLD]}…"


def _line(answer: bool | str | None) -> str | None:
    return answer if isinstance(answer, str) else None


def _failed(run: Run, error: NootropicError) -> None:
    told = {"error": error.to_json(), "status": status_of(error)}
    run.end("failed", _texts(told), told)


def _short(data: Mapping[str, Any]) -> dict[str, Any]:
    """An error's data without what the run's text tells already."""
    return {key: value for key, value in data.items() if key not in ("partial", "verb")}


def _stopped(run: Run, why: str, data: Mapping[str, Any] | None = None) -> None:
    error = Interrupted(f"`{run.call.entry.verb}` was stopped.", **_short(data or {}), verb=run.call.entry.verb)
    error.why = why or error.why
    told = {"error": error.to_json(), "status": 409}
    run.end("cancelled", _texts(told), told)
