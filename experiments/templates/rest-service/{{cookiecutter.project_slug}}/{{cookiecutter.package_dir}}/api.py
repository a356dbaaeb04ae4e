"""The service: `create_app` puts its endpoints together."""

from __future__ import annotations

import fastapi
{% if cookiecutter.sql %}
import sqlalchemy as sa

from . import {% for each in cookiecutter.entities | map(attribute="entity") | sort %}{{ each }}_api{% if not loop.last %}, {% endif %}{% endfor %}

from .database import connect
{% endif %}

TITLE = {{ cookiecutter.title_literal }}


def create_app({% if cookiecutter.sql %}engine: sa.Engine | None = None{% endif %}) -> fastapi.FastAPI:
    """The service{% if cookiecutter.sql %}, over a database (that of DATABASE_URL, unless one is given){% endif %}."""
    app = fastapi.FastAPI(title=TITLE)
{% if cookiecutter.sql %}
    app.state.engine = engine or connect()
{% for entity in cookiecutter.entities %}
    app.include_router({{ entity.entity }}_api.ROUTER)
{% endfor %}
{% endif %}
    app.add_api_route("/health", _health, methods=["GET"])
    return app


def _health() -> dict[str, str]:
    """Whether the service answers."""
    return {"status": "ok"}
