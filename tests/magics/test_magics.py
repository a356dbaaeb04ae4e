"""The magics in a real kernel: results, help, completion, errors, streaming, stopping."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.capabilities.plugin_folders import trust, write_greeter, write_plugin
from tests.kernel.running import PACKAGE, Kernel, running_kernel

ECHO = """
from pydantic import Field
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability


class EchoParams(Params):
    text: str = Field(json_schema_extra={"body": True})
    model: str | None = None


class Echoed(Result):
    text_: str
    model: str | None = None
    cell: str = ""

    def text(self) -> str:
        return self.text_


@capability(effect=CapabilityEffect.READ)
def echo(params: EchoParams, session: Session) -> Echoed:
    '''Say it again.'''
    return Echoed(text_=params.text, model=params.model, cell=session.cell)


def describe():
    return {"name": "echo", "version": "1", "capabilities": [echo]}
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for the cells of this file, over a folder with two trusted plugins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOOTROPIC_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        folder = tmp_path_factory.mktemp("project")
        trust(write_greeter(folder, tmp_path_factory.mktemp("marks") / "imported"))
        trust(write_plugin(folder, "echo", ECHO))
        with running_kernel(folder) as running:
            yield running


def test_a_result_is_an_object_and_shown_once(kernel: Kernel) -> None:
    ran = kernel.run("%noo greet Ada")
    assert len(ran.of("execute_result")) == 1 and not ran.of("display_data") and not ran.of("stream")
    assert set(ran.of("execute_result")[0]["data"]) >= {"text/plain", "text/html", "text/markdown"}
    assert kernel.run("_.message").text == "'Hello, Ada.'"
    assert kernel.run("x = %noo greet Bob\nx.message").text == "'Hello, Bob.'"


def test_into_keeps_the_result_in_a_variable(kernel: Kernel) -> None:
    kernel.run("%noo greet Cy --into kept")
    assert kernel.run("kept.message").text == "'Hello, Cy.'"
    kernel.run("%%noo echo --into=said\nsomething")
    assert kernel.run("said.text_").text == "'something\\n'"
    for bad in ("--into", "--into class", "--into 3x"):
        assert "name of a variable" in kernel.run(f"%noo greet {bad}").error


def test_a_verb_knows_the_cell_and_which_of_its_calls_of_the_verb_it_is(kernel: Kernel) -> None:
    def calls(metadata: dict[str, str]) -> str:
        """The cells that two calls of one cell were told, which a front end sends with that metadata."""
        content = {
            # Regression: another verb above made each call another one than it was, so a cell took another task.
            "code": "call = lambda _: get_ipython().run_cell_magic('noo', 'echo', 'x').cell\n"
            "%noo greet Ada;\nsaid = [*map(call, 'xy')]",
            "user_expressions": {"said": "said"},
            "store_history": False,
        }
        request = kernel.client.session.msg("execute_request", content, metadata=metadata)
        kernel.client.shell_channel.send(request)
        return str(kernel.reply_to(request["header"]["msg_id"])["user_expressions"]["said"]["data"]["text/plain"])

    for _ in range(2):
        assert calls({"cellId": "a"}) == "['a#1', 'a#2']"
    assert calls({"cellId": "b"}) == "['b#1', 'b#2']"
    assert calls({}) == "['', '']", "nbclient and papermill do not say"


def test_a_semicolon_silences(kernel: Kernel) -> None:
    assert not kernel.run("%noo greet Ada;").of("execute_result")


def test_a_cell_is_taken_as_it_is(kernel: Kernel) -> None:
    kernel.run("name = 'expanded'")
    body = 'use {name} and $name, it\'s 50% "done"\n%noo greet\n!ls\n\tend'
    kernel.run(f"%%noo echo --into said\n{body}\n")
    assert kernel.run("said.text_").text == repr(body + "\n")
    assert kernel.run("%noo greet {name}").text == "Hello, {name}."


def test_a_prompt_of_a_megabyte(kernel: Kernel) -> None:
    kernel.run("%%noo echo --into long\n" + "word " * 220_000)
    assert int(kernel.run("len(long.text_)").text) >= 1_100_000


