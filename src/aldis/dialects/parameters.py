"""Reads query strings, forms and XML: bounded, in UTF-8 or what they say that they are in, one kind of error.

Every dialect's `submission.py` starts here. An XML document with a DOCTYPE is refused outright, so that an
entity can never be half-read.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from itertools import islice
from urllib.parse import unquote, unquote_to_bytes

from lxml import etree

from aldis import charsets, xml_document
from aldis.dialects import multipart
from aldis.dialects.exchange import HttpRequest

#: 10,000 recipients in dotted keys and the rest of a request
MAX_PARAMETERS = 10_100
#: `%` without two hexadecimal digits, which is taken as it is
MAX_RAW_PERCENT = 100
_RAW_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
#: the largest document of any dialect has a dozen
MAX_ELEMENTS = 1000


class Unreadable(Exception):
    """The octets are not what they should be; `args[0]` says how, in words fit for the customer."""


class NotUtf8(Unreadable):
    """Parameters are written in something else."""

    def __init__(self) -> None:
        super().__init__("parameters must be UTF-8")


def form(octets: bytes) -> dict[str, str]:
    """Read `a=1&b=2`; the first of a repeated name wins. Raises Unreadable."""
    if not octets:
        return {}
    if len(octets) >= MAX_PARAMETERS and octets.count(b"&") >= MAX_PARAMETERS:
        raise Unreadable(f"more than {MAX_PARAMETERS} parameters")
    if octets.count(b"%") > MAX_RAW_PERCENT:
        _check_escapes(octets)
    found: dict[str, str] = {}
    try:
        text = octets.decode("utf-8").replace("+", " ")
        is_escaped = "%" in text
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            if is_escaped and "%" in pair:
                name, value = unquote(name, "utf-8", "strict"), unquote(value, "utf-8", "strict")
            if name not in found and pair:
                found[name] = value
    except UnicodeDecodeError:
        raise NotUtf8 from None
    return found


def _check_escapes(octets: bytes) -> None:
    """Refuse more `%` that escape nothing than somebody forgets to escape: each costs more than any other
    character. Raises Unreadable.
    """
    if octets.count(b"%") > MAX_RAW_PERCENT and next(
        islice(_RAW_PERCENT.finditer(octets), MAX_RAW_PERCENT, None), None
    ):
        raise Unreadable(f"more than {MAX_RAW_PERCENT} percent signs that escape nothing")


def form_body(request: HttpRequest, body: bytes | None = None) -> dict[str, str]:
    """Read the body of a form, or what is left of it: urlencoded, or multipart/form-data without files; in
    UTF-8, or the charset of its Content-Type or field `_charset_`. Raises Unreadable.

    Source: RFC 7578 §4.6; WHATWG HTML §4.10.21.6.
    """
    octets = request.body if body is None else body
    if request.media_type != "multipart/form-data":
        try:
            return form(octets)
        except NotUtf8:
            pairs = [pair.partition(b"=")[::2] for pair in octets.replace(b"+", b" ").split(b"&") if pair]
            unescaped = [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs]
            return _in_a_charset(unescaped, request)
    boundary = multipart.boundary_of(request.header(b"content-type"))
    parts = None if boundary is None else multipart.fields(octets, boundary, MAX_PARAMETERS)
    if parts is None:
        raise Unreadable("a part of the form cannot be read")
    found: dict[str, str] = {}
    try:
        for name, content in parts:
            found.setdefault(name.decode("utf-8"), content.decode("utf-8"))
    except UnicodeDecodeError:
        return _in_a_charset(parts, request)
    return found


def _in_a_charset(fields: Iterable[tuple[bytes, bytes]], request: HttpRequest) -> dict[str, str]:
    """Read fields of which not all are UTF-8; the first of a repeated name wins. Raises Unreadable."""
    given: dict[bytes, bytes] = {}
    for name, value in fields:
        given.setdefault(name, value)
    charset = given.get(b"_charset_", b"").decode("latin-1")
    content_type = f"form; charset={charset}" if charset else request.header(b"content-type")
    return {_text(name, content_type): _text(value, content_type) for name, value in given.items()}


def _text(octets: bytes, content_type: str) -> str:
    """Read a field: a document as it says itself. Raises Unreadable."""
    if begins_as_xml(octets):
        try:
            return xml_document.characters_of(octets, content_type)
        except xml_document.BrokenXml as fault:
            raise Unreadable(str(fault)) from None
    for charset in ("utf-8", charsets.charset_of(content_type)):
        text = charsets.decode(octets, charset)
        if text is not None:
            return text
    raise NotUtf8


def international(number: str) -> str:
    """Write the sign of an international number in one way: as `+`."""
    text = number.strip()
    return f"+{text[2:]}" if text.startswith("00") else text


def unquoted(octets: bytes) -> bytes:
    """Undo percent-encoding of a whole document. Raises Unreadable."""
    _check_escapes(octets)
    return unquote_to_bytes(octets.replace(b"+", b" "))


def begins_as_xml(octets: bytes) -> bool:
    """Tell whether a body is an XML document, whatever its Content-Type says."""
    return octets.lstrip().startswith(_XML_BEGINS)


_XML_BEGINS = (b"<", BOM_UTF8 + b"<", BOM_UTF16_LE + b"<", BOM_UTF16_BE + b"\0<", b"\0<")


def xml_root(document: bytes | str, content_type: str = "") -> etree._Element:
    """Read an XML document, octets or characters of a form, and return its root. Raises Unreadable when it is
    malformed or has a DOCTYPE.
    """
    try:
        return xml_document.root_of(document, content_type)
    except xml_document.BrokenXml as fault:
        raise Unreadable(str(fault)) from None


def xml_values(root: etree._Element, *, in_any_case: bool = False) -> dict[str, str]:
    """Give the children of a root as name → text, namespaces dropped; the first of a repeated name wins.
    Raises Unreadable when there are too many. `in_any_case`: names are taken in lower case.
    """
    if len(root) > MAX_ELEMENTS:
        raise Unreadable(f"more than {MAX_ELEMENTS} elements")
    found: dict[str, str] = {}
    for child in root:
        name = child.tag.rpartition("}")[2]
        if in_any_case:
            name = name.lower()
        if name not in found:
            has_more = len(child) > 0
            found[name] = "".join([str(part) for part in child.itertext()]) if has_more else child.text or ""
    return found
