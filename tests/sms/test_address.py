"""What can be a sender or a recipient at all."""

from __future__ import annotations

import pytest

from aldis.sms.address import is_digits, is_msisdn, is_sender


@pytest.mark.parametrize("sender", ["", "TwelveLetter", "1" * 16, "Zoë", "a\nb", " a", "a "])
def test_what_cannot_be_a_sender(sender: str) -> None:
    assert not is_sender(sender)


@pytest.mark.parametrize("number", ["", "+447700900001", "44 7700", "123456", "1" * 16, "²³²³²³²", "٣" * 8])
def test_what_cannot_be_a_number(number: str) -> None:
    assert not is_msisdn(number)
    assert not (is_digits(number) and len(number) in range(7, 16))
