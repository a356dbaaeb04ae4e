"""A Python client of the gateway: ``Client`` and ``AsyncClient``, each with chat, stream and batch.

with Client("http://127.0.0.1:4000/v1", key="…") as models:
    print(models.chat("Say hello.").text)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeAlias

import httpx

from nootropic_kernel.gateway import exchange
from nootropic_kernel.gateway.exchange import Conversation, GatewayError, GatewayUnreachable, Options, Reply, StreamCut
from nootropic_kernel.workspace.errors import UsageError

KEY_VARIABLE = "NOOTROPIC_API_KEY"
Outcome: TypeAlias = Reply | GatewayError


class Client:
    """Asks a gateway and waits.

    :param url: as ``noo serve`` prints it; it ends in ``/v1``.
    :param key: the key of the gateway; without it NOOTROPIC_API_KEY is read.
    :param timeout_s: how long, in seconds, nothing may come from the gateway.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout_s: float = 300.0) -> None:
        self._http = httpx.Client(base_url=url, headers=_headers(key), timeout=timeout_s, trust_env=False)

    def models(self) -> list[str]:
        """The names that can be asked.

        :raises GatewayError: when the gateway refuses or fails.
        """
        with _reached():
            reply = self._http.get("/models")
        return exchange.names(reply.status_code, reply.content, reply.headers)

    def chat(self, messages: Conversation, options: Options | None = None) -> Reply:
        """The whole answer to a conversation, or to one text.

        :raises GatewayError: when the gateway refuses or fails.
        """
        with _reached():
            reply = self._http.post("/chat/completions", json=exchange.body(messages, options))
        return exchange.reply(reply.status_code, reply.content, reply.headers)

    def stream(self, messages: Conversation, options: Options | None = None) -> Generator[str, None, None]:
        """The pieces of an answer as they come; to leave the loop early stops the model.

        :raises StreamCut: when the answer ends before it is whole.
        :raises GatewayError: when the gateway refuses or fails.
        """
        asked = exchange.body(messages, options, stream=True)
        with _reached(), self._http.stream("POST", "/chat/completions", json=asked) as reply:
            if reply.status_code != 200:
                raise exchange.refusal(reply.status_code, reply.read(), reply.headers)
            for line in reply.iter_lines():
                text = exchange.piece(line)
                if text is None:
                    return
                if text:
                    yield text
        raise StreamCut()

    def batch(
        self, conversations: Sequence[Conversation], options: Options | None = None, *, width: int = 4
    ) -> list[Outcome]:
        """The answer or the error of each, in their order; ``width`` are asked at a time."""

        def outcome(messages: Conversation) -> Outcome:
            try:
                return self.chat(messages, options)
            except GatewayError as error:
                return error

        with ThreadPoolExecutor(max(1, width)) as pool:
            return list(pool.map(outcome, conversations))

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncClient:
    """The same for asyncio; the parameters are those of :class:`Client`."""

    def __init__(self, url: str, key: str | None = None, *, timeout_s: float = 300.0) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=_headers(key), timeout=timeout_s, trust_env=False)

    async def models(self) -> list[str]:
        """See :meth:`Client.models`."""
        with _reached():
            reply = await self._http.get("/models")
        return exchange.names(reply.status_code, reply.content, reply.headers)

    async def chat(self, messages: Conversation, options: Options | None = None) -> Reply:
        """See :meth:`Client.chat`."""
        with _reached():
            reply = await self._http.post("/chat/completions", json=exchange.body(messages, options))
        return exchange.reply(reply.status_code, reply.content, reply.headers)

    async def stream(self, messages: Conversation, options: Options | None = None) -> AsyncGenerator[str, None]:
        """See :meth:`Client.stream`."""
        asked = exchange.body(messages, options, stream=True)
        with _reached():
            async with self._http.stream("POST", "/chat/completions", json=asked) as reply:
                if reply.status_code != 200:
                    raise exchange.refusal(reply.status_code, await reply.aread(), reply.headers)
                async for line in reply.aiter_lines():
                    text = exchange.piece(line)
                    if text is None:
                        return
                    if text:
                        yield text
        raise StreamCut()

    async def batch(
        self, conversations: Sequence[Conversation], options: Options | None = None, *, width: int = 4
    ) -> list[Outcome]:
        """See :meth:`Client.batch`."""
        places = asyncio.Semaphore(max(1, width))

        async def outcome(messages: Conversation) -> Outcome:
            async with places:
                try:
                    return await self.chat(messages, options)
                except GatewayError as error:
                    return error

        return list(await asyncio.gather(*map(outcome, conversations)))

    async def close(self) -> None:
        """Give back the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


def _headers(key: str | None) -> dict[str, str]:
    known = key or os.environ.get(KEY_VARIABLE, "")
    if not known:
        raise UsageError("The gateway asks for a key.", next=f"Give key=…, or set {KEY_VARIABLE}.")
    return {"Authorization": f"Bearer {known}"}


@contextmanager
def _reached() -> Iterator[None]:
    """Failures of the connection as errors of ours."""
    try:
        yield
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        raise StreamCut() from error
    except httpx.HTTPError as error:
        raise GatewayUnreachable(error) from error
