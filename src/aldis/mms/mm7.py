"""MM7 1.4: what a VASP (we) and an MMSC say to each other over HTTP, as records. Pure.

The envelope is `soap.py`, the attachment `parts.py`. What others send is read by local names, so that the
namespaces of older versions and of vendors do no harm. Source: 3GPP TS 23.140 §8.7.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from lxml import etree

from aldis.mms import soap, status
from aldis.mms.parts import BrokenMime, Part, media_type, parameter, read, related
from aldis.mms.status import Mm7Status

VERSION = "6.8.0"
XML = 'text/xml; charset="utf-8"'
#: of one message
MAX_RECIPIENTS = 20
MAX_ID = 255
MAX_SUBJECT = 1_000


class BrokenMm7(Exception):
    """What came is no MM7; `code` is the status that tells the sender."""

    def __init__(self, code: int, why: str, transaction_id: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.transaction_id = transaction_id


class SubmitReq(msgspec.Struct, frozen=True, kw_only=True):
    """A message to a handset. Source: 3GPP TS 23.140 §8.7.1."""

    transaction_id: str
    vasp_id: str = ""
    vas_id: str = ""
    #: digits, or a name where the MMSC takes one
    sender: str
    recipient: str
    service_code: str = ""
    sent_at: datetime
    expires_at: datetime
    #: Low, Normal, High
    priority: str = "Normal"
    content: Part | None = None


class Response(msgspec.Struct, frozen=True):
    """An answer to any request; `kind` is its element: SubmitRsp, DeliverRsp, DeliveryReportRsp, or
    RSErrorRsp and VASPErrorRsp for a fault, and Fault for one that MM7 says nothing of.
    """

    kind: str
    transaction_id: str
    #: 0 where none can be read; of a fault never
    code: int
    #: by SubmitRsp only
    message_id: str = ""


class DeliveryReportReq(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message. Source: 3GPP TS 23.140 §8.7.3."""

    transaction_id: str
    message_id: str
    sender: str
    recipient: str
    at: datetime | None = None
    #: Retrieved, Expired, Rejected, Indeterminate …
    mm_status: str
    status_text: str = ""


class DeliverReq(msgspec.Struct, frozen=True, kw_only=True):
    """A message from a handset. Source: 3GPP TS 23.140 §8.7.2."""

    transaction_id: str
    linked_id: str = ""
    #: numbers as the MMSC writes them: with a plus or without
    sender: str
    recipients: tuple[str, ...]
    subject: str = ""
    at: datetime | None = None
    content: Part | None = None


Message = SubmitReq | Response | DeliveryReportReq | DeliverReq


class Mm7Body(msgspec.Struct, frozen=True):
    """A message as HTTP carries it."""

    content_type: str
    octets: bytes


def write(message: Message) -> Mm7Body:
    """Write a message; one with content as multipart/related behind its envelope."""
    match message:
        case SubmitReq():
            element = _submit_req(message)
        case DeliverReq():
            element = _deliver_req(message)
        case DeliveryReportReq():
            element = _report_req(message)
        case Response():
            element = _response(message)
    is_fault = isinstance(message, Response) and message.kind.endswith("ErrorRsp")
    envelope = soap.write(message.transaction_id, element, is_fault=is_fault)
    content = message.content if isinstance(message, SubmitReq | DeliverReq) else None
    if content is None:
        return Mm7Body(XML, envelope)
    attached = msgspec.structs.replace(content, content_id=_CONTENT_ID, location="")
    whole = related([Part(XML, envelope, "mm7-envelope"), attached])
    return Mm7Body(whole.content_type, whole.octets)


_CONTENT_ID = "mm7-content"


def read_message(content_type: str, octets: bytes) -> Message:
    """Read what came over HTTP: an envelope, or parts of which one is the envelope, by how the body begins
    where the Content-Type says something else. Raises BrokenMm7.
    """
    try:
        envelope, parts = _unwrapped(content_type, octets)
        found = soap.Envelope(envelope.octets, envelope.content_type)
    except (BrokenMime, soap.BrokenSoap) as fault:
        raise BrokenMm7(Mm7Status.FORMAT_CORRUPT, str(fault)) from None
    if len(found.transaction_id) > MAX_ID:
        raise BrokenMm7(Mm7Status.FORMAT_CORRUPT, "the transaction id is too long")
    return _read(found, parts)


