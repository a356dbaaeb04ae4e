"""The filter's instructions do what its rules say, on both machines, by an interpreter of them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.sandbox.inside import syscalls
from nootropic_kernel.sandbox.inside.seccomp import ALLOW, ERRNO, KILL, Rule, assemble, rules

MACHINES = sorted(syscalls.AUDIT)
WORDS = st.one_of(st.sampled_from([0, 1, 2, 10, 0o4755, 0o20666, 0x5412, 0x10000000]), st.integers(0, 2**64 - 1))
CALLS = st.sampled_from(sorted([*syscalls._OLD, *syscalls._NEW]))


def decided(program: list[tuple[int, int, int, int]], audit: int, number: int, arguments: list[int]) -> int:
    """What the kernel would answer."""
    data = struct.pack("<IIQ6Q", number, audit, 0, *arguments)
    at = loaded = 0
    while True:
        code, if_true, if_false, constant = program[at]
        at += 1
        if code == 0x20:
            loaded = struct.unpack_from("<I", data, constant)[0]
        elif code == 0x06:
            return constant
        else:
            holds = {0x15: loaded == constant, 0x35: loaded >= constant, 0x45: bool(loaded & constant)}[code]
            at += if_true if holds else if_false


def meant(wanted: list[Rule], name: str, arguments: list[int]) -> int:
    """What the rules say: the first that holds."""
    for rule in wanted:
        if rule.call == name:
            word = arguments[rule.argument] & 0xFFFFFFFF
            conditions = (rule.bits and word & rule.bits, rule.equal and word in rule.equal)
            if (
                any(conditions)
                or (rule.other and word not in rule.other)
                or not (rule.bits or rule.equal or rule.other)
            ):
                return ERRNO | rule.error
    return ALLOW


@given(st.sampled_from(MACHINES), CALLS, st.lists(WORDS, min_size=6, max_size=6), st.booleans(), st.booleans())
def test_the_instructions_decide_as_the_rules_say(
    machine: str, name: str, arguments: list[int], namespaces: bool, guarded: bool
) -> None:
    number = syscalls.number(name, machine)
    if number is None:
        return
    wanted = rules(namespaces=namespaces, signals_guarded=guarded)
    program = assemble(wanted, machine)
    assert decided(program, syscalls.AUDIT[machine], number, arguments) == meant(wanted, name, arguments)


@given(st.sampled_from(MACHINES), st.integers(0, 600), st.lists(WORDS, min_size=6, max_size=6))
def test_what_no_rule_names_is_allowed_and_other_architectures_are_not(
    machine: str, number: int, arguments: list[int]
) -> None:
    program = assemble(rules(namespaces=True, signals_guarded=True), machine)
    named = {syscalls.number(name, machine) for name in [*syscalls._OLD, *syscalls._NEW]}
    if number not in named:
        assert decided(program, syscalls.AUDIT[machine], number, arguments) == ALLOW
    assert decided(program, 0x40000003, number, arguments) == KILL
    if machine == "x86_64":
        assert decided(program, syscalls.AUDIT[machine], number | 0x40000000, arguments) == KILL


def test_the_numbers_are_those_of_the_kernels_headers() -> None:
    header = Path("/usr/include/asm-generic/unistd.h")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    told = {}
    for line in header.read_text().splitlines():
        words = line.split()
        if len(words) >= 3 and words[0] == "#define" and words[1].startswith("__NR") and words[2].isdigit():
            told[words[1].removeprefix("__NR3264_").removeprefix("__NR_")] = int(words[2])
    for name, value in told.items():
        if name in syscalls._OLD or name in syscalls._NEW:
            assert syscalls.number(name, "aarch64") == value, name
