"""What people paste into a brief, and what manifests and sources say: tracebacks, durations, packages, names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.planning.reading.durations_asked import find_duration
from nootropic_kernel.planning.reading.tracebacks import find_traceback
from nootropic_kernel.planning.repository.facts import read_facts
from nootropic_kernel.planning.repository.other_code import read_source
from nootropic_kernel.planning.repository.packages import packages_of

FACTS = read_facts({}, ["src/cart.js", "app/views.py", "app/utils.py", "src/Main.java", "src/lib.rs", "cmd/main.go"])
PYTHON = """Traceback (most recent call last):
  File "/srv/x/app/views.py", line 3, in show
    return make(1)
           ^^^^^^^
  File "/srv/x/app/utils.py", line 9, in make
    raise ValueError("no")
ValueError: no
"""


@pytest.mark.parametrize(
    ("text", "files", "names", "error"),
    [
        (PYTHON, ["app/utils.py", "app/views.py"], ["make", "show"], "ValueError: no"),
        ("TypeError: x is undefined\n    at total (/w/src/cart.js:3:9)\n    at node:internal/main:2:1\n",
         ["src/cart.js"], ["total"], "TypeError: x is undefined"),
        ("Exception in thread\n\tat shop.Main.run(Main.java:12)\n", ["src/Main.java"], ["run"], ""),
        ("thread 'main' panicked at src/lib.rs:7:5:\n", ["src/lib.rs"], [], ""),
        ("app/utils.py:6: in make\n    x = y\nE   KeyError: 'y'\n", ["app/utils.py"], ["make"], "KeyError: 'y'"),
        ('  File "/usr/lib/python3.12/json/utils.py", line 1, in f\n', [], [], ""),
    ],
)  # fmt: skip
def test_frames_of_the_usual_languages(text: str, files: list[str], names: list[str], error: str) -> None:
    found = find_traceback(f"It breaks.\n{text}Please help.\n", FACTS)
    assert found is not None
    assert (list(found.files), list(found.names), found.error) == (files, names, error)
    left = found.taken_out(f"It breaks.\n{text}Please help.\n").split()
    assert left[:2] == ["It", "breaks."] and left[-2:] == ["Please", "help."]


@pytest.mark.parametrize("text", ["", "Open the file x.py", 'See File "x.py" for more', "at 5 o'clock (see a:b)"])
def test_prose_is_no_traceback(text: str) -> None:
    assert find_traceback(text, FACTS) is None


_OTHERS = ["```", "Please fix it", "", "    at x (src/cart.js:1:2)", "E  KeyError: 1"]
_LINES = st.sampled_from([*PYTHON.splitlines(), *_OTHERS])


@given(st.lists(_LINES, max_size=12))
def test_taking_a_traceback_out_moves_nothing(lines: list[str]) -> None:
    brief = "\n".join(lines)
    found = find_traceback(brief, FACTS)
    if found is not None:
        left = found.taken_out(brief)
        assert len(left) == len(brief) and left.count("\n") == brief.count("\n")
        assert all(one == other or one.isspace() for one, other in zip(left, brief, strict=True))
        assert set(found.files) <= FACTS.paths


@pytest.mark.parametrize(
    ("text", "now", "target"),
    [
        ("it takes 40 minutes, it should take under 5", "40 minutes", "5 minutes"),
        ("takes around 8 seconds. It should be below 500 ms", "8 seconds", "500 ms"),
        ("took 3 h, at most 20 min please", "3 h", "20 min"),
        ("must answer in 200 ms", "", "200 ms"),
        ("is slow in 3 places", "", ""),
        ("keep it under 5", "", ""),
        ("show it in 2 columns", "", ""),
    ],
)
def test_how_long_it_takes_and_may_take(text: str, now: str, target: str) -> None:
    found = find_duration(text)
    assert (found.now, found.target) == (now, target)


def test_packages_that_manifests_declare() -> None:
    texts = {
        "pyproject.toml": '[project]\ndependencies = ["Flask>=2", "sqlalchemy[asyncio]<2"]\n'
        '[project.optional-dependencies]\ndev = ["pytest"]\n[tool.poetry.dependencies]\npython = "^3.9"\nhttpx = "*"\n',
        "requirements-dev.txt": "# tools\nruff==0.5\n-r requirements.txt\n",
        "setup.py": 'setup(name="x", install_requires=["click>=8", "rich"], packages=["x"])',
        "package.json": '{"dependencies": {"express": "^4"}, "devDependencies": {"@types/node": "1"}}',
        "go.mod": "module example.org/x\n\nrequire (\n\tgithub.com/gorilla/mux v1.8.0\n)\n",
        "Cargo.toml": '[dependencies]\nserde = "1"\n',
    }
    python = {"flask", "sqlalchemy", "pytest", "httpx", "ruff", "click", "rich"}
    wanted = python | {"express", "@types/node", "mux", "serde"}
    assert packages_of(texts) == wanted
    assert packages_of({"pyproject.toml": "[", "package.json": "{", "Cargo.toml": "=", "setup.py": "("}) == frozenset()


def test_names_imports_and_routes_of_other_languages() -> None:
    text = (
        b"import x from '@scope/pkg/deep';\nconst m = require('moment');\nexport async function total(a) {}\n"
        b"class Cart {}\napp.get('/items/:id', f);\n"
    )
    source = read_source("src/a.ts", text)
    assert {"total", "Cart", "m"} <= source.names
    assert source.imports == {"@scope/pkg/deep", "moment"} and source.routes == {"/items/:id"}
    assert read_source("a.go", b"func (s *Store) Find() {}\ntype Store struct{}\n").names == {"Find", "Store"}
    assert read_source("a.rs", b"use serde::Serialize;\npub fn fold() {}\n").imports == {"serde"}
