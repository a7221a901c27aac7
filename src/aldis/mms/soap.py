"""Reads and writes the SOAP envelopes that MM7 travels in: bounded, without DOCTYPE, by local names. Pure.

Source: SOAP 1.1 §4; 3GPP TS 23.140 §8.7.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from aldis import xml_document

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
#: MM7 1.4. Source: 3GPP TS 23.140 §8.7.9
NAMESPACE = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4"
#: what the stubs of lxml do not know: the default namespace has no prefix
AS_DEFAULT: Any = {None: NAMESPACE}
#: of an envelope without its attachments
MAX_OCTETS = 65_536


class BrokenSoap(Exception):
    """The octets are no envelope; `args[0]` says why, without a word of theirs."""


class Envelope:
    """An envelope that came: its transaction and what stands in its body."""

    def __init__(self, octets: bytes, content_type: str = "") -> None:
        """Read one. Raises BrokenSoap."""
        if len(octets) > MAX_OCTETS:
            raise BrokenSoap("the document is too large")
        try:
            root = xml_document.root_of(octets, content_type)
        except xml_document.BrokenXml as fault:
            raise BrokenSoap(str(fault)) from None
        if local(root) != "Envelope":
            raise BrokenSoap("this is no SOAP envelope")
        body = child(root, "Body")
        if body is None or not len(body):
            raise BrokenSoap("the envelope has no body")
        header = child(root, "Header")
        self.transaction_id = text(header, "TransactionID") if header is not None else ""
        #: what is asked or answered; of a fault, what MM7 says of it, or itself where that is nothing
        self.content: etree._Element = body[0]
        if local(self.content) == "Fault":
            # SOAP 1.2 writes it with a capital
            detail = next(
                (each for each in self.content if local(each).lower() == "detail" and len(each)), None
            )
            self.content = self.content if detail is None else detail[0]


def local(element: etree._Element) -> str:
    """Give an element's name without its namespace."""
    return etree.QName(element).localname


def child(element: etree._Element, *path: str) -> etree._Element | None:
    """Find an element below another, whatever namespaces they are in, and also as `MessageId`."""
    for name in path:
        found = next((inner for inner in element if local(inner).lower() == name.lower()), None)
        if found is None:
            return None
        element = found
    return element


def text(element: etree._Element, *path: str) -> str:
    """Give the text of an element below another; "" when there is none."""
    found = child(element, *path)
    return "" if found is None else "".join(str(part) for part in found.itertext()).strip()


def write(transaction_id: str, content: etree._Element, *, is_fault: bool = False) -> bytes:
    """Write an envelope. A fault is the sender's; its detail is what MM7 says of it."""
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"env": ENVELOPE})
    header = etree.SubElement(root, f"{{{ENVELOPE}}}Header")
    named = etree.SubElement(header, f"{{{NAMESPACE}}}TransactionID", nsmap={"mm7": NAMESPACE})
    named.set(f"{{{ENVELOPE}}}mustUnderstand", "1")
    named.text = sayable(transaction_id)
    body = etree.SubElement(root, f"{{{ENVELOPE}}}Body")
    if is_fault:
        fault = etree.SubElement(body, f"{{{ENVELOPE}}}Fault")
        etree.SubElement(fault, "faultcode").text = "env:Client"
        etree.SubElement(fault, "faultstring").text = "Client error"
        etree.SubElement(fault, "detail").append(content)
    else:
        body.append(content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def sayable(value: str) -> str:
    """Replace the characters that XML cannot say. Source: XML 1.0 §2.2."""
    if value.isprintable():
        return value
    return "".join(
        [
            c
            if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
            else "\ufffd"
            for c in value
        ]
    )
