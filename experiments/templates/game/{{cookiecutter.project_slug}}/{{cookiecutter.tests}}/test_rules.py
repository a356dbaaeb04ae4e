"""A game can be won and lost, and the same seed and moves give the same game."""

import pytest

from {{ cookiecutter.package }}.rules import State, start, step


def test_a_game_is_won_at_the_goal() -> None:
    state = step(State((0, 0), (1, 0), steps_left=3), "right")
    assert state.won and state.over
    assert step(state, "left") == state


def test_a_game_is_lost_when_no_steps_are_left() -> None:
    state = step(State((0, 0), (3, 0), steps_left=1), "up")
    assert state.over and not state.won and state.player == (0, 0)


def test_the_same_seed_gives_the_same_game_and_it_can_be_won() -> None:
    state = start(7)
    assert state == start(7)
    for move in ["right"] * state.goal[0] + ["down"] * state.goal[1]:
        state = step(state, move)
    assert state.won


def test_what_is_no_move_is_refused() -> None:
    with pytest.raises(ValueError, match="no move"):
        step(start(1), "jump")
