"""The service answers, and describes itself."""

{% if cookiecutter.sql %}
import sqlalchemy as sa
{% endif %}
from fastapi.testclient import TestClient

from {{ cookiecutter.package }}.api import create_app


def test_the_service_answers_and_describes_itself({% if cookiecutter.sql %}engine: sa.Engine{% endif %}) -> None:
    client = TestClient(create_app({% if cookiecutter.sql %}engine{% endif %}))
    assert client.get("/health").json() == {"status": "ok"}
    described = client.get("/openapi.json").json()["paths"]
    assert "/health" in described
{% for entity in cookiecutter.entities %}
    assert "/{{ entity.path }}/" in described
{% endfor %}
