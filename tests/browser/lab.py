"""What a person does in JupyterLab, in words of the tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page, expect

SLOW_S = 40

_READY = """async seconds => {
  const widget = window.jupyterapp.shell.currentWidget;
  const late = new Promise((_, refuse) => setTimeout(() => refuse(new Error('no kernel answered')), 1000 * seconds));
  // A cell that is run before the kernel has answered once would be dropped without a word.
  const ready = async () => {
    await widget.context.ready;
    await widget.sessionContext.ready;
    return (await widget.sessionContext.session.kernel.info).implementation;
  };
  return Promise.race([ready(), late]);
}"""
_KERNEL_S = 60

_RUN = """async index => {
  const { shell, commands } = window.jupyterapp;
  const notebook = shell.currentWidget.content;
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  await commands.execute('notebook:run-cell');
  return notebook.widgets[index].model.sharedModel.execution_count;
}"""

_DONE = "async ([name, args]) => void (await window.jupyterapp.commands.execute(name, args))"
_THERE = "name => window.jupyterapp?.commands.hasCommand(name)"

# The window's arrangement, and what panels keep: JupyterLab writes it to the server a while after it has changed.
_KEPT = """async texts => {
  const { data } = await window.jupyterapp.serviceManager.workspaces.fetch('default');
  const kept = JSON.stringify(data);
  return texts.every(text => kept.includes(text));
}"""

_TALL = 1800


class Lab:
    """One JupyterLab window."""

    def __init__(self, page: Page, address: str, screenshots: Path | None) -> None:
        self.page = page
        self.address = address
        self._screenshots = screenshots
        # The browser writes every refused request to the console; a test names those that it provokes.
        self.refusals: list[str] = []

    def open(self, command: str = "nootropic:plan") -> None:
        """Open the window without a document, and wait until it is there, with a command of ours."""
        self.page.goto(self.address)
        self.has(command)
        self.page.evaluate("() => window.jupyterapp.restored")
        # It takes the focus when it comes.
        expect(self.page.locator(".jp-LauncherCard").first).to_be_visible()

    def has(self, command: str) -> None:
        """Wait until there is a command."""
        self.page.wait_for_function(_THERE, arg=command, polling=200)

    def window(self, name: str, command: str) -> Page:
        """Another window on the same server, with an arrangement of its own, which is there with a command of ours."""
        other = self.page.context.new_page()
        other.goto(f"{self.address.split('/lab')[0]}/lab/workspaces/{name}")
        other.wait_for_function(_THERE, arg=command, polling=200)
        other.evaluate("() => window.jupyterapp.restored")
        return other

    def open_notebook(self, path: str) -> str:
        """Open a notebook and wait for its kernel; gives the kernel's implementation."""
        base, query = self.address.split("?")
        self.page.goto(f"{base}/tree/{path}?{query}")
        return self.kernel()

    def kernel(self) -> str:
        """Wait until the kernel of the notebook in front can run a cell; gives its implementation."""
        self.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext", polling=200)
        implementation: str = self.page.evaluate(_READY, _KERNEL_S)
        return implementation

    def run_cell(self, index: int) -> Locator:
        """Run a cell and wait until it has ended; gives its output area."""
        assert self.page.evaluate(_RUN, index) is not None, "the cell was not run"
        return self.cell(index).locator(".jp-OutputArea").first

    def cell(self, index: int) -> Locator:
        """A cell of the notebook."""
        return self.page.locator(f'.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index="{index}"]')

    def command(self, name: str, **arguments: object) -> None:
        """Run a command of JupyterLab."""
        self.page.evaluate("([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def done(self, name: str, **arguments: object) -> None:
        """Run a command of JupyterLab, and wait until it is done; what it gives would take seconds to read."""
        self.page.evaluate(_DONE, [name, arguments])

    def kept(self, *texts: str) -> None:
        """Wait until a reload would bring the window back with these texts in what is kept of it."""
        becomes(self.page, _KEPT, True, list(texts))

    def theme(self, name: str) -> None:
        """Change the theme, and wait until it is there."""
        self.done("apputils:change-theme", theme=name)
        light = "true" if "Light" in name else "false"
        expect(self.page.locator(f"body[data-jp-theme-light={light}]")).to_be_attached()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def show(self, part: Locator) -> None:
        """Scroll a part of the page to the top."""
        part.evaluate("node => node.scrollIntoView({block: 'start'})")

    def picture(self, name: str, of: Locator | None = None) -> None:
        """Save a picture of the window, or of one part of it (in a window that is tall enough), where it is wanted."""
        if self._screenshots is None:
            return
        file = str(self._screenshots / f"{name}.png")
        if of is None:
            self.page.screenshot(path=file)
            return
        usual = self.page.viewport_size
        assert usual is not None
        self.page.set_viewport_size({"width": usual["width"], "height": _TALL})
        of.scroll_into_view_if_needed()
        of.screenshot(path=file)
        self.page.set_viewport_size(usual)


def box_of(part: Locator) -> FloatRect:
    """Where a part of the page stands, once it is seen and stands still."""
    expect(part).to_be_visible()
    before, box = None, part.bounding_box()
    while box is None or box != before:
        part.page.wait_for_timeout(30)
        expect(part).to_be_visible()
        before, box = box, part.bounding_box()
    return box


def until(page: Page, holds: Callable[[], object], what: str) -> None:
    """Wait until something holds that is looked up again and again."""
    deadline = time.monotonic() + SLOW_S
    while not holds():
        assert time.monotonic() < deadline, f"not in {SLOW_S} s: {what}"
        page.wait_for_timeout(50)


def becomes(page: Page, script: str, value: object, arg: object = None) -> None:
    """Wait until a script says just this of the page; unlike ``wait_for_function`` it may ask the server."""
    until(page, lambda: page.evaluate(script, arg) == value, f"{script} gives {value!r}")
