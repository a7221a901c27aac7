"""One subscriber under all spellings of a number: where a numbering plan has changed, or has two forms,
handsets, carriers and address books go on writing both. Pure.

docs/quirks.md has the table with its sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: of Vietnam's mobile numbers, before and since 2018
_VIETNAM = {
    **{f"16{last}": f"3{last}" for last in "23456789"},
    "120": "70",
    "121": "79",
    "122": "77",
    "126": "76",
    "128": "78",
    "123": "83",
    "124": "84",
    "125": "85",
    "127": "81",
    "129": "82",
    "186": "56",
    "188": "58",
    "199": "59",
}


class _Renumbering(NamedTuple):
    """Numbers that begin with `old` begin with `new` instead; what stands behind that stays."""

    old: str
    new: str
    rest: re.Pattern[str]


def _renumberings() -> Iterator[_Renumbering]:
    for old, new, rest in (
        ("521", "52", r"\d{10}"),
        ("54", "549", r"[123]\d{9}"),
        ("225", "22501", r"(?:[457]0|[04-9][123])\d{6}"),
        ("225", "22505", r"[04-9][456]\d{6}"),
        ("225", "22507", r"[04-9][789]\d{6}"),
        ("225", "22521", r"[23]\d8\d{5}"),
        ("225", "22525", r"[23]\d0\d{5}"),
        ("225", "22527", r"[23]\d[1-79]\d{5}"),
        ("229", "22901", r"[24-69]\d{7}"),
        ("230", "2305", r"(?:2[59]\d|4(?:2[39]|7[2-9]|9[1-9])|7\d\d|8(?:[256]\d|7[15-8])|9[0-8]\d)\d{4}"),
        ("237", "2376", r"[5-9]\d{7}"),
        ("24101", "24111", r"\d{6}"),
        *((old, "2416", r"[256]\d{6}") for old in ("241", "2410")),
        *((old, "2417", r"[47]\d{6}") for old in ("241", "2410")),
        ("593", "5939", r"(?:39|[5-7][89]|[89]\d)\d{6}"),
        ("995", "9955", r"(?:5[578]|68|7[014789]|9[1-35-9])\d{6}"),
        *((f"55{area}", f"55{area}9", r"[6-9]\d{7}") for area in range(11, 100) if area % 10),
        *((f"84{old}", f"84{new}", r"\d{7}") for old, new in _VIETNAM.items()),
    ):
        yield _Renumbering(old, new, re.compile(rest))


_BY_OLD: dict[str, list[_Renumbering]] = {}
_BY_NEW: dict[str, list[_Renumbering]] = {}
for _each in _renumberings():
    _BY_OLD.setdefault(_each.old, []).append(_each)
    _BY_NEW.setdefault(_each.new, []).append(_each)
_BEGINNINGS = frozenset(begins[:2] for begins in _BY_OLD)
_LENGTHS = range(2, max(map(len, (*_BY_OLD, *_BY_NEW))) + 1)

#: a mobile of Argentina with the 15 that is dialled there behind an area code of two to four digits
_DIALLED = re.compile(r"54(?:(11)15(\d{8})|([23]\d\d)15(\d{7})|([23]\d{3})15(\d{6}))")
_DIALLED_DIGITS = 14


def canonical(msisdn: str) -> str:
    """Give a number in the form that its plan has now: the same for all spellings of one number."""
    if msisdn[:2] not in _BEGINNINGS:
        return msisdn
    for length in _LENGTHS:
        for each in _BY_OLD.get(msisdn[:length], ()):
            if each.rest.fullmatch(msisdn, length):
                return each.new + msisdn[length:]
    dialled = _DIALLED.fullmatch(msisdn) if len(msisdn) == _DIALLED_DIGITS else None
    return "549" + "".join(filter(None, dialled.groups())) if dialled is not None else msisdn


def spellings(msisdn: str) -> tuple[str, ...]:
    """Give all spellings of a number, the one that its plan has now first."""
    if msisdn[:2] not in _BEGINNINGS:
        return (msisdn,)
    now = canonical(msisdn)
    older = [
        each.old + now[length:]
        for length in _LENGTHS
        for each in _BY_NEW.get(now[:length], ())
        if each.rest.fullmatch(now, length)
    ]
    if now.startswith("549"):
        split = (f"54{now[3:at]}15{now[at:]}" for at in (5, 6, 7))
        # a set: with a 15 in the number itself two places give the same digits
        older += sorted({each for each in split if canonical(each) == now})
    return now, *older
