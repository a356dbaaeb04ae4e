"""The scaffolding agent: the project of a plan or a spec, written into an empty folder or proposed for review.

It is an ordinary ChangeSet in either case. In an empty folder the person asked for it by name, so it is accepted at
once, as one turn: a killed process leaves all of it or nothing, and `undo` takes it back. Where anything lies already,
it waits for a review, and files that are there are left out of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from nootropic_kernel.agents.run_marks import mark_satisfied
from nootropic_kernel.agents.scaffold_context import template_values
from nootropic_kernel.agents.task_states import load_states, touched
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.files import read_file, usual_mode
from nootropic_kernel.changes.overview import ProposalHead
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import Turn
from nootropic_kernel.checks.recipes import MemoryFiles, RecipeRefused, get_recipe
from nootropic_kernel.planning.model import CLOSED, Plan
from nootropic_kernel.planning.projects.rendering import RenderedFile, Template, TemplateInvalid
from nootropic_kernel.planning.projects.scaffold import Project, ScaffoldInvalid, shown_text
from nootropic_kernel.planning.projects.templates import NoSuchTemplate, TemplateLibrary
from nootropic_kernel.planning.schedule.critical_path import in_order
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import CACHE_FOLDER, STATE_FOLDER, Workspace
from nootropic_kernel.workspace.rules import lexical_fault
from nootropic_kernel.workspace.settings import WORKSPACE_FILE

_HOW = "template"  # how such a proposal says that it was made
# What a folder may hold and still count as empty: Git's, ours, and what the project is made from.
_OWN = frozenset({".git", STATE_FOLDER, CACHE_FOLDER, WORKSPACE_FILE, FILE_NAME})


@dataclass(frozen=True)
class Scaffold:
    """A project in memory: its files by path, what it provides for a plan, and what is to be said.

    ``shipped`` says that the template and all that it builds on come with Nootropic.
    """

    project: Project
    template: Template
    files: Mapping[str, RenderedFile]
    provides: frozenset[str]
    notes: tuple[str, ...] = ()
    shipped: bool = False


@dataclass(frozen=True)
class Scaffolded:
    """What became of it: written (with the turn), proposed (with the proposal) or there already."""

    action: str
    scaffold: Scaffold
    paths: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    proposal: str | None = None
    turn: Turn | None = None
    tasks: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def choose_template(library: TemplateLibrary, project: Project, wanted: str | None = None) -> Template:
    """The template that was asked for, else the one for the project's archetype.

    :raises NoSuchTemplate: when no template makes projects of this sort.
    """
    if name := wanted or project.template:
        return library.find(name)
    names = ", ".join(each.name for each in library.all())
    if not project.archetype:
        raise NoSuchTemplate(
            "No template is named.",
            why="Neither `template` nor a plan says what sort of project it is.",
            next=f"Name one with --template: {names}.",
        )
    found = library.for_archetype(project.archetype)
    if found is None:
        raise NoSuchTemplate(
            f"No template makes a project of the sort {project.archetype!r}.",
            next=f"Name one with --template: {names}.",
        )
    other = {each.casefold() for each in found.listed("_not_with")}
    if unfit := [each for each in project.technologies if each.casefold() in other]:
        raise NoSuchTemplate(
            f"No template makes a project of the sort {project.archetype!r} with {' and '.join(unfit)}.",
            why=f"The one there is makes: {found.about}",
            next=f"Take it all the same with `--template {found.name}`, or write a template of your own.",
        )
    return found


def build_scaffold(library: TemplateLibrary, template: Template, project: Project, today: date) -> Scaffold:
    """Every file of the project, in memory: the template's, and those that recipes write for its things.

    A thing whose file would take the place of one of the template's own gets another name, which is told.

    :raises TemplateInvalid: the template is broken, or makes a path that no project may hold.
    :raises ScaffoldInvalid: the names in the project do not go together.
    """
    values, notes = template_values(project, template, today)
    rendered = library.render(template, values)
    layers = library.layers(template)
    former = _out_of_the_way(project, layers, rendered.files)
    if former:
        project = replace(project, things=tuple(replace(t, name=former.get(t.name, t.name)) for t in project.things))
        values, notes = template_values(project, template, today)
        rendered = library.render(template, values)
        notes += [
            f"{old!r} is called {new} in this project: the template has a file of that name itself."
            for old, new in former.items()
        ]
    files = dict(rendered.files)
    provides = {name for layer in layers for name in layer.listed("_provides")}
    if values["sql"]:
        provides |= {name for layer in layers for name in layer.listed("_provides_sql")}
    each_of = {name for layer in layers for name in layer.listed("_provides_each")}
    for entity in values["entities"]:
        provides |= {
            name.replace("{entity}", entity["entity"]) for name in each_of if values["sql"] or "store" not in name
        }
    if any("entity:{entity}" in each or "store:{entity}" in each for each in each_of):
        recipes = ["python.entity"] if values["sql"] else ["python.entity", "python.store"]
        for entity in values["entities"]:
            _apply_recipes(files, entity, project, recipes)
            provides |= {f"entity:{entity['entity']}", f"store:{entity['entity']}"}
    for old, new in former.items():  # a plan knows it by the name that the brief gave it
        provides |= {f"{each.rpartition(':')[0]}:{old}" for each in provides if each.endswith(f":{new}")}
    for path in files:
        if fault := lexical_fault(path):
            raise TemplateInvalid(template.name, f"It makes the path {path!r}. {fault}.")
    shipped = all(layer.origin == "shipped" for layer in layers)
    return Scaffold(project, template, files, frozenset(provides), (*notes, *rendered.notes), shipped)


def scaffold_folder(
    workspace: Workspace,
    database: StateDatabase,
    scaffold: Scaffold,
    *,
    folder: str = "",
    plan: Plan | None = None,
    ignored: Collection[str] = (),
    unsaved: Collection[str] = (),
    allow_executable: bool = False,
) -> Scaffolded:
    """Write the project into a folder of the workspace if that is empty, else propose what is missing.

    :param folder: relative to the root; empty for the root itself.
    :param plan: whose tasks it fulfils.
    :param ignored: paths that do not make the folder a full one, such as the spec that was read.
    :param allow_executable: yes to files that run by themselves (a Makefile, conftest.py).
    """
    workspace.ensure()
    empty = is_empty(workspace, folder, ignored)
    prefix = f"{folder}/" if folder else ""
    edits: list[FileEdit] = []
    left: list[str] = []
    for path, file in sorted(scaffold.files.items()):
        place = prefix + path
        there = _there(workspace, place)
        if there is None:
            edits.append(
                FileEdit(place, None, file.content, mode=usual_mode(executable=True) if file.executable else None)
            )
        elif there != file.content:
            left.append(place)
    waiting = _waiting(database, workspace, edits)
    if waiting is not None and not empty:
        note = f"{waiting.id} was made before; no second one is made while that is to be decided."
        return Scaffolded("proposed", scaffold, waiting.paths, tuple(left), waiting.id, None, waiting.tasks, (note,))
    tasks = _fulfilled(workspace, database, scaffold, plan, left, waiting)
    if not edits:
        return Scaffolded("there", scaffold, left=tuple(left), tasks=_settle(workspace, database, plan, tasks))
    title = f"Start the project: {scaffold.project.title} ({scaffold.template.name})"
    changeset = build_changeset(edits, Provenance(title=title, how=_HOW, tasks=tasks))
    proposal = ProposalStore(database, workspace).propose(changeset)
    paths = tuple(edit.path for edit in edits)
    if not empty:
        return Scaffolded("proposed", scaffold, paths, tuple(left), proposal.id, None, tasks)
    turn = accept(workspace, database, [proposal.id], unsaved=unsaved, allow_executable=allow_executable)
    if turn.already and not (workspace.root / paths[0]).exists():
        return Scaffolded("undone", scaffold, paths, (), proposal.id, turn, (), turn.notes)
    return Scaffolded("written", scaffold, paths, (), proposal.id, turn, tasks, turn.notes)


def is_empty(workspace: Workspace, folder: str = "", ignored: Collection[str] = ()) -> bool:
    """Whether nothing of the person's lies in a folder, beside ``ignored`` paths."""
    place = workspace.root / folder
    if not place.is_dir():
        return not place.exists()
    kept = {path.split("/")[0] for path in ignored if path.count("/") == 0}
    return all(entry.name in kept or (not folder and entry.name in _OWN) for entry in place.iterdir())