def _unwrapped(content_type: str, octets: bytes) -> tuple[Part, tuple[Part, ...]]:
    """Part the envelope from what came with it. Raises BrokenMime."""
    beginning = octets[:_BEGINNING].lstrip(b" \t\r\n\xef\xbb\xbf")
    is_multipart = media_type(content_type).startswith("multipart/") or beginning.startswith(b"--")
    if not is_multipart or beginning.startswith(b"<"):
        return Part(content_type, octets), ()
    boundary = parameter(content_type, "boundary")
    if not boundary or f"--{boundary}".encode() not in octets:  # the body's first line is its boundary
        boundary = beginning.removeprefix(b"--").split(b"\n", 1)[0].rstrip().decode("latin-1")
        content_type = f'multipart/related; boundary="{boundary}"'
    parts = read(content_type, octets, may_lack_end=True)
    start = parameter(content_type, "start").removeprefix("<").removesuffix(">")
    root = next((part for part in parts if start and part.content_id == start), parts[0])
    return root, tuple(part for part in parts if part is not root)


#: of a body, more than the white space before it and the longest boundary
_BEGINNING = 200


def _read(found: soap.Envelope, parts: tuple[Part, ...]) -> Message:
    element, transaction_id = found.content, found.transaction_id
    match soap.local(element):
        case "SubmitReq":
            return SubmitReq(
                transaction_id=transaction_id,
                vasp_id=soap.text(element, "SenderIdentification", "VASPID"),
                vas_id=soap.text(element, "SenderIdentification", "VASID"),
                sender=_address(element, "SenderIdentification", "SenderAddress").removeprefix("+"),
                recipient=_recipients(element, transaction_id)[0].removeprefix("+"),
                service_code=soap.text(element, "ServiceCode"),
                sent_at=_instant(soap.text(element, "TimeStamp")) or _EPOCH,
                expires_at=_instant(soap.text(element, "ExpiryDate")) or _EPOCH,
                priority=soap.text(element, "Priority") or "Normal",
                content=_content(element, parts),
            )
        case "DeliverReq":
            return DeliverReq(
                transaction_id=transaction_id,
                linked_id=soap.text(element, "LinkedID")[:MAX_ID],
                sender=_address(element, "Sender"),
                recipients=_recipients(element, transaction_id),
                subject=soap.text(element, "Subject")[:MAX_SUBJECT],
                at=_instant(soap.text(element, "TimeStamp")),
                content=_content(element, parts),
            )
        case "DeliveryReportReq":
            return DeliveryReportReq(
                transaction_id=transaction_id,
                message_id=soap.text(element, "MessageID")[:MAX_ID],
                sender=_address(element, "Sender").removeprefix("+"),
                recipient=(_address(element, "Recipient") or _address(element, "Recipients")).removeprefix(
                    "+"
                ),
                at=_instant(soap.text(element, "Date")),
                mm_status=soap.text(element, "MMStatus")[:MAX_ID],
                status_text=soap.text(element, "StatusText")[:MAX_ID],
            )
        case kind if kind.endswith(("Rsp", "Fault")):
            told = soap.text(element, "Status", "StatusCode")
            code = int(told) if told.isascii() and told.isdigit() and len(told) <= _CODE_DIGITS else 0
            if not code and kind.endswith(("ErrorRsp", "Fault")):
                code = Mm7Status.SERVER_ERROR
            return Response(kind, transaction_id, code, soap.text(element, "MessageID")[:MAX_ID])
        case kind:
            why = f"{kind[:MAX_ID]} is not served"
            raise BrokenMm7(Mm7Status.UNSUPPORTED_OPERATION, why, transaction_id)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_CODE_DIGITS = 5


def _recipients(element: etree._Element, transaction_id: str) -> tuple[str, ...]:
    recipients = soap.child(element, "Recipients")
    found = []
    for group in recipients if recipients is not None else ():
        found += [_cleaned(soap.text(each)) for each in group]
    found = [address for address in found if address]
    if not found or len(found) > MAX_RECIPIENTS:
        raise BrokenMm7(Mm7Status.ADDRESS_ERROR, "no recipients, or too many", transaction_id)
    return tuple(found)


