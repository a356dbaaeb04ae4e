"""The package can be imported, says its version, and offers what it names."""

import importlib.metadata

import pytest

import {{ cookiecutter.package }}


def test_every_public_name_is_there() -> None:
    for name in getattr({{ cookiecutter.package }}, "__all__", []):
        assert hasattr({{ cookiecutter.package }}, name)


def test_an_installed_package_knows_its_version() -> None:
    try:
        version = importlib.metadata.version("{{ cookiecutter.project_slug }}")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not installed: run `make install`")
    assert version
