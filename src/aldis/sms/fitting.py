"""Chooses how a text is written for an upstream: the way with the fewest segments that it can carry.

Used by admission, which prices the result, and by `aldis segments`, which shows it. Pure.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from aldis.sms.alphabet import NotInAlphabet, to_septets, writable
from aldis.sms.encoding import Encoded, Encoding, encode, encode_ucs2
from aldis.sms.national_tables import Language
from aldis.sms.segments import Splitting, TooLong, count
from aldis.sms.smart import simplify


class DefaultAlphabet(StrEnum):
    """What an SMSC takes data_coding 0 for."""

    GSM = "gsm"
    #: septets packed into octets
    GSM_PACKED = "gsm_packed"
    #: ISO 8859-1; the SMSC makes septets of it
    LATIN_1 = "latin1"
    #: nothing of use: every text goes as UCS-2
    UCS2_ONLY = "ucs2_only"


class TextRules(msgspec.Struct, frozen=True):
    """What an upstream can carry."""

    alphabet: DefaultAlphabet = DefaultAlphabet.GSM
    #: national languages of which its handsets have the tables
    languages: tuple[Language, ...] = ()
    splitting: Splitting = Splitting.UDH_8


PLAIN = TextRules()


#: a coding is one number: the encoding, and above it an octet each for the two shift tables and the splitting
_SINGLE_SHIFT, _LOCKING_SHIFT, _SPLITTING_SHIFT = 8, 16, 24
_ENCODINGS = tuple(Encoding)
_SPLITTINGS = tuple(Splitting)


class Fitted(msgspec.Struct, frozen=True):
    """A text as it will be sent."""

    encoded: Encoded
    splitting: Splitting
    segments: int

    @property
    def coding(self) -> int:
        """All but the octets in one number, as the store keeps it: a message is cut as it was counted,
        whatever becomes of its link's settings.
        """
        encoded, splitting = self.encoded, 0
        if self.segments > 1:
            splitting = _SPLITTINGS.index(self.splitting)
        return (
            encoded.encoding
            | encoded.single << _SINGLE_SHIFT
            | encoded.locking << _LOCKING_SHIFT
            | splitting << _SPLITTING_SHIFT
        )


def from_coding(coding: int, octets: bytes) -> tuple[Encoded, Splitting]:
    """Read back what the store kept."""
    encoded = Encoded(
        _ENCODINGS[coding & 0xFF], octets, coding >> _LOCKING_SHIFT & 0xFF, coding >> _SINGLE_SHIFT & 0xFF
    )
    return encoded, _SPLITTINGS[coding >> _SPLITTING_SHIFT]


def fit(text: str, rules: TextRules = PLAIN, *, smart: bool = False) -> Fitted:
    """Write a text with the fewest segments.

    smart: characters that GSM 7-bit lacks may be replaced by their equals, where that avoids UCS-2. Raises
    TooLong beyond 255 segments, UnicodeEncodeError on a lone surrogate.
    """
    if rules is PLAIN and not smart:
        encoded = encode(text)
        return Fitted(encoded, rules.splitting, count(encoded))
    candidates = _candidates(text, rules)
    if smart and not candidates:
        candidates = _candidates(simplify(text), rules)
    return _shortest([*candidates, encode_ucs2(text)], rules.splitting)


def strangers(text: str, rules: TextRules = PLAIN) -> dict[str, int]:
    """Tell which characters force UCS-2, and how often each stands in the text; empty if none does."""
    if _candidates(text, rules):
        return {}
    if rules.alphabet is DefaultAlphabet.UCS2_ONLY:
        return {}
    found: dict[str, int] = {}
    for character in text:
        if not _is_writable(character, rules):
            found[character] = found.get(character, 0) + 1
    return found


def _is_writable(character: str, rules: TextRules) -> bool:
    if rules.alphabet is DefaultAlphabet.LATIN_1 and not _is_latin_1(character):
        return False
    pairs = [(0, 0), *((0, language) for language in rules.languages), *((n, 0) for n in rules.languages)]
    return any(ord(character) in writable(*pair) for pair in pairs)


def _is_latin_1(text: str) -> bool:
    return all(ord(character) <= 0xFF for character in text)


def _candidates(text: str, rules: TextRules) -> list[Encoded]:
    """Give the ways of writing a text in septets; none if it needs UCS-2."""
    if rules.alphabet is DefaultAlphabet.UCS2_ONLY:
        return []
    if rules.alphabet is DefaultAlphabet.LATIN_1 and not _is_latin_1(text):
        return []
    plain = encode(text)
    if plain.encoding is Encoding.GSM7:
        return [plain]
    if rules.alphabet is DefaultAlphabet.LATIN_1:  # whose SMSC would not know the tables
        return []
    found = []
    for language in rules.languages:
        for locking, single in ((0, language), (language, 0), (language, language)):
            try:
                septets = to_septets(text, locking, single)
            except NotInAlphabet:
                continue
            found.append(Encoded(Encoding.GSM7, septets, locking, single))
    return found


def _shortest(candidates: list[Encoded], splitting: Splitting) -> Fitted:
    """Take the one with the fewest segments, then septets before UCS-2, then the shortest."""
    best: tuple[tuple[int, int, int], Fitted] | None = None
    for encoded in candidates:
        try:
            segments = count(encoded, splitting)
        except TooLong:
            continue
        rank = (segments, encoded.encoding, len(encoded.octets))
        if best is None or rank < best[0]:
            best = (rank, Fitted(encoded, splitting, segments))
    if best is None:
        raise TooLong
    return best[1]
