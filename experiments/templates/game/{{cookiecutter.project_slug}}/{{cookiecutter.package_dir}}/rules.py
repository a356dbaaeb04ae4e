"""The rules, without a screen: what is there, one step, when it is over.

They start as a walk to a goal, so that there is something to play; the same seed and moves give the same game.
"""

from __future__ import annotations

import dataclasses
import random

WIDTH, HEIGHT = 12, 6
MOVES = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@dataclasses.dataclass(frozen=True)
class State:
    """Where the player and the goal are, and how many steps are left."""

    player: tuple[int, int]
    goal: tuple[int, int]
    steps_left: int

    @property
    def won(self) -> bool:
        """Whether the goal is reached."""
        return self.player == self.goal

    @property
    def over(self) -> bool:
        """Whether nothing more can be done."""
        return self.won or self.steps_left == 0


def start(seed: int) -> State:
    """A new game; chance comes from the seed alone."""
    chance = random.Random(seed)
    goal = (chance.randrange(1, WIDTH), chance.randrange(1, HEIGHT))
    return State((0, 0), goal, steps_left=WIDTH + HEIGHT)


def step(state: State, move: str) -> State:
    """The game after one move (see MOVES); a wall stops the player. Raises ValueError for anything else."""
    if move not in MOVES:
        raise ValueError(f"{move!r} is no move; there are {', '.join(MOVES)}")
    if state.over:
        return state
    (x, y), (right, down) = state.player, MOVES[move]
    player = (min(max(x + right, 0), WIDTH - 1), min(max(y + down, 0), HEIGHT - 1))
    return State(player, state.goal, state.steps_left - 1)
