"""Imports and exports that two sides changed are merged as the sets they are; anything else stays a conflict."""

from __future__ import annotations

import ast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.export_merge import merge_exports
from nootropic_kernel.changes.merge import MergeConflict, merge

NAMES = [f"{first}{last}" for first in ("Post", "Comment", "Author", "Zebra") for last in ("", "Store", "Kind")]
sides = st.sets(st.sampled_from(NAMES), min_size=1)
PATH = "blog/__init__.py"


def package(names: set[str], docstring: str = "The blog package.", *, lines: bool = False) -> bytes:
    """A package that exports these, with the list in one line or a name a line."""
    imports = "".join(f"from .{name.lower()} import {name}\n" for name in sorted(names))
    told = [f'"{name}"' for name in sorted(names)]
    listing = "".join(f"\n    {each}," for each in told) + "\n" if lines else ", ".join(told)
    return f'"""{docstring}"""\n\n{imports}\n__all__ = [{listing}]\n'.encode()


def exports(data: bytes) -> tuple[set[str], list[str]]:
    """What a package imports, and its `__all__`."""
    tree = ast.parse(data)
    imported = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    (listing,) = [ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)]
    return imported, listing


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of a busy machine, not of the strategies
@given(st.none() | sides, sides, sides, st.booleans())
def test_sets_of_exports_are_merged_as_sets(
    base: set[str] | None, ours: set[str], theirs: set[str], lines: bool
) -> None:
    was = base or set()
    wanted = (ours | (theirs - was)) - (was - theirs)
    data = None if base is None else package(base, lines=lines)
    merged = merge_exports(data, package(ours, lines=lines), package(theirs, lines=lines))
    if merged is None:
        assert not ours - (was - theirs), "only where nothing of ours is left to say where new imports go"
        return
    imported, listing = exports(merged)
    assert imported == wanted and listing == sorted(wanted)
    other = merge_exports(data, package(theirs, lines=lines), package(ours, lines=lines))
    assert other is None or exports(other) == exports(merged), "whoever comes first"


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (package({"Post"}), package({"Post", "Zebra"}), package({"Post", "Author"}, "Another one.")),
        (None, package({"Post"}), package({"Author"}, "Another one.")),
        (package({"Post"}), b"from .zebra import Author\n", package({"Post", "Author"})),
        (package({"Post"}), package({"Post", "Zebra"}) + b"class Author: ...\n", package({"Post", "Author"})),
        (package({"Post"}), package({"Post", "Zebra"}), package({"Post", "Author"}) + b"print(1)\n"),
        (package({"Post"}), package({"Post", "Zebra"}), package({"Post", "Author"}) + b"not python\n"),
        (package({"Post"}), package({"Post", "Zebra"}).replace(b'["', b'[  # mine\n"'), package({"Post", "Author"})),
        (package({"Post"}), package({"Post", "Zebra"}).replace(b"\n", b"\r\n"), package({"Post", "Author"})),
        (
            package({"Post"}),
            package({"Post", "Zebra"}),
            package({"Post", "Author"}).replace(b"from .a", b"from __future__ import annotations\nfrom .a"),
        ),
        (
            b"import sys\nsys.path.insert(0, '.')\nimport zlib\n",
            b"import sys\nsys.path.insert(0, '.')\nimport your\nimport zlib\n",
            b"import sys\nsys.path.insert(0, '.')\nimport local\nimport zlib\n",
        ),
        (package({"Author", "Post"}), package({"Author", "Post", "Zebra"}) + b"ALIAS = Author\n", package({"Post"})),
        (package({"Post"}), package({"Post", "Zebra"}), b'"""The blog package."""\n\nfrom .post import Post\n'),
        (
            package({"Post"}),
            package({"Post", "Zebra"}).replace(
                b"\n__all__", b"try:\n    from .fast import Author\nexcept ImportError:\n    Author = 'mine'\n\n__all__"
            ),
            package({"Author", "Post"}),
        ),
        (
            package({"Post"}),
            package({"Post", "Zebra"}).replace(b"\n__all__", b"from .more import *\n\n__all__"),
            package({"Author", "Post"}),
        ),
    ],
    ids=[
        "docstring",
        "made twice",
        "name taken",
        "name defined",
        "code",
        "no Python",
        "comment",
        "line ends",
        "future",
        "path between",
        "used",
        "list gone",
        "tried",
        "star",
    ],
)
def test_what_is_more_than_exports_stays_a_conflict(base: bytes | None, ours: bytes, theirs: bytes) -> None:
    with pytest.raises(MergeConflict):
        merge(PATH, base, ours, theirs)


def test_what_stands_around_the_exports_on_our_side_is_kept() -> None:
    ours = package({"Post", "Zebra"}).replace(b"\n__all__", b"\n# Mine.\nVERSION = 3\n\n__all__")
    merged = merge(PATH, package({"Post"}), ours, package({"Author", "Post"}))
    assert merged is not None and b"# Mine.\nVERSION = 3\n" in merged
    assert exports(merged.replace(b"VERSION = 3\n", b"")) == ({"Author", "Post", "Zebra"}, ["Author", "Post", "Zebra"])


def test_a_list_that_becomes_too_long_is_written_a_name_a_line() -> None:
    names = {f"RatherLongName{number}" for number in range(6)}
    merged = merge(PATH, package(names), package(names | {"Zebra"}), package(names | {"Author"}))
    assert merged is not None and max(map(len, merged.decode().split("\n"))) <= 100
    assert exports(merged)[1] == sorted(names | {"Author", "Zebra"})