def _address(element: etree._Element, *path: str) -> str:
    """Give the address that stands in an element, whichever kind it is."""
    return _cleaned(soap.text(element, *path))


def _cleaned(address: str) -> str:
    """Leave of +4479…/TYPE=PLMN the number."""
    return address.partition("/")[0].strip()[:MAX_ID]


def _content(element: etree._Element, parts: tuple[Part, ...]) -> Part | None:
    """Find the attachment that Content refers to; the first, where it refers to none that is there."""
    content = soap.child(element, "Content")
    href = str(content.get("href", "")) if content is not None else ""
    wanted = href.removeprefix("cid:")
    return next((part for part in parts if part.content_id == wanted), parts[0] if parts else None)


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


# ── writing ──


def _element(kind: str) -> etree._Element:
    made = etree.Element(f"{{{soap.NAMESPACE}}}{kind}", nsmap=soap.AS_DEFAULT)
    _add(made, "MM7Version", VERSION)
    return made


def _add(above: etree._Element, name: str, value: str = "") -> etree._Element:
    made = etree.SubElement(above, f"{{{soap.NAMESPACE}}}{name}")
    if value:
        made.text = soap.sayable(value)
    return made


def _add_address(above: etree._Element, address: str) -> None:
    """Write an address: a number of the world's plan, or else what only the MMSC knows."""
    is_number = address.isascii() and address.isdigit() and len(address) >= _NUMBER_DIGITS
    _add(above, "Number" if is_number else "ShortCode", address)


#: shorter ones are short codes
_NUMBER_DIGITS = 7


def _submit_req(message: SubmitReq) -> etree._Element:
    made = _element("SubmitReq")
    who = _add(made, "SenderIdentification")
    for name, value in (("VASPID", message.vasp_id), ("VASID", message.vas_id)):
        if value:
            _add(who, name, value)
    _add_address(_add(who, "SenderAddress"), message.sender)
    _add_address(_add(_add(made, "Recipients"), "To"), message.recipient)
    if message.service_code:
        _add(made, "ServiceCode", message.service_code)
    _add(made, "TimeStamp", message.sent_at.isoformat(timespec="seconds"))
    _add(made, "ExpiryDate", message.expires_at.isoformat(timespec="seconds"))
    _add(made, "DeliveryReport", "true")
    _add(made, "Priority", message.priority)
    _refer(made, message.content)
    return made


def _deliver_req(message: DeliverReq) -> etree._Element:
    made = _element("DeliverReq")
    if message.linked_id:
        _add(made, "LinkedID", message.linked_id)
    _add_address(_add(made, "Sender"), message.sender)
    to = _add(_add(made, "Recipients"), "To")
    for recipient in message.recipients:
        _add_address(to, recipient)
    if message.at is not None:
        _add(made, "TimeStamp", message.at.isoformat(timespec="seconds"))
    if message.subject:
        _add(made, "Subject", message.subject)
    _refer(made, message.content)
    return made


def _report_req(message: DeliveryReportReq) -> etree._Element:
    made = _element("DeliveryReportReq")
    _add(made, "MessageID", message.message_id)
    _add_address(_add(made, "Recipient"), message.recipient)
    _add_address(_add(made, "Sender"), message.sender)
    if message.at is not None:
        _add(made, "Date", message.at.isoformat(timespec="seconds"))
    _add(made, "MMStatus", message.mm_status)
    if message.status_text:
        _add(made, "StatusText", message.status_text)
    return made


def _response(message: Response) -> etree._Element:
    made = _element(message.kind)
    told = _add(made, "Status")
    _add(told, "StatusCode", str(message.code))
    _add(told, "StatusText", status.name(message.code))
    if message.message_id:
        _add(made, "MessageID", message.message_id)
    return made


def _refer(made: etree._Element, content: Part | None) -> None:
    if content is not None:
        _add(made, "Content").set("href", f"cid:{_CONTENT_ID}")
