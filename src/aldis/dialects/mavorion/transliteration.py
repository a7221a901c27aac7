"""Writes a sender without the letters that only some networks show: what Latin-1 has beyond ASCII becomes
ASCII. Source: GatewayAPI's appendix.rst ("SMS Sender").
"""

from __future__ import annotations

import unicodedata

from aldis.sms.address import MAX_ALPHANUMERIC

FIRST, LAST = 0xA0, 0xFF

#: those that are more than a letter without its mark
_OTHERS = {
    "\N{NO-BREAK SPACE}": " ",
    "¡": "!",
    "¢": "C/",
    "£": "PS",
    "¤": "$?",
    "¥": "Y=",
    "¦": "|",
    "§": "SS",
    "¨": '"',
    "©": "(c)",
    "ª": "a",
    "«": "<<",
    "¬": "!",
    "\N{SOFT HYPHEN}": "",
    "®": "(r)",
    "¯": "-",
    "°": "deg",
    "±": "+-",
    "²": "2",
    "³": "3",
    "\N{ACUTE ACCENT}": "'",
    "µ": "u",
    "¶": "P",
    "·": "*",
    "\N{CEDILLA}": ",",
    "¹": "1",
    "º": "o",
    "»": ">>",
    "¼": "1/4",
    "½": "1/2",
    "¾": "3/4",
    "¿": "?",
    "Å": "Aa",
    "Æ": "Ae",
    "Ð": "D",
    "\N{MULTIPLICATION SIGN}": "x",
    "Ø": "Oe",
    "Þ": "Th",
    "ß": "ss",
    "å": "aa",
    "æ": "ae",
    "ð": "d",
    "÷": "/",
    "ø": "oe",
    "þ": "th",
}


LATIN_1 = {
    code: _OTHERS.get(chr(code), unicodedata.normalize("NFD", chr(code))[0])
    for code in range(FIRST, LAST + 1)
}
_SHORT = {code: written[:1] for code, written in LATIN_1.items()}


def sender_of(given: str) -> str:
    """Replace the letters; where that makes too long a sender, each by its replacement's first character."""
    if given.isascii():
        return given
    written = given.translate(LATIN_1)
    return written if len(written) <= MAX_ALPHANUMERIC else given.translate(_SHORT)
