"""Stand-in for the API of Petals' chat server; from https://github.com/petals-infra/chat.petals.dev#apis."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from tests.models.protocols.toy import EVERY_S, Reply, fault_in, schema_in_words

MODEL = "toy-1"
TRACEBACK = 'Traceback (most recent call last):\n  File "app.py", line 1, in <module>\n'


class Generate(RequestHandler):
    """`POST /api/v1/generate`: a form in, a whole text out; failures are answered with 200."""

    async def post(self) -> None:
        """Answer."""
        prompt, model = self.get_argument("inputs"), self.get_argument("model")
        if model != MODEL:
            self.write({"ok": False, "traceback": f"{TRACEBACK}KeyError: '{model}'"})
        elif fault_in(prompt) in ("mid", "overflow", "rate"):
            self.write({"ok": False, "traceback": f"{TRACEBACK}MissingBlocksError: no servers hold blocks [3, 4]"})
        else:
            reply = Reply(prompt, int(self.get_argument("max_new_tokens")), schema=schema_in_words(prompt))
            text = await asyncio.to_thread(lambda: "".join(reply.pieces()))
            self.write({"ok": True, "outputs": text + ("</s>" if reply.reason == "stop" else "")})


class Session(WebSocketHandler):
    """`/api/v2/generate`: a session is opened, then each request is answered by one message or several."""

    pieces: Iterator[str] | None = None
    opened = False
    gone = False

    async def on_message(self, message: str | bytes) -> None:
        """Answer one request; the last message of an answer has ``stop``."""
        request = json.loads(message)
        if request["type"] == "open_inference_session":
            self.opened = request["model"] == MODEL
            told = f"{TRACEBACK}KeyError: '{request['model']}'"
            await self.say({"ok": True} if self.opened else {"ok": False, "traceback": told})
        elif not self.opened:
            await self.say({"ok": False, "traceback": f"{TRACEBACK}AssertionError"})
        else:
            await self.generate(request)

    async def generate(self, request: dict[str, Any]) -> None:
        """One token a message, until the stop sequence came."""
        prompt, sent = request["inputs"], 0
        fault = fault_in(prompt)
        pieces = Reply(prompt, 10_000, schema=schema_in_words(prompt)).pieces()
        while not self.gone:
            if sent == 2 and fault == "mid":
                await self.say({"ok": False, "traceback": f"{TRACEBACK}MissingBlocksError: no servers hold [3]"})
                return
            if sent == 2 and fault == "cut":
                self.close()
                return
            piece = await asyncio.to_thread(next, pieces, None)
            last = piece is None
            outputs = request.get("stop_sequence", "") if piece is None else piece
            await self.say({"ok": True, "outputs": outputs, "stop": last, "token_count": 1})
            sent += 1
            if last:
                return
            await asyncio.sleep(EVERY_S / 10)

    async def say(self, document: dict[str, Any]) -> None:
        """Send a message."""
        try:
            await self.write_message(json.dumps(document))
        except WebSocketClosedError:
            self.gone = True


async def main() -> None:
    """Listen on a free port of loopback, print it, and answer until killed."""
    application = Application([("/api/v1/generate", Generate), ("/api/v2/generate", Session)])
    server = application.listen(0, "127.0.0.1")
    print(next(iter(server._sockets.values())).getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit()
