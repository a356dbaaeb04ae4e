"""What a turn does to each path in each layer: the person's file, the commit, the person's index."""

from __future__ import annotations

import shlex
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from nootropic_kernel.changes.commit import EXECUTABLE, REGULAR, Entry, Repository
from nootropic_kernel.changes.files import FileState, read_file, usual_mode
from nootropic_kernel.changes.merge import MergeConflict, merge
from nootropic_kernel.changes.moves import Moves
from nootropic_kernel.changes.path_plan import PathPlan, Shift
from nootropic_kernel.workspace.errors import NootropicError, PathRefused
from nootropic_kernel.workspace.git import GitFailed
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_paths, is_executable_at_import
from nootropic_kernel.workspace.settings import load_settings

Mode = Literal["commit", "stage", "files"]


def mode_of(workspace: Workspace) -> Mode:
    """How far a turn goes here: to a commit, to the index where the person wants that, or to the files alone."""
    if not workspace.has_git:
        return "files"
    return "commit" if load_settings(workspace).commit_on_accept else "stage"


class ChangedSince(NootropicError):
    """The files moved on since the change was proposed, in the same lines or cells."""


class DirtyOverlap(NootropicError):
    """Lines of the person's own that are not committed overlap with the change."""


class UnsavedEdits(NootropicError):
    """An open tab holds edits of the file that are not saved."""


class NeedsOwnYes(NootropicError):
    """Files that run by themselves need a yes of their own."""


