"""What is seen and typed: the game as text, and keys as moves."""

from __future__ import annotations

import collections.abc

from .rules import HEIGHT, WIDTH, State, step

KEYS = {"w": "up", "s": "down", "a": "left", "d": "right"}
HELP = "w, a, s, d and Enter to move; q and Enter to stop"


def draw(state: State) -> str:
    """The game as lines of text: @ is the player, * the goal."""
    rows = [["."] * WIDTH for _ in range(HEIGHT)]
    for sign, (x, y) in (("*", state.goal), ("@", state.player)):
        rows[y][x] = sign
    return "\n".join([*("".join(row) for row in rows), f"steps left: {state.steps_left}"])


def play(
    state: State, lines: collections.abc.Iterable[str], show: collections.abc.Callable[[str], object] = print
) -> State:
    """Play until it is over, somebody stops, or nothing more is typed; every sign of a line is a key."""
    show(f"{HELP}\n{draw(state)}")
    for line in lines:
        for key in line.strip().lower():
            if key == "q":
                return state
            if key in KEYS:
                state = step(state, KEYS[key])
            else:
                show(f"{key!r} is no key: {HELP}")
        show(draw(state))
        if state.over:
            show("You won." if state.won else "You lost: no steps are left.")
            break
    return state
