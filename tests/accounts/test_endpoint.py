"""Addresses and headers of endpoints: what may be, and what is not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.endpoint import address_fault, headers_fault, read_headers
from aldis.accounts.history import MASK, masked_address


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://customer.example/dlr?a=b", ""),
        ("https://user:password@customer.example/", ""),
        ("https://user@customer.example/", ""),
        ("http://[::1]:8080/", ""),
        ("ftp://customer.example/", "is no http or https address"),
        ("https://", "is no http or https address"),
        ("https://user:password@/", "is no http or https address"),
        (f"https://{'a' * 64}.example/", "has a host name that has a label longer than 63 octets"),
        ("https://a..example/", "has a host name that has an empty label"),
        ("https://x/#part", "has a fragment, which is not sent"),
        ("https://x/ y", "holds blanks or control characters"),
        ("https://us er:p@x/", "holds blanks or control characters"),
    ],
)
def test_which_addresses_may_be(url: str, fault: str) -> None:
    assert address_fault(url) == fault


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:password@x.example/a@b:c", f"https://user:{MASK}@x.example/a@b:c"),
        ("https://user:@x.example/", f"https://user:{MASK}@x.example/"),
        ("https://user:p%40:w@x.example:1/", f"https://user:{MASK}@x.example:1/"),
        ("https://:p@x.example/", f"https://:{MASK}@x.example/"),
        ("https://user:p@w@x.example/", f"https://user:{MASK}@x.example/"),
        ("https://user@x.example/", "https://user@x.example/"),
        ("https://x.example/?mail=a:b@c", "https://x.example/?mail=a:b@c"),
        ("https://x.example:443/a@b", "https://x.example:443/a@b"),
        ("https://x.example/?key=abc&from=us", f"https://x.example/?key={MASK}&from=us"),
        ("https://u:p@x.example/?a=b&API_KEY=x%26y", f"https://u:{MASK}@x.example/?a=b&API_KEY={MASK}"),
        (
            "https://x.example/?access_token=a.b-c&token=d",
            f"https://x.example/?access_token={MASK}&token={MASK}",
        ),
        (
            "https://x.example/?x-functions-key=a==&code=b/c",
            f"https://x.example/?x-functions-key={MASK}&code={MASK}",
        ),
        (
            "https://x.example/?clientSecret=a&apiKey=b",
            f"https://x.example/?clientSecret={MASK}&apiKey={MASK}",
        ),
        (
            "https://x.example/?monkey=a&keyword=b&decode=1&author=c",
            "https://x.example/?monkey=a&keyword=b&decode=1&author=c",
        ),
        ("https://x.example/?key=&a=1", "https://x.example/?key=&a=1"),
        ("https://x.example/key=a", "https://x.example/key=a"),
        ("", ""),
    ],
)
def test_a_password_in_an_address_is_not_shown(url: str, shown: str) -> None:
    assert masked_address(url) == shown


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("X-Key: 1", (("X-Key", "1"),)),
        ("X-Key:1\n\n  Authorization:  Bearer a b  \r\n", (("X-Key", "1"), ("Authorization", "Bearer a b"))),
        ("X-Empty:", (("X-Empty", ""),)),
        ("Cookie: a=b; c=d", (("Cookie", "a=b; c=d"),)),
        ("", ()),
    ],
)
def test_headers_are_read_line_by_line(text: str, headers: tuple[tuple[str, str], ...]) -> None:
    assert read_headers(text) == headers
    assert headers_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no header", "need a `Name: value` a line, in ASCII"),
        ("X y: 1", "need a `Name: value` a line, in ASCII"),
        ("X-Key: ü", "need a `Name: value` a line, in ASCII"),
        ("X-Key: a\x00b", "need a `Name: value` a line, in ASCII"),
        ("X-Key: 1\nHOST: evil", "name HOST, which is written by Aldis"),
        ("webhook-signature: v1,x", "name webhook-signature, which is written by Aldis"),
        ("Transfer-Encoding: chunked", "name Transfer-Encoding, which is written by Aldis"),
        ("X: " + "a" * 3_000, "are longer than 2048 characters"),
    ],
)
def test_what_can_be_no_header(text: str, fault: str) -> None:
    assert headers_fault(text) == fault


@given(st.text(max_size=200))
def test_no_header_breaks_its_line(text: str) -> None:
    for name, value in read_headers(text):
        assert name.isascii()
        assert name
        assert value.isascii()
        assert not {"\r", "\n", "\0"} & set(name + value)
