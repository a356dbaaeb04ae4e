"""Moves of files that were edited since: what was done to a file goes along with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from nootropic_kernel.changes.merge import merge
from nootropic_kernel.changes.path_plan import Shift


@dataclass(frozen=True)
class Moves:
    """The moves among some shifts, for one layer.

    Args:
        shifts: every shift of a turn by its path, as this layer holds contents.
        now: what the layer holds at a path.
    """

    shifts: Mapping[str, Shift]
    now: Callable[[str], bytes | None]

    def along(self, shift: Shift) -> Shift:
        """The shift with what was done to the moved file since.

        Raises:
            MergeConflict: that was done in the same place; raised for the place that it leaves.
        """
        if shift.new is None:
            arrives = self._arrival(shift)
            if arrives is None:
                return shift
            self._moved(shift, arrives)
            return replace(shift, old=self.now(shift.path))
        leaves = self.shifts.get(shift.moved_from or "")
        return shift if leaves is None or leaves.new is not None else replace(shift, new=self._moved(leaves, shift))

    def lost(self, shift: Shift) -> bool:
        """Whether the file that is to move is gone, and was not moved there by somebody else."""
        arrives = self._arrival(shift) if shift.new is None else None
        return arrives is not None and self.now(shift.path) is None and self.now(arrives.path) is None

    def _arrival(self, leaves: Shift) -> Shift | None:
        return next((each for each in self.shifts.values() if each.moved_from == leaves.path), None)

    def _moved(self, leaves: Shift, arrives: Shift) -> bytes | None:
        now = self.now(leaves.path)
        return arrives.new if now is None else merge(arrives.path, leaves.old, now, arrives.new)
