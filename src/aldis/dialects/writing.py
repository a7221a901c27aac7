"""What the postbacks of several dialects are written with: quoting for forms, and what a customer wanted
echoed.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus

import msgspec

_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_ECHO = msgspec.json.Decoder(dict[str, str])


def quoted(text: str) -> str:
    """Write a value of a form or query as `urlencode` does; most have nothing that must be quoted."""
    return text if _is_plain(text) else quote_plus(text)


def echo_of(octets: bytes) -> dict[str, str]:
    """Read what a dialect had kept with a message; mostly nothing."""
    return _ECHO.decode(octets) if octets != b"{}" else {}
