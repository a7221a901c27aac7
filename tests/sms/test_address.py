"""What can be a sender or a recipient at all."""

from __future__ import annotations

import pytest

from aldis.sms.address import is_digits, is_msisdn, is_sender


@pytest.mark.parametrize(
    "sender", ["", "TwelveLetter", "1" * 16, "Zoë", "a\nb", " a", "a ", "a`b", "+4512345678", "1-800", "."]
)
def test_what_cannot_be_a_sender(sender: str) -> None:
    assert not is_sender(sender)


@pytest.mark.parametrize("sender", ["1", "1" * 15, "74700", "My Shop", "1-800-GO", "A", "{x}|~"])
def test_what_can_be_a_sender(sender: str) -> None:
    assert is_sender(sender)


@pytest.mark.parametrize("number", ["", "+447700900001", "44 7700", "123456", "1" * 16, "²³²³²³²", "٣" * 8])
def test_what_cannot_be_a_number(number: str) -> None:
    assert not is_msisdn(number)
    assert not (is_digits(number) and len(number) in range(7, 16))
