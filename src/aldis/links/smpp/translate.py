"""Between our records and SMPP's PDUs, both ways, as a link's quirks have it. Pure.

Source: SMPP v3.4 §4.4.1, §4.6.1, §5.2.12, §5.2.16, §5.2.17, §5.2.19, §5.2.28.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import msgspec

from aldis.clock import Clock, as_datetime
from aldis.errors import LocalProtocolError
from aldis.links.smpp.quirks import Quirks
from aldis.smpp import codec, receipt_text, time_format, tlv
from aldis.smpp.esm_class import INTERMEDIATE, KIND_MASK, RECEIPT, UDHI
from aldis.smpp.pdus import DataSm, Pdu, ShortMessageBody
from aldis.smpp.receipt_text import MessageState, ReceiptText
from aldis.smpp.template import SubmitTemplate
from aldis.sms import dcs, udh
from aldis.sms.address import MAX_SHORT_CODE_DIGITS, NumberType, is_digits, is_msisdn
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.encoding import Encoding
from aldis.sms.fitting import DefaultAlphabet
from aldis.sms.packing import fill_bits, pack, unpack
from aldis.sms.reading import piece
from aldis.sms.segments import Splitting
from aldis.sms.udh import Concatenation
from aldis.stages.sending.upstream import Outbound
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.inbound import InboundPart
from aldis.traffic.receipt import Receipt, ReceiptState, alternative_ids
from aldis.traffic.submission import Priority

#: templates that a link remembers
MAX_TEMPLATES = 4096
#: a validity that ends at once would be refused
LEAST_VALIDITY_S = 60

#: letters of a word that is told to operators
MAX_WORD = 40

#: what a state at the SMSC means for us; those that say nothing final leave the segment under way
STATES = {
    MessageState.SCHEDULED: ReceiptState.ENROUTE,
    MessageState.ENROUTE: ReceiptState.ENROUTE,
    MessageState.ACCEPTED: ReceiptState.ENROUTE,
    MessageState.UNKNOWN: ReceiptState.ENROUTE,
    MessageState.DELIVERED: ReceiptState.DELIVERED,
    MessageState.EXPIRED: ReceiptState.EXPIRED,
    MessageState.DELETED: ReceiptState.DELETED,
    MessageState.UNDELIVERABLE: ReceiptState.UNDELIVERED,
    MessageState.REJECTED: ReceiptState.REJECTED,
    MessageState.SKIPPED: ReceiptState.UNDELIVERED,
}

Delivery = ShortMessageBody | DataSm

_ALPHABETS = {Encoding.GSM7: Alphabet.GSM7, Encoding.UCS2: Alphabet.UCS2, Encoding.OCTETS: Alphabet.OCTETS}
#: what a TON says; those that are not here say nothing of digits. Source: SMPP v3.4 §5.2.5
_TYPES = {1: NumberType.INTERNATIONAL, 2: NumberType.NATIONAL, 4: NumberType.NATIONAL}
#: data_coding of 8-bit data without a class. Source: SMPP v3.4 §5.2.19
_OCTETS = 4


class _Address(msgspec.Struct, frozen=True):
    ton: int
    npi: int
    value: str


class Translator:
    """One link's way of writing and reading."""

    def __init__(
        self, link: str, quirks: Quirks, note: Callable[[Anomaly, str], None] = lambda _kind, _word: None
    ) -> None:
        """`note`: is told of what cannot be read as it should be, and of the word that is at fault."""
        self._link = link
        self._note = note
        self._states = {
            receipt_text.plain_word(word): ReceiptState(state)
            for word, state in quirks.receipt_states.items()
        }
        self._quirks = quirks
        #: one for each sender, nearly
        self._template = lru_cache(MAX_TEMPLATES)(self._template_of)
        self._pattern = re.compile(quirks.receipt_pattern) if quirks.receipt_pattern else None

    def write_submit_sm(self, segment: Outbound, clock: Clock) -> bytes:
        """Write a segment as the parameters of a submit_sm, in octets. Raises LocalProtocolError."""
        quirks = self._quirks
        has_tlvs = segment.number == 0 or (segment.total > 1 and segment.splitting is Splitting.SAR)
        if has_tlvs or quirks.validity != "none":
            body, tlvs = self.to_submit_sm(segment, clock.now())
            return codec.parameters(body, tlvs)
        template = self._template(
            segment.sender, segment.encoding, segment.message_class, segment.priority, segment.header != b""
        )
        return template.fill(quirks.prefix + segment.recipient, self._user_data(segment))

    def to_submit_sm(self, segment: Outbound, now: int) -> tuple[ShortMessageBody, dict[int, bytes]]:
        """Write a segment as the body of a submit_sm and its TLVs; a receipt is asked for on every one."""
        quirks, octets = self._quirks, self._user_data(segment)
        tlvs: dict[int, bytes] = {}
        if segment.number == 0:
            tlvs, octets = {tlv.MESSAGE_PAYLOAD: octets}, b""
        elif segment.total > 1 and segment.splitting is Splitting.SAR:
            tlvs = {
                tlv.SAR_MSG_REF_NUM: (segment.message_id & 0xFFFF).to_bytes(2, "big"),
                tlv.SAR_TOTAL_SEGMENTS: bytes((segment.total,)),
                tlv.SAR_SEGMENT_SEQNUM: bytes((segment.number,)),
            }
        common = self._common(
            segment.sender, segment.encoding, segment.message_class, segment.priority, segment.header != b""
        )
        validity = "" if quirks.validity == "none" else self._validity(segment.expires_at, now)
        body = msgspec.structs.replace(
            common,
            destination_addr=quirks.prefix + segment.recipient,
            validity_period=validity,
            short_message=octets,
        )
        return body, tlvs

    def _common(
        self,
        sender: str,
        encoding: Encoding,
        message_class: int | None,
        priority: int,
        has_header: bool,  # noqa: FBT001 - a part of the templates' key
    ) -> ShortMessageBody:
        """Give what submits share: all but the recipient, the validity and the text."""
        quirks, source = self._quirks, self._address_of(sender)
        ton, npi = quirks.destination
        return ShortMessageBody(
            service_type=quirks.service_type,
            source_addr_ton=source.ton,
            source_addr_npi=source.npi,
            source_addr=source.value,
            dest_addr_ton=ton,
            dest_addr_npi=npi,
            esm_class=UDHI if has_header else 0,
            priority_flag=1 if priority >= Priority.INTERACTIVE_LOW else 0,
            registered_delivery=quirks.registered_delivery,
            data_coding=self._data_coding(encoding, message_class),
        )

    def _template_of(
        self,
        sender: str,
        encoding: Encoding,
        message_class: int | None,
        priority: int,
        has_header: bool,  # noqa: FBT001 - as in `_common`
    ) -> SubmitTemplate:
        return SubmitTemplate(self._common(sender, encoding, message_class, priority, has_header))

    def _user_data(self, segment: Outbound) -> bytes:
        octets, alphabet = segment.octets, self._quirks.alphabet
        if alphabet is not DefaultAlphabet.GSM and (
            segment.encoding is Encoding.GSM7 and segment.message_class is None
        ):  # a class names GSM 7-bit itself
            octets = _recoded(segment, alphabet)
        return segment.header + octets if segment.header else octets

    def to_receipt(self, body: Delivery, pdu: Pdu, now: int) -> Receipt | None:
        """Read a receipt from its TLVs, else from its text; None when it names no message."""
        written, tlvs = self._read_text(body, pdu), pdu.tlvs
        named, word = written.smsc_message_id or "", written.word
        state = self._meaning(word, written.state)
        if tlvs:
            octets = tlvs.get(tlv.RECEIPTED_MESSAGE_ID, b"")
            named = octets.partition(b"\0")[0].decode("latin-1").strip() or named
            octets = tlvs.get(tlv.MESSAGE_STATE, b"")
            if octets:
                number = _state_number(octets)
                coded = self._meaning(str(number), receipt_text.state_of(number))
                # where text and tag disagree, the one that ends the message counts
                state = state if coded is None or (coded is ReceiptState.ENROUTE and state) else coded
                word = word or f"message_state {number}"
        smsc_message_id = self._quirks.in_receipt(named)
        if not smsc_message_id:
            self._note(Anomaly.UNNAMED_RECEIPT, "")
            return None
        is_final = body.esm_class & KIND_MASK != INTERMEDIATE
        if state is None and is_final:
            self._note(Anomaly.UNKNOWN_STATE, word[:MAX_WORD])
        return Receipt(
            link=self._link,
            smsc_message_id=smsc_message_id,
            state=state if state is not None and is_final else ReceiptState.ENROUTE,
            error_code=written.error_code or _network_error(pdu),
            recipient=body.source_addr,
            received_at=now,
            destination=body.destination_addr,
            other_id=self._other_id(smsc_message_id, written)
            if written.smsc_message_id not in (None, named)
            else "",
        )

    def _other_id(self, smsc_message_id: str, written: ReceiptText) -> str:
        """Give the id of a text that is not only another spelling of the tag's; "" where there is none."""
        named = self._quirks.in_receipt(written.smsc_message_id or "")
        return "" if named in (smsc_message_id, *alternative_ids(smsc_message_id)) else named

    def _meaning(self, word: str, read: MessageState | None) -> ReceiptState | None:
        """Give what a state means here, in words or as a number. `read`: by the tables for all carriers."""
        if self._states and (known := self._states.get(receipt_text.plain_word(word))):
            return known
        return None if read is None else STATES[read]

    def to_inbound(self, body: Delivery, pdu: Pdu, now: int) -> InboundPart:
        """Read what a handset sent: one segment, as the data coding and the header say."""
        quirks, sar = self._quirks, tlv.sar(pdu.tlvs)
        alphabet, octets = dcs.read(body.data_coding).alphabet, pdu.user_data
        if body.data_coding == 0 and quirks.alphabet is DefaultAlphabet.LATIN_1:
            alphabet = Alphabet.LATIN_1
        found = piece(
            alphabet,
            octets,
            has_header=bool(body.esm_class & UDHI),
            place=Concatenation(*sar) if sar is not None else None,
        )
        if alphabet is Alphabet.GSM7 and quirks.alphabet is DefaultAlphabet.GSM_PACKED:
            filled = fill_bits(len(octets) - len(found.octets))
            found = msgspec.structs.replace(found, octets=unpack(found.octets, fill=filled))
        sender, sender_type = self._read_address(body.source_addr, body.source_addr_ton)
        recipient, recipient_type = self._read_address(body.destination_addr, body.dest_addr_ton)
        return InboundPart(
            self._link,
            sender,
            recipient,
            found,
            now,
            sender_type=sender_type,
            recipient_type=recipient_type,
        )

    def _read_address(self, address: str, ton: int) -> tuple[str, NumberType]:
        """Give an address without what stands before international digits, and what is known of it: such a
        sign says more than the TON.
        """
        for prefix in ("+", self._quirks.prefix, "00"):
            if prefix and address.startswith(prefix) and is_msisdn(address.removeprefix(prefix)):
                return address.removeprefix(prefix), NumberType.INTERNATIONAL
        return address.removeprefix("+"), _TYPES.get(ton, NumberType.UNKNOWN)

    def _read_text(self, body: Delivery, pdu: Pdu) -> ReceiptText:
        """Read the text as octets, because carriers say what they like of its coding, and of a header."""
        has_header = body.esm_class & UDHI
        octets = udh.split_header(pdu.user_data)[1] if has_header else pdu.user_data
        written = self._read_octets(octets)
        if written.smsc_message_id is None and b"\0" in octets:  # UCS-2, whatever data_coding says
            written = self._read_octets(octets.replace(b"\0", b""))
        if written.smsc_message_id is None and has_header:  # which is not there, whatever esm_class says
            written = self._read_octets(pdu.user_data)
        return written

    def resembles_receipt(self, body: Delivery, pdu: Pdu) -> bool:
        """Tell whether a handset's message could be a receipt that is not marked as one: it has the form, and
        stands alone.
        """
        if body.esm_class & UDHI:
            elements, octets = udh.split_header(pdu.user_data)
            place = udh.concatenation(elements)
            if place is not None and place.total > 1:
                return False
            if receipt_text.is_shaped(octets):
                return True
        return receipt_text.is_shaped(pdu.user_data)

    def _read_octets(self, octets: bytes) -> ReceiptText:
        written, pattern = receipt_text.read(octets), self._pattern
        if pattern is None or (written.smsc_message_id and written.state is not None):
            return written
        found = pattern.search(octets.decode("latin-1"))
        if found is None:
            return written
        groups = found.groupdict()
        word = groups["stat"] or ""
        return ReceiptText(groups["id"], receipt_text.state_named(word), groups.get("err"), word)

    def _address_of(self, sender: str) -> _Address:
        """Give a sender its TON and NPI: short code, MSISDN or alphanumeric, by its shape."""
        quirks = self._quirks
        if not is_digits(sender):
            ton, npi = quirks.alphanumeric
        elif len(sender) <= MAX_SHORT_CODE_DIGITS:
            ton, npi = quirks.short_code
        else:
            ton, npi = quirks.international
            sender = quirks.prefix + sender
        return _Address(ton, npi, sender)

    def _data_coding(self, encoding: Encoding, message_class: int | None) -> int:
        if message_class is not None:
            return dcs.with_class(_ALPHABETS[encoding], message_class)
        if encoding is Encoding.GSM7:
            return self._quirks.data_coding_gsm
        return self._quirks.data_coding_ucs2 if encoding is Encoding.UCS2 else _OCTETS

    def _validity(self, expires_at: int, now: int) -> str:
        if self._quirks.validity == "relative":
            return time_format.relative(max(LEAST_VALIDITY_S, (expires_at - now) // 1000))
        return time_format.absolute(as_datetime(expires_at))


def _recoded(segment: Outbound, alphabet: DefaultAlphabet) -> bytes:
    if alphabet is DefaultAlphabet.GSM_PACKED:
        return pack(segment.octets, fill_bits(len(segment.header)))
    try:  # Latin-1; admission has made sure that it has every character, unless the link was another then
        return from_septets(segment.octets).encode("latin-1")
    except UnicodeEncodeError:
        raise LocalProtocolError("the text has characters that Latin-1 lacks") from None


def is_receipt(body: Delivery, pdu: Pdu) -> bool:
    """Tell a receipt from a handset's message: by esm_class, or by the two TLVs that only receipts have.

    One of them is not enough: a message of a handset must not be lost to a stray tag.
    """
    return body.esm_class & KIND_MASK in (RECEIPT, INTERMEDIATE) or (
        tlv.RECEIPTED_MESSAGE_ID in pdu.tlvs and tlv.MESSAGE_STATE in pdu.tlvs
    )


def _state_number(octets: bytes) -> int:
    """Read message_state: one octet (SMPP v3.4 §5.3.2.35), which some write as a wider number or a digit."""
    octets = octets[:_WIDEST_STATE].strip(b"\0")
    return int(octets) if octets.isdigit() else int.from_bytes(octets, "big")


#: octets of a number that should have one
_WIDEST_STATE = 4


def _network_error(pdu: Pdu) -> str:
    """Read network_error_code: one octet of network type, two of error. Source: SMPP v3.4 §5.3.2.31."""
    value = pdu.tlvs.get(tlv.NETWORK_ERROR_CODE, b"")
    return f"{int.from_bytes(value[1:3], 'big'):03d}" if len(value) == 3 else ""  # noqa: PLR2004 - the TLV's size
