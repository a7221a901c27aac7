"""Reads Genesys' `mms_attachment[n].content_type` and `.content`, and writes them. Source: seed 003; older
clients leave the brackets out.

Only the writing is judged here; what may be attached is admission's business.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from aldis.traffic.content import Attachment
from aldis.traffic.refusal import Refusal, RefusalReason

PREFIX = "mms_attachment"
_NAME = re.compile(r"^mms_attachment(?:\[(0|[1-9]\d{0,2})\]|(0|[1-9]\d{0,2}))\.(content_type|content)$")
#: some encoders break their lines
_LINE_ENDS = str.maketrans("", "", "\r\n")


def read(values: Mapping[str, str]) -> tuple[Attachment, ...] | Refusal:
    """Read the attachments of a request: numbered from 0 without gaps, each with its type."""
    if PREFIX not in " ".join(values):  # nearly every request
        return ()
    names = [name for name in values if name.startswith(PREFIX)]
    found: dict[int, dict[str, str]] = {}
    for name in names:
        match = _NAME.match(name)
        if match is None:
            return Refusal(RefusalReason.PARAMETER_INVALID, name)
        part = found.setdefault(int(match[1] or match[2] or 0), {})
        if match[3] in part:  # with and without brackets: which is meant?
            return Refusal(RefusalReason.PARAMETER_INVALID, name)
        part[match[3]] = values[name]
    attachments: list[Attachment] = []
    for number in range(len(found)):
        part = found.get(number, {})
        octets = _decoded(part.get("content", ""))
        content_type = part.get("content_type", "").strip()
        if not octets or not content_type or not content_type.isprintable():
            return Refusal(RefusalReason.PARAMETER_INVALID, f"{PREFIX}[{number}]")
        attachments.append(Attachment(content_type, octets))
    return tuple(attachments)


def _decoded(content: str) -> bytes:
    try:
        return b64decode(content.translate(_LINE_ENDS), validate=True)
    except (binascii.Error, ValueError):
        return b""


def write(attachments: Sequence[Attachment]) -> str:
    """Write attachments as parameters, to be put behind those of a form."""
    written = []
    for number, attachment in enumerate(attachments):
        name = f"{PREFIX}%5B{number}%5D"
        content = b64encode(attachment.octets).decode()
        for character, escape in (("+", "%2B"), ("/", "%2F"), ("=", "%3D")):  # `quote` takes a while
            content = content.replace(character, escape)
        written.append(f"&{name}.content_type={quote_plus(attachment.content_type)}&{name}.content={content}")
    return "".join(written)
