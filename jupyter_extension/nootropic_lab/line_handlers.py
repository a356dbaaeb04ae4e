"""What is typed in the chat's input: completed and read by the same grammar as `%noo` lines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_lab.desk import without_trace
from nootropic_lab.errors import status_of
from nootropic_lab.handlers import NootropicHandler

if TYPE_CHECKING:
    from nootropic_kernel.workspace.location import Workspace

_MOST_TEXT = 200_000
_MOST_NAMES = 5000


class CompleteHandler(NootropicHandler):
    """``POST {path, text, names}``: what the last word of ``text`` may become."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Answer with the word that is meant and the candidates for it."""
        try:
            request = self.request_object("path", "text", "names")
            text, names = _text(request), request.get("names", [])
            if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
                raise UsageError("`names` is not a list of strings.", next="Name the live variables.")
            workspace = without_trace(await self.desk.workspace(_path(request)))
            document = await self.desk.look(lambda: completed(workspace, text, names[:_MOST_NAMES]))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(document))


class ParseHandler(NootropicHandler):
    """``POST {path, text}``: a slash command as a verb and its arguments; nothing is run."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Answer with the verb, its arguments, and what it may do."""
        try:
            request = self.request_object("path", "text")
            text = _text(request)
            workspace = without_trace(await self.desk.workspace(_path(request)))
            document = await self.desk.look(lambda: parsed(workspace, text))
        except NootropicError as error:
            raise web.HTTPError(status_of(error)) from error
        self.finish(json.dumps(document))


def completed(workspace: Workspace, text: str, names: list[str]) -> dict[str, Any]:
    """The candidates for the last word of a text; without a slash in front it is a message of a chat."""
    from nootropic_kernel.capabilities.completion import complete
    from nootropic_kernel.capabilities.typed_words import quote_word, split_words

    fragment = re.search(r"\S*$", text)
    word = fragment.group() if fragment else ""
    if text.startswith("/"):
        before = split_words(text[1 : len(text) - len(word)])
        typed = word[1:] if len(word) == len(text) else word
    else:
        before, typed = ["chat"], word
        if not word.startswith("@"):
            return {"word": word, "candidates": []}
    slash = word[: len(word) - len(typed)]
    found = [
        {"text": slash + (each.text if re.search("[=@]", each.text) else quote_word(each.text)), "about": each.about}
        for each in complete(workspace, before, typed, names=names, unlisted=False)
    ]
    return {"word": word, "candidates": found}


def parsed(workspace: Workspace, text: str) -> dict[str, Any]:
    """The verb and the arguments of a slash command; the lines below the first are the verb's text.

    :raises UsageError: for what the verb does not take, as `%noo` raises it.
    """
    from nootropic_kernel.capabilities.arguments import parse
    from nootropic_kernel.capabilities.registry import load_registry
    from nootropic_kernel.capabilities.typed_words import split_words

    line, _, body = text.removeprefix("/").partition("\n")
    words = split_words(line)
    if not words:
        raise UsageError("A slash needs a verb.", next="Write for example `/status`.")
    registry = load_registry(workspace)
    entry = registry.entry(words[0])
    if {"--help", "-h"} & set(words):
        return {"verb": entry.verb, "help": f"{entry.summary}\n\n{entry.help}"}
    return {"verb": entry.verb, "arguments": parse(entry, words[1:], body.strip() or None), "effect": entry.effect}


def _text(request: dict[str, Any]) -> str:
    text = request.get("text", "")
    if not isinstance(text, str) or len(text) > _MOST_TEXT:
        raise UsageError("`text` is not a text of usual length.", next="Send what stands before the cursor.")
    return text


def _path(request: dict[str, Any]) -> str:
    path = request.get("path", "")
    if not isinstance(path, str):
        raise UsageError("`path` is not a string.", next="Name a folder below the one that this server serves.")
    return path
