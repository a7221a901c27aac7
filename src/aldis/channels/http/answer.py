"""Reads what came back from an endpoint where the parser stops, or where more than the status is wanted.
Pure.

Whoever has said a whole status line has answered, whatever follows it. Source: RFC 9112 §4 (status line, and
that white space may be anything), §2.2 (empty lines before it, bare LF), RFC 9110 §15.2 (interim answers).
"""

from __future__ import annotations

import re
from contextlib import suppress

import httptools

#: octets of a body that are shown
MOST_SHOWN = 2_048
#: octets of a header that are looked at
MOST_HEADER = 128

_status_line = re.compile(rb"\s*HTTP/\d(?:\.\d)?[ \t]+([1-9]\d\d)(?:[ \t][^\n]*|\r?)\n", re.IGNORECASE).match
_end_of_head = re.compile(rb"\r?\n\r?\n").search
_retry_after = re.compile(rb"\nretry-after:[ \t]*([^\r\n]*)", re.IGNORECASE).search
_INTERIM = b"1"

Octets = bytes | bytearray


def status_of(received: Octets) -> int:
    """Give the status of a final answer whose status line has come whole; 0: there is none."""
    line = _final_line(received)
    return int(line[1]) if line else 0


def retry_after_of(received: Octets) -> str:
    """Give the value of Retry-After; "" where it is not said. Source: RFC 9110 §10.2.3."""
    line = _final_line(received)
    if line is None:
        return ""
    begin = line.end() - 1
    head = _end_of_head(received, begin)
    found = _retry_after(received, begin, head.end() if head else len(received))
    return found[1][:MOST_HEADER].decode("latin-1").strip() if found else ""


def body_of(received: Octets) -> str:
    """Give the beginning of the body as text, without its transfer coding; what is no text is replaced."""
    line = _final_line(received)
    if line is None:
        return ""
    reader = _BodyReader()
    with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        httptools.HttpResponseParser(reader).feed_data(received[line.start() :])
    body = bytes(reader.body)
    if not reader.is_read:  # the parser stopped before the body
        head = _end_of_head(received, line.end() - 1)
        body = bytes(received[head.end() :]) if head else b""
    return body[:MOST_SHOWN].decode("utf-8", "replace").replace("\0", "\ufffd")


def _final_line(received: Octets) -> re.Match[bytes] | None:
    """Find the status line behind all interim answers."""
    line = _status_line(received)
    while line is not None and line[1].startswith(_INTERIM):
        head = _end_of_head(received, line.end() - 1)
        line = head and _status_line(received, head.end())
    return line


class _BodyReader:
    """What the parser tells of."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_read = False

    def on_headers_complete(self) -> None:
        self.is_read = True

    def on_body(self, octets: bytes) -> None:
        self.body += octets
