"""Keys of backends: from the environment or the system keyring, and never in anything that a person or a file sees."""

from __future__ import annotations

import importlib.util
import json
import os
import re

from nootropic_kernel.models.contract import Availability
from nootropic_kernel.models.errors import AuthenticationFailed
from nootropic_kernel.workspace.backend_settings import BackendSettings

# What may stand in an HTTP header. A library that refuses another key would quote it in its error.
_SENDABLE = re.compile(r"[!-~]+")
_MARK = "[key]"
# Servers of one's own take `none`, `EMPTY` or `ollama`: no secrets, and words that an answer may well have.
_SHORTEST_SECRET = 16


class Key:
    """A key that shows itself to nobody by accident: not in a repr, a traceback's variables or a pickle."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The key itself."""
        return self.__text

    def scrub(self, text: str) -> str:
        """``text`` without the key, which a server may have put into it as it is or as JSON writes it."""
        if len(self.__text) < _SHORTEST_SECRET:
            return text
        quoted = json.dumps(self.__text)[1:-1]
        for form in (self.__text, quoted, quoted.replace("/", "\\/")):
            text = text.replace(form, _MARK)
        return text

    def __repr__(self) -> str:
        return _MARK

    def __reduce__(self) -> str:
        raise TypeError("a key is not to be copied")


def key_state(settings: BackendSettings) -> Availability:
    """Whether the key that the settings name can be had, as far as can be told without asking the keyring."""
    name, variable = settings.name, settings.api_key_env
    if variable and not os.environ.get(variable, "").strip():
        return Availability(
            False,
            f"The backend {name!r} takes its key from {variable}, which is not set.",
            f"Set the environment variable {variable}, or remove apiKeyEnv from your settings.",
        )
    if not variable and settings.api_key_keyring and importlib.util.find_spec("keyring") is None:
        return Availability(
            False,
            f"The backend {name!r} takes its key from the system keyring, and the package for that is not installed.",
            "Run `pip install keyring`, or name an environment variable by apiKeyEnv in your settings.",
        )
    return Availability(True)


def key_of(settings: BackendSettings) -> Key | None:
    """The key that the settings name; None when they name none.

    :raises AuthenticationFailed: when they do and it cannot be had, or cannot be sent.
    """
    state = key_state(settings)
    if not state.ok:
        raise AuthenticationFailed(state.reason, next=state.next, backend=settings.name)
    if settings.api_key_env:
        text, place = os.environ.get(settings.api_key_env, ""), f"The environment variable {settings.api_key_env}"
    elif settings.api_key_keyring:
        text, place = _from_keyring(settings), f"The keyring's entry {settings.api_key_keyring}"
    else:
        return None
    text = text.strip()
    if not _SENDABLE.fullmatch(text):
        raise AuthenticationFailed(
            f"The key of the backend {settings.name!r} cannot be sent.",
            why=f"{place} holds spaces, or characters that no key has.",
            next="Set it again.",
            backend=settings.name,
        )
    return Key(text)


def _from_keyring(settings: BackendSettings) -> str:
    import keyring
    import keyring.errors

    service, _, user = (settings.api_key_keyring or "").partition("/")
    try:
        text = keyring.get_password(service, user)
        why = f"The keyring has no entry for the service {service!r} and the user {user!r}."
    except keyring.errors.KeyringError as error:
        text, why = None, f"The keyring cannot be read: {error}"
    if not text:
        raise AuthenticationFailed(
            f"The key of the backend {settings.name!r} is not in the system keyring.",
            why=why,
            next=f"Run `keyring set {service} {user}`, or name an environment variable by apiKeyEnv in your settings.",
            backend=settings.name,
        )
    return text
