"""Where the Python package index has a wheel, by the simple API, with the settings that pip has.

https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

from __future__ import annotations

import ast
import json
import ssl
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

import httpx

_PYPI = "https://pypi.org/simple"
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_MOST_BYTES = 32 << 20
_PIP_S = 30.0
# Later ones go first.
_SECTIONS = ("global", "download", ":env:")


def pip_settings() -> dict[str, str]:
    """What pip is set to for downloads, by name; empty where there is no pip."""
    command = [sys.executable, "-P", "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace", timeout=_PIP_S
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[str, dict[str, str]] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        try:
            found.setdefault(section, {})[name] = str(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            continue
    return {name: value for section in _SECTIONS for name, value in found.get(section, {}).items()}


def indexes(settings: Mapping[str, str]) -> list[str]:
    """The URLs of the indexes; none where pip takes wheels from a folder too, or from nowhere."""
    urls = [settings.get("index-url", _PYPI), *settings.get("extra-index-url", "").split()]
    if settings.get("find-links") or settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return []
    return urls if all(url.startswith(("http://", "https://")) for url in urls) else []


def client(settings: Mapping[str, str], timeout_s: float) -> httpx.Client:
    """A client with pip's certificates and proxy."""
    cert = settings.get("cert")
    return httpx.Client(
        follow_redirects=True,
        timeout=timeout_s,
        proxy=settings.get("proxy") or None,
        verify=ssl.create_default_context(cafile=cert) if cert else True,
    )


def find_wheel(http: httpx.Client, index: str, wheel: str, sha256: str) -> str | None:
    """The URL of the file of ``wheel`` with that content; None when the index has none.

    :raises httpx.HTTPError: when it does not answer.
    """
    page = f"{index.rstrip('/')}/{wheel.lower().replace('_', '-').replace('.', '-')}/"
    with http.stream("GET", page, headers={"Accept": _ACCEPT}) as response:
        if response.status_code != 200:
            return None
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _MOST_BYTES:
                return None
        base, is_json = str(response.url), "json" in response.headers.get("Content-Type", "")
    text = body.decode("utf-8", "replace")
    try:
        return next((urljoin(base, url) for url, has in _files(text, is_json) if has == sha256), None)
    except (ValueError, RecursionError):
        return None  # an address that is none, or JSON that nobody can read


def _files(page: str, is_json: bool) -> list[tuple[str, str]]:
    """The files of a project's page: URL and sha256."""
    if not is_json:
        links = _Links()
        links.feed(page)
        return links.found
    try:
        rows: Any = json.loads(page)["files"]
        return [(str(row["url"]), str(row.get("hashes", {}).get("sha256", ""))) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        url, fragment = urldefrag(dict(attrs).get("href") or "")
        if tag == "a" and fragment.startswith("sha256="):
            self.found.append((url, fragment.removeprefix("sha256=")))
