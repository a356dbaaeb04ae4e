"""What a recipe sees of a repository: paths and bytes, nothing it could write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from nootropic_kernel.changes.changeset import FileEdit


class RepoFiles(Protocol):
    """Read access to the files of a repository, by path relative to its root with `/`."""

    def paths(self) -> Iterable[str]: ...

    def read(self, path: str) -> bytes | None: ...


class MemoryFiles:
    """Files held in memory; ``listed`` names paths that exist although their bytes were not fetched."""

    def __init__(self, files: Mapping[str, bytes], listed: Iterable[str] = ()) -> None:
        self._files = dict(files)
        self._paths = sorted({*files, *listed})

    def paths(self) -> list[str]:
        return self._paths

    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    def with_edits(self, edits: Iterable[FileEdit]) -> MemoryFiles:
        """The same files after the edits."""
        files = dict(self._files)
        listed = set(self._paths)
        for edit in edits:
            for gone in filter(None, (edit.renamed_from, edit.path if edit.new is None else None)):
                files.pop(gone, None)
                listed.discard(gone)
            if edit.new is not None:
                files[edit.path] = edit.new
        return MemoryFiles(files, listed)
