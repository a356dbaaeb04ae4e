"""What every request must pass before anything looks at it: host, origin, key, size and time of its body."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING

from nootropic_kernel.gateway import errors
from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.workspace.loopback import names_address

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY = 4 << 20
_BODY_DEADLINE_S = 30.0
_OPEN = ("/health", "/openapi.json")


class Guard:
    """An ASGI layer that lets only those in who are meant.

    A web page can reach a server on loopback by a name of its own that it has re-bound to 127.0.0.1 (DNS rebinding), so
    only addresses, ``localhost`` and the name that the server was started with are answered, and pages, which browsers
    give away by ``Origin``, not at all.
    """

    def __init__(self, app: ASGIApp, key: str, host: str) -> None:
        self._app = app
        self._digest = _digest(key.encode())
        self._name = host.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] == "http":
            try:
                self._check(dict(scope["headers"]), scope["path"])
            except Refused as refusal:
                await errors.response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, headers: dict[bytes, bytes], path: str) -> None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not names_address(host) and host.partition(":")[0] != self._name:
            raise Refused(
                403,
                "host_not_allowed",
                "This server is not called that.",
                why="The Host header names somebody else.",
                next="Use its address, as `noo serve` prints it.",
            )
        if b"origin" in headers:
            raise Refused(403, "origin_not_allowed", "Web pages may not use this server.")
        if path in _OPEN:
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        # Digests are of one length, so that the comparison tells nothing, not even how long the key is.
        if scheme.lower() != b"bearer" or not hmac.compare_digest(_digest(given.strip()), self._digest):
            raise Refused(
                401,
                "invalid_api_key",
                "The key is missing or wrong.",
                next="Send `Authorization: Bearer KEY` with the key of `noo serve`.",
            )


async def read_body(request: Request) -> bytes:
    """The whole body.

    :raises Refused: when it is larger than ``MAX_BODY`` bytes, or does not arrive in time.
    """
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_DEADLINE_S):
            async for piece in request.stream():
                size += len(piece)
                if size <= MAX_BODY:
                    body += piece
                elif size > 8 * MAX_BODY:  # up to here it is read and dropped, so that the client reads the refusal
                    break
    except TimeoutError:
        raise Refused(408, "request_timeout", "The body did not arrive in time.") from None
    if size > MAX_BODY:
        raise Refused(413, "request_too_large", f"The body has more than {MAX_BODY >> 20} MB.", next="Ask for less.")
    return bytes(body)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
