"""Chooses how a message is written for an upstream: as its sender asks, else the way with the fewest
segments that the upstream can carry.

Used by admission, which prices the result, and by `aldis segments`, which shows it. Pure.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from enum import StrEnum

import msgspec

from aldis.sms.alphabet import NotInAlphabet, to_septets, writable
from aldis.sms.encoding import Encoded, Encoding, compose, decode, encode, encode_ucs2
from aldis.sms.graphemes import graphemes
from aldis.sms.national_tables import Language
from aldis.sms.segments import MAX_SEGMENTS, SPLITTING_NUMBERS, Splitting, TooLong, count
from aldis.sms.smart import simplify

#: characters, in any encoding
MOST_IN_SEGMENT = 160
#: the same before it is composed, which makes one of four at most: a longer text is too long, unlooked at
MOST_UNCOMPOSED = 4 * MOST_IN_SEGMENT


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


class EncodingOptions(msgspec.Struct, frozen=True):
    """How the sender of a message wants it written."""

    #: characters that GSM 7-bit lacks may be replaced by their equals, where that avoids UCS-2
    smart: bool = False
    #: UCS-2, also where GSM 7-bit would do
    ucs2: bool = False
    #: 0 shows at once and is not kept, 1 handset, 2 SIM, 3 terminal equipment; None: the handset's choice
    message_class: int | None = None
    #: the text ends where it would need more segments; None: it is refused then
    most_segments: int | None = None


NO_OPTIONS = EncodingOptions()

#: a coding is one number: the encoding, and above it an octet each for the two shift tables, the splitting
#: and the message class, which counts from 1 there
_SINGLE_SHIFT, _LOCKING_SHIFT, _SPLITTING_SHIFT, _CLASS_SHIFT = 8, 16, 24, 32
_ENCODINGS = {encoding.value: encoding for encoding in Encoding}
_SPLITTINGS = {number: splitting for splitting, number in SPLITTING_NUMBERS.items()}


class ChosenEncoding(msgspec.Struct, frozen=True, gc=False):
    """A text as it will be sent."""

    encoded: Encoded
    splitting: Splitting
    segments: int
    message_class: int | None = None

    @property
    def coding(self) -> int:
        """All but the octets in one number, as the store keeps it: a message is cut as it was counted,
        whatever becomes of its link's settings.
        """
        encoded, splitting = self.encoded, 0
        if self.segments > 1:
            splitting = SPLITTING_NUMBERS[self.splitting]
        elif self.message_class is None and not encoded.locking and not encoded.single:
            return encoded.encoding  # nearly every message
        return (
            encoded.encoding
            | encoded.single << _SINGLE_SHIFT
            | encoded.locking << _LOCKING_SHIFT
            | splitting << _SPLITTING_SHIFT
            | (0 if self.message_class is None else self.message_class + 1) << _CLASS_SHIFT
        )


class Kept(msgspec.Struct, frozen=True):
    """What a coding and its octets say."""

    encoded: Encoded
    splitting: Splitting
    message_class: int | None


def from_coding(coding: int, octets: bytes) -> Kept:
    """Read back what the store kept."""
    encoded = Encoded(
        _ENCODINGS[coding & 0xFF], octets, coding >> _LOCKING_SHIFT & 0xFF, coding >> _SINGLE_SHIFT & 0xFF
    )
    message_class = coding >> _CLASS_SHIFT
    return Kept(
        encoded,
        _SPLITTINGS[coding >> _SPLITTING_SHIFT & 0xFF],
        message_class - 1 if message_class else None,
    )


def fit(text: str, rules: TextRules = PLAIN, options: EncodingOptions = NO_OPTIONS) -> ChosenEncoding:
    """Write a text, composed, with the fewest segments.

    Raises TooLong beyond 255 segments, and where nothing of it fits into those that are wished;
    UnicodeEncodeError on a lone surrogate.
    """
    if rules is PLAIN and options is NO_OPTIONS:
        encoded = encode(text)
        return ChosenEncoding(encoded, rules.splitting, count(encoded))
    most_segments = options.most_segments
    if most_segments is None:
        return _fit(compose(text), rules, options)
    return _fit(_shortened(text, rules, options, most_segments), rules, options)


def fit_octets(octets: bytes, options: EncodingOptions = NO_OPTIONS) -> ChosenEncoding:
    """Take octets for a program, header first, as they are. Raises TooLong beyond one segment."""
    encoded = Encoded(Encoding.OCTETS, octets)
    return ChosenEncoding(encoded, Splitting.UDH_8, count(encoded), options.message_class)


def _fit(text: str, rules: TextRules, options: EncodingOptions) -> ChosenEncoding:
    candidates = [] if options.ucs2 else _candidates(text, rules)
    if options.smart and not options.ucs2 and not candidates:
        candidates = _candidates(simplify(text), rules)
    return _shortest([*candidates, encode_ucs2(text)], rules.splitting, options.message_class)


def _shortened(text: str, rules: TextRules, options: EncodingOptions, most_segments: int) -> str:
    """Give as much of the beginning of a text, composed, as fits, in whole characters as readers see them."""
    is_whole = len(text) <= most_segments * MOST_UNCOMPOSED
    text = compose(text[: most_segments * MOST_UNCOMPOSED + 1])
    if is_whole and _fits(text, rules, options):
        return text
    clusters = graphemes(text[: most_segments * MOST_IN_SEGMENT + 1])
    if len(text) > most_segments * MOST_IN_SEGMENT:
        clusters.pop()  # it may have been cut
    fewest, most = 0, len(clusters)
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if _fits("".join(clusters[:middle]), rules, options):
            fewest = middle
        else:
            most = middle - 1
    if not fewest:
        raise TooLong
    return "".join(clusters[:fewest])


def _fits(text: str, rules: TextRules, options: EncodingOptions) -> bool:
    try:
        return _fit(text, rules, options).segments <= (options.most_segments or MAX_SEGMENTS)
    except TooLong:
        return False


class NonGsmCharacter(msgspec.Struct, frozen=True):
    """A character that forces UCS-2."""

    character: str
    name: str
    #: in the text
    times: int


def non_gsm_characters(encoded: Encoded, rules: TextRules = PLAIN) -> tuple[NonGsmCharacter, ...]:
    """Tell which characters forced a text into UCS-2; none did where it is in another encoding."""
    text = decode(encoded) if encoded.encoding is Encoding.UCS2 else ""
    if not text or rules.alphabet is DefaultAlphabet.UCS2_ONLY or _candidates(text, rules):
        return ()
    found = Counter([character for character in text if not _is_writable(character, rules)])
    return tuple(
        NonGsmCharacter(character, unicodedata.name(character, f"U+{ord(character):04X}"), times)
        for character, times in found.items()
    )


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


def _shortest(candidates: list[Encoded], splitting: Splitting, message_class: int | None) -> ChosenEncoding:
    """Take the one with the fewest segments, then septets before UCS-2, then the shortest."""
    best: tuple[tuple[int, int, int], ChosenEncoding] | None = None
    for encoded in candidates:
        try:
            segments = count(encoded, splitting)
        except TooLong:
            continue
        rank = (segments, encoded.encoding, len(encoded.octets))
        if best is None or rank < best[0]:
            best = (rank, ChosenEncoding(encoded, splitting, segments, message_class))
    if best is None:
        raise TooLong
    return best[1]
