"""Calls under way: how many, who waits, and that every place is given back."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.gateway.calls import Calls, ClientGone
from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.models.contract import OnText
from nootropic_kernel.workspace.errors import Interrupted

Behaviour = tuple[str, int]


class Client:
    """A client's connection, as the server gives it to an application."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def work(kind: str, steps: int) -> Any:
    """A model call that streams ``steps`` pieces, then ends, fails, or goes on until it is stopped."""

    def run(on_text: OnText, cancel: threading.Event) -> str:
        for number in range(steps):
            on_text(str(number))
        if kind == "fails":
            raise ValueError("the backend's own")
        if kind != "ends":
            assert cancel.wait(60), "nobody stopped it"
            raise Interrupted()
        return "done"

    return run


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(["ends", "fails", "leaves", "is cancelled", "block ends"]), st.integers(0, 3))),
    st.integers(1, 3),
    st.integers(0, 4),
)
def test_whatever_happens_to_calls_all_places_are_free_again(
    behaviours: list[Behaviour], parallel: int, queue: int
) -> None:
    most = 0

    async def one(calls: Calls, kind: str, steps: int) -> str:
        nonlocal most
        client = Client()
        try:
            async with calls.call(work(kind, steps), client.receive) as call:
                most = max(most, calls.running)
                assert calls.running + calls.waiting <= parallel + queue
                pieces = [piece async for piece in call.pieces()] if kind in ("ends", "fails") else []
                if kind == "leaves":
                    client.gone.set()
                elif kind == "is cancelled":
                    raise asyncio.CancelledError
                elif kind == "block ends":
                    return kind
                assert pieces == [str(number) for number in range(len(pieces))] and len(pieces) in (0, steps)
                return await call.result()
        except ClientGone:
            return "gone"
        except Refused as refusal:
            return str(refusal.data["status"])
        except ValueError as error:
            return str(error)
        except asyncio.CancelledError:
            return "cancelled"

    async def all_of_them() -> None:
        calls = Calls(parallel, queue)
        ends = await asyncio.gather(*(one(calls, kind, steps) for kind, steps in behaviours))
        for (kind, _), end in zip(behaviours, ends, strict=True):
            expected = {"ends": "done", "fails": "the backend's own", "leaves": "gone", "is cancelled": "cancelled"}
            assert end in (expected.get(kind, kind), "429")
        assert "429" not in ends or len(behaviours) > parallel + queue
        until = time.monotonic() + 60
        while calls.running and time.monotonic() < until:
            await asyncio.sleep(0.01)
        assert (calls.running, calls.waiting) == (0, 0) and most <= parallel
        async with calls.call(work("ends", 1), Client().receive) as call:
            assert await call.result() == "done"

    asyncio.run(all_of_them())


def test_who_waits_in_the_queue_may_leave_it() -> None:
    async def run() -> None:
        calls, first, second = Calls(1, 1), Client(), Client()
        async with calls.call(work("leaves", 0), first.receive):

            async def wait() -> None:
                async with calls.call(work("ends", 0), second.receive):
                    pass

            waiting = asyncio.create_task(wait())
            while not calls.waiting:
                await asyncio.sleep(0)
            second.gone.set()
            with pytest.raises(ClientGone):
                await waiting
            assert (calls.running, calls.waiting) == (1, 0)

    asyncio.run(run())


def test_a_server_that_ends_stops_what_runs_and_begins_nothing() -> None:
    async def run() -> None:
        calls = Calls(1, 5)
        async with calls.call(work("leaves", 1), Client().receive) as call:
            calls.stop_all()
            with pytest.raises(Interrupted, match="server is ending"):
                await call.result()
        with pytest.raises(Interrupted):
            async with calls.call(work("ends", 0), Client().receive):
                pass

    asyncio.run(run())
