"""The route of all verbs: who asks, what they ask for, and the status of the answer."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web

from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_lab.errors import status_of

if TYPE_CHECKING:
    from nootropic_lab.desk import Desk

_SHAPE = 'Send an object, such as {"arguments": {}, "path": "", "unsaved": []}.'


class Refusals(JupyterHandler):
    """Errors as documents, one resource name for the server's authorizer."""

    auth_resource = "nootropic"

    @property
    def desk(self) -> Desk:
        """What runs the verbs."""
        desk: Desk = self.settings["nootropic_desk"]
        return desk

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A refusal of ours tells what happened, why, and what to do next."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        cause = error.__cause__ if isinstance(error, web.HTTPError) else None
        if isinstance(cause, NootropicError):
            # A value that is no JSON is named by its text, so that an error never hides behind another.
            self.finish(json.dumps({"error": cause.to_json()}, default=str))
        else:
            super().write_error(status_code, **kwargs)


class NootropicHandler(Refusals, APIHandler):
    """Base of the REST routes."""

    def request_object(self) -> dict[str, Any]:
        """The request's body.

        :raises UsageError: when it is no JSON object.
        """
        try:
            body = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise UsageError("The request is not JSON.", why=str(error), next=_SHAPE) from error
        if not isinstance(body, dict):
            raise UsageError("The request is not a JSON object.", next=_SHAPE)
        return body


class CapabilitiesHandler(NootropicHandler):
    """``GET``: the verbs, as the registry describes them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the registry."""
        try:
            document = await self.desk.describe(self.get_query_argument("path", ""))
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
            answer = await self.desk.run(verb, self.request_object(), self.cancel)
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        finally:
            self.settings["nootropic_events"].look_soon()
        self.finish(json.dumps(answer))


class PlaceHandler(NootropicHandler):
    """``GET``: a file as its workspace names it."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the path below the workspace's root."""
        try:
            document = await self.desk.place(self.get_query_argument("path", ""))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(document))
