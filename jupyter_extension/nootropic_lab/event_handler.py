"""The WebSocket of events: who may listen, where a page resumes, and what happens to one that does not keep up."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_lab.errors import status_of
from nootropic_lab.events import Events, Listener, Slow, Topic
from nootropic_lab.handlers import Refusals

if TYPE_CHECKING:
    from nootropic_kernel.workspace.location import Workspace
    from nootropic_lab.rights import Person

# Codes of our own (4000 to 4999 are for applications).
TOO_SLOW = 4001
# The standard's own, for who may not listen, or not as before: a page comes back with what it may now, or is refused.
NO_LONGER = 1008
# A page that takes nothing for so long is let go: it resumes when it is awake again.
PATIENCE_S = 30.0
# So often it is looked up whether who listens still may.
RIGHTS_S = 5.0
_MOST_HEARD = 4096


class EventsHandler(WebSocketMixin, WebSocketHandler, Refusals):
    """``GET ?path=<folder>&since=<id>&journal=<name>``: events of the folder's workspace, as JSON text messages.

    The first message names the journal and its newest row. A page that was away says after which row of which journal
    it goes on: it gets what it missed, once and in order. Where the journal is another one by now, nothing is sent
    again, and the page, which sees another name, begins anew.
    What a page sends is not listened to; more than a few bytes of it close the connection.
    """

    # Set before the connection is opened.
    workspace: Workspace
    listening: Person
    since: int | None
    journal: str
    tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def events(self) -> Events:
        """Where the events come from."""
        events: Events = self.settings["nootropic_events"]
        return events

    @property
    def max_message_size(self) -> int:
        """Longer messages are not even read: whatever a page sends means nothing."""
        return _MOST_HEARD

    @ws_authenticated
    @authorized
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Check what is asked for, then open the connection."""
        try:
            if self.request.headers.get("Upgrade", "").lower() != "websocket":
                raise UsageError("This route is a WebSocket.", next="Connect to it as one.")
            self.since = _row(self.get_query_argument("since", None))
            self.journal = self.get_query_argument("journal", "")
            self.workspace = await self.desk.workspace(self.get_query_argument("path", "", strip=False))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.listening = await self.person()
        await super().get(*args, **kwargs)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Begin to send."""
        super().open(*args, **kwargs)
        self.set_nodelay(True)
        loop = asyncio.get_running_loop()
        self.tasks = (loop.create_task(self._send()), loop.create_task(self._look_after_rights()))

    def on_message(self, message: str | bytes) -> None:
        """Nothing that a page sends means anything here."""

    def on_close(self) -> None:
        """The page is gone."""
        for task in self.tasks:
            task.cancel()
        super().on_close()

    async def _send(self) -> None:
        topic, listener, last = await self.events.join(self.workspace, self.listening)
        try:
            await self._replay(topic, last)
            await self._follow(listener)
        except WebSocketClosedError:
            pass  # The page is gone, which is what ends this.
        except Slow:
            self.close(TOO_SLOW, "Too slow: resume")
        except NootropicError as error:
            await self.write_message(json.dumps({"kind": "error", "error": error.to_json()}, default=str))
            self.close(1011, "The journal cannot be read")
        finally:
            self.events.leave(topic, listener)

    async def _look_after_rights(self) -> None:
        """Close when who listens may not do so any longer, or may know more or less than when they began."""
        try:
            while True:
                await asyncio.sleep(RIGHTS_S)
                now = await self.person_now()
                if now is None or not now.has_rights_of(self.listening):
                    break
        except Exception as error:  # of the server's own identity provider or authorizer, which may be anybody's
            self.log.warning("Whether a page may still listen could not be found out: %r", error)
        self.close(NO_LONGER, "Rights have changed: resume")

    async def _replay(self, topic: Topic, until: int) -> None:
        another = self.journal not in ("", topic.journal)
        after = until if self.since is None or another else self.since
        await self._write(topic.hello(until))
        while after < until:
            lines = await topic.since(after, until)
            if not lines:
                return
            for line in lines:
                await self._write(line)
            after = int(json.loads(lines[-1])["id"])

    async def _follow(self, listener: Listener) -> None:
        while True:
            # Waits until the connection takes it: meanwhile the listener's own store fills up, and is bounded.
            await self._write(await listener.next())

    async def _write(self, line: str) -> None:
        try:
            await asyncio.wait_for(self.write_message(line), PATIENCE_S)
        except TimeoutError as error:
            raise Slow from error


def _row(value: str | None) -> int | None:
    """The id after which a page wants to go on; None: only what is new.

    :raises UsageError: when it is no number.
    """
    if value is None or value == "":
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise UsageError("`since` is not the number of a journal row.", next="Leave it out to hear only what is new.")
    return int(value)
