"""The parts of a multimedia message: reads and writes multipart bodies octet by octet. Pure.

The standard library's parser takes bodies for lines of text, which pictures are not, so the octets between
two boundaries are cut out here; it reads the headers of each part. Source: RFC 2046 §5.1, RFC 2387 §3.
"""

from __future__ import annotations

import binascii
import hashlib
import quopri
from base64 import b64decode
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from itertools import islice

import msgspec

from aldis import charsets

#: parts of one body, nested ones included
MAX_PARTS = 50
MAX_DEPTH = 4
#: of the headers of one part
MAX_HEADER_OCTETS = 8_192
#: of one boundary. Source: RFC 2046 §5.1.1
MAX_BOUNDARY = 70

_HEADERS = BytesHeaderParser(policy=compat32)
#: how a body may be written that is not just its octets. Source: RFC 2045 §6.1
_AS_IS = frozenset(("", "7bit", "8bit", "binary"))


class BrokenMime(Exception):
    """The octets are no multipart body; `args[0]` says why, without a word of theirs."""


class Part(msgspec.Struct, frozen=True):
    """One part, its transfer encoding undone."""

    #: with its parameters
    content_type: str
    octets: bytes
    #: without its angle brackets
    content_id: str = ""
    #: its name as others refer to it
    location: str = ""

    @property
    def media_type(self) -> str:
        """The type without its parameters, in lower case."""
        return media_type(self.content_type)

    @property
    def is_multipart(self) -> bool:
        """Whether it has parts of its own."""
        return self.media_type.startswith("multipart/")


