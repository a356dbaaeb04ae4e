"""The route answers those who are signed in, and nobody else."""

import json
import typing

import pytest
from tornado.httpclient import HTTPClientError

TITLE = {{ cookiecutter.title_literal }}


async def test_the_route_says_what_the_extension_is(jp_fetch: typing.Callable[..., typing.Any]) -> None:
    answer = await jp_fetch("{{ cookiecutter.project_slug }}", "hello")
    assert json.loads(answer.body) == {"title": TITLE}


async def test_a_stranger_gets_no_answer(jp_fetch: typing.Callable[..., typing.Any]) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("{{ cookiecutter.project_slug }}", "hello", headers={"Authorization": "token wrong"})
    assert refused.value.code == 403
