"""A file over HTTP that is gone on with where it was left, whatever ended it: a cut connection, a cancel, `kill -9`.

Beside the unfinished file lies a record of what the server said of it (its size, ETag and date). The next try asks for
the rest if that is still so (Range and If-Range, RFC 9110 sections 13.1.5 and 14.2), and begins anew if it is not.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nootropic_kernel.models.files import sha256_of
from nootropic_kernel.workspace.errors import Interrupted

if TYPE_CHECKING:
    import httpx

Report = Callable[[str, float | None], None]
_TRIES_WITHOUT_PROGRESS = 3
_MOST_TRIES = 100
_PAUSE_S = 0.5
_TELL_EVERY_S = 0.2
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]+|\*)")
_SIZE = re.compile(r"[0-9]{1,18}")


class NotServed(Exception):
    """The server did not begin to send the file: it was not reached, or refused."""


class Broken(Exception):
    """The transfer ended too early again and again; what came is kept for the next try."""


class WrongFile(Exception):
    """What the server sends is not the file that was asked for; nothing of it is kept."""


@dataclass(frozen=True)
class _Remote:
    """What the server said of the file; empty what it did not say."""

    size: int
    etag: str = ""
    modified: str = ""

    @property
    def validator(self) -> str:
        """What If-Range may name: a strong ETag, else the date."""
        return self.modified if not self.etag or self.etag.startswith("W/") else self.etag


class Transfer:
    """One file to fetch.

    :param target: where it is put; unfinished it stays there too.
    :param size: its bytes, and ``sha256`` its content.
    """

    def __init__(self, url: str, target: Path, size: int, sha256: str) -> None:
        self._url = url
        self.target = target
        self._record = target.with_name(f"{target.name}.json")
        self._size = size
        self._sha256 = sha256

    def run(self, client: httpx.Client, tell: Report, stop: threading.Event) -> None:
        """Fetch it, or the rest of it.

        :raises NotServed: when nothing came.
        :raises Broken: when the connection broke again and again.
        :raises WrongFile: when it is another file.
        :raises Interrupted: when ``stop`` is set; what came by then is kept.
        :raises OSError: when it cannot be written.
        """
        for resumed in (self.there() > 0, False):
            self._fetch(client, tell, stop)
            if sha256_of(self.target, stop) == self._sha256:
                self._record.unlink(missing_ok=True)
                return
            self.clear()
            if not resumed:  # else the parts may be of two files, and the whole is fetched once more
                break
        raise WrongFile("Its content is not what the catalogue says (sha256 differs).")

    def there(self) -> int:
        """How many bytes earlier tries left."""
        try:
            return self.target.stat().st_size
        except OSError:
            return 0

    def clear(self) -> None:
        """Take away what there is of it."""
        self.target.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def _fetch(self, client: httpx.Client, tell: Report, stop: threading.Event) -> None:
        import httpx

        idle, begun = 0, False
        for _ in range(_MOST_TRIES):
            problem: Exception | None = None
            before = self.there()
            if before == self._size:
                return
            try:
                self._take(client, tell, stop)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                problem = error
            moved = self.there() != before
            begun = begun or moved or problem is None
            idle = 0 if moved else idle + 1
            if not begun:
                raise NotServed(str(problem) or type(problem).__name__) from problem
            if idle >= _TRIES_WITHOUT_PROGRESS:
                raise Broken(str(problem or "The server ended it too early.")) from problem
            if problem is not None and stop.wait(_PAUSE_S):
                raise Interrupted()
        if self.there() != self._size:
            raise Broken(f"The connection broke {_MOST_TRIES} times.")

    def _take(self, client: httpx.Client, tell: Report, stop: threading.Event) -> None:
        first, known = self.there(), self._known()
        headers = {"Accept-Encoding": "identity"}
        if first and known is not None and first < self._size:
            headers["Range"] = f"bytes={first}-"
            if known.validator:
                headers["If-Range"] = known.validator
        with client.stream("GET", self._url, headers=headers) as response:
            found = _remote(response)
            if response.status_code == 206 and "Range" in headers:
                if not _goes_on(response, first) or (known is not None and _is_another(known, found)):
                    self.clear()
                    return  # it is another file, or another part of it: the next turn asks for all of it
            elif response.status_code == 200:
                first = 0
            elif response.status_code == 416 and "Range" in headers:
                self.clear()
                return
            else:
                raise NotServed(f"The server answered {response.status_code}.")
            if found.size >= 0 and found.size != self._size:
                self.clear()
                raise WrongFile(f"It has {found.size} bytes, not {self._size}.")
            # Before the first byte: whatever is found later beside a record is of what the record says.
            if first == 0:
                self.clear()
                self._record.write_text(json.dumps(asdict(found)))
            self._write(response, first, tell, stop)

    def _write(self, response: httpx.Response, first: int, tell: Report, stop: threading.Event) -> None:
        done, told = first, 0.0
        with self.target.open("ab") as target:
            for block in response.iter_raw():
                if stop.is_set():
                    raise Interrupted()
                done += len(block)
                if done > self._size:
                    break
                target.write(block)
                target.flush()
                if time.monotonic() - told >= _TELL_EVERY_S:
                    told = time.monotonic()
                    tell(f"{done / 1e6:.0f} of {self._size / 1e6:.0f} MB", done / self._size)
        if done > self._size:
            self.clear()
            raise WrongFile(f"It has more than {self._size} bytes.")

    def _known(self) -> _Remote | None:
        try:
            known = _Remote(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        told = (known.etag, known.modified)
        return known if all(isinstance(value, str) and value.isascii() for value in told) else None


def _remote(response: httpx.Response) -> _Remote:
    headers = response.headers
    size = headers.get("Content-Length", "")
    if response.status_code == 206:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        size = found[2] if found else ""
    # What cannot be sent back as it came is no validator.
    told = [value if value.isascii() else "" for value in (headers.get("ETag", ""), headers.get("Last-Modified", ""))]
    return _Remote(int(size) if _SIZE.fullmatch(size) else -1, *told)


def _goes_on(response: httpx.Response, first: int) -> bool:
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == first


def _is_another(known: _Remote, found: _Remote) -> bool:
    """Whether a server that minds no If-Range has another file than before."""
    both = [(known.etag, found.etag), (known.modified, found.modified)]
    return any(before and now and before != now for before, now in both)