def test_help_everywhere(kernel: Kernel) -> None:
    assert "Greet somebody." in kernel.run("%noo").text
    assert kernel.run("%noo --help").text == kernel.run("%noo").text
    help_text = kernel.run("%noo greet --help").text
    assert "WHOM" in help_text and "It does no more than that." in help_text and "--into NAME" in help_text
    assert kernel.run("%noo help greet").text == help_text
    page = kernel.run("%noo?").reply["payload"][0]["data"]["text/plain"]
    assert "Greet somebody." in page


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("%noo gret", "UsageError", "Did you mean `greet`?"),
        ("%noo greet --whmo x", "UsageError", "Did you mean `--whom`?"),
        ("%%noo echo\n   \n", "UsageError", "is empty"),
        ("%%noo greet\ntext", "UsageError", "takes no text"),
        ("%noo echo", "UsageError", "needs text"),
        ("%noo fault", "InternalError", "ZeroDivisionError: a fault of the plugin"),
    ],
)
def test_an_error_is_one_short_message(kernel: Kernel, code: str, kind: str, said: str) -> None:
    ran = kernel.run(code)
    assert ran.status == "error" and ran.reply["ename"] == kind
    assert said in ran.error and said in ran.reply["evalue"]
    assert len(ran.error.splitlines()) <= 3 and "Traceback" not in ran.error and ".py" not in ran.error


def test_a_cell_without_a_body_says_so(kernel: Kernel) -> None:
    ran = kernel.run("%%noo echo")
    assert ran.status == "error" and "the cell body is empty" in ran.text


def test_an_error_can_be_caught_by_its_type(kernel: Kernel) -> None:
    ran = kernel.run(
        "from nootropic_kernel.workspace.errors import UsageError\n"
        "try:\n    get_ipython().run_line_magic('noo', 'gret')\n"
        "except UsageError as error:\n    print(error.next, error.data['nearest'])"
    )
    assert ran.text == "Did you mean `greet`? greet\n"


def test_debug_shows_the_whole_story(kernel: Kernel) -> None:
    kernel.run("%config NooMagics.debug = True")
    try:
        assert "a fault of the plugin" in kernel.run("%noo fault").error
        assert "plugin.py" in kernel.run("%noo fault").error
    finally:
        kernel.run("%config NooMagics.debug = False")


def test_the_configuration_is_used(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("%config NooMagics.model = 'mine'")
    kernel.run("%%noo echo --into said\nx")
    assert kernel.run("said.model").text == "'mine'"
    kernel.run("%%noo echo --model other --into said\nx")
    assert kernel.run("said.model").text == "'other'"
    kernel.run(f"%config NooMagics.workspace = {str(tmp_path)!r}")
    try:
        assert "no verb `greet`" in kernel.run("%noo greet").error
    finally:
        kernel.run("%config NooMagics.workspace = ''")
        kernel.run("%config NooMagics.model = ''")


def test_live_variables_are_lent(kernel: Kernel) -> None:
    kernel.run("answer = 42")
    assert kernel.run("%noo variables").text == "42"


def test_a_question_reaches_the_person(kernel: Kernel) -> None:
    assert kernel.run("%noo ask", answer="y").text.endswith("yes")
    assert kernel.run("%noo ask", answer="").text.endswith("no")
    assert kernel.run("%noo ask").text.endswith("nobody to ask")


@pytest.mark.parametrize(
    ("code", "cursor", "expected"),
    [
        ("%noo gre", None, ["greet"]),
        ("x = %noo gre", None, ["greet"]),
        ("for i in range(3):\n    %noo gre", None, ["greet"]),
        ("%%noo ech\nbody", 9, ["echo"]),
        ("%noo plugin tru", None, ["trust"]),
        ("%noo plugin trust ech", None, ["echo"]),
        ("%noo wait --de", None, ["--deaf"]),
        ("%noo greet --", None, ["--help", "--into"]),
        ("%noo nothing-like-it pri", None, ["pri"]),
    ],
)
def test_completion_offers_ours_and_nothing_else(
    kernel: Kernel, code: str, cursor: int | None, expected: list[str]
) -> None:
    assert kernel.complete(code, cursor) == expected


def test_mentions_are_completed_and_told_to_a_front_end(kernel: Kernel) -> None:
    kernel.run("frame_of_mine = [1, 2]\nkey = 'sk-proj-' + 'a1B2' * 8")
    assert kernel.complete("%noo chat What is @frame_of") == ["@frame_of_mine"]
    told = kernel.run(
        "from nootropic_kernel.magics import summaries as s\n"
        "print(s.summaries(get_ipython(), ['frame_of_mine', 'key', 'gone']).data,"
        " 'frame_of_mine' in s.names(get_ipython()).data)"
    ).text.strip()
    assert "frame_of_mine: list of 2 items = [1, 2]" in told and "gone" not in told and told.endswith("True")
    assert "a1B2a1B2" not in told


def test_completion_elsewhere_is_untouched(kernel: Kernel) -> None:
    assert "print" in kernel.complete("prin")
    assert "print" in kernel.complete("%%noo echo\nprin")
    assert "%noo" in kernel.complete("%no")


def test_progress_updates_one_display_in_place(kernel: Kernel) -> None:
    ran = kernel.run("%noo wait 0.6")
    shown = ran.of("display_data")
    updates = ran.of("update_display_data")
    assert len(shown) == 1 and updates
    assert len({content["transient"]["display_id"] for content in shown + updates}) == 1
    last = updates[-1]["data"]["text/plain"]
    assert last.startswith("tick tick tick") and "waiting" not in last
    assert "50% waiting" in (shown + updates)[-2]["data"]["text/plain"]
    assert ran.of("execute_result")[0]["data"]["text/plain"] == "done waiting"


@pytest.mark.parametrize("manners", ["", "--deaf"])
def test_interrupt_gives_control_back(kernel: Kernel, manners: str) -> None:
    """Also when the verb does not look at its stop: it drains behind, and the next cell runs."""
    request = kernel.client.execute(f"%noo wait 8 {manners}", stop_on_error=False)
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] in ("display_data", "update_display_data"):
            break
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    reply = kernel.reply_to(request)
    assert time.monotonic() - began < 1.5  # one second, and slack for a busy machine
    assert reply["status"] == "error" and reply["ename"] == "Interrupted"
    ran = kernel.run("%noo greet Ada")
    assert ran.status == "ok" and ran.text == "Hello, Ada."
    if not manners:
        assert kernel.run(THREADS).text == "[]"