def git_author(workspace: Workspace) -> str:
    """The name that Git knows the person by; empty where it knows none."""
    if not workspace.has_git:
        return ""
    done = Git(workspace.root).result("config", "--get", "user.name", ok=None)
    return shown_text(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else ""


def _out_of_the_way(project: Project, layers: Sequence[Template], files: Mapping[str, RenderedFile]) -> dict[str, str]:
    """Other names for the things whose files the template has itself: a `load` of a pipeline."""
    if not any(layer.listed("_provides_each") for layer in layers):
        return {}
    own = {path for path, file in files.items() if "{{entity." not in file.source.replace(" ", "")}
    taken = {thing.name for thing in project.things}
    found: dict[str, str] = {}
    for thing in project.things:
        if own & {path for ending in ("", "_store") for path in _places(project, f"{thing.name}{ending}")}:
            other = f"{thing.name}_item"
            if other in taken or own & set(_places(project, other)):
                continue  # refused below, with the file that is in its way
            found[thing.name] = other
    return found


def _places(project: Project, module: str) -> tuple[str, str]:
    """Where a module of a thing and its tests lie."""
    return f"{project.package_dir}/{module}.py", f"{project.tests}/test_{module}.py"


def _apply_recipes(
    files: dict[str, RenderedFile], entity: Mapping[str, object], project: Project, recipes: Sequence[str]
) -> None:
    """The class of a thing with its tests, and its store where no database keeps it: what the plan's tasks would do."""
    arguments = {"package_dir": project.package_dir, "entity": str(entity["Entity"])}
    module = str(entity["entity"])
    for name in recipes:
        ending = "" if name == "python.entity" else "_store"
        new = _places(project, f"{module}{ending}")
        if taken := [path for path in new if path in files]:
            raise ScaffoldInvalid(
                f"A thing cannot be called {module!r} here.",
                why=f"The template has a file {taken[0]} of its own.",
                next="Call it differently.",
                path=taken[0],
            )
        held = MemoryFiles({path: file.content for path, file in files.items()})
        wanted = {**arguments, **({"fields": entity["arguments"]} if name == "python.entity" else {})}
        try:
            edits = get_recipe(name).apply(held, wanted)
        except RecipeRefused as error:
            raise ScaffoldInvalid(f"{module!r} cannot be written.", why=error.what, next=error.next) from error
        for edit in edits:
            assert edit.new is not None
            files[edit.path] = RenderedFile(edit.new, False, name)


def _there(workspace: Workspace, path: str) -> bytes | None:
    """What lies at a path; a folder or a link there counts as something of the person's."""
    try:
        state = read_file(workspace.root, path)
    except PathRefused:
        return b""
    if state is not None:
        return state.content
    return b"" if (workspace.root / path).exists() else None


def _waiting(database: StateDatabase, workspace: Workspace, edits: Sequence[FileEdit]) -> ProposalHead | None:
    """The proposal of a project, still to decide, that has files of this one."""
    paths = {edit.path for edit in edits}
    heads = ProposalStore(database, workspace).overview().proposals
    return next((h for h in reversed(heads) if h.how == _HOW and h.pending and paths & set(h.paths)), None)


def _fulfilled(
    workspace: Workspace,
    database: StateDatabase,
    scaffold: Scaffold,
    plan: Plan | None,
    left: Sequence[str],
    waiting: ProposalHead | None,
) -> tuple[str, ...]:
    """Tasks of the plan, not begun yet, of which the scaffold provides everything.

    One that waits for a task which is still to be done is not among them: what it would be done on is not there. Nor
    is one whose file is ``left`` as the person has it.
    """
    if plan is None:
        return ()
    states = load_states(workspace, database, plan)
    begun = touched(states) | {name for name, state in states.items() if state.status in ("superseded", "cancelled")}
    begun -= {name for name in (waiting.tasks if waiting else ()) if name in states and states[name].status == "review"}
    finished = {name for name, state in states.items() if state.status in CLOSED}
    found: list[str] = []
    for task in in_order(plan.tasks):
        given = bool(task.provides) and set(task.provides) <= scaffold.provides and task.id not in begun
        kept = not left or (bool(task.files) and not set(task.files) & set(left))
        if given and kept and set(task.depends_on) <= finished:
            finished.add(task.id)
            found.append(task.id)
    return tuple(task.id for task in plan.tasks if task.id in found)


def _settle(workspace: Workspace, database: StateDatabase, plan: Plan | None, tasks: Sequence[str]) -> tuple[str, ...]:
    """Where no commit tells it, the journal does: these tasks left nothing to do."""
    if plan is None:
        return ()
    states = load_states(workspace, database, plan)
    open_tasks = tuple(task for task in tasks if states[task].status in ("ready", "pending"))
    for task in open_tasks:
        mark_satisfied(database, plan, task)
    return open_tasks
