"""The website: `create_app` puts its pages together."""

from __future__ import annotations

import os
import secrets

import flask
{% if cookiecutter.sql %}
import sqlalchemy as sa

from . import {% for each in cookiecutter.entities | map(attribute="entity") | sort %}{{ each }}_pages{% if not loop.last %}, {% endif %}{% endfor %}

{% block more_imports %}
{% endblock %}
from .database import connect
{% endif %}

TITLE = {{ cookiecutter.title_literal }}


def create_app({% if cookiecutter.sql %}engine: sa.Engine | None = None{% endif %}) -> flask.Flask:
    """The website{% if cookiecutter.sql %}, over a database (that of DATABASE_URL, unless one is given){% endif %}."""
    app = flask.Flask(__name__, template_folder="pages")
    # Without a key of its own, people lose what their session holds whenever the server starts anew.
    app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
    app.config.update(SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True, MAX_CONTENT_LENGTH=1_000_000)
{% if cookiecutter.sql %}
    app.extensions["database"] = engine or connect()
{% for entity in cookiecutter.entities %}
    app.register_blueprint({{ entity.entity }}_pages.PAGES)
{% endfor %}
{% endif %}
{% block more %}
{% endblock %}
    app.before_request(_check_form)
    app.context_processor(lambda: {"site": TITLE, "form_token": _form_token})
    app.add_url_rule("/", "start", lambda: flask.render_template("start.html"))
    app.register_error_handler(404, _not_found)
    return app


def _form_token() -> str:
    """A secret that forms of this person carry, so that no other site can send them."""
    return str(flask.session.setdefault("form_token", secrets.token_hex(16)))


def _check_form() -> None:
    sent, known = flask.request.form.get("form_token", ""), flask.session.get("form_token", "")
    if flask.request.method == "POST" and not (known and secrets.compare_digest(sent.encode(), known.encode())):
        flask.abort(400, "This form is out of date. Load the page again.")


def _not_found(error: Exception) -> tuple[str, int]:
    return flask.render_template("not_found.html"), 404
