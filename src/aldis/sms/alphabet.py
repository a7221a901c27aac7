"""The GSM 7-bit default alphabet and its extension table, one septet an octet.

Used by `encoding.py` to write texts and by the simulator's handsets to read them. Only the tables live here;
packing septets into octets is not needed while every upstream takes them unpacked in `short_message`.

Source: 3GPP TS 23.038 §6.2.1 (default alphabet) and §6.2.1.1 (extension table).
"""

from __future__ import annotations

ESCAPE = 0x1B

DEFAULT_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

EXTENSION_TABLE = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


class NotInAlphabet(Exception):
    """The text holds a character that the GSM 7-bit alphabet lacks; `args[0]` is that character."""


class _Septets(dict[int, str]):
    """Code point to septets as `str.translate` wants them; stops at the first stranger."""

    def __missing__(self, code_point: int) -> str:
        raise NotInAlphabet(chr(code_point))


_TO_SEPTETS = _Septets()
_TO_SEPTETS.update({ord(c): chr(i) for i, c in enumerate(DEFAULT_ALPHABET) if i != ESCAPE})
_TO_SEPTETS.update({ord(c): chr(ESCAPE) + chr(i) for i, c in EXTENSION_TABLE.items()})


def to_septets(text: str) -> bytes:
    """Write a text as septets, one an octet; extension characters take two.

    Raises NotInAlphabet at the first character that neither table has.
    Source: 3GPP TS 23.038 §6.2.1.
    """
    return text.translate(_TO_SEPTETS).encode("latin-1")


def from_septets(septets: bytes) -> str:
    """Read septets, one an octet, back into text.

    An escape before an unlisted septet shows that septet's default character, a lone escape at the end a
    space, as the specification asks of a receiver. Bit 8 of each octet is ignored. Source: 3GPP TS 23.038
    §6.2.1 and §6.2.1.1.
    """
    if ESCAPE not in septets:
        return "".join([DEFAULT_ALPHABET[septet & 0x7F] for septet in septets])
    characters: list[str] = []
    escaped = False
    for octet in septets:
        septet = octet & 0x7F
        if escaped:
            shown = " " if septet == ESCAPE else DEFAULT_ALPHABET[septet]
            characters.append(EXTENSION_TABLE.get(septet, shown))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            characters.append(DEFAULT_ALPHABET[septet])
    if escaped:
        characters.append(" ")
    return "".join(characters)
