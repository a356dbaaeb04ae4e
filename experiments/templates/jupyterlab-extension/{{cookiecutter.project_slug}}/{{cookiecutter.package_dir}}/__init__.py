"""{{ cookiecutter.title_doc }}."""

from __future__ import annotations

import pathlib
import typing

from .handlers import add_handlers

LABEXTENSION = pathlib.Path(__file__).parent / "labextension"


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "{{ cookiecutter.project_slug }}"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "{{ cookiecutter.package }}"}]


def _load_jupyter_server_extension(server_app: typing.Any) -> None:
    add_handlers(server_app.web_app)
