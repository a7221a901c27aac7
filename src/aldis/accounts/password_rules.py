"""Which passwords people may choose: long, and not among what is tried first. Pure.

A password is as strong as the cheapest way to say it: a common one, a word that belongs to the place (the
login, the host), a row of keys or letters, a year, a repetition cost little, whatever stands around them.
Source: NIST SP 800-63B-4 §3.1.1.2 (a list of what is common, expected and of the context; no rules of
composition).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

SHORTEST = 12
LONGEST = 1024
#: what a password must cost at least, and what its parts do; any other character costs 1
STRONG = 9
COMMON, EXPECTED = 2, 1
#: of a word of the context, of a row or a repetition
SHORTEST_PART = 3
#: how much of a password is looked at
LOOKED_AT = 64
_ROWS = (
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
)
_ROWS_BOTH_WAYS = (*_ROWS, *(row[::-1] for row in _ROWS))
#: characters that stand for letters
_LETTERS = str.maketrans("0134578@$!|", "oieastbasil")


def fault_of(password: str, context: Iterable[str]) -> str:
    """Say why a password may not be chosen; "" where it may. `context`: login, host, and the like."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"a password has at least {SHORTEST} characters"
    plain = unicodedata.normalize("NFKC", password).casefold()[:LOOKED_AT]
    expected = {
        part
        for text in ("aldis", *context)
        for part in (text.casefold(), *_parts(text))
        if len(part) >= SHORTEST_PART
    }
    if min(_cost(text, expected) for text in (plain, plain.translate(_LETTERS))) < STRONG:
        return (
            "this password is guessed early: it is little more than common passwords, words, rows of keys, "
            "repetitions, or names from here; four words that have nothing to do with each other do well"
        )
    return ""


def _parts(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text.casefold()).split()


def _cost(text: str, expected: set[str]) -> int:
    """Give the cost of the cheapest way to say a text."""
    common = _common()
    costs = [0]
    for end in range(1, len(text) + 1):
        cheapest = costs[end - 1] + 1
        for start in range(end - SHORTEST_PART, -1, -1):
            part = text[start:end]
            if part in expected or _is_row(part) or text[:start].endswith(part):
                cheapest = min(cheapest, costs[start] + EXPECTED)
            elif part in common:
                cheapest = min(cheapest, costs[start] + COMMON)
        costs.append(cheapest)
    return costs[-1]


def _is_row(part: str) -> bool:
    """Tell whether it is one character again and again, stands in a row, or is a year."""
    is_year = len(part) == 4 and part[:2] in ("19", "20") and part.isdigit()  # noqa: PLR2004 - digits
    return is_year or len(set(part)) == 1 or any(part in row for row in _ROWS_BOTH_WAYS)


@cache
def _common() -> frozenset[str]:
    lines = (files("aldis.accounts") / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))
