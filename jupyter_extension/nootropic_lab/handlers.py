"""The route of all verbs: who asks, what they ask for, and the status of the answer."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError

from nootropic_kernel.workspace.errors import NootropicError
from nootropic_lab.bodies import read_object
from nootropic_lab.errors import NotLetIn, UnknownRoute, refusal, status_of
from nootropic_lab.rights import Person

if TYPE_CHECKING:
    from nootropic_lab.desk import Call, Desk

# So much of an answer is handed to the connection at a time: to copy all of a large one holds up everybody else.
_AT_ONCE = 2**20


class Refusals(JupyterHandler):
    """Errors as documents, one resource name for the server's authorizer."""

    auth_resource = "nootropic"

    @property
    def desk(self) -> Desk:
        """What runs the verbs."""
        desk: Desk = self.settings["nootropic_desk"]
        return desk

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every refusal tells what happened, why, and what to do next."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        told = error.__cause__ if isinstance(error, web.HTTPError) else None
        if not isinstance(told, NootropicError):
            told = refusal(status_code, (isinstance(error, web.HTTPError) and error.log_message) or "")
        # Never as a page: what is refused may hold markup.
        self.set_header("Content-Type", "application/json")
        # A value that is no JSON is named by its text, so that an error never hides behind another.
        self.finish(json.dumps({"message": told.what, "error": told.to_json()}, default=str))

    async def allow(self, call: Call) -> None:
        """Look whether the person may do what a verb does: to propose and to decide is to write.

        :raises NotLetIn: when the server's authorizer says no.
        """
        if call.entry.effect != "read" and not await self._may("write"):
            raise NotLetIn(f"You may look, and `{call.entry.verb}` writes.")

    async def person(self) -> Person:
        """Who asks, and what they may do."""
        return Person(self.current_user.username, await self._may("execute"), await self._may("write"))

    async def person_now(self) -> Person | None:
        """Who asks, looked up anew for a connection that stays open; None where they would not be let in any more."""
        # Another handler of the same request: this one knows who it was, and cannot set cookies any more.
        anew = Refusals(self.application, self.request)
        user = await ensure_async(self.identity_provider.get_user(anew))
        if user is None:
            return None
        anew.current_user = user
        return await anew.person() if await anew._may("read") else None

    async def _may(self, action: str) -> bool:
        return bool(
            await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, self.auth_resource))
        )


class NootropicHandler(Refusals, APIHandler):
    """Base of the REST routes."""

    def compute_etag(self) -> None:
        """None: to hash a large answer takes the server longer than to send it."""

    async def send(self, *pieces: bytes) -> None:
        """Answer with a JSON document, and let others in between where it is large."""
        size = sum(map(len, pieces))
        if size <= _AT_ONCE:
            self.finish(b"".join(pieces))
            return
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Length", str(size))
        try:
            for piece in pieces:
                for start in range(0, len(piece), _AT_ONCE):
                    self.write(piece[start : start + _AT_ONCE])
                    await self.flush()
            self.finish()
        except StreamClosedError:
            pass  # The page is gone.

    def request_object(self, *known: str) -> dict[str, Any]:
        """The request's body.

        :param known: the names that the route takes.
        :raises UsageError: when it is no JSON object of these.
        """
        return read_object(self.request.body, *known)


class UnknownRouteHandler(NootropicHandler):
    """Answers where no route is."""

    async def prepare(self) -> None:  # type: ignore[override]  # as in its own base
        """Refuse, whatever the method."""
        await super().prepare()
        error = UnknownRoute(
            "There is no such route.",
            why="The page and the server's part may be of different versions.",
            next="Load the page anew; if that does not help, restart the server.",
        )
        raise web.HTTPError(404) from error


class CapabilitiesHandler(NootropicHandler):
    """``GET``: the verbs, as the registry describes them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the registry."""
        try:
            document = await self.desk.describe(self.get_query_argument("path", "", strip=False))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(document))


class CapabilityHandler(NootropicHandler):
    """``POST``: run one verb."""

    def initialize(self) -> None:
        """Prepare to stop the verb when nobody waits for its answer any more."""
        self.cancel = Event()

    def on_connection_close(self) -> None:
        """The person closed the tab or pressed Stop."""
        self.cancel.set()
        super().on_connection_close()

    # A verb may start tests and commands, so the right to execute is asked for, not only the right to write.
    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self, verb: str) -> None:
        """Run the verb and answer with its result in every form."""
        try:
            request = self.request_object("arguments", "path", "unsaved", "forms")
            call = await self.desk.prepare(verb, request)
            await self.allow(call)
            answer = await self.desk.written(call, await self.desk.perform(call, self.cancel))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        finally:
            self.settings["nootropic_events"].look_soon()
        await self.send(answer)


class PlaceHandler(NootropicHandler):
    """``GET``: a file as its workspace names it."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the path below the workspace's root."""
        try:
            document = await self.desk.place(self.get_query_argument("path", "", strip=False))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(document))
