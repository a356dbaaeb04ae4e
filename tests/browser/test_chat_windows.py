"""A chat in two windows, over a cut connection and a reload: nothing of an answer is lost, and nothing is doubled."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.browser.lab import Lab
from tests.browser.test_chat import opened, say

pytestmark = pytest.mark.browser

PARTS = ("One piece. ", "Two pieces. ", "The last piece.")


class Wire:
    """The connection of a page to the events: it can be cut, and then stays so until it is mended."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._open: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/nootropic/api/events"), self._joined)

    def _joined(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close()
        else:
            socket.connect_to_server()
            self._open.append(socket)

    def cut(self) -> None:
        """Cut it in the middle of whatever is said."""
        self._is_cut = True
        for socket in self._open:
            socket.close()
        self._open.clear()

    def mend(self) -> None:
        """Let the page's next try through."""
        self._is_cut = False


def answer(entry: Locator) -> Locator:
    """The text of an answer."""
    return entry.locator(".noo-chat-answer")


def entries(chat: Locator) -> Locator:
    """Everything that stands in a conversation."""
    return chat.locator(".noo-chat-entry")


def begun(lab: Lab) -> Locator:
    """The chat of a window that shows no document."""
    lab.open("nootropic:open-chat")
    return opened(lab)


def window(lab: Lab, name: str) -> tuple[Page, Locator]:
    """Another window on the same server, with its chat."""
    other = lab.window(name, "nootropic:open-chat")
    other.evaluate("() => void window.jupyterapp.commands.execute('nootropic:open-chat')")
    return other, other.locator(".noo-chat")


def test_two_windows_and_a_cut_connection(lab: Lab, repo: Path, person_home: Path, tmp_path: Path) -> None:
    page = lab.page
    gates = [tmp_path / f"go-{number}" for number in (1, 2)]
    parts = [
        {"text": PARTS[0]},
        *({"text": text, "until": str(gate)} for text, gate in zip(PARTS[1:], gates, strict=True)),
    ]
    wire = Wire(page)
    with scripted_model(tmp_path, person_home, ["Fine.", {"parts": parts}]):
        chat = begun(lab)
        expect(answer(say(chat, "Begin"))).to_have_text("Fine.")
        other, second = window(lab, "second")
        expect(entries(second)).to_have_count(1)

        # The other window follows while the answer comes, and can stop it.
        page.bring_to_front()
        entry = say(chat, "Go on")
        expect(answer(entry)).to_have_text(PARTS[0].strip())
        expect(entries(second)).to_have_count(2)
        expect(answer(entries(second).last)).to_have_text(PARTS[0].strip())
        expect(second.get_by_role("button", name="Stop")).to_be_visible()
        lab.picture("chat-second-window-follows")

        # One that is opened in the middle takes the answer up where it is, in its place.
        third, last = window(lab, "third")
        expect(answer(entries(last).last)).to_have_text(PARTS[0].strip())
        expect(entries(last)).to_have_count(2)
        expect(last.locator(".noo-chat-ending")).to_have_count(0)

        # The first window's connection is cut; what comes meanwhile is there afterwards, once.
        page.bring_to_front()
        wire.cut()
        gates[0].touch()
        expect(answer(entries(second).last)).to_have_text("".join(PARTS[:2]).strip())
        assert answer(entry).inner_text().strip() in (PARTS[0].strip(), "".join(PARTS[:2]).strip())
        wire.mend()
        expect(answer(entry)).to_have_text("".join(PARTS[:2]).strip())
        gates[1].touch()
        for shown in (chat, second, last):
            expect(entries(shown).last.locator(".noo-chat-facts")).to_be_visible()
            expect(answer(entries(shown).last)).to_have_text("".join(PARTS))
            expect(entries(shown)).to_have_count(2)
            expect(shown.get_by_role("button", name="Send", exact=True)).to_be_enabled()
        other.close()
        third.close()


def test_commands_titles_and_unsaved_text(
    lab: Lab, repo: Path, workspace: Workspace, person_home: Path, tmp_path: Path
) -> None:
    page = lab.page
    with scripted_model(tmp_path, person_home, ["First.", "Second."]) as model:
        chat = begun(lab)
        lab.done("docmanager:open", path="shelf/books.py")
        text = page.locator(".jp-FileEditor .cm-content")
        expect(text).to_contain_text("sorted(books)")
        text.click()
        page.keyboard.press("Control+Home")
        page.keyboard.type("# not saved yet\n")

        # What an open tab shows is what goes along, and the chip says so.
        box = chat.get_by_label("Message", exact=True)
        box.fill("Explain @shelf/books.py please")
        chip = chat.locator("details.noo-chat-chip")
        expect(chip).to_contain_text("with your unsaved edits")
        chip.locator("summary").click()
        expect(chip.locator("pre")).to_contain_text("# not saved yet")
        lab.picture("chat-unsaved-text")
        box.press("Enter")
        expect(answer(entries(chat).last)).to_have_text("First.")
        assert "# not saved yet" in model.prompts()[0]
        assert "# not saved yet" not in (repo / "shelf" / "books.py").read_text()

        # A command and its result stand in their place after a reload.
        say(chat, "/status")
        expect(entries(chat).last.locator(".noo-chat-result")).to_contain_text("main")
        expect(answer(say(chat, "And now?"))).to_have_text("Second.")
        with page.expect_response(re.compile("capabilities/note-command")):
            say(chat, "/cost --days 3")
        expect(entries(chat).last.locator(".noo-chat-result")).to_be_visible()
        lab.done("docmanager:save")
        lab.kept('"chat":"C1"')
        page.reload()
        chat = opened(lab)
        asked = chat.locator(".noo-chat-question")
        expect(asked).to_have_text(["Explain @shelf/books.py please", "/status", "And now?", "/cost --days 3"])
        expect(entries(chat).nth(1).locator(".noo-chat-result")).to_contain_text("main")
        lab.picture("chat-commands-kept")

        # A title of the person's own, for every face.
        chat.get_by_role("button", name="History").click()
        chat.get_by_role("button", name="Rename C1").click()
        title = chat.get_by_label("Title of C1")
        expect(title).to_be_focused()
        title.fill("All about books")
        title.press("Enter")
        expect(chat.locator(".noo-chat-head-title")).to_have_text("All about books")
        expect(chat.locator(".noo-chat-head")).to_be_focused()
        lab.picture("chat-renamed")
    session = Session(workspace)
    try:
        assert "All about books" in invoke("chats", {}, session).text()
    finally:
        session.close()


def test_a_brand_new_chat_is_followed_in_a_second_window(
    lab: Lab, repo: Path, person_home: Path, tmp_path: Path
) -> None:
    page, gate = lab.page, tmp_path / "go"
    parts = [{"text": PARTS[0]}, {"text": PARTS[1], "until": str(gate)}]
    with scripted_model(tmp_path, person_home, [{"parts": parts}, "Fine."]):
        chat = begun(lab)
        _, second = window(lab, "second")
        expect(second.get_by_text("Ask about this repository")).to_be_visible()
        _, own = window(lab, "own")
        expect(own.get_by_text("Ask about this repository")).to_be_visible()
        own.get_by_role("button", name="New").click()

        # Both stood before the first chat; who began one of their own keeps to it.
        page.bring_to_front()
        say(chat, "Begin")
        for shown in (chat, second):
            expect(answer(entries(shown))).to_have_text(PARTS[0].strip())
        _, late = window(lab, "late")
        expect(answer(entries(late))).to_have_text(PARTS[0].strip())
        expect(late.locator(".noo-chat-ending")).to_have_count(0)
        gate.touch()
        for shown in (chat, second, late):
            expect(entries(shown).locator(".noo-chat-facts")).to_be_visible()
            expect(answer(entries(shown))).to_have_text("".join(PARTS[:2]).strip())
        expect(entries(own)).to_have_count(0)

        # From there on it is one chat.
        expect(answer(say(second, "Go on"))).to_have_text("Fine.")
        for shown in (chat, late):
            expect(entries(shown)).to_have_count(2)
        expect(entries(own)).to_have_count(0)
