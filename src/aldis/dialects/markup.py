"""Writes text into XML answers: escaped, and without the characters that no XML document may hold."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

#: nothing to be escaped, and nothing illegal
_PLAIN = re.compile(r"[\w +.,:/-]*", re.ASCII)
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Make any text fit between two tags. Source: XML 1.0 §2.2."""
    if _PLAIN.fullmatch(text):
        return text
    return escape(_ILLEGAL.sub("\ufffd", text), {"\r": "&#13;"})
