"""The start page answers, and pages hold nothing that was ruled out."""

{% if cookiecutter.sql %}
import sqlalchemy as sa

{% endif %}
from {{ cookiecutter.package }}.web import create_app


def test_the_start_page_answers({% if cookiecutter.sql %}engine: sa.Engine{% endif %}) -> None:
    answer = create_app({% if cookiecutter.sql %}engine{% endif %}).test_client().get("/")
    assert answer.status_code == 200
{% if cookiecutter.javascript %}
    assert "confirm.js" in answer.text
{% else %}
    assert "<script" not in answer.text
{% endif %}


def test_a_page_that_is_not_there_says_so({% if cookiecutter.sql %}engine: sa.Engine{% endif %}) -> None:
    assert create_app({% if cookiecutter.sql %}engine{% endif %}).test_client().get("/nowhere").status_code == 404
