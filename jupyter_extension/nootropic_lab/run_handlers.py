"""The routes of long work: start a run, look at it, stop it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_lab.errors import status_of
from nootropic_lab.handlers import NootropicHandler

if TYPE_CHECKING:
    from nootropic_lab.runs import Runs


class _RunsBase(NootropicHandler):
    @property
    def runs(self) -> Runs:
        """The runs of this server."""
        runs: Runs = self.settings["nootropic_runs"]
        return runs


class RunsHandler(_RunsBase):
    """``GET``: the runs that are known. ``POST``: start one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with one line a run; who may not start such a run is not told what it was asked."""
        self.finish(json.dumps({"runs": self.runs.heads(await self.person())}))

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Start a verb and answer with the run's id, long before it ends."""
        try:
            request = self.request_object("verb", "arguments", "path", "unsaved", "forms", "asks")
            verb = request.get("verb")
            if not isinstance(verb, str):
                raise UsageError("`verb` is not a string.", next='Send {"verb": "status"}.')
            run = await self.runs.start(verb, request, self.allow, self.current_user.username)
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.set_status(202)
        self.finish(json.dumps({"run": run.id}))


class RunHandler(_RunsBase):
    """``GET``: how a run stands. ``DELETE``: stop it."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the state, the text so far, and the answer or the error when it has ended.

        Who may not start such a run gets its line of the list.
        """
        try:
            run = self.runs.get(name)
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        person = await self.person()
        await self.send(*(run.document() if run.is_open_to(person) else [json.dumps(run.line()).encode()]))

    # To stop is to steer what runs: the same rights as to start it.
    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """Stop it and answer with how it stands then."""
        try:
            await self.allow(self.runs.get(name).call)
            run = await self.runs.cancel(name)
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        await self.send(*run.document())


class AnswerHandler(_RunsBase):
    """``POST {question, answer}``: answer what a run asks."""

    # What is answered decides what the verb does: the same rights as to start it.
    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self, name: str) -> None:
        """Give the answer to the verb that waits for it."""
        try:
            request = self.request_object("question", "answer")
            number = request.get("question")
            if not isinstance(number, int) or isinstance(number, bool) or "answer" not in request:
                raise UsageError("This is no answer.", next='Send {"question": 1, "answer": true}.')
            run = self.runs.get(name)
            await self.allow(run.call)
            self.runs.answer(name, number, request["answer"])
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(run.head()))
