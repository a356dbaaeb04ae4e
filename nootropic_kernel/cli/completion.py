"""Shell completion for ``noo``: a small script a shell, and one hidden command that answers it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from nootropic_kernel.workspace.errors import NootropicError, UsageError

_SCRIPTS = {
    "bash": """\
_noo() {
    # Bash parts words at ":" and "=" too; ours end at spaces only (P1:2, --model=x).
    local line="${COMP_LINE:0:COMP_POINT}" current mark
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current="${words[${#words[@]}-1]}"
    local IFS=$'\\n'
    COMPREPLY=($(noo --complete words -- "${words[@]:1}" 2>/dev/null))
    for mark in = :; do
        if [[ $current == *$mark* && $COMP_WORDBREAKS == *$mark* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${current%"$mark"*}$mark"}")
            break
        fi
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _noo noo
""",
    "zsh": """\
#compdef noo
_noo() {
    local -a found
    local line
    for line in ${(f)"$(noo --complete described -- "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
        found+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
    done
    _describe 'noo' found
}
compdef _noo noo
""",
    "fish": """\
function __noo_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    noo --complete described -- $words 2>/dev/null
end
complete -c noo -f -a '(__noo_complete)'
""",
}


def script(shell: str) -> str:
    """Return the completion script for a shell.

    :raises UsageError: for a shell that has none.
    """
    if shell not in _SCRIPTS:
        raise UsageError(f"There is no completion for {shell[:40]!r}.", next="Choose bash, zsh or fish.")
    return _SCRIPTS[shell]


def answer(arguments: Sequence[str]) -> int:
    """Print the completions of a command line, one a line; never fails loudly into somebody's prompt."""
    from nootropic_kernel.capabilities.candidates import Candidate
    from nootropic_kernel.capabilities.completion import complete
    from nootropic_kernel.workspace.location import Workspace

    described = arguments[:1] == ["described"]
    words = list(arguments[arguments.index("--") + 1 :]) if "--" in arguments else []
    *before, current = words or [""]
    folder = None
    while before[:1] == ["-C"] and len(before) > 1:
        folder, before = before[1], before[2:]
    own = [Candidate("--json", "Print JSON."), Candidate("--yaml", "Print YAML."), Candidate("--no-pager", "No pager.")]
    if not before:
        own += [Candidate("--version", "Show the version."), Candidate("-C", "Work in another folder.")]
    try:
        found = complete(Workspace.find(folder), before, current, extra=own)
    except (NootropicError, OSError):
        return 0
    for candidate in found:
        about = " ".join(candidate.about.split())[:80]
        sys.stdout.write(f"{candidate.text}\t{about}\n" if described else f"{candidate.text}\n")
    return 0
