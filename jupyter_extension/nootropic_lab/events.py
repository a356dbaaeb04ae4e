"""Brings what happens in a workspace to the pages that look at it: journal rows and news of runs."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_lab.journal_watch import BATCH, JournalWatch, message
from nootropic_lab.rights import Person, for_others

T = TypeVar("T")
POLL_S = 0.2
# Where there is no database yet, only the file's being there is asked for, and seldom.
ABSENT_S = 2.0
MOST_WAITING = 2000
MOST_WAITING_BYTES = 4 * 2**20


class Slow(Exception):
    """A listener that does not keep up: it is let go, and resumes where it stood."""


class Listener:
    """What waits to be sent to one page.

    :param person: whose page it is.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self._waiting: deque[str] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._slow = False

    def put(self, line: str) -> None:
        """Take a message; too many that wait let go of all of them."""
        if self._slow:
            return
        self._waiting.append(line)
        self._size += len(line)
        if len(self._waiting) > MOST_WAITING or self._size > MOST_WAITING_BYTES:
            self._slow = True
            self._waiting.clear()
        self._news.set()

    async def next(self) -> str:
        """The next message.

        :raises Slow: when too many have waited.
        """
        while not self._waiting:
            if self._slow:
                raise Slow
            self._news.clear()
            await self._news.wait()
        line = self._waiting.popleft()
        self._size -= len(line)
        return line


class Topic:
    """The listeners of one workspace, and the one task that watches its journal for them."""

    def __init__(self, workspace: Workspace, instance: str) -> None:
        self.root = workspace.root
        self._instance = instance
        self._watch = JournalWatch(workspace.state_dir)
        self._turn = asyncio.Lock()
        self._nudge = asyncio.Event()
        self._trouble = ""
        self._closed = False
        # The newest row that listeners were told of, and of which journal; changed only in the turn of the loop that
        # tells them.
        self.told = 0
        self.journal = ""
        self.listeners: set[Listener] = set()
        self.begun = asyncio.get_running_loop().create_task(self._begin())
        self.task = asyncio.get_running_loop().create_task(self._run())

    def hello(self, last: int) -> str:
        """The first message: where which journal stands. It comes again when another has taken its place."""
        return json.dumps({"kind": "hello", "last": last, "journal": self.journal, "instance": self._instance})

    async def since(self, after: int, until: int) -> list[str]:
        """Messages of older rows, a bounded batch.

        :raises NootropicError: when the journal cannot be read now.
        """
        return await self._apart(lambda: [message(row) for row in self._watch.since(after, until)])

    def send(self, document: dict[str, Any]) -> None:
        """Give every listener a message."""
        self._put(json.dumps(document, default=str))

    def send_of_run(self, event: dict[str, Any], is_open_to: Callable[[Person], bool]) -> None:
        """Give news of a run to those who may hear it; the others get what everybody may know."""
        whole, rest = json.dumps(event, default=str), for_others(event)
        for listener in self.listeners:
            if is_open_to(listener.person):
                listener.put(whole)
            elif rest is not None:
                listener.put(json.dumps(rest))

    def look_soon(self) -> None:
        """Somebody did something here: do not wait for the next turn."""
        self._nudge.set()

    async def close(self) -> None:
        """Watch no more. The task is told, not cancelled: it may be between a thread and the lock."""
        self._closed = True
        self._nudge.set()
        await asyncio.gather(self.task, self.begun)
        await self._apart(self._watch.close)

    async def _begin(self) -> None:
        try:
            await self._apart(self._watch.begin)
        except NootropicError as error:
            self._tell_trouble(error)
        self._stand()

    async def _run(self) -> None:
        await self.begun
        while not self._closed:
            await self._pause()
            try:
                anew, lines = await self._apart(self._look)
            except NootropicError as error:
                self._tell_trouble(error)
                continue
            self._trouble = ""
            self._stand()
            if anew:
                self._put(self.hello(self.told))
            for line in lines:
                self._put(line)
            if anew or len(lines) == BATCH:
                self._nudge.set()

    def _look(self) -> tuple[bool, list[str]]:
        anew, rows = self._watch.look()
        return anew, [message(row) for row in rows]

    def _stand(self) -> None:
        self.told, self.journal = self._watch.last, self._watch.journal

    def _put(self, line: str) -> None:
        for listener in self.listeners:
            listener.put(line)

    async def _pause(self) -> None:
        seldom = self._trouble or not self._watch.there
        try:
            await asyncio.wait_for(self._nudge.wait(), ABSENT_S if seldom else POLL_S)
        except TimeoutError:
            pass
        self._nudge.clear()

    def _tell_trouble(self, error: NootropicError) -> None:
        if self._trouble != str(error):
            self._trouble = str(error)
            self.send({"kind": "error", "error": error.to_json()})

    async def _apart(self, work: Callable[[], T]) -> T:
        async with self._turn:
            done = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                return await asyncio.shield(done)
            except asyncio.CancelledError:
                # The thread uses the connection until it ends: nobody else may.
                await asyncio.wait([done])
                raise


class Events:
    """The topics of one server, made when somebody listens and closed when nobody does."""

    def __init__(self) -> None:
        self.instance = str(uuid.uuid4())
        self._topics: dict[Path, Topic] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def join(self, workspace: Workspace, person: Person) -> tuple[Topic, Listener, int]:
        """Listen to a workspace; the number is the newest row that the listener will not be told of."""
        topic = await self._topic(workspace)
        listener = Listener(person)
        topic.listeners.add(listener)
        return topic, listener, topic.told

    def leave(self, topic: Topic, listener: Listener) -> None:
        """Listen no more."""
        topic.listeners.discard(listener)
        self._drop_unused(topic)

    def tell(self, root: Path, event: dict[str, Any], is_open_to: Callable[[Person], bool]) -> None:
        """News of a run in a workspace, and who may hear all of it."""
        topic = self._topics.get(root)
        if topic is not None:
            topic.send_of_run(event, is_open_to)

    def look_soon(self) -> None:
        """A verb has ended here: what it wrote need not wait for the next turn."""
        for topic in self._topics.values():
            topic.look_soon()

    async def stop(self) -> None:
        """The server stops."""
        for topic in self._topics.values():
            self._close(topic)
        self._topics.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _topic(self, workspace: Workspace) -> Topic:
        while True:
            topic = self._topics.get(workspace.root)
            if topic is None:
                topic = self._topics[workspace.root] = Topic(workspace, self.instance)
            try:
                await asyncio.shield(topic.begun)
            except asyncio.CancelledError:
                self._drop_unused(topic)
                raise
            if self._topics.get(workspace.root) is topic:
                return topic

    def _drop_unused(self, topic: Topic) -> None:
        if not topic.listeners and self._topics.get(topic.root) is topic:
            del self._topics[topic.root]
            self._close(topic)

    def _close(self, topic: Topic) -> None:
        task = asyncio.get_running_loop().create_task(topic.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
