"""The front end is where JupyterLab looks for it, under the name that it asks for."""

import json

import {{ cookiecutter.package }}
from {{ cookiecutter.package }} import LABEXTENSION


def test_the_front_end_is_where_its_description_says() -> None:
    described = json.loads((LABEXTENSION / "package.json").read_text(encoding="utf-8"))
    entry = LABEXTENSION / described["jupyterlab"]["_build"]["load"]
    assert f'"{described["name"]}"' in entry.read_text(encoding="utf-8")
    assert {{ cookiecutter.package }}._jupyter_labextension_paths()[0]["dest"] == described["name"]
