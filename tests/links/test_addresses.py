"""Addresses as carriers write them, with what each says of its number."""

from __future__ import annotations

import pytest
from tests.fakes.clock import NOON

from aldis.links.mm7.translate import to_inbound
from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator
from aldis.mms.mm7 import DeliverReq, read_message, write
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import Pdu, ShortMessageBody
from aldis.sms.address import NumberType


@pytest.mark.parametrize(
    ("address", "ton", "prefix", "read"),
    [
        ("14155550101", 1, "", ("14155550101", NumberType.INTERNATIONAL)),
        ("4155550101", 2, "", ("4155550101", NumberType.NATIONAL)),
        ("5550101", 4, "", ("5550101", NumberType.NATIONAL)),
        ("4155550101", 0, "", ("4155550101", NumberType.UNKNOWN)),
        ("+14155550101", 2, "", ("14155550101", NumberType.INTERNATIONAL)),
        ("0014155550101", 0, "", ("14155550101", NumberType.INTERNATIONAL)),
        ("77714155550101", 0, "777", ("14155550101", NumberType.INTERNATIONAL)),
        ("74700", 3, "", ("74700", NumberType.UNKNOWN)),
        ("74700", 1, "", ("74700", NumberType.INTERNATIONAL)),
        ("Info", 5, "", ("Info", NumberType.UNKNOWN)),
    ],
)
def test_an_address_is_read_with_its_type(
    address: str, ton: int, prefix: str, read: tuple[str, NumberType]
) -> None:
    body = ShortMessageBody(
        source_addr=address, source_addr_ton=ton, destination_addr=address, dest_addr_ton=ton
    )
    pdu = Pdu(CommandId.deliver_sm, 1, body=body)
    part = Translator("link", Quirks(prefix=prefix)).to_inbound(body, pdu, NOON)
    assert (part.sender, part.sender_type) == read == (part.recipient, part.recipient_type)


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("+14155550101", ("14155550101", NumberType.INTERNATIONAL)),
        ("+14155550101/TYPE=PLMN", ("14155550101", NumberType.INTERNATIONAL)),
        ("4155550101", ("4155550101", NumberType.UNKNOWN)),
        ("74700", ("74700", NumberType.UNKNOWN)),
    ],
)
def test_in_mm7_a_plus_says_that_a_number_is_international(
    address: str, read: tuple[str, NumberType]
) -> None:
    written = write(DeliverReq(transaction_id="t", sender=address, recipients=(address,)))
    letter = read_message(written.content_type, written.octets)
    assert isinstance(letter, DeliverReq)
    (part,) = to_inbound(letter, "mmsc", NOON)
    assert (part.sender, part.sender_type) == read == (part.recipient, part.recipient_type)
