"""What can be a sender or a recipient at all."""

from __future__ import annotations

import pytest

from aldis.sms.address import as_sender, is_digits, is_msisdn, is_sender


@pytest.mark.parametrize(
    "sender",
    [
        *("", "TwelveLetter", "1" * 16, "Zoë", "a\nb", " a", "a ", "a`b", "+4512345678", "1-800", "."),
        *("+1 (202) 555-0100", "202-5550100", "555.0100", "(0)45 12345", "45/12345678", "+45 1234567"),
        *(
            "tel:5550100",
            "TEL5550100",
            "sms:5550100",
            "5550100x12",
            "5550100 x1",
            "5550100ext1",
            "555-0100 p",
        ),
        *(
            "4.47701E+11",
            "4,4770e+11",
            "4E+11",
            "4.477E11",
            "4.5123E+009",
            "٢٠٢٥٥٥٠١٠٠",
            "２０２５５５０１００",
        ),
    ],
)
def test_what_cannot_be_a_sender(sender: str) -> None:
    assert not is_sender(sender)


@pytest.mark.parametrize(
    "sender",
    [
        *("1", "1" * 15, "74700", "My Shop", "1-800-GO", "A", "{x}|~", "Studio 54x", "4x4", "x", "24/7 Gym"),
        *("Route 66", "3E", "1e1", "WIN8888888", "B2B 2024", "100.7 FM", "Exp 2024-25", "E24"),
    ],
)
def test_what_can_be_a_sender(sender: str) -> None:
    assert is_sender(sender)


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        ("+1 (202) 555-0100", "12025550100"),
        ("+1.202.555.0100", "12025550100"),
        ("001 202-555/0100", "12025550100"),
        ("tel:+1-202-555-0100", "12025550100"),
        ("\u202a+1\u00a0202\u2011555\u20110100\u202c", "12025550100"),
        (" 12025550100 ", "12025550100"),
        ("１２０２５５５０１００", "12025550100"),
        ("+٤٤٧٧٠٠٩٠٠٠٠١", "447700900001"),
        ("0044 7700 900001", "447700900001"),
        *((same, same) for same in ("74700", "747-00", "My Shop", "1-800-GO", "0800 123", "", " a", "00123")),
    ],
)
def test_a_number_is_a_sender_by_its_digits(written: str, sender: str) -> None:
    assert as_sender(written) == sender


@pytest.mark.parametrize("number", ["", "+447700900001", "44 7700", "123456", "1" * 16, "²³²³²³²", "٣" * 8])
def test_what_cannot_be_a_number(number: str) -> None:
    assert not is_msisdn(number)
    assert not (is_digits(number) and len(number) in range(7, 16))
