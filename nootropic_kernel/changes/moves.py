"""Moves of files that were edited since: what was done to a file goes along with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nootropic_kernel.changes.merge import merge

if TYPE_CHECKING:
    from nootropic_kernel.changes.layers import Shift


@dataclass(frozen=True)
class Moves:
    """The moves among some shifts, for one layer.

    Args:
        shifts: every shift of a turn, as this layer holds contents.
        now: what the layer holds at a path.
    """

    shifts: Sequence[Shift]
    now: Callable[[str], bytes | None]

    def along(self, shift: Shift) -> Shift:
        """The shift with what was done to the moved file since.

        Raises:
            MergeConflict: that was done in the same place, or the file is gone; raised for the place that it leaves.
        """
        if shift.new is None:
            arrives = next((each for each in self.shifts if each.moved_from == shift.path), None)
            if arrives is None:
                return shift
            self._moved(shift, arrives)
            return replace(shift, old=self.now(shift.path))
        leaves = next((each for each in self.shifts if each.path == shift.moved_from and each.new is None), None)
        return shift if leaves is None else replace(shift, new=self._moved(leaves, shift))

    def _moved(self, leaves: Shift, arrives: Shift) -> bytes | None:
        now = self.now(leaves.path)
        return arrives.new if now is None else merge(arrives.path, leaves.old, now, arrives.new)
