"""What several dialects write alike: the statuses of refusals that HTTP itself has a word for, quoting for
forms, and what a customer wanted echoed.
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus

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

_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_ECHO = msgspec.json.Decoder(dict[str, str])


def quoted(text: str) -> str:
    """Write a value of a form or query as `urlencode` does; most have nothing that must be quoted."""
    return text if _is_plain(text) else quote_plus(text)


def echo_of(octets: bytes) -> dict[str, str]:
    """Read what a dialect had kept with a message; mostly nothing."""
    return _ECHO.decode(octets) if octets != b"{}" else {}
