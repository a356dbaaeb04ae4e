"""The run-time folder: private, short, and never somebody else's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from nootropic_kernel.workspace import service
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.service_place import ServicePlace, ServiceRecord, ServiceUnavailable
from nootropic_kernel.workspace.service_wire import Wire


def test_each_workspace_has_its_own_private_folder(run_time: Path, tmp_path: Path) -> None:
    one, other = ServicePlace.of(tmp_path / "one"), ServicePlace.of(tmp_path / "other")
    assert one != other and one == ServicePlace.of(tmp_path / "x" / ".." / "one") and not one.folder.exists()
    one.prepare()
    one.prepare()
    assert one.folder.stat().st_mode & 0o777 == one.folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("named", ["", "relative", "/no/such/folder", "/tmp", "too long"])
def test_a_run_time_folder_that_does_not_do_is_not_used(
    monkeypatch: pytest.MonkeyPatch, run_time: Path, tmp_path: Path, named: str
) -> None:
    if named == "too long":
        long = tmp_path / ("x" * 120)
        long.mkdir(mode=0o700)
        named = str(long)
    monkeypatch.setenv("XDG_RUNTIME_DIR", named)
    place = ServicePlace.of(tmp_path)
    uid = os.geteuid()
    assert place.folder.parent in (Path(f"/tmp/nootropic-{uid}"), Path(f"/run/user/{uid}/nootropic"))
    assert len(os.fsencode(place.socket)) <= 103


def test_a_folder_open_to_others_is_refused(run_time: Path, workspace: Workspace) -> None:
    place = ServicePlace.of(workspace.root)
    place.prepare()
    for folder in (place.folder, place.folder.parent):
        folder.chmod(0o755)
        assert "open to other users" in place.obstacle() and place.record() is None
        with pytest.raises(ServiceUnavailable, match="open to other users"):
            place.prepare()
        folder.chmod(0o700)


def test_a_link_or_a_file_in_its_place_is_refused(run_time: Path, workspace: Workspace, tmp_path: Path) -> None:
    place = ServicePlace.of(workspace.root)
    place.prepare()
    place.folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    place.folder.symlink_to(elsewhere)
    with pytest.raises(ServiceUnavailable, match="is not a folder"):
        place.prepare()
    place.folder.unlink()
    place.folder.write_text("")
    assert "is not a folder" in service.obstacle(workspace)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_what_belongs_to_another_user_is_refused(run_time: Path, workspace: Workspace) -> None:
    place = ServicePlace.of(workspace.root)
    place.prepare()
    place.write_record(ServiceRecord(os.getpid(), "", "", "key", "", 0.0))
    assert place.record() is not None
    os.chown(place.record_file, 12345, -1)
    assert place.record() is None
    os.chown(place.folder, 12345, -1)
    assert "belongs to another user" in place.obstacle()
    with pytest.raises(ServiceUnavailable, match="belongs to another user"):
        place.prepare()


def test_a_record_that_is_a_link_or_no_record_is_none(run_time: Path, workspace: Workspace, tmp_path: Path) -> None:
    place = ServicePlace.of(workspace.root)
    place.prepare()
    record = ServiceRecord(1, "mark", "identity", "key", "root", 1.5)
    place.write_record(record)
    assert place.record() == record and place.record_file.stat().st_mode & 0o777 == 0o600
    place.record_file.rename(tmp_path / "record")
    place.record_file.symlink_to(tmp_path / "record")
    assert place.record() is None
    place.record_file.unlink()
    for text in ("", "{", "[]", '{"pid": 1}'):
        place.record_file.write_text(text)
        assert place.record() is None


def test_a_stale_socket_is_nobody(run_time: Path, workspace: Workspace) -> None:
    place = ServicePlace.of(workspace.root)
    place.prepare()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.socket))
    with pytest.raises(OSError):
        Wire.to(str(place.socket))
    assert service.status(workspace) is None
