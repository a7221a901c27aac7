"""What admission asks of attachments: are they media that handsets take, are they small enough, and is
there a link that carries them. Pure.
"""

from __future__ import annotations

from lxml import etree

from aldis import xml_document
from aldis.accounts.routing import Content, Unroutable
from aldis.mms import media
from aldis.mms.parts import BrokenMime, Part, all_leaves
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.fitting import ChosenEncoding
from aldis.sms.segments import Splitting
from aldis.stages.admission.context import AdmissionContext, ContentLimits, ResolvedRequest, Routed
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk

#: of one message
MAX_ATTACHMENTS = 20
MAX_SMIL_OCTETS = 65_536


def judge(context: AdmissionContext) -> Refusal | None:
    """Judge all attachments of a submission."""
    if not context.has_content:
        return None
    for resolved in context.requests:
        if resolved.ask.attachments:
            refusal = _judge(resolved.ask, context.content_limits)
            if refusal is not None:
                return refusal
    return None


def _judge(ask: MessageAsk, limits: ContentLimits) -> Refusal | None:
    size = size_of(ask)
    if size > limits.max_octets or len(ask.attachments) > MAX_ATTACHMENTS:
        return Refusal(RefusalReason.CONTENT_TOO_LARGE, "attachments", str(size))
    for number, attachment in enumerate(ask.attachments):
        part = Part(attachment.content_type, attachment.octets)
        if not part.is_multipart:
            fault = _fault_of(part, limits)
        elif len(ask.attachments) > 1:
            fault = "is a multipart, which must be the only attachment"
        else:
            fault = _fault_of_multipart(part, limits)
        if fault:
            return Refusal(RefusalReason.CONTENT_INVALID, f"attachment {number}", fault)
    return None


def size_of(ask: MessageAsk) -> int:
    """Give the octets of an ask's content."""
    return len(ask.text.encode("utf-8", "replace")) + sum(len(each.octets) for each in ask.attachments)


def _fault_of(part: Part, limits: ContentLimits) -> str:
    fault = media.fault_of(part.media_type, part.octets)
    if not fault and limits.look is not None and media.MEDIA[part.media_type].kind is media.MediaKind.IMAGE:
        fault = limits.look(part.media_type, part.octets)
    return fault


def _fault_of_multipart(part: Part, limits: ContentLimits) -> str:
    """Judge a multipart that is taken as it is: every part of it must be one that we would take, or SMIL."""
    try:
        leaves = all_leaves(part)
    except BrokenMime as broken:
        return str(broken)
    shown = [leaf for leaf in leaves if leaf.media_type not in media.SMILS]
    if not shown:
        return "holds no medium"
    for leaf in leaves:
        fault = _fault_of_smil(leaf) if leaf.media_type in media.SMILS else _fault_of(leaf, limits)
        if fault:
            return f"has a part that {fault}"
    return ""


def _fault_of_smil(part: Part) -> str:
    if len(part.octets) > MAX_SMIL_OCTETS:
        return "is too large for SMIL"
    try:
        root = xml_document.root_of(part.octets, part.content_type, doctype=True)
    except xml_document.BrokenXml:
        return "is no SMIL"
    return "" if etree.QName(root).localname == "smil" else "is no SMIL"


def route(context: AdmissionContext, resolved: ResolvedRequest) -> Refusal | None:
    """Find each recipient's link and price among those for multimedia messages."""
    ask, size = resolved.ask, size_of(resolved.ask)
    content = Content(size, Part(ask.attachments[0].content_type, b"").is_multipart)
    text = Encoded(Encoding.OCTETS, ask.text.encode("utf-8", "replace"))
    resolved.routes = []
    for recipient in resolved.recipients:
        planned = context.router.plan(
            context.directory, resolved.sender, recipient, resolved.carrier, content
        )
        if planned is Unroutable.NO_ROUTE:
            return Refusal(RefusalReason.NO_MMS_ROUTE, value=recipient.country)
        if planned is Unroutable.TOO_LARGE:
            return Refusal(RefusalReason.CONTENT_TOO_LARGE, "attachments", str(size))
        link, price, backups = planned
        resolved.routes.append(Routed(link, price, ChosenEncoding(text, Splitting.UDH_8, 1), backups))
    return None
