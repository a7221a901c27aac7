"""What several dialects write alike: the statuses of refusals that HTTP itself has a word for, text in forms
and in XML, and what a customer wanted echoed.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import msgspec

from aldis.traffic.refusal import RefusalReason

#: of dialects that answer everything else with 200 and say in the body what is wrong
STATUSES = {
    RefusalReason.METHOD_NOT_ALLOWED: 405,
    RefusalReason.BODY_TOO_LARGE: 413,
    RefusalReason.UNAVAILABLE: 503,
    RefusalReason.OUTCOME_UNKNOWN: 503,
    RefusalReason.INTERNAL: 503,
}

#: nothing to be escaped, and nothing illegal
_PLAIN_XML = re.compile(r"[\w +.,:/-]*", re.ASCII)
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_is_plain_value = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_ECHO = msgspec.json.Decoder(dict[str, str])


def quoted(text: str) -> str:
    """Write a value of a form or query as `urlencode` does; most have nothing that must be quoted."""
    return text if _is_plain_value(text) else quote_plus(text)


def echo_of(octets: bytes) -> dict[str, str]:
    """Read what a dialect had kept with a message; mostly nothing."""
    return _ECHO.decode(octets) if octets != b"{}" else {}


def xml_text(text: str) -> str:
    """Make any text fit between two tags: escaped, and without the characters that no XML document may hold.
    Source: XML 1.0 §2.2.
    """
    if _PLAIN_XML.fullmatch(text):
        return text
    return escape(_ILLEGAL.sub("\ufffd", text), {"\r": "&#13;"})