THREADS = "import threading; [t.name for t in threading.enumerate() if t.name.startswith('noo ')]"


def test_interrupt_while_a_question_stands(kernel: Kernel) -> None:
    request = kernel.client.execute("%noo ask", allow_stdin=True, stop_on_error=False)
    kernel.client.get_stdin_msg(timeout=60)
    kernel.manager.interrupt_kernel()
    assert kernel.reply_to(request)["ename"] == "Interrupted"
    assert kernel.run("1 + 1").text == "2"


def test_unload_and_reload_are_clean(kernel: Kernel) -> None:
    shell = "sh = get_ipython(); "
    count = shell + (
        "(len(sh.Completer.custom_matchers), [type(c).__name__ for c in sh.configurables].count('NooMagics'),"
        " 'noo' in sh.magics_manager.magics['line'], 'noo' in sh.magics_manager.magics['cell'])"
    )
    assert kernel.run(count).text == "(1, 1, True, True)"
    kernel.run("%unload_ext nootropic_kernel")
    try:
        assert kernel.run(count).text == "(0, 0, False, False)"
        assert kernel.run("%noo greet").status == "error"
    finally:
        kernel.run("%load_ext nootropic_kernel")
    assert kernel.run(count).text == "(1, 1, True, True)"
    kernel.run("%reload_ext nootropic_kernel")
    assert kernel.run(count).text == "(1, 1, True, True)"
    assert kernel.run("%noo greet").text == "Hello, world."


def test_a_failed_cell_stops_a_notebook_run(tmp_path: Path) -> None:
    """Papermill and `jupyter execute` see a failed cell, with the short message."""
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%load_ext nootropic_kernel"),
            nbformat.v4.new_code_cell("%noo list-capabilities --into listed"),
            nbformat.v4.new_code_cell("%noo lst-capabilities"),
            nbformat.v4.new_code_cell("reached = True"),
        ]
    )
    client = NotebookClient(book, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}, timeout=90)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]))
        with pytest.raises(CellExecutionError) as caught:
            client.execute()
    message = re.sub(r"\x1b\[\d+m", "", str(caught.value))
    assert "Did you mean `list-capabilities`?" in message and "Traceback" not in message
    assert book.cells[1].outputs[0].data["text/plain"].startswith("nootropic ")
    assert not book.cells[3].get("execution_count")
