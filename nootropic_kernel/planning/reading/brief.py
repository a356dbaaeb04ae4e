"""Reading a brief by its own words: what it is about, and what became of every word of it.

Deterministic, and without a model: words are looked up in the library's lists and in the repository's own names; a
word in none of them is taken for a thing that the project is about, and marked as assumed. Constraints (see
:mod:`constraints`) are taken out first; then each part of the reading marks the words that it took.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.methods.choice_bindings import avoids_server
from nootropic_kernel.planning.methods.library import Library
from nootropic_kernel.planning.reading.actions import Action, find_actions, keeps_records, keeps_what_is_named
from nootropic_kernel.planning.reading.agent_nouns import find_agents
from nootropic_kernel.planning.reading.archetype_choice import DEFAULT, choose
from nootropic_kernel.planning.reading.archetype_points import points_for
from nootropic_kernel.planning.reading.change_choice import Evidence, asks_for_changes, beside
from nootropic_kernel.planning.reading.changes_asked import find_changes
from nootropic_kernel.planning.reading.code_names import find_renames, find_targets
from nootropic_kernel.planning.reading.constraints import find_constraints
from nootropic_kernel.planning.reading.data_said import find_data_said, mark_data
from nootropic_kernel.planning.reading.field_lists import find_field_lists
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.limits import CHECKED, Limit, find_limits
from nootropic_kernel.planning.reading.named_commands import DONE, commands_left, find_named_commands
from nootropic_kernel.planning.reading.nouns import Nouns
from nootropic_kernel.planning.reading.parts_of_speech import mark_parts
from nootropic_kernel.planning.reading.passives import find_passives
from nootropic_kernel.planning.reading.prohibitions import find_prohibitions
from nootropic_kernel.planning.reading.records import Ability, Reading, Thing
from nootropic_kernel.planning.reading.relations import Relations
from nootropic_kernel.planning.reading.report_sections import ReportSections
from nootropic_kernel.planning.reading.small_words import SUBJECTS, VERB
from nootropic_kernel.planning.reading.stated import Constraints
from nootropic_kernel.planning.reading.steps import StepAsked, find_data_files, find_steps
from nootropic_kernel.planning.reading.subject import subject_of
from nootropic_kernel.planning.reading.technologies import find_technologies
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.titles import tidy, title_of
from nootropic_kernel.planning.reading.tokens import Token, Tokens, accounted
from nootropic_kernel.planning.reading.tracebacks import Traceback, find_traceback
from nootropic_kernel.planning.reading.tracked_values import find_tracked_values
from nootropic_kernel.planning.reading.typos import mend_typos, tell
from nootropic_kernel.planning.reading.unclear import mark_unclear, names_a_sort_only, sort_assumed_of
from nootropic_kernel.planning.reading.verbs_of_abilities import find_verbs_of_abilities
from nootropic_kernel.planning.reading.word_roles import TELLS, WordRoles
from nootropic_kernel.planning.repository.facts import RepositoryFacts

MAX_CHARACTERS = 20_000
MAX_WORDS = 5_000  # and signs; a page of print has about 500
_MAKES = "make something new"
_ABOUT_THINGS = ("a thing", "a field", "an ability", "left out", "how it should be")
_EXAMPLE = "Write what is to be made, for example `Build a blog platform`."


def read_brief(
    brief: str, facts: RepositoryFacts, library: Library, today: date | None = None, *, begun: bool = False
) -> Reading:
    """Read a brief.

    :param today: the day that dates of the brief are counted from (see :func:`constraints.find_constraints`).
    :param begun: a plan of this brief is at work: it makes a project, whatever code there is by now.
    :raises BriefUnusable: when it is empty, too long, or holds no word to plan from.
    """
    if not brief.strip():
        raise BriefUnusable("The brief is empty.", next=_EXAMPLE)
    if len(brief) > MAX_CHARACTERS:
        raise BriefUnusable(
            f"The brief is {len(brief):,} characters long.",
            why=f"A plan reads at most {MAX_CHARACTERS:,}; nothing was planned or written.",
            next="Say in a few sentences what is to be made, and keep the rest in a file.",
        )
    lexicon = Lexicon(library)
    trace = find_traceback(brief, facts)
    told = trace.taken_out(brief) if trace else brief
    if trace and not re.search(r"\w", told):
        told = trace.error_alone(brief)
    constraints = find_constraints(told, today, frozenset(lexicon.table("verbs")))
    text = constraints.rest(told)
    tokens = Tokens.of(text, lexicon.words("stop"))
    if len(tokens) > MAX_WORDS:
        raise BriefUnusable(
            f"The brief has {len(tokens):,} words and signs.",
            why=f"A plan reads at most {MAX_WORDS:,}; nothing was planned or written.",
            next="Say in a few sentences what is to be made, and keep the rest in a file.",
        )
    if all(token.used for token in tokens):
        what = "The brief only says how to work, not what is to be made." if constraints.said else ""
        raise BriefUnusable(what or "The brief has no word to plan from.", next=_EXAMPLE)
    _mark_said(tokens, constraints)
    return _read(brief, text, tokens, constraints, facts, lexicon, trace, told, begun)


def _read(
    brief: str,
    text: str,
    tokens: Tokens,
    constraints: Constraints,
    facts: RepositoryFacts,
    lexicon: Lexicon,
    trace: Traceback | None,
    told: str,
    begun: bool,
) -> Reading:
    library = lexicon.library
    unclear = mark_unclear(tokens, lexicon, facts)
    commands = [] if unclear or facts.has_code else find_named_commands(tokens, lexicon)
    mended = [] if unclear else mend_typos(tokens, lexicon, facts)
    mark_parts(tokens, lexicon)
    data_files = find_data_files(tokens)
    data = find_data_said(tokens, data_files, lexicon)
    abilities_said, limits_said = find_verbs_of_abilities(tokens, lexicon)
    limits = [*limits_said, *find_prohibitions(tokens, lexicon, has_code=facts.has_code), *find_limits(tokens, lexicon)]
    technologies = find_technologies(tokens, limits, lexicon)
    limits += [Limit("demand", (text,)) for text in (*constraints.demands, *technologies.versions)]
    things = Things(lexicon, [*find_tracked_values(tokens, lexicon), *find_field_lists(tokens, lexicon)])
    renames = find_renames(tokens, lexicon, facts)
    targets = find_targets(tokens, lexicon, facts)
    choice = choose(
        tokens,
        lexicon,
        facts,
        renames=bool(renames),
        listed=bool(things.listed),
        spoken_for=points_for(tokens, technologies, [*data_files, *data.there_is], trace is not None, lexicon),
        begun=begun,
    )
    archetype = choice.archetype
    steps: list[StepAsked] = []
    questions: list[str] = []
    actions: list[Action] = []
    said_of_things: list[Ability] = []
    wanted = _wanted(tokens)
    if "steps" in archetype.reads and not things.listed:
        mark_data(tokens, data, lexicon)
        steps, questions = find_steps(
            text, wanted, lexicon, archetype.steps, made=choice.intent == _MAKES, data=data.name
        )
    elif archetype.builds:
        owns = "actions" in archetype.reads or not archetype.keeps_things or avoids_server(limits)
        if archetype.name == DEFAULT and not facts.has_code and _opens_with_a_verb(tokens, lexicon):
            owns = owns or not keeps_records(tokens, lexicon)  # nothing is kept: it does something
        actions = find_actions(wanted, lexicon, main=choice.intent, owns_objects=owns)
        if not actions and owns:
            actions = find_agents(wanted, lexicon)
        said_of_things, done_to_things = find_passives(wanted, lexicon)
        actions += done_to_things
    roles = WordRoles(Nouns(tokens, lexicon, choice, has_code=facts.has_code), things, limits)
    roles.read()
    if things.fields:
        kept = [action for action in actions if keeps_what_is_named(action)]
        actions = [action for action in actions if action not in kept]
        for action in kept:
            tokens.relabel((f"to be done: {action.title}",), "what the stores of the things do", "matched")
    for ability in (*abilities_said, *said_of_things):
        roles.abilities.setdefault(ability.name, ability)
    if "steps" in archetype.reads and not things.listed:
        things.clear()
        tokens.relabel(("a thing", "a field", "an ability"), TELLS)
    changes = asked = find_changes(text, tokens, lexicon, facts, trace)
    begun = begun and archetype.builds
    read = Evidence(changes, choice, tokens, things, bool(roles.abilities), bool(actions), facts, lexicon)
    changed = not begun and asks_for_changes(read)
    if "change" in library.archetypes and changed:
        archetype = library.archetypes["change"]
    else:
        changes = beside(changes) if archetype.builds and facts.has_code else []
    abilities = tuple(roles.abilities.values())
    asks = things.fields or abilities or actions or steps or questions or changes or data_files
    if not (unclear or asks or facts.has_code) and archetype.keeps_things and names_a_sort_only(tokens, archetype):
        unclear = "The brief says what sort of program it is, and nothing about what it is for."
    if not archetype.keeps_things:
        # In a bug fix, a refactoring or documentation, unknown words tell about the task; nothing is kept.
        things.clear()
        abilities = ()
        tokens.relabel(_ABOUT_THINGS, TELLS)
    if not archetype.builds or "steps" in archetype.reads:
        actions, commands = [], []
        tokens.relabel((DONE,), TELLS)
    named = commands_left(commands, tokens, things)
    relations = Relations(tokens, things, lexicon)
    relations.read()
    things.identify()
    done = tuple(relations.told(each) for each in (*named, *actions))
    title = title_of((data.title(text) if steps else "") or text, lexicon)
    if asked and ReportSections(lexicon).opens(tokens):
        title = asked[0].title  # "Bug report" is no title
    tell(mended)
    apart = [*_taken(brief, constraints), *_pasted(brief, told, trace)]
    return Reading(
        archetype=archetype,
        title=title,
        text=tidy(text),
        subject=subject_of(
            tokens,
            lexicon,
            archetype,
            roles.new.subject or "_".join(data.there_is if steps else ()),
            things.fields,
            [] if named else actions,
        )
        or title,
        things=tuple(
            Thing(name, tuple(fields.items()), name not in things.unknown) for name, fields in things.fields.items()
        ),
        abilities=tuple(replace(each, about=relations.about(each.at)) for each in abilities),
        renames=tuple(renames),
        targets=tuple(targets),
        words=accounted(sorted([*tokens, *apart], key=lambda token: token.at)),
        left_out=tuple(things.left_out),
        limits=tuple(limits),
        changes=tuple(changes),
        actions=done,
        steps=tuple(steps),
        questions=tuple(questions),
        data_files=tuple(data_files),
        data=data,
        technologies=technologies,
        constraints=constraints,
        extends=choice.extends,
        unclear=unclear,
        sort_assumed=sort_assumed_of(choice) if archetype is choice.archetype and not facts.has_code else "",
        trace=trace,
        about=tuple(asked),
    )


def _opens_with_a_verb(tokens: Tokens, lexicon: Lexicon) -> bool:
    """Whether something is to be done, rather than told: not so in `we run a café`."""
    places = [
        at for at, token in enumerate(tokens) if token.kind != "stop" and token.lower not in lexicon.words("stop")
    ]
    return any(tokens[at].part == VERB and tokens.beside(at, -1) not in SUBJECTS for at in places[:1])


def _wanted(tokens: Tokens) -> Tokens:
    """The words without those of limits and the commas behind them: what is not to be done is no part of a task."""
    kept = Tokens()
    limit = False
    for token in tokens:
        limit = token.meaning.startswith(CHECKED) or (limit and token.kind == "stop" and token.text in ",;")
        if not limit:
            kept.append(token)
    return kept


def _mark_said(tokens: Tokens, constraints: Constraints) -> None:
    """What could be a constraint and is left in the brief is told as that, and nothing else is made of it."""
    for part in constraints.said:
        for token in tokens:
            if not part.taken and part.start <= token.at < part.end and token.kind != "stop":
                token.mark(part.verdict, part.meaning)


def _taken(brief: str, constraints: Constraints) -> Iterator[Token]:
    """The constraints that were taken out, each as one word of the brief."""
    for part in constraints.said:
        if part.taken:
            text = " ".join(brief[part.start : part.end].split())
            yield Token(text, "said", text.lower(), part.start, used=True, verdict=part.verdict, meaning=part.meaning)


def _pasted(brief: str, told: str, trace: Traceback | None) -> Iterator[Token]:
    """A traceback that was taken out, as one word of the brief.

    :param told: the brief without it.
    """
    if trace is not None:
        text = " ".join("".join(" " if left == sign else sign for sign, left in zip(brief, told, strict=True)).split())
        where = f"a traceback: {' and '.join(trace.files[:2])}" if trace.files else "a traceback of other code"
        yield Token(text, "said", text.lower(), trace.start, used=True, verdict="matched", meaning=where)
