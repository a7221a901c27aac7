"""Writes an HTTP/1.1 answer in one piece: status line, headers and body leave in one write.

Names of headers are in title case, because old devices look for `Content-Length`.

Source: RFC 9112 §4 (status line), §9.3 (persistence); RFC 9110 §6.6.1 (Date), §9.3.2 (HEAD).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import formatdate

from aldis.dialects.exchange import HttpReply
from aldis.http_phrases import phrase_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

#: it has no body, nor headers that tell of one. Source: RFC 9110 §8.6
NO_CONTENT = 204
_TEXT = b"text/plain; charset=utf-8"
#: what answers to programs say of themselves: no cache may give one again, because a GET can send a message,
#: and a browser that shows one takes it for nothing else and runs nothing.
#: Source: RFC 9111 §5.2.2.5; Fetch §3.6; CSP Level 3 §6
FOR_PROGRAMS = (
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
)


class Answers:
    """Remembers what answers have in common, so that writing one is joining a few pieces."""

    def __init__(self, unix_s: Callable[[], float], common: bytes = FOR_PROGRAMS) -> None:
        """Begin; `common`: header lines of every reply."""
        self._unix_s = unix_s
        self._common = common
        self._heads: dict[tuple[int, bytes], bytes] = {}
        self._date_at = 0
        self._date = b""

    def write(self, reply: HttpReply, closing: bytes, *, head_only: bool = False) -> bytes:
        """Give the octets of a reply. `closing` is what to say of the connection: b"" or a header line."""
        if reply.status == NO_CONTENT:
            return b"HTTP/1.1 204 No Content\r\n%b%b%b\r\n" % (self._common, self._date_line(), closing)
        kind = (reply.status, reply.content_type)
        head = self._heads.get(kind) or self._head(kind)
        body = reply.body
        more = closing
        if reply.headers:
            more += b"".join([b"%b: %b\r\n" % header for header in reply.headers])
        return b"%b%d\r\n%b%b\r\n%b" % (head, len(body), self._date_line(), more, b"" if head_only else body)

    def head(self, status: int, headers: Iterable[tuple[bytes, bytes]], closing: bytes) -> bytes:
        """Give the head of an answer that an application writes. Raises ValueError for a header of more lines
        than one.
        """
        lines = [b"HTTP/1.1 %d %b\r\n" % (status, phrase_of(status).encode())]
        for name, value in headers:
            if b"\r" in value or b"\n" in value:
                raise ValueError("a header of an answer has more than one line")
            lines.append(b"%b: %b\r\n" % (name.title(), value))
        return b"".join((*lines, self._date_line(), closing, b"\r\n"))

    def plain(self, status: int) -> bytes:
        """Give a refusal of the server's own, after which the connection closes."""
        body = phrase_of(status).encode() + b"\n"
        return self.write(HttpReply(status, _TEXT, body), CLOSE)

    def _head(self, kind: tuple[int, bytes]) -> bytes:
        status, content_type = kind
        head = b"HTTP/1.1 %d %b\r\n%bContent-Type: %b\r\nContent-Length: " % (
            status,
            phrase_of(status).encode(),
            self._common,
            content_type,
        )
        self._heads[kind] = head
        return head

    def _date_line(self) -> bytes:
        second = int(self._unix_s())
        if second != self._date_at:
            self._date_at = second
            self._date = b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()
        return self._date


CLOSE = b"Connection: close\r\n"
KEEP_ALIVE = b"Connection: keep-alive\r\n"
