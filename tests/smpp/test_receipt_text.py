"""Receipts as SMSCs spell them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.smpp.receipt_text import MessageState, ReceiptText, read, write

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

CASES = [
    (
        "id:123 sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:DELIVRD err:000 text:Hi",
        ReceiptText("123", MessageState.DELIVERED, "000"),
    ),
    ("id:0A stat:UNDELIV err:034", ReceiptText("0A", MessageState.UNDELIVERABLE, "034")),
    ("ID=7;Status=Delivered to handset;Error=000", ReceiptText("7", MessageState.DELIVERED, "000")),
    ("msgid:9 status:not delivered err:E12", ReceiptText("9", MessageState.UNDELIVERABLE, "E12")),
    ("message_id: 77 , state: EXPIRED", ReceiptText("77", MessageState.EXPIRED, None)),
    ("stat:REJECTD id:5", ReceiptText("5", MessageState.REJECTED, None)),
    ("id:5 stat:2", ReceiptText("5", MessageState.DELIVERED, None)),
    ("id:5 stat:99", ReceiptText("5", None, None)),
    ("id:5 stat:WONDERFUL", ReceiptText("5", None, None)),
    ("text:id:6 stat:DELIVRD", ReceiptText(None, None, None)),
    ("", ReceiptText(None, None, None)),
    ("invalid:5 substat:DELIVRD", ReceiptText(None, None, None)),
]


@pytest.mark.parametrize(("text", "meaning"), CASES)
def test_a_receipt_and_what_it_means(text: str, meaning: ReceiptText) -> None:
    assert read(text.encode()) == meaning


@pytest.mark.parametrize("state", list(MessageState))
def test_what_is_written_can_be_read(state: MessageState) -> None:
    assert read(write("4711", state, "012", NOON, NOON)) == ReceiptText("4711", state, "012")


@given(st.binary(max_size=300))
def test_no_octets_break_the_reader(octets: bytes) -> None:
    read(octets)
