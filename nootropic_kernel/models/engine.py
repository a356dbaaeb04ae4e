"""The engine's process as its owner sees it: start, readiness, requests under way, how it ended."""

from __future__ import annotations

import itertools
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nootropic_kernel.models.engine_options import EngineOptions
from nootropic_kernel.models.errors import ModelLoadFailed
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.locks import patient_lock

_POLL_S = 0.05
_LOG_KEEP_S = 7 * 86400
_MOST_LOG_BYTES = 1 << 20
_number = itertools.count(1)
_CHILD = Path(__file__).with_name("child.py")
_RUN_MODULE = Path(__file__).parents[1] / "run_module.py"


@dataclass(frozen=True)
class Running:
    """An engine process that runs, as the requests that it was given to know it."""

    port: int
    key: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)
    # All its users are in this process, which meters each call itself.
    meter: None = None

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def how_it_ended(self, wait_s: float = 1.0) -> str | None:
        """How it ended, in words; None when it still runs after ``wait_s`` seconds."""
        try:
            code = self.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        if code == 0:
            return "it stopped because nobody used it"
        return f"it was killed by {_signal_name(-code)}" if code < 0 else f"it ended with code {code}"


class EngineProcess:
    """One engine process at a time for one model file; started when first needed, and again after it ended."""

    def __init__(self, model: Path, options: EngineOptions, log_folder: Path) -> None:
        self.model = model
        self.options = options
        self.log = log_folder / f"engine-{os.getpid()}-{next(_number)}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._key = ""
        self._guard = threading.RLock()

    @property
    def pid(self) -> int | None:
        """The process id of the running engine."""
        return self._process.pid if self._process is not None and self.is_alive() else None

    def is_alive(self) -> bool:
        """Whether the engine runs."""
        return self._process is not None and self._process.poll() is None

    @contextmanager
    def request(self, cancel: threading.Event | None = None) -> Iterator[Running]:
        """The running engine for one request, started if needed; it does not count as idle meanwhile.

        :raises ModelLoadFailed: when it does not start.
        :raises Interrupted: when ``cancel`` is set before it is ready.
        """
        with self._guard:
            if not (self.is_alive() and self._tell(b"+\n")):
                self._start(cancel)
                self._tell(b"+\n")
            assert self._process is not None
            running = Running(self._port, self._key, self._process)
        try:
            yield running
        finally:
            self._tell(b"-\n")

    def shorten_log(self) -> None:
        """Empty the log when it has grown long; what the engine appends then starts it anew."""
        try:
            if self.log.stat().st_size > _MOST_LOG_BYTES:
                os.truncate(self.log, 0)
        except OSError:
            pass  # It is not there, or was made unwritable: then it does not grow either.

    def close(self, grace_s: float = 2.0) -> None:
        """End the engine and take its log away."""
        with self._guard:
            process, self._process = self._process, None
            if process is None:
                return
            _close_pipes(process)
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.log.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let go of a process that belongs to the process we were forked from, so that it still sees its owner end."""
        if self._process is not None:
            _close_pipes(self._process)
            _abandoned.append(self._process)
            self._process = None

    def _start(self, cancel: threading.Event | None) -> None:
        self.close()
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            _clear_old_logs(self.log.parent)
            # One load at a time: two at once need twice the memory bandwidth and finish later than one after the other.
            with patient_lock(self.log.parent / ".engine-start.lock", cancel, timeout_s=self.options.load_s):
                self._spawn()
                try:
                    self._wait_ready(cancel)
                except BaseException:
                    self._kill()
                    raise
        except OSError as error:
            raise self._failed(f"{error.strerror or error}") from error

    def _spawn(self) -> None:
        options = self.options
        threads = options.threads or max(1, _usable_cores() - 1)
        program = [str(_CHILD)]
        if options.kind == "transformers":
            program = [str(_RUN_MODULE), "nootropic_kernel.models.transformers_child"]
        command = [sys.executable, "-P", *program, "--model", str(self.model), "--alias", options.alias]
        command += ["--n-ctx", str(options.n_ctx), "--n-batch", str(options.n_batch), "--threads", str(threads)]
        command += ["--cache-ram-mib", str(_cache_ram_mib()), "--idle-s", str(options.idle_s), "--log", str(self.log)]
        if options.gpu:
            command.append("--gpu")
        if options.four_bit:
            command.append("--four-bit")
        for adapter in options.adapters:
            command += ["--adapter", str(adapter)]
        self._key = secrets.token_urlsafe(32)
        # A session of its own: Ctrl-C in a terminal, and a kernel's interrupt, go to the whole process group. It works
        # beside the model, where no repository can have put a module that a relative PYTHONPATH would find.
        self._process = subprocess.Popen(
            command, cwd=self.model.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True,
        )  # fmt: skip
        self._tell(self._key.encode() + b"\n")

    def _wait_ready(self, cancel: threading.Event | None) -> None:
        process = self._process
        assert process is not None and process.stdout is not None
        said: queue.Queue[bytes] = queue.Queue()
        stdout = process.stdout
        reader = threading.Thread(target=lambda: said.put(stdout.readline()), daemon=True)
        reader.start()
        deadline = time.monotonic() + self.options.load_s
        while True:
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            try:
                line = said.get(timeout=_POLL_S)
                break
            except queue.Empty:
                if time.monotonic() >= deadline:
                    raise self._failed(f"It was not ready after {self.options.load_s:g} seconds.") from None
        reader.join()
        stdout.close()
        try:
            message = json.loads(line)
        except ValueError:
            raise self._failed(
                f"Its process ended while loading: {Running(0, '', process).how_it_ended() or 'no reason given'}."
            ) from None
        if not message.get("ready"):
            raise self._failed(str(message.get("error")))
        self._port = int(message["port"])

    def _tell(self, line: bytes) -> bool:
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            process.stdin.write(line)
        except (OSError, ValueError):
            return False
        return True

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _close_pipes(process)

    def _failed(self, why: str) -> ModelLoadFailed:
        tail = _tail(self.log)
        return ModelLoadFailed(
            f"The model {self.options.alias!r} could not be started.",
            why=f"{why} {tail}".strip(),
            next="Run `noo doctor`; if its file is damaged, `noo models pull` fetches it again.",
            model=self.options.alias,
            log=str(self.log),
        )


_abandoned: list[subprocess.Popen[bytes]] = []


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                pass


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"It last said: {lines[-1][:300]}" if lines else ""


def _clear_old_logs(folder: Path) -> None:
    for log in folder.glob("engine-*.log"):
        try:
            if time.time() - log.stat().st_mtime > _LOG_KEEP_S:
                log.unlink()
        except OSError:
            pass


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 2


def _cache_ram_mib() -> int:
    """What the engine may keep of earlier prompts: a small share of the free memory, its own default being 8 GiB."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        free = min(free, max(0, limit - used))
    except (OSError, ValueError):
        pass
    return max(32, min(512, (free >> 20) // 16))