class Layers:
    """Plans paths against the workspace as it is now."""

    def __init__(self, workspace: Workspace, mode: Mode) -> None:
        self.workspace = workspace
        self.mode = mode
        self._blobs: dict[str, bytes] = {}

    @cached_property
    def repository(self) -> Repository:
        """The Git side; only asked for where there is Git."""
        return Repository(self.workspace.root, self.workspace.state_dir)

    @cached_property
    def head(self) -> str | None:
        """The commit that the turn starts from."""
        return None if self.mode == "files" else self.repository.git.head()

    def plan(
        self, shifts: Sequence[Shift], *, unsaved: Collection[str] = (), allow_executable: bool = False
    ) -> list[PathPlan]:
        """What each path becomes; refuses before anything is written.

        Raises:
            PathRefused: a file that no change may touch.
            NeedsOwnYes: a file that runs by itself.
            UnsavedEdits: a file open with unsaved edits.
            DirtyOverlap: the person's own uncommitted lines are in the way.
            ChangedSince: the file moved on in the same place.
            GitBusy: a merge or the like is in progress.
        """
        going = {shift.path for shift in shifts if shift.new is None}
        check_paths(self.workspace, [shift.path for shift in shifts], going=going)
        shifts = self._ways_back(shifts)
        self._refuse_unsaved([shift.path for shift in shifts], unsaved)
        runs = [shift.path for shift in shifts if shift.new is not None and is_executable_at_import(shift.path)]
        if runs and not allow_executable:
            raise NeedsOwnYes(
                f"{', '.join(runs)} can run by itself (at test, import, build or start time), or instructs agents.",
                why="Such a file is accepted only with a yes of its own.",
                next="Read it, then accept with --allow-executable.",
                paths=runs,
            )
        if self.mode != "files":
            self.repository.check_ready()
            self._refuse_places(shifts)
            self.repository.note_unconverted([shift.path for shift in shifts])
        plans = self._files(shifts)
        if self.mode == "files":
            return plans
        paths = [shift.path for shift in shifts]
        heads = dict.fromkeys(paths) if self.head is None else self.repository.entries(self.head, paths)
        staged = self.repository.staged(paths)
        clean = self.repository.clean
        stored = {s.path: replace(s, old=clean(s.path, s.old), new=clean(s.path, s.new)) for s in shifts}
        planned = [self._in_git(stored[plan.path], plan, stored, heads, staged) for plan in plans]
        self.repository.store_all(self._blobs)
        return planned

    def as_committed(self, plans: Sequence[PathPlan], commit: str) -> list[PathPlan]:
        """The plans with what the commit holds; a hook of the repository may have formatted it."""
        entries = self.repository.entries(commit, [plan.path for plan in plans])
        return [
            replace(
                plan,
                head_after=entries[plan.path],
                index_after=entries[plan.path] if plan.index_after == plan.head_after else plan.index_after,
            )
            for plan in plans
        ]

    def not_in_head(self, plans: Sequence[PathPlan], commit: str) -> list[str]:
        """Paths that HEAD holds otherwise than ``commit``, which was made just now."""
        head = self.repository.git.head()
        if head is None or head == commit:
            return []
        entries = self.repository.entries(head, [plan.path for plan in plans])
        return [plan.path for plan in plans if entries[plan.path] != plan.head_after]

    def bring_index_along(self, plans: Sequence[PathPlan]) -> list[str]:
        """Give the person's index the change, so that it is not shown as taken back; returns notes."""
        moved = [plan for plan in plans if plan.index_after != plan.index_before]
        staged = self.repository.staged([plan.path for plan in moved])
        return self._stage({p.path: p.index_after for p in moved if staged[p.path] == p.index_before})

    def take_index_back(self, plans: Sequence[PathPlan]) -> None:
        """Undo `bring_index_along`."""
        moved = [plan for plan in plans if plan.index_after != plan.index_before]
        staged = self.repository.staged([plan.path for plan in moved])
        self._stage({p.path: p.index_before for p in moved if staged[p.path] == p.index_after})

    def _stage(self, wanted: dict[str, Entry | None]) -> list[str]:
        for attempt in range(40):
            try:
                self.repository.stage(wanted)
                return []
            except GitFailed as error:
                if "index.lock" not in error.why or attempt == 39:
                    return [f"Git's index could not be brought along: run `git reset -q -- {' '.join(wanted)}`."]
                time.sleep(0.1)
        return []

    def own_lines(self, plans: Sequence[PathPlan]) -> dict[str, set[bytes]]:
        """By path, the lines of the person's own that lie in the files and not in what is to be committed."""
        found: dict[str, set[bytes]] = {}
        for plan in plans:
            clean = self.repository.clean(plan.path, None if plan.after is None else plan.after.content)
            if clean is None or (plan.head_after is not None and plan.head_after.oid == self.repository.oid_of(clean)):
                continue
            own = set(clean.split(b"\n")) - set((self.repository.content(plan.head_after) or b"").split(b"\n"))
            if own:
                found[plan.path] = own
        return found

    def _ways_back(self, shifts: Sequence[Shift]) -> list[Shift]:
        """The shifts, without a way back that leads nowhere: the turn found its work done, or Git dropped the blobs."""
        seen = {
            shift.path: [e.oid for e in (shift.reverses.head_before, shift.reverses.index_before) if e is not None]
            for shift in shifts
            if shift.reverses is not None
        }
        gone = self.repository.missing(oid for oids in seen.values() for oid in oids) if self.mode != "files" else set()
        return [
            replace(shift, reverses=None)
            if shift.reverses is not None
            and (shift.reverses.before == shift.reverses.after or not gone.isdisjoint(seen[shift.path]))
            else shift
            for shift in shifts
        ]

    def _refuse_places(self, shifts: Sequence[Shift]) -> None:
        made = [shift.path for shift in shifts if shift.new is not None]
        removed = {shift.path for shift in shifts if shift.new is None}
        if self.head is not None:
            for path, parent in self.repository.in_the_way(self.head, made).items():
                if parent not in removed:
                    raise PathRefused(path, f"Git holds {parent} as a file or a repository of its own")
        if outside := self.repository.outside_the_checkout(made):
            raise PathRefused(outside[0], "It is outside your sparse checkout")

    def _refuse_unsaved(self, paths: Sequence[str], unsaved: Collection[str]) -> None:
        open_paths = sorted(set(paths) & set(unsaved))
        if open_paths:
            raise UnsavedEdits(
                f"{', '.join(open_paths)} has unsaved edits in an open tab.",
                why="Writing the file would set them against each other.",
                next="Save the file, then run this again.",
                paths=open_paths,
            )

    def _files(self, shifts: Sequence[Shift]) -> list[PathPlan]:
        found = {shift.path: read_file(self.workspace.root, shift.path) for shift in shifts}

        def content(path: str) -> bytes | None:
            state = found.get(path)
            return None if state is None else state.content

        moves = Moves({shift.path: shift for shift in shifts}, content)
        return [self._file(shift, found[shift.path], moves) for shift in shifts]

    def _file(self, shift: Shift, now: FileState | None, moves: Moves) -> PathPlan:
        back = shift.reverses
        mode = _mode(shift, now)
        if back is not None and now == back.after:
            after = back.before
        else:
            try:
                if moves.lost(shift):
                    raise MergeConflict(shift.path)
                moved = moves.along(shift)
                content = merge(shift.path, moved.old, None if now is None else now.content, moved.new)
            except MergeConflict:
                raise self._conflict(shift, now) from None
            after = None if content is None else FileState(content, mode)
        old_mode = back.after.mode if back is not None and back.after is not None else now.mode if now else mode
        return PathPlan(
            shift.path,
            now,
            after,
            None if shift.old is None else FileState(shift.old, old_mode),
            None if shift.new is None else FileState(shift.new, mode),
        )

    def _in_git(
        self,
        shift: Shift,
        plan: PathPlan,
        every: Mapping[str, Shift],
        heads: Mapping[str, Entry | None],
        staged: Mapping[str, Entry | None],
    ) -> PathPlan:
        """The plan with HEAD and the index; shifts hold contents as Git stores them."""
        head, index = heads[shift.path], staged[shift.path]
        for entry in (head, index):
            if entry is not None and entry.mode not in (REGULAR, EXECUTABLE):
                raise PathRefused(shift.path, "Git holds a link or a nested repository under this name")
        if self.mode == "stage":
            if index is None and shift.old is not None:
                return plan  # an untracked file: it is written, there is nothing to stage it against
            index_after = self._shifted(shift, every, staged, "index")
            return replace(plan, head_before=head, head_after=head, index_before=index, index_after=index_after)
        head_after = self._shifted(shift, every, heads, "head")
        index_after = (
            head_after
            if index == head and heads.get(shift.moved_from or "") == staged.get(shift.moved_from or "")
            else self._shifted(shift, every, staged, "index")
        )
        return replace(plan, head_before=head, head_after=head_after, index_before=index, index_after=index_after)

    def _shifted(
        self,
        shift: Shift,
        every: Mapping[str, Shift],
        entries: Mapping[str, Entry | None],
        layer: Literal["head", "index"],
    ) -> Entry | None:
        """The entry with the change; exactly the one from before where nothing else happened since."""
        entry, back = entries[shift.path], shift.reverses
        # A turn that left an entry alone (it was only staged, say) shows no way back; a file that Git does not hold is
        # none of its business either way.
        if back is not None:
            in_head = layer == "head"
            way_back, seen = (back.head_before, back.head_after) if in_head else (back.index_before, back.index_after)
            if entry == seen and (entry is None or way_back != seen):
                return way_back
        repository = self.repository

        def content_at(path: str) -> bytes | None:
            # Most files are as they were read: then Git need not be asked for what we know.
            there, old = entries[path], every[path].old
            unchanged = old is not None and there is not None and there.oid == repository.oid_of(old)
            return old if unchanged else repository.content(there)

        now = content_at(shift.path)
        try:
            moved = Moves(every, content_at).along(shift)
            content = merge(shift.path, moved.old, now, moved.new)
        except MergeConflict:
            raise self._not_committed(shift, entry, staged=layer == "index") from None
        if content is None:
            return None
        mode = entry.mode if entry is not None else REGULAR
        if shift.mode is not None:
            mode = EXECUTABLE if shift.mode & 0o100 else REGULAR
        if content == now:
            return entry if entry is not None and entry.mode == mode else Entry(self._blob(content), mode)
        return Entry(self._blob(content), mode)

    def _blob(self, content: bytes) -> str:
        """The id of a blob that is stored once the plan is made: all of them at once."""
        oid = self.repository.oid_of(content)
        self._blobs[oid] = content
        return oid

    def _conflict(self, shift: Shift, now: FileState | None) -> NootropicError:
        content = None if now is None else now.content
        if self.mode != "files" and self.repository.differs_from_head(shift.path, content):
            if now is None:
                staged = "" if self.repository.staged([shift.path])[shift.path] else "--staged --worktree "
                return DirtyOverlap(
                    f"{shift.path} is deleted in your working tree.",
                    why="This change is made inside the file.",
                    next=f"`git restore {staged}{shlex.quote(shift.path)}` brings it back; then run this again.",
                    paths=[shift.path],
                )
            return DirtyOverlap(
                f"{shift.path} has changes of your own that are not committed, where this change goes.",
                why="Neither may overwrite the other.",
                next=f"Commit or stash your changes of {shift.path}, then run this again.",
                paths=[shift.path],
            )
        what = "is there already" if shift.old is None else "is gone" if now is None else "changed in the same place"
        return ChangedSince(
            f"{shift.path} {what} since this change was made.",
            why="Both cannot stand, and nothing was written.",
            next="Make the edit by hand.",
            paths=[shift.path],
        )

    def _not_committed(self, shift: Shift, entry: Entry | None, *, staged: bool) -> NootropicError:
        if entry is None and not staged:
            return DirtyOverlap(
                f"{shift.path} is not committed yet.",
                why="A commit of this change alone cannot be made on top of it.",
                next=f"`git add {shift.path}` and commit it, then run this again.",
                paths=[shift.path],
            )
        where = "staged" if staged else "not committed"
        return DirtyOverlap(
            f"{shift.path} has changes of your own that are {where}, where this change goes.",
            why="The commit must hold this change and none of yours.",
            next=f"Commit or stash your changes of {shift.path}, then run this again.",
            paths=[shift.path],
        )


def _mode(shift: Shift, now: FileState | None) -> int:
    """The permissions that the file gets: where it has some, only whether it may be executed changes, as in Git."""
    if shift.mode is None:
        return now.mode if now is not None else usual_mode()
    if now is None or shift.reverses is not None:
        return shift.mode
    return now.mode | (now.mode & 0o444) >> 2 if shift.mode & 0o100 else now.mode & ~0o111