def media_type(content_type: str) -> str:
    """Give a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def parameter(content_type: str, name: str) -> str:
    """Give a parameter of a content type; "" when it has none of that name."""
    found = _typed(content_type).get_param(name, "")
    return found if isinstance(found, str) else ""


def read(content_type: str, octets: bytes, *, may_lack_end: bool = False) -> tuple[Part, ...]:
    """Take a multipart body apart, one level of it. Raises BrokenMime.

    may_lack_end: take a body without its last boundary, where something else tells that it is whole; RFC 2046
    §5.1.2 knows that there are such.
    """
    boundary = parameter(content_type, "boundary")
    if not 0 < len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
        raise BrokenMime("the boundary is missing or too long")
    pieces = _between(octets, b"--" + boundary.encode("ascii"), may_lack_end=may_lack_end)
    if not pieces:
        raise BrokenMime("there is no part in it")
    return tuple(_part(piece) for piece in pieces)


def leaves(part: Part, depth: int = 0, *, may_lack_end: bool = False) -> Iterator[Part]:
    """Give the parts that have none of their own, in order. Raises BrokenMime when it is nested too deep."""
    if not part.is_multipart:
        yield part
        return
    if depth >= MAX_DEPTH:
        raise BrokenMime(f"parts are nested more than {MAX_DEPTH} deep")
    for inner in read(part.content_type, part.octets, may_lack_end=may_lack_end):
        yield from leaves(inner, depth + 1, may_lack_end=may_lack_end)


def all_leaves(part: Part, *, may_lack_end: bool = False) -> list[Part]:
    """Give all leaves. Raises BrokenMime, also beyond MAX_PARTS of them. `may_lack_end`: as in `read`."""
    found: list[Part] = []
    for leaf in leaves(part, may_lack_end=may_lack_end):
        found.append(leaf)
        if len(found) > MAX_PARTS:
            raise BrokenMime(f"there are more than {MAX_PARTS} parts")
    return found


def related(parts: Sequence[Part], **parameters: str) -> Part:
    """Put parts together as multipart/related, the first as its root.

    The same parts give the same octets: the boundary is drawn from them. Source: RFC 2387 §3.
    """
    root = parts[0]
    given = {"type": root.media_type, "start": f"<{root.content_id}>", **parameters}
    boundary = _boundary(parts)
    written = [*(f'{name}="{value}"' for name, value in given.items()), f'boundary="{boundary}"']
    delimiter = b"--" + boundary.encode()
    body = b"".join([b"%b\r\n%b\r\n%b\r\n" % (delimiter, _head(part), part.octets) for part in parts])
    return Part("; ".join(["multipart/related", *written]), body + delimiter + b"--\r\n")


def _head(part: Part) -> bytes:
    lines = [f"Content-Type: {part.content_type}", "Content-Transfer-Encoding: binary"]
    if part.content_id:
        lines.append(f"Content-ID: <{part.content_id}>")
    if part.location:
        lines.append(f"Content-Location: {part.location}")
    return "".join([printable(line) + "\r\n" for line in lines]).encode("ascii")


def printable(text: str) -> str:
    """Leave of untrusted text what may stand in a header line."""
    return "".join([character for character in text if " " <= character <= "~"])


def _boundary(parts: Sequence[Part]) -> str:
    """Draw a boundary that none of the parts holds."""
    told = hashlib.sha256()
    for part in parts:
        told.update(hashlib.sha256(part.octets).digest())
    while True:
        boundary = f"aldis-{told.hexdigest()[:40]}"
        if not any(boundary.encode() in part.octets for part in parts):
            return boundary
        told.update(b"again")


def _between(octets: bytes, delimiter: bytes, *, may_lack_end: bool) -> list[bytes]:
    """Cut out what stands between the delimiters, without the line ends that belong to them."""
    starts = list(islice(_delimiters(octets, delimiter), MAX_PARTS + 2))
    found: list[bytes] = []
    for number, (_, start, is_last) in enumerate(starts):
        if is_last:
            return found
        if number == MAX_PARTS:
            raise BrokenMime(f"there are more than {MAX_PARTS} parts")
        end = len(octets)
        if number + 1 < len(starts):
            end = starts[number + 1][0]
        elif not may_lack_end:
            raise BrokenMime("the last boundary is missing")
        elif not octets[start:].strip():
            return found  # that was the last boundary, without its dashes
        piece = octets[start:end]
        found.append(piece.removesuffix(b"\n").removesuffix(b"\r"))
    return found


def _delimiters(octets: bytes, delimiter: bytes) -> Iterator[tuple[int, int, bool]]:
    """Give where each delimiter line begins and ends, and whether it is the last."""
    at = -1
    while (at := octets.find(delimiter, at + 1)) >= 0:
        if at and octets[at - 1 : at] != b"\n":
            continue
        behind = at + len(delimiter)
        is_last = octets[behind : behind + 2] == b"--"
        end = octets.find(b"\n", behind)
        padding = octets[behind + 2 * is_last : end if end >= 0 else len(octets)]
        if is_last and not padding.strip(b" \t\r"):
            yield at, len(octets), True
            return
        if not padding.strip(b" \t\r"):
            yield at, end + 1 if end >= 0 else len(octets), False


def _part(piece: bytes) -> Part:
    head, octets = _split(piece)
    headers = _HEADERS.parsebytes(head)
    coding = _header(headers, "content-transfer-encoding").lower()
    return Part(
        _header(headers, "content-type") or "text/plain",
        octets if coding in _AS_IS else _decoded(coding, octets),
        _header(headers, "content-id").removeprefix("<").removesuffix(">"),
        _header(headers, "content-location"),
    )


def _split(piece: bytes) -> tuple[bytes, bytes]:
    """Part the headers of a part from its body."""
    for line in (b"\r\n", b"\n"):
        if piece.startswith(line):
            return b"", piece[len(line) :]
    ends = [(at, len(end)) for end in (b"\r\n\r\n", b"\n\n") if (at := piece.find(end)) >= 0]
    if not ends:
        return piece[:MAX_HEADER_OCTETS], b""
    at, length = min(ends)
    if at > MAX_HEADER_OCTETS:
        raise BrokenMime("the headers of a part are too long")
    return piece[:at] + b"\r\n\r\n", piece[at + length :]


def _header(headers: Message, name: str) -> str:
    """Give a header in one line of printable ASCII; "" where there is none."""
    value = str(headers.get(name, ""))
    return printable(" ".join(value.split()))


def _decoded(coding: str, octets: bytes) -> bytes:
    try:
        if coding == "base64":
            return b64decode(octets)
        if coding == "quoted-printable":
            return quopri.decodestring(octets)
    except (binascii.Error, ValueError):
        raise BrokenMime(f"a part is no {coding}") from None
    raise BrokenMime("a part is written in an unknown transfer encoding")


def _typed(content_type: str) -> Message:
    made = Message(policy=compat32)
    made["content-type"] = printable(content_type)
    return made


def text_of(part: Part) -> str:
    """Read a text by its charset; what cannot be read is replaced."""
    return charsets.text_of(part.octets, charsets.charset_of(part.content_type))
