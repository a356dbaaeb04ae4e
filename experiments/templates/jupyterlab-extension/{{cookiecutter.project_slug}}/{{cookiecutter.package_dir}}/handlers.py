"""The routes of the server: each asks first who is there."""

from __future__ import annotations

import json
import typing

import tornado.web
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join


class HelloHandler(APIHandler):
    """Says what the extension is."""

    @tornado.web.authenticated
    def get(self) -> None:
        self.finish(json.dumps({"title": {{ cookiecutter.title_literal }}}))


def add_handlers(web_app: typing.Any) -> None:
    """Add the extension's routes to a server."""
    base = web_app.settings["base_url"]
    web_app.add_handlers(".*$", [(url_path_join(base, "{{ cookiecutter.project_slug }}", "hello"), HelloHandler)])
