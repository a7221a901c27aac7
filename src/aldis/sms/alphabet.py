"""The GSM 7-bit alphabet, one septet an octet: its default tables, and through `national_tables.py` those of
national languages.

Which tables were used travels in the user data header (`udh.py`). Packing is `packing.py`'s.

Source: 3GPP TS 23.038 §6.2.1 (default alphabet), §6.2.1.1 (extension table), §6.2.1.2 (national languages).
"""

from __future__ import annotations

from functools import lru_cache

from aldis.sms import national_tables
from aldis.sms.national_tables import EXTENSION_TABLE, RESERVED, Language

ESCAPE = 0x1B

DEFAULT_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


class NotInAlphabet(Exception):
    """The text holds a character that the tables lack; `args[0]` is that character."""


class _Septets(dict[int, str]):
    """Code point to septets as `str.translate` wants them; stops at the first non-GSM character."""

    def __missing__(self, code_point: int) -> str:
        raise NotInAlphabet(chr(code_point))


def _language(identifier: int) -> Language:
    """Take an identifier that nobody has defined as the default, as the specification asks of a receiver."""
    return Language(identifier) if identifier <= max(Language) else Language.DEFAULT


def tables(locking: int, single: int) -> tuple[str, dict[int, str]]:
    """Give the tables that two identifiers name, the default's where a language has none of that kind."""
    return (
        national_tables.LOCKING.get(_language(locking), DEFAULT_ALPHABET),
        national_tables.SINGLE.get(_language(single), EXTENSION_TABLE),
    )


@lru_cache(maxsize=256)
def writable(locking: int = 0, single: int = 0) -> dict[int, str]:
    """Give the characters that can be written with a pair of tables, and their septets; asking for another
    raises NotInAlphabet. The shorter writing wins, then the lower septet.
    """
    alphabet, extension = tables(locking, single)
    found = _Septets()
    for septet, character in sorted(extension.items(), reverse=True):
        found[ord(character)] = chr(ESCAPE) + chr(septet)
    for septet in reversed(range(len(alphabet))):
        if septet != ESCAPE and alphabet[septet] != RESERVED:
            found[ord(alphabet[septet])] = chr(septet)
    return found


_DEFAULT = writable()

#: stands where a character of Latin-1 takes two septets or none at all
_OTHER = 0xFF
#: Latin-1 to the default alphabet: nearly every text is written with one look at it
_LATIN_1 = bytes(
    ord(_DEFAULT[octet]) if octet in _DEFAULT and len(_DEFAULT[octet]) == 1 else _OTHER
    for octet in range(256)
)


def to_septets(text: str, locking: int = 0, single: int = 0) -> bytes:
    """Write a text as septets, one an octet; characters of the single shift or extension table take two.

    Raises NotInAlphabet at the first character that neither table has. Source: 3GPP TS 23.038 §6.2.1.
    """
    if locking or single:
        return text.translate(writable(locking, single)).encode("latin-1")
    try:
        septets = text.encode("latin-1").translate(_LATIN_1)
    except UnicodeEncodeError:  # some Greek capitals, the euro sign, or no GSM character
        return text.translate(_DEFAULT).encode("latin-1")
    return septets if _OTHER not in septets else text.translate(_DEFAULT).encode("latin-1")


def from_septets(septets: bytes, locking: int = 0, single: int = 0) -> str:
    """Read septets, one an octet, back into text.

    An escape before an unlisted septet shows that septet's character in the locking table, an escape before
    an escape and one at the end a space, as the specification asks of a receiver. Bit 8 of each octet is
    ignored. Source: 3GPP TS 23.038 §6.2.1 and §6.2.1.1.
    """
    alphabet, extension = tables(locking, single)
    if ESCAPE not in septets:
        return "".join([alphabet[septet & 0x7F] for septet in septets])
    characters: list[str] = []
    escaped = False
    for octet in septets:
        septet = octet & 0x7F
        if escaped:
            shown = " " if septet == ESCAPE else alphabet[septet]
            characters.append(extension.get(septet, shown))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            characters.append(alphabet[septet])
    if escaped:
        characters.append(" ")
    return "".join(characters)
