"""Reads query strings, forms, untrusted JSON and XML: bounded, strict UTF-8, no DOCTYPE, one kind of
error.

Every dialect's `submission.py` starts here. XML is read by lxml with all that fetches or expands switched
off, and a document with a DOCTYPE is refused outright, so that an entity can never be half-read.
"""

from __future__ import annotations

from urllib.parse import unquote, unquote_plus

from lxml import etree

from aldis.dialects import multipart
from aldis.dialects.exchange import HttpRequest

#: 10,000 recipients in dotted keys and the rest of a request
MAX_PARAMETERS = 10_100
#: the largest document of any dialect has a dozen
MAX_ELEMENTS = 1000

_XML = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    huge_tree=False,
    remove_pis=True,
    remove_comments=True,
)


class Unreadable(Exception):
    """The octets are not what they should be; `args[0]` says how, in words fit for the customer."""


def form(octets: bytes) -> dict[str, str]:
    """Read `a=1&b=2`; the first of a repeated name wins. Raises Unreadable."""
    if not octets:
        return {}
    if octets.count(b"&") >= MAX_PARAMETERS:
        raise Unreadable(f"more than {MAX_PARAMETERS} parameters")
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
        raise Unreadable("parameters must be UTF-8") from None
    return found


def form_body(request: HttpRequest) -> dict[str, str]:
    """Read the body of a form: urlencoded, or multipart/form-data without files. Raises Unreadable."""
    if request.media_type != "multipart/form-data":
        return form(request.body)
    boundary = multipart.boundary_of(request.header(b"content-type"))
    parts = None if boundary is None else multipart.fields(request.body, boundary, MAX_PARAMETERS)
    if parts is None:
        raise Unreadable("a part of the form cannot be read")
    found: dict[str, str] = {}
    try:
        for name, content in parts:
            found.setdefault(name.decode("utf-8"), content.decode("utf-8"))
    except UnicodeDecodeError:
        raise Unreadable("parameters must be UTF-8") from None
    return found


def international(number: str) -> str:
    """Write the sign of an international number in one way: as `+`."""
    text = number.strip()
    return f"+{text[2:]}" if text.startswith("00") else text


def unquoted(octets: bytes) -> bytes:
    """Undo percent-encoding of a whole document."""
    try:
        return unquote_plus(octets.decode("ascii"), "utf-8", "strict").encode("utf-8")
    except UnicodeError:
        raise Unreadable("the document must be UTF-8") from None


def xml_root(octets: bytes) -> etree._Element:
    """Read an XML document and return its root. Raises Unreadable when it is malformed or has a DOCTYPE."""
    try:
        root = etree.fromstring(octets, _XML)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise Unreadable(_xml_fault(fault)) from None
    if _may_have_doctype(octets) and root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("a DOCTYPE is not allowed")
    return root


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


def _may_have_doctype(octets: bytes) -> bool:
    """Tell whether there may be a DOCTYPE: not where no encoding is declared, so that it is UTF-8, and none
    stands there. Asking the parser costs as much as parsing.
    """
    return b"<!" in octets or b"<?" in octets or b"\0" in octets


def _xml_fault(fault: Exception) -> str:
    """Say where the fault is without repeating what stands there: it may be a secret."""
    line, column = getattr(fault, "position", None) or (0, 0)
    return f"not well-formed at line {line}, column {column}" if line else "not well-formed"
