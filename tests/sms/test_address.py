"""Addresses get their TON and NPI by their shape."""

from __future__ import annotations

import pytest

from aldis.sms.address import Npi, Ton, is_digits, is_msisdn, is_sender, sender_address


@pytest.mark.parametrize(
    ("sender", "ton", "npi"),
    [
        ("74700", Ton.NETWORK_SPECIFIC, Npi.UNKNOWN),
        ("447700900001", Ton.INTERNATIONAL, Npi.ISDN),
        ("InfoSMS", Ton.ALPHANUMERIC, Npi.UNKNOWN),
    ],
)
def test_a_sender_is_what_it_looks_like(sender: str, ton: Ton, npi: Npi) -> None:
    address = sender_address(sender)
    assert (address.value, address.ton, address.npi) == (sender, ton, npi)


@pytest.mark.parametrize("sender", ["", "TwelveLetter", "1" * 16, "Zoë", "a\nb", " a", "a "])
def test_what_cannot_be_a_sender(sender: str) -> None:
    assert not is_sender(sender)


@pytest.mark.parametrize("number", ["", "+447700900001", "44 7700", "123456", "1" * 16, "²³²³²³²", "٣" * 8])
def test_what_cannot_be_a_number(number: str) -> None:
    assert not is_msisdn(number)
    assert not (is_digits(number) and len(number) in range(7, 16))
