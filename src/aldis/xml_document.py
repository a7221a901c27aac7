"""Reads XML of others: no DOCTYPE, no entities, nothing from outside. Who calls it bounds it. Pure.

A declaration tells the encoding of octets that nobody has touched since. Programs write one and then send
something else: .NET's StringWriter says utf-16 of a text that leaves as UTF-8. So what is UTF-8 is read as
UTF-8; only other octets are what HTTP says, else what the declaration says.
Source: XML 1.0 §4.3.3; RFC 7303 §3.
"""

from __future__ import annotations

import re

from lxml import etree

from aldis import charsets

_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_pis=True,
    remove_comments=True,
)
#: at the start, where white space may stand before it although it may not. Source: XML 1.0 §2.8
_DECLARATION = re.compile(r"\s*(<\?xml\s[^>]*>)")
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']{1,64})["']""")
#: behind `<`: there may be a declaration, or UTF-16
_DECLARED = (b"?", b"\0")
#: within so many octets an encoding is declared
_DECLARATION_OCTETS = 200
#: UTF-16 without a mark, by how it begins. Source: XML 1.0, appendix F.1
_UTF_16 = {b"<\0": "utf-16le", b"\0<": "utf-16be"}


class BrokenXml(Exception):
    """This is no document that we read; `args[0]` says why, without a word of it."""


def root_of(document: bytes | str, content_type: str = "", *, doctype: bool = False) -> etree._Element:
    """Read a document and give its root. Raises BrokenXml; also for a DOCTYPE, unless it is allowed, and then
    nothing of it is read.

    content_type: HTTP's, for octets that are no UTF-8. Characters have no encoding, whatever they say.
    """
    if isinstance(document, str):
        text = document
    elif document.startswith(b"<") and document[1:2] not in _DECLARED:
        try:
            return _parsed(document, doctype=doctype)  # nearly every one
        except BrokenXml:
            text = characters_of(document, content_type)
    else:
        text = characters_of(document, content_type)
    declared = _DECLARATION.match(text)
    if declared is not None:  # in its place blanks, so that lines and columns of faults stay
        start, end = declared.span(1)
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return _parsed(text.encode("utf-8", "replace"), doctype=doctype)


def _parsed(octets: bytes, *, doctype: bool) -> etree._Element:
    """Read a document in UTF-8 that declares nothing."""
    try:
        root = etree.fromstring(octets, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise BrokenXml(_words(fault)) from None
    # asking the parser costs as much as parsing; in UTF-8 a DOCTYPE cannot hide
    if not doctype and b"<!" in octets and root.getroottree().docinfo.internalDTD is not None:
        raise BrokenXml("a DOCTYPE is not allowed")
    return root


def characters_of(octets: bytes, content_type: str = "") -> str:
    """Read a document's octets as the first that they can be: UTF-8, or as a byte order mark says; the
    charset of the Content-Type; that of the declaration. NULs behind its end are dropped. Raises BrokenXml.
    """
    text = charsets.decode(octets, _UTF_16.get(octets[:2], "utf-8"))
    if text is None:
        text = charsets.decode(octets, charsets.charset_of(content_type))
    if text is None:
        declared = _ENCODING.search(octets[:_DECLARATION_OCTETS])
        text = charsets.decode(octets, declared[1].decode("latin-1")) if declared else None
    if text is None:
        raise BrokenXml("the characters cannot be read")
    return text.rstrip("\0")


def _words(fault: Exception) -> str:
    """Say where the fault is without repeating what stands there: it may be a secret."""
    line, column = getattr(fault, "position", None) or (0, 0)
    return f"not well-formed at line {line}, column {column}" if line else "not well-formed"
