"""What is typed is done, and a wrong command says what is wrong."""

{% if cookiecutter.entities and not cookiecutter.sql %}
from pathlib import Path

{% endif %}
import pytest

from {{ cookiecutter.package }}.__main__ import main
{% if cookiecutter.entities %}


@pytest.fixture(autouse=True)
{% if cookiecutter.sql %}
def own_database(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path_factory.mktemp('kept') / 'kept.db'}")
{% else %}
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("{{ cookiecutter.package.replace(".", "_") | upper }}_HOME", str(tmp_path))
{% endif %}
{% endif %}


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
{% if cookiecutter.entities %}
    told = capsys.readouterr().out
{% for entity in cookiecutter.entities %}
    assert "{{ entity.path }}" in told
{% endfor %}
{% endif %}
{% for entity in cookiecutter.entities %}


def test_a_{{ entity.entity }}_is_added_listed_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    added = [
        "{{ entity.path }}",
        "add",
{% for field in entity.fields if field.required %}
        "--{{ field.name | replace("_", "-") }}={{ field.typed }}",
{% endfor %}
    ]
    assert main(added) == 0
    capsys.readouterr()
    assert main(["{{ entity.path }}", "list"]) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
{% if cookiecutter.sql %}
    key = line.split("\t")[0]
{% else %}
    key = "{{ entity.key.typed }}"
{% endif %}
    assert main(["{{ entity.path }}", "remove", key]) == 0
    assert main(["{{ entity.path }}", "remove", key]) == 1
    assert "there is no {{ entity.words }}" in capsys.readouterr().err
{% endfor %}
