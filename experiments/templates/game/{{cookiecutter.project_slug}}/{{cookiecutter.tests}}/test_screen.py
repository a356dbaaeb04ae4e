"""Somebody plays by keys, sees the end, and can stop."""

import io

import pytest

from {{ cookiecutter.package }}.__main__ import main
from {{ cookiecutter.package }}.rules import start
from {{ cookiecutter.package }}.screen import draw, play


def test_keys_lead_to_the_goal() -> None:
    shown: list[str] = []
    state = start(7)
    end = play(state, ["d" * state.goal[0], "s" * state.goal[1]], shown.append)
    assert end.won and shown[-1] == "You won."


def test_the_player_and_the_goal_are_seen() -> None:
    assert draw(start(7)).count("@") == 1 and draw(start(7)).count("*") == 1


def test_somebody_can_stop_and_a_wrong_key_is_told() -> None:
    shown: list[str] = []
    assert play(start(7), ["xq", "d"], shown.append) == start(7)
    assert any("'x' is no key" in text for text in shown)


def test_the_command_plays_the_game_of_a_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    assert main(["--seed", "7"]) == 0
    assert "game 7" in capsys.readouterr().out
