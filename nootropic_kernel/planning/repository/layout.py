"""Where code and tests of a project go, by its language; and the command that runs one of its test files."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.repository.facts import RepositoryFacts

# language: folder of code, ending, what comes before and after the name of a tested unit in the path of its test.
_LAYOUTS = {
    "javascript": ("src", ".js", "tests/", ".test.js"),
    "typescript": ("src", ".ts", "tests/", ".test.ts"),
    "rust": ("src", ".rs", "tests/", ".rs"),
    "java": ("src/main/java", ".java", "src/test/java/", "_test.java"),
    "kotlin": ("src/main/kotlin", ".kt", "src/test/kotlin/", "_test.kt"),
    "ruby": ("lib", ".rb", "spec/", "_spec.rb"),
    "php": ("src", ".php", "tests/", "_test.php"),
    "csharp": ("src", ".cs", "tests/", "_tests.cs"),
}
_COMMANDS = {"rust": "cargo test", "go": "go test ./...", "ruby": "bundle exec rspec", "csharp": "dotnet test"}
_MANIFESTS = {
    "javascript": "package.json", "typescript": "package.json", "rust": "Cargo.toml", "go": "go.mod", "java": "pom.xml",
    "kotlin": "build.gradle.kts", "ruby": "Gemfile", "php": "composer.json",
}  # fmt: skip
PYTHON = ("python", None)


@dataclass(frozen=True)
class Layout:
    """Paths for new units: code in ``folder``/name+``ending``, its test in ``test_open``+name+``test_close``."""

    language: str
    folder: str
    ending: str
    test_open: str
    test_close: str
    manifest: str
    test: str
    test_file: str
    entry: str = ""

    def command(self, path: str) -> str | None:
        """The command that runs one test file, or all tests where only that is known (`all`); None where none is."""
        if path != "all" and self.test_file:
            return f"{self.test_file} {path}"
        return self.test or None


def layout_of(language: str | None, package_dir: str, tests: str, facts: RepositoryFacts) -> Layout:
    """The layout for a language in this repository."""
    tooling = facts.tooling
    own = language == facts.language or (facts.language is None and language in PYTHON)
    test = tooling.test if own else _COMMANDS.get(language or "", "")
    test_file = tooling.test_file if own else ""
    manifest = (tooling.manifest if own else "") or _MANIFESTS.get(language or "", "pyproject.toml")
    if language in PYTHON:
        entry = f"{package_dir}/__main__.py"
        return Layout("python", package_dir, ".py", f"{tests}/test_", ".py", manifest, test, test_file, entry)
    if language == "go":
        folder = next(
            (each for each in ("internal", "pkg") if any(p.startswith(f"{each}/") for p in facts.paths)), "internal"
        )
        return Layout("go", folder, ".go", f"{folder}/", "_test.go", manifest, test, test_file, "main.go")
    folder, ending, test_open, test_close = _LAYOUTS.get(str(language), ("src", "", "tests/", ""))
    for known in (folder, "lib", "app"):
        if any(path.startswith(f"{known}/") for path in facts.paths):
            folder = known
            break
    entry = f"{folder}/{'cli' if ending in ('.js', '.ts') else 'main'}{ending}"
    return Layout(str(language), folder, ending, test_open, test_close, manifest, test, test_file, entry)
