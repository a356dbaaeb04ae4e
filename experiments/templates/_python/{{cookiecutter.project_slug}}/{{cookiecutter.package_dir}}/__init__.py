"""{{ cookiecutter.title_doc }}."""
