"""``recipes``: the changes that need no model; listed, or one of them made into a proposal."""

from __future__ import annotations

import html
import json
from typing import Any

from pydantic import BaseModel, Field

from nootropic_kernel.agents.executor import Job
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.code import CodeResult, do
from nootropic_kernel.checks.recipes import Recipe, get_recipe, list_recipes
from nootropic_kernel.workspace.errors import UsageError


class RecipesParams(Params):
    """Which recipe, with which arguments."""

    name: str | None = Field(
        None,
        description="The recipe to apply; without it all are listed.",
        json_schema_extra={"position": 0, "complete": "recipe", "words": True},
    )
    arg: dict[str, Any] = Field(
        default_factory=dict,
        description="An argument of the recipe as NAME=VALUE; lists as JSON, or a,b or name:type,name:type.",
    )


class RecipeEntry(BaseModel):
    """A recipe: what it does and what it takes."""

    name: str
    summary: str
    params: dict[str, Any]

    def arguments(self) -> str:
        """The arguments in one line, optional ones in brackets."""
        required = set(self.params.get("required", ()))
        names = self.params.get("properties", {})
        return " ".join(f"--arg {name}=…" if name in required else f"[--arg {name}=…]" for name in names)


class RecipesResult(Result):
    """The recipes, or the proposal that one of them made."""

    recipes: list[RecipeEntry] = Field(default_factory=list)
    applied: CodeResult | None = None
    note: str = ""

    @property
    def failed(self) -> bool:
        """The change was proposed, but its checks fail."""
        return self.applied is not None and self.applied.failed

    def text(self) -> str:
        """One recipe a paragraph, or the diff."""
        if self.applied is not None:
            return self.applied.text()
        lines = [f"{each.name}  {each.summary}\n    {each.arguments()}".rstrip() for each in self.recipes]
        return "\n".join([*filter(None, [self.note]), *lines])

    def markdown(self) -> str:
        """The diff as Markdown, or a list."""
        if self.applied is not None:
            return self.applied.markdown()
        return "\n".join([*filter(None, [self.note]), *(f"- `{each.name}` {each.summary}" for each in self.recipes)])

    def html(self) -> str | None:
        """The diff, or a table."""
        if self.applied is not None:
            return self.applied.html()
        if not self.recipes:
            return f"<p>{html.escape(self.note)}</p>"
        rows = "".join(
            f"<tr><td><code>{html.escape(each.name)}</code></td><td>{html.escape(each.summary)}</td>"
            f"<td><code>{html.escape(each.arguments())}</code></td></tr>"
            for each in self.recipes
        )
        return f"<table>{rows}</table>"

    def bundle(self) -> dict[str, Any]:
        """With the proposal's own document, which renderers of ours take."""
        forms = super().bundle()
        if self.applied is not None and self.applied.mime is not None:
            forms[self.applied.mime] = self.applied.data()
        return forms


@capability(effect=CapabilityEffect.PROPOSE)
def recipes(params: RecipesParams, session: Session) -> RecipesResult:
    """List recipes, or apply one as a proposal.

    A recipe is a change that a program makes without a model: it keeps formatting, what it writes compiles, and
    applying it twice changes nothing more. `recipes python.rename --arg old=load --arg new=read` proposes that change.
    """
    if params.name is None:
        if params.arg:
            raise UsageError("No recipe is named.", next="Name it first: `noo recipes python.rename --arg old=…`.")
        return RecipesResult(recipes=[_entry(recipe) for recipe in list_recipes()])
    recipe = _named(params.name)
    args = {name: _value(recipe, name, value) for name, value in params.arg.items()}
    recipe.check_args(args)
    told = ", ".join(value for value in args.values() if isinstance(value, str))
    done = do(Job(f"{recipe.name}: {told}"[:72] if told else recipe.name, recipe=recipe.name, args=args), session)
    if done.proposal is None:
        return RecipesResult(note=f"{recipe.name}: there is nothing to do, all of it is there already.")
    return RecipesResult(applied=CodeResult.made(done, session))


def _named(words: str) -> Recipe:
    """The recipe of this name; words after it are what people type instead of `--arg`."""
    name, *more = words.split() or [""]
    try:
        recipe = get_recipe(name)
    except UsageError as problem:
        problem.next = f"{problem.next} Its arguments go with --arg NAME=VALUE."
        raise
    if more:
        raise UsageError(
            f"`recipes` does not know what to do with `{' '.join(more)}`.",
            next=f"Arguments go with --arg: `noo recipes {name} {_entry(recipe).arguments()}`.",
        )
    return recipe


def _entry(recipe: Recipe) -> RecipeEntry:
    return RecipeEntry(name=recipe.name, summary=recipe.summary, params=dict(recipe.params))


def _value(recipe: Recipe, name: str, value: Any) -> Any:
    """An argument as its schema wants it, when it was typed as text."""
    schema = recipe.params.get("properties", {}).get(name, {})
    if not isinstance(value, str) or schema.get("type", "string") == "string":
        return value
    if value.lstrip().startswith(("[", "{")):
        try:
            return json.loads(value)
        except ValueError as problem:
            raise UsageError(f"The argument {name!r} is not valid JSON: {problem}.") from problem
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if schema.get("type") == "array" and schema.get("items", {}).get("type") == "object":
        pairs = [part.partition(":") for part in parts]
        return [{"name": field.strip(), "type": kind.strip() or "str"} for field, _, kind in pairs]
    return parts if schema.get("type") == "array" else value
