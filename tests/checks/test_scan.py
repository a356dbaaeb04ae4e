"""The scan of a change."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.changeset import FileEdit, build_changeset
from nootropic_kernel.checks.scan import REDACTED, redact, scan

SECRETS = [
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
    "ghp_" + "a" * 36,
    "sk-ant-" + "a1" * 20,
    "hf_" + "a" * 34,
    "url = 'postgres://me:hunter22@db.example.org/x'",
    'api_key = "abcd1234abcd1234abcd"',
]
HARMLESS = [
    "password = os.environ['PASSWORD']",
    'api_key = "{your_api_key_goes_here}"',
    "https://example.org/a:b@c",
    "token = tokenizer.next()",
    "task-sk-based",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_found_and_kept_from_models(line: str) -> None:
    results = {
        check.name: check for check in scan(build_changeset([FileEdit("a.txt", b"x\n", f"x\n{line}\n".encode())]))
    }
    assert results["secrets"].passed is False and "a.txt:2" in results["secrets"].detail
    assert line not in results["secrets"].detail
    assert REDACTED in redact(line)


@pytest.mark.parametrize("line", HARMLESS)
def test_harmless_lines_are_not(line: str) -> None:
    assert redact(line) == line


@pytest.mark.parametrize("join", ["\n", "\\n", '\\n"\n    "'])
@pytest.mark.parametrize("end", ["-----END RSA PRIVATE KEY-----", ""])
def test_of_a_private_key_nothing_is_left(join: str, end: str) -> None:
    """Regression: only its first line was kept from models."""
    if join != "\n" and not end:
        return
    lines = ["-----BEGIN RSA PRIVATE KEY-----", *(f"MIIE{n}+/abcdABCD0123efgh" * 2 for n in range(20)), end]
    left = redact(f'before\nkey = "{join.join(lines)}"\nafter = 1\n')
    assert "MIIE" not in left and left.startswith("before\n") and left.endswith("\nafter = 1\n")


def test_a_key_after_an_underscore_is_one() -> None:
    assert redact("import_" + SECRETS[2]) == f"import_{REDACTED}"


def test_a_secret_that_was_there_before_is_not_this_changes_doing() -> None:
    old = f"{SECRETS[0]}\n".encode()
    checks = scan(build_changeset([FileEdit("a.txt", old, old + b"more\n")]))
    assert all(check.passed for check in checks)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.py", b"def ("),
        ("a.json", b"{"),
        ("a.yaml", b"a: [1"),
        ("a.toml", b"a ="),
        ("a.ipynb", b"{}"),
        ("a.py", b"\0"),
    ],
)
def test_what_does_not_parse_is_named(path: str, data: bytes) -> None:
    (parses, *_) = scan(build_changeset([FileEdit(path, None, data)]))
    assert (parses.name, parses.passed) == ("parses", False) and path in parses.detail


def test_a_secret_in_a_file_of_another_encoding_is_found() -> None:
    secret = "ghp_" + "a" * 36
    checks = scan(build_changeset([FileEdit("a.txt", b"", f"M\u00fcller\n{secret}\n".encode("utf-16"))]))
    assert next(check.detail for check in checks if check.name == "secrets").startswith("a.txt:2")
