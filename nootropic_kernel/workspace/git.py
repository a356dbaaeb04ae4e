"""Git, called as the person would call it; errors carry what Git said."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from nootropic_kernel.workspace.errors import NootropicError

# Variables of an outer Git process (a hook, a rebase) that would point us at another repository or index, or that
# change what a path means.
_OUTER = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)

# A folder of a clone may be laid out as a bare repository whose configuration runs commands: Git must not discover it.
_GUARD = ("-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off")

FALLBACK_IDENTITY = {"name": "Nootropic", "email": "nootropic@localhost"}


class GitMissing(NootropicError):
    """Git is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Git is not installed.",
            next="Install it (Debian: `apt-get install git`; macOS: `xcode-select --install`).",
        )


class GitFailed(NootropicError):
    """A Git command failed; ``data`` holds the arguments, exit code and what Git printed."""

    def __init__(self, arguments: Sequence[str], code: int, output: str) -> None:
        super().__init__(
            f"`git {arguments[0] if arguments else ''}` failed.",
            why=output.strip(),
            next="Mend what Git names, then run this again.",
            arguments=list(arguments),
            exit_code=code,
            output=output,
        )


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


class Git:
    """One repository, by its top-level folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(
        self,
        *arguments: str,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        ok: Sequence[int] = (0,),
    ) -> bytes:
        """Run ``git`` and return its standard output.

        :param env: variables added to a clean copy of the environment.
        :param ok: exit codes that are not failures.
        :raises GitFailed: for any other exit code.
        :raises GitMissing: when there is no Git.
        """
        return self.result(*arguments, input=input, env=env, ok=ok).stdout

    def result(
        self,
        *arguments: str,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        ok: Sequence[int] | None = (0,),
        pass_fds: Sequence[int] = (),
        outlived: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """Like :meth:`run`, with exit code and standard error; ``ok=None`` accepts every exit code.

        :param pass_fds: descriptors that Git keeps open, such as a lock that must last as long as Git runs.
        :param outlived: a hook may leave a process running that keeps Git's output open; it is not waited for.
        """
        environment = {k: v for k, v in os.environ.items() if k not in _OUTER}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"} | dict(env or {})
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(2 if outlived else 0)]
            stdout, stderr = files or (subprocess.PIPE, subprocess.PIPE)
            try:
                done = subprocess.run(
                    ["git", *_GUARD, *arguments],
                    cwd=self.root,
                    env=environment,
                    stdout=stdout,
                    stderr=stderr,
                    check=False,
                    input=input or b"",
                    # An interrupt goes to the whole process group; Git is to finish what it has begun.
                    start_new_session=True,
                    pass_fds=tuple(pass_fds),
                )
            except FileNotFoundError as error:
                raise GitMissing from error
            except ValueError as error:  # a NUL or half of a character, which no argument of a program can hold
                raise GitFailed(arguments, 128, str(error)) from error
            if files:
                done.stdout, done.stderr = (_content(file) for file in files)
        if ok is not None and done.returncode not in ok:
            said = (done.stderr or done.stdout).decode("utf-8", "replace")
            raise GitFailed(arguments, done.returncode, said)
        return done

    def text(self, *arguments: str, **options: object) -> str:
        """Standard output as text without its last newline."""
        return self.run(*arguments, **options).decode("utf-8", "surrogateescape").rstrip("\n")  # type: ignore[arg-type]

    def head(self) -> str | None:
        """The commit that HEAD names, or None before the first commit."""
        done = self.result("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128))
        return done.stdout.decode().strip() or None

    def branch(self) -> str | None:
        """The current branch, or None when HEAD is detached."""
        done = self.result("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1, 128))
        return done.stdout.decode("utf-8", "surrogateescape").strip() or None

    def show(self, revision: str, path: str) -> bytes | None:
        """The bytes of ``path`` at ``revision`` (``""`` is the index), or None when it is not there."""
        done = self.result("cat-file", "blob", f"{revision}:{path}", ok=None)
        return done.stdout if done.returncode == 0 else None

    def is_ignored(self, path: str) -> bool:
        """Whether Git's ignore rules cover ``path`` (a tracked file is never ignored).

        :raises GitFailed: when Git cannot tell, as for a path in a submodule: that is no yes.
        """
        return bool(self.ignored([path]))

    def ignored(self, paths: Sequence[str]) -> list[str]:
        """Those of the paths that Git's ignore rules cover, asked at once; raises as `is_ignored` does."""
        # With `./` before it, a name such as `:(top)x` is only a name.
        names = b"".join(b"./" + path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
        told = self.result("check-ignore", "-z", "--stdin", ok=(0, 1), input=names).stdout.split(b"\0")
        return [name.decode("utf-8", "surrogateescape").removeprefix("./") for name in told if name]

    def files(self) -> list[str]:
        """Tracked files and untracked ones that are not ignored, as POSIX paths, sorted."""
        listed = self.run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = {name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name}
        return sorted(name for name in names if (self.root / name).is_file())

    def identity_environment(self) -> dict[str, str]:
        """Variables that lend an identity where the person has set none; empty where Git knows one."""
        if self.result("var", "GIT_AUTHOR_IDENT", ok=None).returncode == 0 and self._configured("user.email"):
            return {}
        name, email = FALLBACK_IDENTITY["name"], FALLBACK_IDENTITY["email"]
        return {
            "GIT_AUTHOR_NAME": os.environ.get("GIT_AUTHOR_NAME", name),
            "GIT_AUTHOR_EMAIL": os.environ.get("GIT_AUTHOR_EMAIL", email),
            "GIT_COMMITTER_NAME": os.environ.get("GIT_COMMITTER_NAME", name),
            "GIT_COMMITTER_EMAIL": os.environ.get("GIT_COMMITTER_EMAIL", email),
        }

    def _configured(self, key: str) -> bool:
        if os.environ.get("GIT_AUTHOR_EMAIL") and os.environ.get("GIT_COMMITTER_EMAIL"):
            return True
        return self.result("config", "--get", key, ok=None).returncode == 0
