{% extends "web-application/{{cookiecutter.package_dir}}/web.py" %}
{% block more_imports %}
{% if cookiecutter.goods %}
from .basket import BASKET
{% endif %}
{% endblock %}
{% block more %}
{% if cookiecutter.goods %}
    app.register_blueprint(BASKET)
{% endif %}
{% endblock %}
