"""States of the world in a search that goes back and forth between them.

One set of indexed facts is kept, and rerooted: to go to another state, the changes on the path to it are undone and
done (Baker, *Shallow Binding in LISP 1.5*, CACM 21(7), 1978). A state is known by which facts differ from the first.
"""

from __future__ import annotations

from collections.abc import Iterable

from nootropic_kernel.planning.hddl.facts import Args, Relation

Change = tuple[Relation, Args, bool]  # made true, or false


class State:
    """A state, as what an action changed in the one before it."""

    __slots__ = ("changes", "depth", "key", "parent")

    def __init__(self, key: int, parent: State | None, changes: tuple[Change, ...]) -> None:
        self.key = key
        self.parent = parent
        self.changes = changes
        self.depth: int = 0 if parent is None else parent.depth + 1


class World:
    """The facts as they are in the current state. The same facts are always the same state."""

    def __init__(self, relations: dict[str, Relation]) -> None:
        self.relations = relations
        self.current = State(0, None, ())
        self._states = {0: self.current}
        self._bits: dict[tuple[Relation, Args], int] = {}

    def go(self, state: State) -> None:
        """Make a state the current one."""
        if state is self.current:
            return
        up, down, target = self.current, [], state
        while up is not target:
            if up.depth > target.depth:
                up = self._left(up)
            else:
                down.append(target)
                assert target.parent is not None
                target = target.parent
        for each in reversed(down):
            for relation, args, true in each.changes:
                relation.add(args) if true else relation.remove(args)
        self.current = state

    def _left(self, state: State) -> State:
        for relation, args, true in state.changes:
            relation.remove(args) if true else relation.add(args)
        assert state.parent is not None
        return state.parent

    def after(self, adds: Iterable[tuple[Relation, Args]], deletes: Iterable[tuple[Relation, Args]]) -> State:
        """The state in which these are true, and those false, and all else as it is now."""
        made = dict.fromkeys(adds)
        key, changes = self.current.key, []
        for fact in dict.fromkeys(deletes):
            if fact not in made and fact[1] in fact[0].facts:
                changes.append((*fact, False))
                key ^= self._bit(fact)
        for fact in made:
            if fact[1] not in fact[0].facts:
                changes.append((*fact, True))
                key ^= self._bit(fact)
        if key not in self._states:
            self._states[key] = State(key, self.current, tuple(changes))
        return self._states[key]

    def _bit(self, fact: tuple[Relation, Args]) -> int:
        if fact not in self._bits:
            self._bits[fact] = 1 << len(self._bits)
        return self._bits[fact]
