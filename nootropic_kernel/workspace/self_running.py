"""Files that act merely by being there: they run at test, import, build or start time, or instruct agents.

Not meant are files that a person starts by name (a script, `__main__.py`). Where in doubt a name is in: the cost is one
more question to the person.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

# All in lower case: a file system that folds case runs `CONFTEST.py` too.
_NAMES = (
    # Python: import, packaging, test and documentation tools
    "*.pth", "sitecustomize.py", "usercustomize.py", "setup.py", "setup.cfg", "pyproject.toml", "entry_points.txt",
    "hatch_build.py", "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "tox.toml",
    "noxfile.py", ".coveragerc", "mypy.ini", ".mypy.ini", "pylintrc", ".pylintrc", "pylintrc.toml", ".flake8",
    "pip.conf", "pip.ini", "uv.toml", "conf.py", "mkdocs.yml", "*.conf.py", ".pdbrc", ".pdbrc.py", ".pythonrc*",
    # Jupyter, IPython, R
    "jupyter*config.py", "jupyter*config.json", "ipython*config.py", "ipython*config.json", "kernel.json",
    "postbuild", ".rprofile", ".renviron",
    # other languages' builds and tools
    "makefile", "makefile.*", "*.mk", "gnumakefile", "justfile", ".justfile", "cmakelists.txt", "meson.build",
    "rakefile", "gemfile", "build.rs", "*.gradle", "*.gradle.kts", "binding.gyp", "package.json", ".pnpmfile.*",
    ".yarnrc*", "*.config.js", "*.config.cjs", "*.config.mjs", "*.config.ts", "*.config.cts", "*.config.mts",
    ".eslintrc*", ".prettierrc*", ".babelrc*", ".lintstagedrc*", "default.nix", "shell.nix", "flake.nix",
    # containers and machines
    "dockerfile*", "*.dockerfile", "containerfile*", "docker-compose*", "compose.yml", "compose.yaml", "vagrantfile",
    "procfile", "devbox.json", "devcontainer.json", ".devcontainer.json",
    # continuous integration and publishing
    ".gitlab-ci*", ".travis.yml", "azure-pipelines*", "jenkinsfile*", "appveyor.yml", ".appveyor.yml", ".drone.yml",
    "bitbucket-pipelines.yml", "cloudbuild.*", "buildspec.y*ml", ".readthedocs.y*ml", "netlify.toml", "vercel.json",
    # Git, hooks, shells, editors
    ".gitattributes", ".gitconfig", ".lfsconfig", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml",
    "*lefthook*.y*ml", ".envrc", "mise.toml", ".mise.toml", ".tool-versions", ".bashrc", ".bash_profile",
    ".profile", ".zshrc",
    ".zshenv", ".vimrc", ".exrc", ".nvimrc", ".nvim.lua", ".dir-locals.el", ".gdbinit", ".lldbinit", "*.code-workspace",
    # instructions to agents, and the tools that are started for them
    "agents.md", "agents.override.md", "agent.md", "claude.md", "claude.local.md", "gemini.md",
    "copilot-instructions.md", ".cursorrules", ".windsurfrules", ".clinerules", ".goosehints", ".roorules*",
    ".roomodes", ".aider.conf.yml",
    ".mcp.json", "mcp.json",
)  # fmt: skip
_FOLDERS = (
    "*.egg-info", "*.dist-info", "sitecustomize", "usercustomize", "plugins", ".ipython", "profile_*", ".jupyter",
    "jupyter_*_config.d", "labextensions", "nbextensions", ".binder", "binder", ".github", ".gitlab", ".circleci",
    ".buildkite", ".woodpecker", ".ci", ".devcontainer", ".husky", ".githooks", ".hooks", "hooks", ".vscode", ".idea",
    ".zed", ".fleet", ".direnv", ".mise", ".cursor", ".windsurf", ".clinerules", ".roo", ".claude", ".codex",
    ".continue", ".gemini", ".junie", ".kiro",
)  # fmt: skip
# What this workspace may put in the place of our own instructions (see `resources`).
_OUR_INSTRUCTIONS = (("experiments", "prompts"), ("experiments", "methods"), ("experiments", "suites"))


def is_executable_at_import(path: str) -> bool:
    """Whether a file of this name can run by itself at test, import, build or start time, or instructs agents."""
    *folders, name = path.casefold().split("/")
    if any(fnmatchcase(name, pattern) for pattern in _NAMES):
        return True
    if any(fnmatchcase(folder, pattern) for folder in folders for pattern in _FOLDERS):
        return True
    return tuple(folders[:2]) in _OUR_INSTRUCTIONS or _hides_the_standard_library(folders, name)


def _hides_the_standard_library(folders: list[str], name: str) -> bool:
    """A `random.py` beside a notebook is imported in place of Python's own by all that runs there."""
    module, _, ending = name.partition(".")
    if folders and (len(folders) > 1 or name != "__init__.py"):
        return False
    return ending == "py" and (folders[0] if folders else module) in _STANDARD


# `test` is the folder of a project's own tests far more often than the one of Python itself.
_STANDARD = sys.stdlib_module_names - {"test"}
